"""Writes rows by the driver's own bulk calls: executemany on SQLite, binary COPY on PostgreSQL, files on Snowflake."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, partial
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Double,
    Integer,
    Numeric,
    Table,
    bindparam,
    delete,
    false,
    select,
    update,
)
from sqlalchemy import column as named
from sqlalchemy import table as named_table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from warehouse import snowflake
from warehouse.fetching import portions
from warehouse.types import JsonText, UtcDateTime

Row = Sequence[Any]

_SQLITE = sqlite.dialect(paramstyle="qmark")
_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]


def clear(connection: Connection, table: Table) -> None:
    """Delete all rows."""
    connection.execute(delete(table))


def delete_where(connection: Connection, column: Column[Any], values: Sequence[str]) -> None:
    """Delete the rows that have one of the values, some hundred of them by one statement."""
    for some in portions(values):
        connection.execute(delete(column.table).where(column.in_(some)))


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Insert rows of Python values in the order of `columns`; returns how many.

    Texts are taken as they are: they come from the warehouse or are ours. Those of trackers go through the loader.
    """
    if connection.dialect.name == "postgresql":
        return copy_rows(connection, table.name, table, columns, rows)
    if connection.dialect.name == snowflake.NAME:
        return snowflake.copy_rows(connection, table, columns, stored(table, columns, rows, text=None))
    converters = _sqlite_converters(table, tuple(columns))
    waiting, count = iter(rows), 0
    at_once = _TURNED_AT_ONCE * _rows_of_statement(columns)
    while some := list(islice(waiting, at_once)):
        count += _insert(connection, table, columns, _converted(converters, list(zip(*some, strict=True))))
    return count


def insert_columns(
    connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]]
) -> int:
    """The same for rows that are there column by column, all of one length."""
    if connection.dialect.name != "sqlite":
        return insert_rows(connection, table, columns, zip(*values, strict=True))
    return _insert(connection, table, columns, _converted(_sqlite_converters(table, tuple(columns)), values))


_VALUES_AT_ONCE = 400
"""In one statement: more gain nothing, and SQLite before 3.32 takes 999."""
_TURNED_AT_ONCE = 20
"""The rows of so many statements are turned into columns together: they stay in the processor's cache."""


