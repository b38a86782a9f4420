"""Copies a whole warehouse into an empty one, on either engine: all of it or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import exists, func, select
from sqlalchemy.exc import DBAPIError

from exports.snapshot import snapshot
from flowmart.errors import JobFailed, UsageError
from flowmart.failures import explain
from flowmart.store import connected, holds_tables, opened, require_newest
from warehouse.copying import copy_table, digest
from warehouse.leases import Lease, hold
from warehouse.postgresql import UnusableServer
from warehouse.tables import METADATA
from warehouse.upkeep import tidy

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

    from flowmart.config import Config

_ITS_OWN = frozenset({"data_dictionary", "leases"})
"""What each warehouse has of itself."""
COPIED: tuple[Table, ...] = tuple(table for name, table in METADATA.tables.items() if name not in _ITS_OWN)
"""Everything else: what was loaded and computed, bookmarks, notes of runs, findings."""
_RENEWED_EVERY = timedelta(minutes=5)

Tell = Callable[[str, int], None]
"""Hears the name of each table that is done, and its rows."""


@dataclass(slots=True)
class _Way:
    """From where to where, within two leases."""

    reading: Connection
    writing: Connection
    kept: list[tuple[Engine, Lease]]
    clock: Callable[[], datetime]
    renewed_at: datetime

    def tick(self) -> None:
        """Renew the leases when it is time."""
        now = self.clock()
        if now - self.renewed_at < _RENEWED_EVERY:
            return
        for engine, lease in self.kept:
            with engine.begin() as connection:
                lease.renew(connection, now)
        self.renewed_at = now


def copy_warehouse(
    config: Config, target: Config, *, clock: Callable[[], datetime], tell: Tell, verify: bool
) -> Mapping[str, int]:
    """Copy the warehouse of `config` into the empty one of `target`, in one transaction there; gives rows by table.

    Row counts are compared before it is committed, with `verify` every value too. Raises `UsageError` when both are
    the same, `JobFailed` when there is nothing to copy, the target is not empty or the copy differs, and `LeaseHeld`
    while a sync or compute is under way in either.
    """
    if _place(config) == _place(target):
        raise UsageError("--to names the warehouse that is to be copied; name another one")
    here, there = config.warehouse.shown, target.warehouse.shown
    with _told(here):
        source = _source(config)
    try:
        with _told(there):
            copy = opened(target)
        try:
            with _told(f"{here} or {there}"):
                return _copied(source, copy, there, clock, tell, verify=verify)
        finally:
            copy.dispose()
    finally:
        source.dispose()


def _place(config: Config) -> tuple[str, str]:
    return config.warehouse_url, config.warehouse.schema_name


def _source(config: Config) -> Engine:
    """The warehouse to copy, at the newest revision; none is made here."""
    engine = connected(config)
    try:
        _require_tables(engine, config.warehouse.shown)
        require_newest(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _require_tables(engine: Engine, here: str) -> None:
    if not holds_tables(engine):
        raise JobFailed(f"warehouse {here}: there is nothing to copy; it holds no tables")


def _copied(
    source: Engine, copy: Engine, there: str, clock: Callable[[], datetime], tell: Tell, *, verify: bool
) -> Mapping[str, int]:
    with hold(source, "run", clock) as ours, hold(copy, "run", clock) as theirs:
        # on SQLite our own transaction keeps everybody else from writing there, and would keep us too
        kept = [(source, ours), *([(copy, theirs)] if copy.dialect.name == "postgresql" else [])]
        with snapshot(source) as reading, copy.begin() as writing:
            way = _Way(reading, writing, kept, clock, renewed_at=clock())
            _require_empty(writing, there)
            rows = {table.name: _copy(way, table, tell) for table in COPIED}
            if verify:
                _require_same_values(way)
            theirs.renew(writing, clock())  # it may have taken longer than a lease lasts
        tidy(copy)
    return rows


def _require_empty(writing: Connection, there: str) -> None:
    for table in COPIED:
        if writing.scalar(select(exists().select_from(table))):
            raise JobFailed(
                f"warehouse {there}: it is not empty ({table.name} has rows), and nothing was copied; "
                "name an empty database, schema or file"
            )


def _copy(way: _Way, table: Table, tell: Tell) -> int:
    done = copy_table(way.reading, way.writing, table, way.tick)
    count = select(func.count()).select_from(table)
    expected, came = way.reading.scalar(count), way.writing.scalar(count)
    if not done == expected == came:
        raise JobFailed(f"{table.name}: {expected} rows were to be copied and {came} came; nothing was kept")
    tell(table.name, done)
    return done


def _require_same_values(way: _Way) -> None:
    for table in COPIED:
        if digest(way.reading, table, way.tick) != digest(way.writing, table, way.tick):
            raise JobFailed(f"{table.name}: the copy holds other values than the original; nothing was kept")


@contextmanager
def _told(where: str) -> Iterator[None]:
    """What a database says is told of the one that said it, which need not be the configured one."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, psycopg.Error, UnusableServer) as error:
        failure = explain(error, where)
        if failure is None:
            raise
        raise JobFailed(failure.text) from error
