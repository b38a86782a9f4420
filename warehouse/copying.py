"""Copies whole tables from one warehouse into another, as a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

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

from warehouse.bulk import execute_many, insert_rows
from warehouse.fetching import fetch_some
from warehouse.types import JsonText

_SQLITE = sqlite.dialect(paramstyle="qmark")
_ROWS_AT_ONCE = 2_000


def copy_tables(source: Connection, target: Connection, tables: Iterable[Table]) -> int:
    """Insert all rows of these tables of `source` into those of `target`, which are empty; returns how many.

    Never holds more than some thousand rows. What the tables have of one instant is up to the transaction of `source`.
    """
    return sum(_copy(source, target, table) for table in tables)


def _copy(source: Connection, target: Connection, table: Table) -> int:
    if source.dialect.name == "postgresql":
        return insert_rows(target, table, table.columns.keys(), _from_postgresql(source, table))
    if target.dialect.name == "postgresql":
        rows = (row for some in fetch_some(source, select(table)) for row in some)
        return insert_rows(target, table, table.columns.keys(), rows)
    return _copy_as_stored(source, target, table)


def _copy_as_stored(source: Connection, target: Connection, table: Table) -> int:
    """Between two SQLite files values need no reading: instants stay text, which takes half the time."""
    raw: list[ColumnElement[Any]] = [type_coerce(column, NullType()) for column in table.columns]
    rows = (row for some in fetch_some(source, select(*raw)) for row in some)
    values: dict[str, Any] = {column.name: bindparam(column.name) for column in table.columns}
    return execute_many(target, str(insert(table).values(values).compile(dialect=_SQLITE)), rows)


def _from_postgresql(source: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """As the driver gives values, by a cursor of the server: the driver's own reads all rows at once."""
    statement = select(*map(_plain, table.columns))
    with source.execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE}) as result:
        for rows in result.partitions():
            yield from map(tuple, rows)


def _plain(column: Column[Any]) -> ColumnElement[Any]:
    """What the driver would take apart or make a decimal, as text and as a float."""
    if isinstance(column.type, JsonText):
        return type_coerce(cast(column, Text), NullType())
    if isinstance(column.type, Numeric) and not isinstance(column.type, Double):
        return type_coerce(cast(column, Double), NullType())
    return type_coerce(column, NullType())
