"""Writes tables as Parquet: typed, compressed by zstd, with statistics and page indexes that let readers skip.

Instants are timestamps in microseconds and UTC, days `date32`, points `decimal128(28, 6)`, durations, shares and means
doubles. The descriptions of table and columns are in the metadata `comment` of the Arrow schema and its fields.

Rows lie in the order of the key. With `partition = "month"` a table that grows with time becomes a folder of files
`<table>/month=2026-05/<table>.parquet` (months in UTC; no file for a month without rows), each in the order of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Column, Connection, Table

from exports.base import PLAIN, Order, Place, Written
from exports.files import Part, write_set
from exports.increments import changed_since, total_rows
from exports.rows import INSTANT, arrow_schema, record_batches
from exports.staging import Staging
from warehouse.arrow import joined

MONTH_OF: Mapping[str, str] = {
    "blocked_intervals": "entered_at",
    "comments": "created_at",
    "daily_flow": "day",
    "defects": "created_at",
    "estimates": "valid_from",
    "issue_changes": "changed_at",
    "issue_flow": "created_at",
    "issues": "created_at",
    "link_events": "happened_at",
    "sprint_days": "day",
    "sprint_memberships": "entered_at",
    "sprint_scope_events": "at",
    "status_intervals": "entered_at",
    "worklogs": "started_at",
}
"""Table → the column whose month decides where a row goes. The others stay one file each: they grow little."""

_GROUP_ROWS = 64_000
_GROUP_BYTES = 64 * 1024 * 1024


def write_parquet(connection: Connection, tables: Sequence[Table], to: Place, order: Order = PLAIN) -> list[Written]:
    """Write `<table>.parquet` for each table, or a folder of months; an `Exporter`."""

    def write(staging: Staging) -> list[Part]:
        return [part for table in tables for part in _parts(connection, table, staging, order)]

    totals = total_rows(connection, tables, order.since)
    return write_set(tables, to, "parquet", write, order, totals=totals)


def _parts(connection: Connection, table: Table, staging: Staging, order: Order) -> Iterator[Part]:
    where = changed_since(table, order.since)
    by = table.c[MONTH_OF[table.name]] if order.partition == "month" and table.name in MONTH_OF else None
    batches = record_batches(connection, table, where=where, by=by)
    if by is None:
        yield _write(staging, f"{table.name}.parquet", table, None, batches)
        return
    for month, some in groupby(_by_month(batches, by.name), key=itemgetter(0)):
        name = f"{table.name}/month={month}/{table.name}.parquet"
        yield _write(staging, name, table, by, (batch for _, batch in some))


def _write(
    staging: Staging, name: str, table: Table, by: Column[Any] | None, batches: Iterable[pa.RecordBatch]
) -> Part:
    with staging.new(name) as file:
        return Part(name, {table.name: _write_table(table, by, batches, file)})


def _write_table(table: Table, by: Column[Any] | None, batches: Iterable[pa.RecordBatch], file: BinaryIO) -> int:
    names = table.columns.keys()
    sorted_by = [names.index(column.name) for column in [*([] if by is None else [by]), *table.primary_key]]
    rows = 0
    with pq.ParquetWriter(
        file,
        arrow_schema(table),
        compression="zstd",
        write_statistics=True,
        write_page_index=True,
        sorting_columns=[pq.SortingColumn(place) for place in sorted_by],
    ) as writer:
        for group in joined(batches, most_rows=_GROUP_ROWS, most_bytes=_GROUP_BYTES):
            writer.write_table(group, row_group_size=group.num_rows)
            rows += group.num_rows
    return rows


def _by_month(batches: Iterable[pa.RecordBatch], column: str) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The batches, whose rows are in the order of the column, cut where a month ends."""
    for batch in batches:
        days = batch.column(column)
        local = days.cast(pa.timestamp("us")) if days.type == INSTANT else days  # without a zone: none is looked up
        months = pc.add(pc.multiply(pc.year(local), 12), pc.subtract(pc.month(local), 1))
        begin = 0
        for counted in pc.value_counts(months).to_pylist():
            year, month = divmod(counted["values"], 12)
            yield f"{year:04}-{month + 1:02}", batch.slice(begin, counted["counts"])
            begin += counted["counts"]