def _rows_of_statement(columns: Sequence[str]) -> int:
    return max(1, _VALUES_AT_ONCE // len(columns))


def _insert(connection: Connection, table: Table, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> int:
    """Insert stored values into SQLite, many rows by one statement: one for each takes up to half as long again."""
    into, marks = _sqlite_insert(table, tuple(names))
    width, rows = len(names), _rows_of_statement(names)
    size = width * rows
    flat: list[Any] = [None] * (width * len(columns[0]))
    for place, values in enumerate(columns):
        flat[place::width] = values
    whole = len(flat) - len(flat) % size
    count = execute_many(
        connection, into + ", ".join([marks] * rows), (flat[at : at + size] for at in range(0, whole, size))
    )
    # the rest by a statement that SQLite knows already: to read one of another length takes longer
    return count + execute_many(
        connection, into + marks, (flat[at : at + width] for at in range(whole, len(flat), width))
    )


@cache
def _sqlite_insert(table: Table, columns: Sequence[str]) -> tuple[str, str]:
    """The statement up to its rows, and the marks of a row."""
    # SQLAlchemy's VALUES would have the columns in the table's order, and INSERT … SELECT ? takes twice the time
    quote = _SQLITE.identifier_preparer.quote
    names, marks = ", ".join(map(quote, columns)), ", ".join("?" * len(columns))
    # FAIL: whoever gets an error rolls back all. To undo one statement only, SQLite would copy each page it changes
    return f"INSERT OR FAIL INTO {quote(table.name)} ({names}) VALUES ", f"({marks})"  # noqa: S608


def update_rows(connection: Connection, table: Table, key: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Set `columns` of the rows whose `key` column is the first value of each row; the rest follow in order."""
    if connection.dialect.name == "postgresql":
        return _update_from_stage(connection, table, key, columns, rows)
    if connection.dialect.name == snowflake.NAME:
        names = [key, *columns]
        return snowflake.update_rows(connection, table, names, stored(table, names, rows, text=None))
    values: list[tuple[str, Any]] = [(name, bindparam(name)) for name in columns]
    statement = update(table).where(table.c[key] == bindparam("the_key")).ordered_values(*values)
    turned = ((*row[1:], row[0]) for row in rows)
    return execute_many(
        connection, str(statement.compile(dialect=_SQLITE)), stored(table, [*columns, key], turned, text=None)
    )


def execute_many(connection: Connection, sql: str, rows: Iterable[Row]) -> int:
    """One statement for each row, by the driver; returns the number of rows it touched."""
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor()
    try:
        cursor.executemany(sql, rows)
        return max(0, int(cursor.rowcount))
    finally:
        cursor.close()


def stored(
    table: Table, columns: Sequence[str], rows: Iterable[Row], *, text: Callable[[str], str] | None
) -> Iterator[Row]:
    """Rows as SQLite keeps them, and Snowflake's files: instants and days as text, texts through `text`, if given.

    Works column by column on some thousand rows at a time, which costs half of going row by row.
    """
    converters = [_sqlite_converter(table.c[name].type, text) for name in columns]
    waiting = iter(rows)
    while some := list(islice(waiting, _ROWS_AT_ONCE)):
        yield from zip(*_converted(converters, list(zip(*some, strict=True))), strict=True)


@cache
def _sqlite_converters(table: Table, columns: tuple[str, ...]) -> Sequence[Convert | None]:
    """How each of the columns is stored; texts as they are."""
    types = [table.c[name].type for name in columns]
    return [_bits if isinstance(type_, Boolean) else _sqlite_converter(type_, None) for type_ in types]


def _converted(converters: Sequence[Convert | None], columns: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    return [values if convert is None else convert(values) for values, convert in zip(columns, converters, strict=True)]


_ROWS_AT_ONCE = 5_000
_INSTANT_LENGTH = len("2026-10-02T07:15:04.123000Z")

Convert = Callable[[Sequence[Any]], Sequence[Any]]
"""The values of a column → what the database gets."""


def _sqlite_converter(type_: TypeEngine[Any], text: Callable[[str], str] | None) -> Convert | None:
    if isinstance(type_, UtcDateTime):
        return _instants
    if isinstance(type_, Date):
        return _written
    if text is None or isinstance(type_, (Boolean, Integer, Double, Numeric)):
        return None
    return partial(_texts, text)


def _instants(values: Sequence[datetime | None]) -> Sequence[str | None]:
    """Texts of one length. What most columns hold, all in UTC and with like fractions, costs no step for each value."""
    # msgspec writes them ten times as fast as `isoformat`, but leaves out a fraction of zero
    written = msgspec.json.encode(values)
    in_utc, with_fraction = written.count(b'Z"'), written.count(b".")
    if in_utc + written.count(b"null") != len(values):
        return _instants([None if value is None else value.astimezone(UTC) for value in values])
    if with_fraction == 0:
        written = written.replace(b'Z"', b'.000000Z"')
    texts: list[str | None] = msgspec.json.decode(written, type=list[str | None])
    if with_fraction in {0, in_utc}:
        return texts
    return [text if text is None or len(text) == _INSTANT_LENGTH else text[:-1] + ".000000Z" for text in texts]


def _bits(values: Sequence[bool | None]) -> list[int | None]:
    """Numbers, which the driver takes as they are: for each bool it looks for an adapter."""
    return list(map(_BIT, values))


_BIT: Callable[[bool | None], int | None] = {True: 1, False: 0, None: None}.__getitem__


def _written(values: Sequence[date | None]) -> list[str | None]:
    """Days as ISO text."""
    return msgspec.json.decode(msgspec.json.encode(values), type=list[str | None])


def _texts(text: Callable[[str], str], values: Sequence[str | None]) -> Sequence[str | None]:
    together = "".join(filter(None, values))
    if text(together) == together:  # none of them has anything to clean
        return values
    return [None if value is None else text(value) for value in values]


def clean(text: str) -> str:
    """The text with NUL and lone surrogates replaced by U+FFFD, which no engine stores."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def copy_rows(connection: Connection, target: str, like: Table, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Binary COPY of rows into the PostgreSQL table named `target`, whose columns are typed as those of `like`."""
    import psycopg  # here, as below, since most warehouses are SQLite's, and the driver costs 60 ms

    types = [like.c[name].type for name in columns]
    converters = [_postgresql_converter(type_) for type_ in types]
    changes = [(place, convert) for place, convert in enumerate(converters) if convert is not None]
    names = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, columns))
    statement = psycopg.sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(psycopg.sql.Identifier(target), names)
    driver: Any = connection.connection.driver_connection
    count = 0
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([_postgresql_name(type_) for type_ in types])
        for count, row in enumerate(rows, 1):  # noqa: B007 - the count is what is returned
            values = list(row)
            for place, convert in changes:
                value = values[place]
                if value is not None:
                    values[place] = convert(value)
            copy.write_row(values)
    return count


def _postgresql_name(type_: TypeEngine[Any]) -> str:
    if isinstance(type_, UtcDateTime):
        return "timestamptz"
    if isinstance(type_, JsonText):
        return "jsonb"
    plain: dict[type[TypeEngine[Any]], str] = {
        Date: "date",
        Boolean: "bool",
        BigInteger: "int8",  # before Integer, whose kind it is
        Integer: "int4",
        Double: "float8",
        Numeric: "numeric",
    }
    return next((name for kind, name in plain.items() if isinstance(type_, kind)), "text")


def _postgresql_converter(type_: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    if isinstance(type_, JsonText):
        return _jsonb()
    if isinstance(type_, Double):
        return float
    if isinstance(type_, Numeric):
        return _decimal
    return None if isinstance(type_, (UtcDateTime, Date, Boolean, Integer)) else clean


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))


