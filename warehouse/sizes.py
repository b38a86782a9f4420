"""How large each table is, and from when its rows are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, Date, Table, Text, cast, func, inspect, literal, select
from sqlalchemy.exc import DatabaseError

from warehouse import snowflake
from warehouse.dictionary import KINDS
from warehouse.types import UtcDateTime

_SAMPLED_ROWS = 1_000
_PAGES = """
SELECT m.tbl_name, sum(d.pgsize) FROM dbstat AS d JOIN sqlite_schema AS m ON m.name = d.name
WHERE d.aggregate = TRUE GROUP BY m.tbl_name
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """A table of the warehouse. `bytes` counts its indexes and all that the engine keeps with it."""

    table: str
    kind: str
    rows: int
    bytes: int
    oldest: datetime | date | None
    """Least value of its first required instant or day; None where it has none, or no rows."""
    newest: datetime | date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """All tables, the largest first."""

    total_bytes: int
    """SQLite: the file, beside which a write-ahead log may lie. Elsewhere: the sum of the tables."""
    unused_bytes: int | None
    """What the file has for new rows before it grows (SQLite); None where the engine does not tell."""
    is_estimated: bool
    """The bytes of each table are guessed from some of its rows: this SQLite cannot count pages."""
    tables: tuple[TableSize, ...]


def read_sizes(connection: Connection) -> Sizes:
    """Count the rows of each table that this version knows and the warehouse has; it reads all of them once."""
    there = set(inspect(connection).get_table_names())
    kinds = {table: kind for kind, known in KINDS.items() for table in known if table.name in there}
    counted = {table: _count(connection, table) for table in kinds}
    held, whole = _held(connection, {table: rows for table, (rows, *_) in counted.items()})
    sizes = [
        TableSize(table=table.name, kind=kind, rows=rows, bytes=held.get(table.name, 0), oldest=oldest, newest=newest)
        for table, kind in kinds.items()
        for rows, oldest, newest in [counted[table]]
    ]
    return replace(whole, tables=tuple(sorted(sizes, key=lambda one: (-one.bytes, one.table))))


def _held(connection: Connection, rows: Mapping[Table, int]) -> tuple[Mapping[str, int], Sizes]:
    """Table → bytes, and what is true of all."""
    if connection.dialect.name == "postgresql":
        relations = _relations(connection, rows)
        return relations, Sizes(total_bytes=sum(relations.values()), unused_bytes=None, is_estimated=False, tables=())
    if connection.dialect.name == snowflake.NAME:
        counted = snowflake.table_bytes(connection)
        held = {table.name: counted.get(table.name, 0) for table in rows}
        return held, Sizes(total_bytes=sum(held.values()), unused_bytes=None, is_estimated=False, tables=())
    total, unused = _file(connection)
    pages = _pages(connection)
    held = _estimates(connection, rows, total - unused) if pages is None else pages
    return held, Sizes(total_bytes=total, unused_bytes=unused, is_estimated=pages is None, tables=())


def dated_by(table: Table) -> Column[Any] | None:
    """The column that says from when a row is: the first instant or day that every row has."""
    dated = (c for c in table.columns if not c.nullable and isinstance(c.type, (UtcDateTime, Date)))
    return next(dated, None)


def _count(connection: Connection, table: Table) -> tuple[int, Any, Any]:
    column = dated_by(table)
    if column is None:
        return connection.scalar(select(func.count()).select_from(table)) or 0, None, None
    rows, oldest, newest = connection.execute(
        select(func.count(), func.min(column, type_=column.type), func.max(column, type_=column.type)).select_from(
            table
        )
    ).one()
    return rows, oldest, newest


def _relations(connection: Connection, tables: Iterable[Table]) -> dict[str, int]:
    """PostgreSQL's own count: rows, indexes, and long values that lie elsewhere."""
    quote = connection.dialect.identifier_preparer.quote
    return {
        table.name: connection.scalar(select(func.pg_total_relation_size(func.to_regclass(quote(table.name))))) or 0
        for table in tables
    }


def _file(connection: Connection) -> tuple[int, int]:
    """Bytes of the file, and bytes of it that hold nothing."""
    values = (connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0 for name in _FILE)
    page, pages, free = values
    return page * pages, page * free


_FILE = ("page_size", "page_count", "freelist_count")


def _pages(connection: Connection) -> dict[str, int] | None:
    """Table → bytes of its pages and of its indexes' pages; None where SQLite has no such table, or hides it."""
    try:
        return {row[0]: int(row[1]) for row in connection.exec_driver_sql(_PAGES)}
    except DatabaseError:
        return None


def _estimates(connection: Connection, rows: Mapping[Table, int], used: int) -> dict[str, int]:
    """The used pages, shared out by the length of the values of some rows of each table, keys and indexes twice."""
    weights = {table: count * _row_length(connection, table) for table, count in rows.items()}
    whole = sum(weights.values()) or 1
    return {table.name: round(used * weight / whole) for table, weight in weights.items()}


def _row_length(connection: Connection, table: Table) -> float:
    again = [*table.primary_key, *(column for index in table.indexes for column in index.columns)]
    some = select(*table.columns).limit(_SAMPLED_ROWS).subquery()
    lengths = (func.coalesce(func.length(cast(some.c[column.name], Text)), 1) for column in [*table.columns, *again])
    return float(connection.scalar(select(func.avg(sum(lengths, literal(0))))) or 0)
