"""Streams a table as Arrow record batches: the one reader that all formats share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa
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

from exports.base import ExportError
from warehouse.types import JsonText, UtcDateTime

INSTANT = pa.timestamp("us", "UTC")
POINTS = pa.decimal128(28, 6)
"""As many digits as .NET's decimal has, which is what Power BI reads them into."""

_ROWS_AT_ONCE = 1_000
"""Few enough that descriptions of a megabyte each still fit in memory."""


def arrow_schema(table: Table) -> pa.Schema:
    """The table's columns as Arrow types; descriptions as metadata `comment` of schema and fields."""
    fields = [
        pa.field(c.name, _arrow_type(c), nullable=bool(c.nullable), metadata={"comment": c.comment or ""})
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
) -> Iterator[pa.RecordBatch]:
    """All rows, or those of a condition, some at a time; both engines give the same.

    They are in the order of the primary key (texts by code point), and in that of `by` before, if given. Points are
    rounded to six decimals. Raises `ExportError` for a value that its column's type cannot hold.
    """
    schema = arrow_schema(table)
    dialect = connection.dialect.name
    options = {"yield_per": _ROWS_AT_ONCE}
    with connection.execute(_all_rows(table, dialect, where, by), execution_options=options) as result:
        for rows in result.partitions():
            columns = [
                _array(table, column, values, dialect)
                for column, values in zip(table.columns, zip(*rows, strict=True), strict=True)
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _all_rows(table: Table, dialect: str, where: ColumnElement[bool] | None, by: Column[Any] | None) -> Select[Any]:
    keys = [*([] if by is None else [by]), *table.primary_key]
    order = [collate(c, "C") if dialect == "postgresql" and isinstance(c.type, String) else c for c in keys]
    rows = select(*(_expression(c) for c in table.columns)).order_by(*order)
    return rows if where is None else rows.where(where)


def _expression(column: Column[Any]) -> ColumnElement[Any]:
    """What is read for a column: the driver's value, untouched by SQLAlchemy's conversions one by one."""
    if isinstance(column.type, JsonText):
        return type_coerce(cast(column, Text), NullType())
    if isinstance(column.type, Numeric):
        return type_coerce(cast(column, Double), NullType())
    return type_coerce(column, NullType())


def _arrow_type(column: Column[Any]) -> pa.DataType:
    types: Sequence[tuple[type, pa.DataType]] = (
        (UtcDateTime, INSTANT),
        (Date, pa.date32()),
        (Boolean, pa.bool_()),
        (Integer, pa.int64()),
        (Float, pa.float64()),
        (Numeric, POINTS),
    )
    return next((arrow for kind, arrow in types if isinstance(column.type, kind)), pa.string())


def _array(table: Table, column: Column[Any], values: Sequence[Any], dialect: str) -> pa.Array:
    wanted = _arrow_type(column)
    if dialect == "postgresql" and isinstance(column.type, JsonText):
        values = [_canonical_json(value) for value in values]
    try:
        return pa.array(values, _carrier(wanted, dialect)).cast(wanted)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())
        raise ExportError(
            f"a value does not fit its type: {reason}", f"{table.name}.{column.name}", "correct it where it comes from"
        ) from error


def _carrier(wanted: pa.DataType, dialect: str) -> pa.DataType:
    """The type in which the driver's values arrive."""
    if wanted == POINTS:
        return pa.float64()
    if dialect == "sqlite":
        return {INSTANT: pa.string(), pa.date32(): pa.string(), pa.bool_(): pa.int64()}.get(wanted, wanted)
    return wanted


def _canonical_json(text: str | None) -> str | None:
    """The form in which connectors make it; `jsonb` has an order and spaces of its own."""
    return None if text is None else msgspec.json.encode(msgspec.json.decode(text), order="sorted").decode()
