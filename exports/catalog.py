"""Which formats there are, and which tables an export has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from sqlalchemy import Connection, Table

from exports.base import PLAIN, Exporter, ExportError, ModelExporter, Order, Place, Written
from exports.cloud import shown
from warehouse.tables import COMPUTED, LOADED, OPERATIONAL


def _csv(connection: Connection, tables: Sequence[Table], to: Place, order: Order = PLAIN) -> list[Written]:
    # imported when files are written: a command that only knows the formats is spared 0.1 s of pyarrow
    from exports.csv_files import write_csv

    return write_csv(connection, tables, to, order)


def _parquet(connection: Connection, tables: Sequence[Table], to: Place, order: Order = PLAIN) -> list[Written]:
    from exports.parquet import write_parquet

    return write_parquet(connection, tables, to, order)


def _xlsx(connection: Connection, tables: Sequence[Table], to: Place, order: Order = PLAIN) -> list[Written]:
    from exports.xlsx import write_xlsx

    return write_xlsx(connection, tables, to, order)


def _hyper(connection: Connection, tables: Sequence[Table], to: Place, order: Order = PLAIN) -> list[Written]:
    from exports.tableau.hyper import write_hyper

    return write_hyper(connection, tables, to, order)


def _powerbi(connection: Connection, to: Path, order: Order = PLAIN) -> list[Written]:
    from exports.powerbi.project import write_powerbi
    from exports.powerbi.source import source_of

    return write_powerbi(connection, to, source_of(order.reach), order)


def _tableau(connection: Connection, to: Path, order: Order = PLAIN) -> list[Written]:
    from exports.tableau.source import write_tableau

    return write_tableau(connection, to, order)


EXPORTERS: Mapping[str, Exporter] = {"csv": _csv, "parquet": _parquet, "xlsx": _xlsx, "hyper": _hyper}
"""Format of tables → its exporter."""

MODELS: Mapping[str, ModelExporter] = {"powerbi": _powerbi, "tableau": _tableau}
"""Format of a BI tool, which gets the whole model → its exporter."""

FORMATS = (*EXPORTERS, *MODELS)

INTERNAL = frozenset(
    {
        "bookmarks",
        "compute_inputs",
        "erased_users",
        "issue_snapshots",
        "job_runs",
        "leases",
        "notices",
        "privacy",
        "stale_issues",
    }
)
"""Tables that only flowmart itself reads; exported when they are named."""

LEFT_OUT: Mapping[str, frozenset[str]] = {
    "xlsx": frozenset(
        {
            "blocked_intervals",
            "board_areas",
            "board_column_statuses",
            "board_columns",
            "board_sprints",
            "comments",
            "data_dictionary",
            "estimates",
            "fields",
            "issue_changes",
            "link_events",
            "sprint_memberships",
            "sprint_scope_events",
            "status_intervals",
            "sync_runs",
            "version_snapshots",
            "worklogs",
        }
    ),
}
"""Format → what it leaves out unless it is named: a workbook has no room for history, nor its readers for set-up."""

_ALL = (*LOADED, *COMPUTED, *OPERATIONAL)


def write(
    connection: Connection, format_: str, tables: Sequence[str], to: Place, order: Order = PLAIN
) -> list[Written]:
    """Write an export in any of the formats. `tables` are names, none for all; a model always has all of its own.

    Raises `ExportError`, also for a model that is to go elsewhere than to a folder on this machine.
    """
    if format_ in EXPORTERS:
        return EXPORTERS[format_](connection, choose_tables(tables, format_), to, order)
    if isinstance(to, str):
        raise ExportError(f"{format_} is written on this machine only", shown(to), "name a folder")
    return MODELS[format_](connection, to, order)


def choose_tables(names: Sequence[str] = (), format_: str = "") -> list[Table]:
    """The tables of these names, each once; without names all that people read in the format.

    Raises `ExportError` with the nearest name for one that there is not.
    """
    by_name = {table.name: table for table in _ALL}
    for name in names:
        if name not in by_name:
            near = get_close_matches(name, by_name, n=1)
            raise ExportError("there is no such table", name, f"did you mean {near[0]}?" if near else _listed(by_name))
    unread = INTERNAL | LEFT_OUT.get(format_, frozenset())
    return [by_name[name] for name in dict.fromkeys(names)] or [t for t in _ALL if t.name not in unread]


def _listed(names: Mapping[str, Table]) -> str:
    return f"there are: {', '.join(names)}"
