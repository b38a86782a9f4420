"""Copies whole tables from one warehouse into another, as a stream."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
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


def copy_tables(source: Connection, target: Connection, tables: Iterable[Table]) -> int:
    """Insert all rows of these tables of `source` into those of `target`, which are empty; returns how many.

    Never holds more than some thousand rows. What the tables have of one instant is up to the transaction of `source`.
    """
    return sum(_copy(source, target, table) for table in tables)


def _copy(source: Connection, target: Connection, table: Table) -> int:
    if source.dialect.name == target.dialect.name == "sqlite":
        return _copy_as_stored(source, target, table)
    statement = select(*map(_readable, table.columns))
    rows = (row for some in fetch_some(source, statement) for row in some)
    return insert_rows(target, table, table.columns.keys(), rows)


def _copy_as_stored(source: Connection, target: Connection, table: Table) -> int:
    """Between two SQLite files values need no reading: instants stay text, which takes half the time."""
    raw: list[ColumnElement[Any]] = [type_coerce(column, NullType()) for column in table.columns]
    rows = (row for some in fetch_some(source, select(*raw)) for row in some)
    values: dict[str, Any] = {column.name: bindparam(column.name) for column in table.columns}
    return execute_many(target, str(insert(table).values(values).compile(dialect=_SQLITE)), rows)


def _readable(column: Column[Any]) -> ColumnElement[Any]:
    """JSON as text: PostgreSQL's driver would take it apart."""
    return cast(column, Text) if isinstance(column.type, JsonText) else column
