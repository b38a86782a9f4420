"""Writes the configured exports, or one that the command line describes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Engine

from exports.base import Exporter, Written
from exports.catalog import EXPORTERS, choose_tables
from exports.csv_files import write_csv
from exports.powerbi.project import write_powerbi
from exports.powerbi.source import Source, SourceKind
from exports.rows import snapshot
from exports.tableau.hyper import write_hyper
from exports.tableau.source import Mode, write_tableau
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.settings import Export
from flowmart.store import opened


def export(config: Config, names: Sequence[str] = ()) -> dict[str, list[Written]]:
    """Write the named exports of the configuration (all by default); export → its files.

    Raises `UsageError` for a name that is not configured, and `ExportError` when files cannot be written.
    """
    unknown = [name for name in names if name not in config.exports]
    if unknown:
        known = ", ".join(config.exports) or "none"
        raise UsageError(f"no export named {', '.join(unknown)}; configured are {known}")
    return write(opened(config), {name: config.exports[name] for name in names or config.exports})


def write(engine: Engine, exports: Mapping[str, Export]) -> dict[str, list[Written]]:
    """Write each of these exports; all tables of one are read from the same state of the warehouse."""
    written: dict[str, list[Written]] = {}
    for name, wanted in exports.items():
        with snapshot(engine) as connection:
            if wanted.format == "powerbi":
                written[name] = write_powerbi(connection, wanted.to, _source(wanted))
            elif wanted.format == "tableau":
                address = {"server": wanted.server, "database": wanted.database}
                written[name] = write_tableau(connection, wanted.to, Mode(wanted.connection), **address)
            else:
                written[name] = _exporter(wanted)(connection, choose_tables(wanted.tables), wanted.to)
    engine.dispose()
    return written


def _exporter(wanted: Export) -> Exporter:
    if wanted.format == "csv":
        return partial(write_csv, neutralise_formulas=wanted.neutralise_formulas)
    return write_hyper if wanted.format == "hyper" else EXPORTERS[wanted.format]


def _source(wanted: Export) -> Source:
    return Source(
        kind=SourceKind(wanted.source),
        folder=wanted.folder or "",
        server=wanted.server or "",
        database=wanted.database or "",
    )
