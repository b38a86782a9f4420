"""Streams a table as Arrow record batches, with points as decimals: the one reader that all formats share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from sqlalchemy import Column, ColumnElement, Connection, Table

from exports.base import ExportError
from warehouse import arrow
from warehouse.arrow import INSTANT, NotOfItsType

POINTS = pa.decimal128(28, 6)
"""As many digits as .NET's decimal has, which is what Power BI reads them into."""

__all__ = ["INSTANT", "POINTS", "arrow_schema", "record_batches"]


def arrow_schema(table: Table) -> pa.Schema:
    """The table's columns as Arrow types; descriptions as metadata `comment` of schema and fields."""
    return arrow.arrow_schema(table, POINTS)


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
    try:
        yield from arrow.record_batches(connection, table, where=where, by=by, points=POINTS)
    except NotOfItsType as error:
        what = f"a value does not fit its type: {error.reason}"
        raise ExportError(what, f"{table.name}.{error.column.name}", "correct it where it comes from") from error
