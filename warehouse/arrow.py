"""Streams tables as Arrow record batches, and takes them back: the one mapping that files and the lake share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    Double,
    Float,
    Integer,
    Numeric,
    Select,
    String,
    Table,
    Text,
    cast,
    collate,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from warehouse.types import JsonText, UtcDateTime

INSTANT = pa.timestamp("us", "UTC")
DOUBLE = pa.float64()

_ROWS_AT_ONCE = 1_000
"""Few enough that descriptions of a megabyte each still fit in memory."""


class NotOfItsType(Exception):  # noqa: N818 - a state, as the house names them
    """A value cannot be one of its column's type: SQLite keeps what it is given."""

    def __init__(self, column: Column[Any], reason: str) -> None:
        super().__init__(f"{column.table.name}.{column.name}: a value does not fit its type: {reason}")
        self.column = column
        self.reason = reason


def arrow_type(column: Column[Any], points: pa.DataType = DOUBLE) -> pa.DataType:
    """The column's Arrow type: instants in microseconds and UTC, days `date32`, story points as told."""
    types: Sequence[tuple[type, pa.DataType]] = (
        (UtcDateTime, INSTANT),
        (Date, pa.date32()),
        (Boolean, pa.bool_()),
        (Integer, pa.int64()),
        (Float, pa.float64()),
        (Numeric, points),
    )
    return next((arrow for kind, arrow in types if isinstance(column.type, kind)), pa.string())


def arrow_schema(table: Table, points: pa.DataType = DOUBLE) -> pa.Schema:
    """The table's columns as Arrow types; descriptions as metadata `comment` of schema and fields."""
    fields = [
        pa.field(c.name, arrow_type(c, points), nullable=bool(c.nullable), metadata={"comment": c.comment or ""})
        for c in table.columns
    ]
    key = ",".join(c.name for c in table.primary_key)
    return pa.schema(fields, metadata={"table": table.name, "comment": table.comment or "", "primary_key": key})


def record_batches(
    connection: Connection,
    table: Table,
    *,
    where: ColumnElement[bool] | None = None,
    by: Column[Any] | None = None,
    points: pa.DataType = DOUBLE,
) -> Iterator[pa.RecordBatch]:
    """All rows, or those of a condition, some at a time; both engines give the same.

    They are in the order of the primary key (texts by code point), and in that of `by` before, if given. Decimal
    points are rounded to their digits. Raises `NotOfItsType` for a value that its column's type cannot hold.
    """
    schema = arrow_schema(table, points)
    dialect = connection.dialect.name
    options = {"yield_per": _ROWS_AT_ONCE}
    with connection.execute(_all_rows(table, dialect, where, by), execution_options=options) as result:
        for rows in result.partitions():
            columns = [
                arrow_array(column, values, dialect, points)
                for column, values in zip(table.columns, zip(*rows, strict=True), strict=True)
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _all_rows(table: Table, dialect: str, where: ColumnElement[bool] | None, by: Column[Any] | None) -> Select[Any]:
    keys = [*([] if by is None else [by]), *table.primary_key]
    order = [collate(c, "C") if dialect == "postgresql" and isinstance(c.type, String) else c for c in keys]
    rows = select(*(as_driven(c) for c in table.columns)).order_by(*order)
    return rows if where is None else rows.where(where)


def as_driven(column: Column[Any]) -> ColumnElement[Any]:
    """What is read for a column: the driver's value, untouched by SQLAlchemy's conversions one by one."""
    if isinstance(column.type, JsonText):
        return type_coerce(cast(column, Text), NullType())
    if isinstance(column.type, Numeric):
        return type_coerce(cast(column, Double), NullType())
    return type_coerce(column, NullType())


def arrow_array(column: Column[Any], values: Sequence[Any], dialect: str, points: pa.DataType = DOUBLE) -> pa.Array:
    """The driver's values of a column, as its Arrow type. Raises `NotOfItsType`."""
    wanted = arrow_type(column, points)
    if dialect == "postgresql" and isinstance(column.type, JsonText):
        values = [_canonical_json(value) for value in values]
    try:
        return pa.array(values, _carrier(wanted, dialect)).cast(wanted)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise NotOfItsType(column, " ".join(str(error).split())) from error


def sqlite_values(array: pa.Array) -> list[Any]:
    """The values of an Arrow column as SQLite keeps them: instants and days as text, flags as 0 and 1."""
    if array.type == INSTANT:
        # without a zone, since none is to be looked up
        return pc.strftime(array.cast(pa.timestamp("us")), format="%Y-%m-%dT%H:%M:%SZ").to_pylist()  # type: ignore[no-any-return]
    if array.type == pa.date32():
        return array.cast(pa.string()).to_pylist()  # type: ignore[no-any-return]
    if array.type == pa.bool_():
        return array.cast(pa.int64()).to_pylist()  # type: ignore[no-any-return]
    return array.to_pylist()  # type: ignore[no-any-return]


def joined(batches: Iterable[pa.RecordBatch], *, most_bytes: int, most_rows: float = math.inf) -> Iterator[pa.Table]:
    """Batches of one schema as tables, each of the first batches that reach either measure; the last has the rest."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        size += batch.nbytes  # counted once: it is as dear as writing the rows
        if rows >= most_rows or size >= most_bytes:
            yield pa.Table.from_batches(held)
            held, rows, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held)


def _carrier(wanted: pa.DataType, dialect: str) -> pa.DataType:
    """The type in which the driver's values arrive."""
    if pa.types.is_decimal(wanted):
        return pa.float64()
    if dialect == "sqlite":
        return {INSTANT: pa.string(), pa.date32(): pa.string(), pa.bool_(): pa.int64()}.get(wanted, wanted)
    return wanted


def _canonical_json(text: str | None) -> str | None:
    """The form in which connectors make it; `jsonb` has an order and spaces of its own."""
    return None if text is None else msgspec.json.encode(msgspec.json.decode(text), order="sorted").decode()