def _jsonb() -> Callable[[str], Any]:
    from psycopg.types.json import Jsonb

    # PostgreSQL refuses an escaped NUL within jsonb
    return lambda text: Jsonb(clean(text).replace("\\u0000", "\ufffd"), dumps=str.encode)


def stage_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Copy rows into a temporary PostgreSQL table with `columns` of `table`; returns its name."""
    for statement in _making_of_stage(table, tuple(columns)):
        connection.exec_driver_sql(statement)
    stage = stage_of(table)
    copy_rows(connection, stage, table, columns, rows)
    return stage


def stage_of(table: Table) -> str:
    """The name of the temporary table through which rows of `table` come."""
    return f"stage_{table.name}"


@cache  # compiling took three times what the COPY of a small page does
def _making_of_stage(table: Table, columns: tuple[str, ...]) -> tuple[str, str]:
    like = select(*(table.c[name] for name in columns)).where(false()).compile(dialect=_POSTGRESQL)
    stage = stage_of(table)
    return (
        f"DROP TABLE IF EXISTS pg_temp.{stage}",
        f"CREATE TEMPORARY TABLE {stage} ON COMMIT DROP AS {like}",
    )


def _update_from_stage(
    connection: Connection, table: Table, key: str, columns: Sequence[str], rows: Iterable[Row]
) -> int:
    stage = named_table(stage_rows(connection, table, [key, *columns], rows), *map(named, [key, *columns]))
    statement = update(table).where(table.c[key] == stage.c[key]).values({name: stage.c[name] for name in columns})
    return connection.execute(statement).rowcount
