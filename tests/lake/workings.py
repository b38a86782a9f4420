"""Working files of one source with made-up rows, and what of them a lake should hold."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
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
def publishing(
    lake: Lake, engine: Engine, source_id: str = "acme", clock: Callable[[], datetime] = lambda: NOON, **values: Any
) -> Iterator[Publisher]:
    """A publisher that holds the source, and gives it back."""
    with hold(lake, source_id, clock) as standing:
        publisher = Publisher(lake=lake, engine=engine, standing=standing, run_id="r", clock=clock, **values)
        try:
            yield publisher
        finally:
            publisher.release()


def rows_of(engine: Engine) -> Rows:
    """What of a warehouse a lake holds, by key, as the database has it."""
    found = {}
    with engine.connect() as connection:
        for table in PUBLISHED:
            names = ", ".join(f'"{column.name}"' for column in kept_columns(table))
            rows = connection.exec_driver_sql(f'SELECT {names} FROM "{table.name}" ORDER BY "{key_of(table).name}"')  # noqa: S608
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


def stir(connection: Connection, chance: random.Random, tables: Sequence[Table], deeds: int = 40) -> None:
    """Insert, change and delete rows of some tables of the source acme."""
    for _ in range(deeds):
        table = chance.choice(tables)
        key = key_of(table)
        values = {c.name: _value(c, chance) for c in table.columns} | {key.name: f"acme:{chance.randrange(9)}"}
        if SOURCE in table.columns:  # of `sources` it is the key
            values[SOURCE] = "acme"
        there = connection.execute(select(key).where(key == values[key.name])).first() is not None
        if not there:
            connection.execute(insert(table).values(values))
        elif chance.random() < 0.4:
            connection.execute(delete(table).where(key == values[key.name]))
        else:
            some = {name: value for name, value in values.items() if chance.random() < 0.5}
            connection.execute(update(table).where(key == values[key.name]).values(some or values))


def put(engine: Engine, table: Table, *keys: str, **values: Any) -> None:
    """Insert rows with something in each column."""
    with engine.begin() as connection:
        for key in keys:
            chance = random.Random(key)
            made = {c.name: _value(c, chance) for c in table.columns} | values
            made |= {SOURCE: key.partition(":")[0]} if SOURCE in table.columns else {}
            made[key_of(table).name] = key
            connection.execute(insert(table).values(made))


def _value(column: Column[Any], chance: random.Random) -> Any:
    if column.nullable and chance.random() < 0.3:
        return None
    makers: dict[type, Callable[[], Any]] = {
        UtcDateTime: lambda: (
            NOON - timedelta(seconds=chance.randrange(100_000_000), microseconds=chance.choice([0, 7]))
        ),
        Date: lambda: date(2026, 3, 2) - timedelta(days=chance.randrange(2_000)),
        Boolean: lambda: chance.random() < 0.5,
        Integer: lambda: chance.randrange(1_000),
        Float: lambda: chance.choice([0.0, 0.5, 8.0, 1 / 3]),
        Numeric: lambda: chance.choice([0.0, 0.5, 8.0, 1 / 3]),
    }
    text = chance.choice(["", "plain", "Grüße 🙂 'quoted'\n\ttext", "x" * 300, f"{chance.randrange(1_000)}"])
    return next((make() for kind, make in makers.items() if isinstance(column.type, kind)), text)
