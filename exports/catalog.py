"""Which formats there are, and which tables an export has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table

from exports.base import ExportError, Written
from warehouse.tables import COMPUTED, LOADED, OPERATIONAL


def _when_needed(module: str, name: str) -> Callable[..., list[Written]]:
    """The exporter of a module that is loaded when it writes: its library takes 30 MB, which no sync should hold."""

    def write(connection: Connection, tables: Sequence[Table], to: Path, **options: Any) -> list[Written]:  # noqa: ANN401
        found: list[Written] = getattr(import_module(module), name)(connection, tables, to, **options)
        return found

    return write


EXPORTERS: Mapping[str, Callable[..., list[Written]]] = {
    "csv": _when_needed("exports.csv_files", "write_csv"),
    "parquet": _when_needed("exports.parquet", "write_parquet"),
}
"""Format → its exporter; see `exports.base.Exporter`."""

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
