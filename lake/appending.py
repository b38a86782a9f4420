"""Writes rows of a working file into the lake's tables, under the number of a page that nobody reads yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from sqlalchemy import Connection, Table, func, select

from lake import outbox
from lake.layout import (
    DELETED,
    MONTH,
    MONTH_OF,
    PAGE,
    SOURCE,
    TABLES,
    kept_columns,
    key_of,
    lake_schema,
    partition_columns,
)
from lake.opening import Lake, append, made, told
from warehouse.arrow import arrow_array, as_driven, joined

_ROWS_AT_ONCE = 5_000
_ROWS_A_FILE = 200_000
_BYTES_A_FILE = 256 * 1024 * 1024

Values = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Appender:
    """Writes one source's rows; it keeps the tables open."""

    lake: Lake
    source_id: str
    tick: Callable[[], None]
    """Called after each write."""
    _tables: dict[str, DeltaTable] = field(default_factory=dict)

    def append(self, connection: Connection, table: Table, page: int, upto: int, *, with_deleted: bool) -> int:
        """Write the rows that the notes up to `upto` name, as they are now; returns how many.

        Of those that are gone the key is written, marked as deleted, if wanted.
        """
        rows = 0
        noted = _noted(connection, table, self.source_id, page, upto, with_deleted=with_deleted)
        for some in joined(noted, most_rows=_ROWS_A_FILE, most_bytes=_BYTES_A_FILE):
            with told(self.lake.place(TABLES, table.name)):
                append(self._table(table), some)
            rows += some.num_rows
            self.tick()
        return rows

    def _table(self, table: Table) -> DeltaTable:
        if table.name not in self._tables:
            self._tables[table.name] = open_table(self.lake, table)
        return self._tables[table.name]


def open_table(lake: Lake, table: Table) -> DeltaTable:
    """The Delta table of a loaded table, made if need be."""
    of_time = [MONTH_OF[table.name]] if table.name in MONTH_OF else []
    return made(
        lake,
        TABLES,
        table.name,
        schema=lake_schema(table),
        partition_by=partition_columns(table),
        statistics=[PAGE, key_of(table).name, *of_time],
    )


def _noted(
    connection: Connection, table: Table, source_id: str, page: int, upto: int, *, with_deleted: bool
) -> Iterator[pa.RecordBatch]:
    """The rows that notes name, as they are now; of those that are gone the key, if wanted."""
    notes = outbox.outbox
    noted = (
        select(notes.c.key, func.max(notes.c.month).label("month"))
        .where(notes.c.table_name == table.name, notes.c.id <= upto)
        .group_by(notes.c.key)
        .subquery()
    )
    columns, key = kept_columns(table), key_of(table)
    found = (
        select(noted.c.key, noted.c.month, *map(as_driven, columns))
        .select_from(noted.outerjoin(table, key == noted.c.key))
        .order_by(noted.c.key)
    )
    with connection.execute(found, execution_options={"yield_per": _ROWS_AT_ONCE}) as result:
        for rows in result.partitions():
            keys, months, *values = zip(*rows, strict=True)
            named = dict(zip([c.name for c in columns], values, strict=True))
            batch = _batch(table, source_id, page, keys, months, named)
            yield batch if with_deleted else batch.filter(pc.invert(batch.column(DELETED)))


def _batch(
    table: Table, source_id: str, page: int, keys: Values, months: Values, values: Mapping[str, Values]
) -> pa.RecordBatch:
    """`keys` and `months` are of notes, `values` of the table's columns: NULL all of them where the row is gone."""
    schema, key, count = lake_schema(table), key_of(table).name, len(keys)
    arrays = {
        PAGE: pa.repeat(page, count),
        SOURCE: pa.repeat(source_id, count),
        DELETED: pa.array([one is None for one in values[key]]),
        **{name: arrow_array(table.c[name], some, "sqlite") for name, some in values.items() if name != SOURCE},
        key: pa.array(keys, pa.string()),
    }
    if table.name in MONTH_OF:
        instants = zip(values[MONTH_OF[table.name]], months, strict=True)
        arrays[MONTH] = pa.array([month if at is None else at[:7] for at, month in instants], pa.string())
    return pa.RecordBatch.from_arrays([arrays[name] for name in schema.names], schema=schema)
