"""Which formats there are, and which tables an export has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from sqlalchemy import Table

from exports.base import Exporter, ExportError
from exports.csv_files import write_csv
from exports.parquet import write_parquet
from warehouse.tables import COMPUTED, LOADED, OPERATIONAL

EXPORTERS: Mapping[str, Exporter] = {"csv": write_csv, "parquet": write_parquet}
"""Format → its exporter."""

FORMATS = (*EXPORTERS, "powerbi", "hyper", "tableau")
"""Every format. What is no file a table has a writer of its own, in `exports.powerbi` and `exports.tableau`."""

INTERNAL = frozenset({"bookmarks", "compute_inputs", "issue_snapshots", "leases", "stale_issues"})
"""Tables that only flowmart itself reads; exported when they are named."""

_ALL = (*LOADED, *COMPUTED, *OPERATIONAL)


def choose_tables(names: Sequence[str] = ()) -> list[Table]:
    """The tables of these names, each once; without names all that people read.

    Raises `ExportError` with the nearest name for one that there is not.
    """
    by_name = {table.name: table for table in _ALL}
    for name in names:
        if name not in by_name:
            near = get_close_matches(name, by_name, n=1)
            raise ExportError("there is no such table", name, f"did you mean {near[0]}?" if near else _listed(by_name))
    return [by_name[name] for name in dict.fromkeys(names)] or [t for t in _ALL if t.name not in INTERNAL]


def _listed(names: Mapping[str, Table]) -> str:
    return f"there are: {', '.join(names)}"
