"""Copies whole tables from one warehouse into another, as a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from hashlib import blake2b
from itertools import islice
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Double,
    Numeric,
    Table,
    Text,
    bindparam,
    cast,
    insert,
    select,
    type_coerce,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import NullType

from warehouse.bulk import clean, execute_many, insert_rows
from warehouse.fetching import fetch_some
from warehouse.types import JsonText

_SQLITE = sqlite.dialect(paramstyle="qmark")
_ROWS_AT_ONCE = 2_000


T = TypeVar("T")


def copy_tables(source: Connection, target: Connection, tables: Iterable[Table]) -> int:
    """Insert all rows of these tables of `source` into those of `target`, which are empty; returns how many.

    Never holds more than some thousand rows. What the tables have of one instant is up to the transaction of `source`.
    """
    return sum(copy_table(source, target, table) for table in tables)


def copy_table(source: Connection, target: Connection, table: Table, tick: Callable[[], None] | None = None) -> int:
    """The same for one table; `tick` is called now and then, and must use neither connection."""
    if source.dialect.name == target.dialect.name == "sqlite":
        return _copy_as_stored(source, target, table, tick)
    return insert_rows(target, table, table.columns.keys(), _ticking(stream_rows(source, table), tick))


def stream_rows(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """All rows, as Python values in the order of the columns: instants in UTC, numbers as floats, JSON as sorted text.

    Never holds more than some thousand of them.
    """
    if connection.dialect.name == "postgresql":
        return _from_postgresql(connection, table)
    return (row for some in fetch_some(connection, select(table)) for row in some)


def digest(connection: Connection, table: Table, tick: Callable[[], None] | None = None) -> int:
    """A number that two tables share when they hold the same values, whatever their order and their engine."""
    is_json = [isinstance(column.type, JsonText) for column in table.columns]
    places = [place for place, found in enumerate(is_json) if found]
    total = 0
    for row in _ticking(stream_rows(connection, table), tick):
        values = [clean(value) if isinstance(value, str) else value for value in row]
        for place in places:
            if values[place] is not None:
                values[place] = _meaning(msgspec.json.decode(values[place]))
        total += int.from_bytes(blake2b(_digest_encoder.encode(values), digest_size=_DIGEST_BYTES).digest())
    return total % (1 << 8 * _DIGEST_BYTES)


_DIGEST_BYTES = 16
_digest_encoder = msgspec.msgpack.Encoder(order="sorted")
_json_encoder = msgspec.json.Encoder(order="sorted")


def _meaning(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """JSON in which one number has one form: PostgreSQL gives 1e22 back as an integer."""
    if isinstance(value, dict):
        return {clean(key): _meaning(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_meaning(item) for item in value]
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if type(value) is int else value  # as text, since msgpack has no number beyond 64 bits


def _ticking(rows: Iterator[T], tick: Callable[[], None] | None) -> Iterator[T]:
    if tick is None:
        yield from rows
        return
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        tick()
        yield from some


def _copy_as_stored(source: Connection, target: Connection, table: Table, tick: Callable[[], None] | None) -> int:
    """Between two SQLite files values need no reading: instants stay text, which takes half the time."""
    raw: list[ColumnElement[Any]] = [type_coerce(column, NullType()) for column in table.columns]
    rows = (row for some in fetch_some(source, select(*raw)) for row in some)
    values: dict[str, Any] = {column.name: bindparam(column.name) for column in table.columns}
    statement = str(insert(table).values(values).compile(dialect=_SQLITE))
    return execute_many(target, statement, _ticking(rows, tick))


def _from_postgresql(source: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """As the driver gives values, by a cursor of the server: the driver's own reads all rows at once."""
    statement = select(*map(_plain, table.columns))
    places = [place for place, column in enumerate(table.columns) if isinstance(column.type, JsonText)]
    with source.execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE}) as result:
        for rows in result.partitions():
            yield from map(partial(_with_json, places), rows) if places else map(tuple, rows)


def _with_json(places: list[int], row: Iterable[Any]) -> tuple[Any, ...]:
    """The row with its JSON as the mappings write it, and not in PostgreSQL's own order and with its spaces."""
    values = list(row)
    for place in places:
        if values[place] is not None:
            values[place] = _json_encoder.encode(msgspec.json.decode(values[place])).decode()
    return tuple(values)


def _plain(column: Column[Any]) -> ColumnElement[Any]:
    """What the driver would take apart or make a decimal, as text and as a float."""
    if isinstance(column.type, JsonText):
        return type_coerce(cast(column, Text), NullType())
    if isinstance(column.type, Numeric) and not isinstance(column.type, Double):
        return type_coerce(cast(column, Double), NullType())
    return type_coerce(column, NullType())
