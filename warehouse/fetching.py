"""Reads many rows at the driver's own speed: values are converted column by column, not row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Date, Numeric, Select
from sqlalchemy.types import TypeEngine

from warehouse.types import UtcDateTime

AnyTuple = tuple[Any, ...]

ROWS_AT_ONCE = 20_000


def fetch_rows(connection: Connection, statement: Select[Any]) -> list[AnyTuple]:
    """All rows as plain tuples of Python values: instants in UTC, days as dates, points as floats."""
    return [row for some in fetch_some(connection, statement) for row in some]


def fetch_some(connection: Connection, statement: Select[Any], at_once: int = ROWS_AT_ONCE) -> Iterator[list[AnyTuple]]:
    """The same, some rows at a time; never converts more than `at_once` of them."""
    converters = _converters(statement, connection.dialect.name)
    # no stream_results: SQLAlchemy would take the first row off the server's cursor before we read it
    with connection.execute(statement) as result:
        cursor: Any = result.cursor
        while rows := cursor.fetchmany(at_once):
            yield _converted(rows, converters)


_Converters = Sequence[tuple[int, Callable[[Any], Any]]]


def _converted(rows: Sequence[AnyTuple], converters: _Converters) -> list[AnyTuple]:
    if not converters:
        return list(rows)
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, convert in converters:
        values = columns[place]
        if None in values:
            columns[place] = [None if value is None else convert(value) for value in values]
        else:
            columns[place] = list(map(convert, values))
    return list(zip(*columns, strict=True))


def _converters(statement: Select[Any], dialect: str) -> _Converters:
    found = ((place, _converter(column.type, dialect)) for place, column in enumerate(statement.selected_columns))
    return [(place, convert) for place, convert in found if convert is not None]


def _converter(type_: TypeEngine[Any], dialect: str) -> Callable[[Any], Any] | None:
    is_sqlite = dialect == "sqlite"
    if isinstance(type_, UtcDateTime):
        return datetime.fromisoformat if is_sqlite else _in_utc
    if isinstance(type_, Date):
        return date.fromisoformat if is_sqlite else None
    if isinstance(type_, Boolean):
        return bool if is_sqlite else None
    return float if isinstance(type_, Numeric) else None


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
