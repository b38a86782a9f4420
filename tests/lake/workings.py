"""Working files of one source with made-up rows, and what of them a lake should hold."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    Float,
    Integer,
    Numeric,
    Table,
    delete,
    insert,
    select,
    update,
)

from lake import outbox
from lake.layout import PUBLISHED, SOURCE, kept_columns, key_of
from lake.leases import hold
from lake.opening import Lake
from lake.publishing import Publisher
from lake.restoring import restore
from tests.migrated import migrated
from warehouse.types import UtcDateTime

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
Rows = Mapping[str, list[tuple[Any, ...]]]


def a_working(path: Path) -> Engine:
    """An empty working file, which notes from now on what changes."""
    engine = migrated(path)
    with engine.begin() as connection:
        outbox.prepare(connection)
    return engine


@contextmanager
def publishing(lake: Lake, engine: Engine, source_id: str = "acme", **values: Any) -> Iterator[Publisher]:
    """A publisher that holds the source, and gives it back."""
    with hold(lake, source_id, lambda: NOON) as standing:
        publisher = Publisher(lake=lake, engine=engine, standing=standing, run_id="r", clock=lambda: NOON, **values)
        yield publisher
        publisher.release()


def rows_of(engine: Engine) -> Rows:
    """What of a warehouse a lake holds, by key, as the database has it."""
    found = {}
    with engine.connect() as connection:
        for table in PUBLISHED:
            names = ", ".join(f'"{column.name}"' for column in kept_columns(table))
            rows = connection.exec_driver_sql(f'SELECT {names} FROM "{table.name}" ORDER BY "{key_of(table).name}"')
            found[table.name] = [tuple(row) for row in rows]
    return found


def restored(lake: Lake, path: Path, source_id: str = "acme", page: int | None = None) -> Rows:
    """What a new file has once the source was restored into it."""
    engine = migrated(path)
    restore(lake, source_id, engine, page)
    rows = rows_of(engine)
    engine.dispose()
    path.unlink()
    return rows


def stir(connection: Connection, chance: random.Random, source_id: str = "acme", deeds: int = 60) -> None:
    """Insert, change and delete rows of any table."""
    for _ in range(deeds):
        table = chance.choice(PUBLISHED)
        key = key_of(table)
        values = {c.name: _value(c, chance) for c in table.columns} | {key.name: f"{source_id}:{chance.randrange(9)}"}
        if SOURCE in table.columns:  # of `sources` it is the key
            values[SOURCE] = source_id
        there = connection.execute(select(key).where(key == values[key.name])).first() is not None
        if not there:
            connection.execute(insert(table).values(values))
        elif chance.random() < 0.4:
            connection.execute(delete(table).where(key == values[key.name]))
        else:
            some = {name: value for name, value in values.items() if chance.random() < 0.5}
            connection.execute(update(table).where(key == values[key.name]).values(some or values))


def put(connection: Connection, table: Table, key: str, **values: Any) -> None:
    """Insert a row with something in each column."""
    chance = random.Random(key)
    made = {c.name: _value(c, chance) for c in table.columns} | {key_of(table).name: key} | values
    connection.execute(insert(table).values(made))


def _value(column: Column[Any], chance: random.Random) -> Any:
    if column.nullable and chance.random() < 0.3:
        return None
    if isinstance(column.type, UtcDateTime):
        return NOON - timedelta(seconds=chance.randrange(100_000_000), microseconds=chance.choice([0, 123_000, 7]))
    if isinstance(column.type, Date):
        return date(2026, 3, 2) - timedelta(days=chance.randrange(2_000))
    if isinstance(column.type, Boolean):
        return chance.random() < 0.5
    if isinstance(column.type, Integer):
        return chance.randrange(1_000)
    if isinstance(column.type, Float | Numeric):
        return chance.choice([0.0, 0.5, 8.0, 1 / 3])
    return chance.choice(["", "plain", "Grüße 🙂 'quoted'\n\ttext", "x" * 300, f"{chance.randrange(1_000)}"])
