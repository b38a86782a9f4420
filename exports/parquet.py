"""Writes tables as Parquet: typed, compressed by zstd, with statistics that let readers skip row groups.

Instants are timestamps in microseconds and UTC, days `date32`, points `decimal128(28, 6)`, durations, shares and means
doubles. The descriptions of table and columns are in the metadata `comment` of the Arrow schema and its fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, Table

from exports.base import Written
from exports.files import write_files
from exports.rows import arrow_schema, record_batches

_GROUP_ROWS = 64_000
_GROUP_BYTES = 64 * 1024 * 1024


def write_parquet(connection: Connection, tables: Sequence[Table], to: Path) -> list[Written]:
    """Write `<table>.parquet` for each table; an `Exporter`."""

    def write(table: Table, file: BinaryIO) -> int:
        return _write_table(connection, table, file)

    return write_files(tables, to, "parquet", write)


def _write_table(connection: Connection, table: Table, file: BinaryIO) -> int:
    rows = 0
    with pq.ParquetWriter(file, arrow_schema(table), compression="zstd", write_statistics=True) as writer:
        for group in _row_groups(record_batches(connection, table)):
            writer.write_table(group, row_group_size=group.num_rows)
            rows += group.num_rows
    return rows


def _row_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The batches joined to groups of 64,000 rows, fewer where rows are large."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            yield pa.Table.from_batches(held)
            held, rows, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held)
