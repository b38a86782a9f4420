"""Reads many rows at the driver's own speed: values are converted column by column, not row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache, partial
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Boolean, Connection, Date, Numeric, Select, func
from sqlalchemy.types import TypeEngine

from warehouse.types import UtcDateTime

AnyTuple = tuple[Any, ...]
Named = TypeVar("Named", bound=AnyTuple)

ROWS_AT_ONCE = 2_000


_NAMED_AT_ONCE = 500


def portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """The values in their order, as many at a time as one statement may name."""
    return (values[start : start + _NAMED_AT_ONCE] for start in range(0, len(values), _NAMED_AT_ONCE))


def fetch_rows(connection: Connection, statement: Select[Any], **values: Any) -> list[AnyTuple]:  # noqa: ANN401 - of any column
    """All rows as plain tuples of Python values: instants in UTC, days as dates, points as floats.

    `values` are those of the statement's parameters.
    """
    converters = _converters(statement, connection.dialect.name)
    fetched = _fetched(connection, statement, ROWS_AT_ONCE, values)
    return [row for rows in fetched for row in _converted(rows, converters)]


def maker(kind: type[Named]) -> Callable[[Iterable[Any]], Named]:
    """What `kind._make` does, without a call of Python for each and without a look at how many values there are."""
    return partial(tuple.__new__, kind)


def fetch_as(kind: type[Named], connection: Connection, statement: Select[Any], **values: Any) -> list[Named]:  # noqa: ANN401
    """All rows as named tuples of the kind, whose fields are the columns in their order."""
    make = maker(kind)
    converters = _converters(statement, connection.dialect.name)
    return [
        row
        for rows in _fetched(connection, statement, ROWS_AT_ONCE, values)
        for row in map(make, _converted(rows, converters))
    ]


def fetch_grouped(
    kind: type[Named],
    connection: Connection,
    statement: Select[Any],
    **values: Any,  # noqa: ANN401 - of any column
) -> Mapping[str, Sequence[Named]]:
    """Value of the first column → its rows as named tuples of the kind, in the order of their values from the left.

    For texts, whole numbers and instants only, for groups of a few dozen rows, and for statements that are kept: what
    is made of one is kept too. `values` are those of its parameters.
    """
    if connection.dialect.name != "sqlite":
        rows = sorted(fetch_as(kind, connection, statement, **values))
        return {value: list(own) for value, own in groupby(rows, itemgetter(0))}
    decode = _decoder(kind)
    with connection.execute(_as_texts(statement), values) as result:
        cursor: Any = result.cursor
        found = {value: decode(text) for value, text in cursor.fetchall()}
    for own in found.values():
        own.sort()  # SQLite promises no order within a group
    return found


@cache
def _as_texts(statement: Select[Any]) -> Select[Any]:
    """A text of JSON for each group: the driver takes thrice as long to make so many rows."""
    first, *_ = columns = statement.selected_columns.values()
    return statement.with_only_columns(first, func.json_group_array(func.json_array(*columns))).group_by(first)


@cache
def _decoder(kind: type[Named]) -> Callable[[str], list[Named]]:
    return msgspec.json.Decoder(list[kind]).decode  # type: ignore[valid-type]


def fetch_some(connection: Connection, statement: Select[Any], at_once: int = ROWS_AT_ONCE) -> Iterator[list[AnyTuple]]:
    """The same, some rows at a time; never holds more than `at_once` of them."""
    converters = _converters(statement, connection.dialect.name)
    return (list(_converted(rows, converters)) for rows in _fetched(connection, statement, at_once, {}))


def _fetched(
    connection: Connection, statement: Select[Any], at_once: int, values: Mapping[str, Any]
) -> Iterator[list[AnyTuple]]:
    with connection.execute(statement, values) as result:
        cursor: Any = result.cursor  # SQLAlchemy reads nothing ahead of us as long as the result is not streamed
        while rows := cursor.fetchmany(at_once):
            yield rows


_Converters = Sequence[tuple[int, Callable[[Any], Any]]]


def _converted(rows: Sequence[AnyTuple], converters: _Converters) -> Iterable[AnyTuple]:
    if not converters:
        return rows
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, convert in converters:
        values = columns[place]
        if None in values:
            columns[place] = [None if value is None else convert(value) for value in values]
        else:
            columns[place] = list(map(convert, values))
    return zip(*columns, strict=True)


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
