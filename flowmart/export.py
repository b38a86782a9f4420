"""Writes the configured exports, or one that the command line describes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Engine

from exports.base import Exporter, Written
from exports.catalog import EXPORTERS, choose_tables
from exports.snapshots import snapshot
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
        tables = choose_tables(wanted.tables)
        with snapshot(engine) as connection:
            written[name] = _exporter(wanted)(connection, tables, wanted.to)
    engine.dispose()
    return written


def _exporter(wanted: Export) -> Exporter:
    if wanted.format == "csv":
        return partial(EXPORTERS["csv"], neutralise_formulas=wanted.neutralise_formulas)
    return EXPORTERS[wanted.format]
