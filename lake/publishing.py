"""Publishes what a working file has committed: the rows into each table, then the entry that makes them count."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, WriterProperties, write_deltalake
from sqlalchemy import Connection, Engine, Table, func, select

from lake import outbox
from lake.errors import LakeError
from lake.layout import (
    DELETED,
    MONTH,
    MONTH_OF,
    PAGE,
    PUBLISHED,
    SOURCE,
    TABLES,
    kept_columns,
    key_of,
    lake_schema,
    partition_columns,
)
from lake.opening import Lake, made, told
from lake.pages import COMMITTED, RELEASED, RENEWED, Entry, Standing
from warehouse.arrow import arrow_array, as_driven
from warehouse.leases import LEASE_TIME, LeaseLost, own_name

ROWS_A_PAGE = 50_000
"""So many changed rows are published together, however many pages of the tracker they came in."""
SECONDS_A_PAGE = 120.0
"""What waits longer is published with the next page of the tracker: a machine that is lost loses no more than that."""

Values = Sequence[Any]

_RENEW_AFTER = timedelta(minutes=5)
_ROWS_AT_ONCE = 5_000
_ROWS_A_FILE = 200_000
_BYTES_A_FILE = 256 * 1024 * 1024
_COMPRESSION = WriterProperties(compression="ZSTD")


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Publishes one source's working file, and holds the source's lease. Safe to use from several threads."""

    lake: Lake
    engine: Engine
    standing: Standing
    run_id: str
    clock: Callable[[], datetime]
    rows_a_page: int = ROWS_A_PAGE
    seconds_a_page: float = SECONDS_A_PAGE
    _since: datetime | None = None
    """When the last page was published, or the first row of the next one was seen."""
    _tables: dict[str, DeltaTable] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _is_given_back: bool = False

    def committed(self) -> None:
        """Call it after each transaction of the working file: publishes if enough waits, and keeps the lease.

        Raises `LeaseLost` when another process has taken the source over, and `LakeError`.
        """
        with self._turn():
            now = self.clock()
            with self.engine.connect() as connection:
                waiting = outbox.waiting(connection)
            since = self._since = self._since or now
            if waiting >= self.rows_a_page or (waiting and (now - since).total_seconds() >= self.seconds_a_page):
                self._publish()
            elif self.standing.last is None or now - self.standing.last.at > _RENEW_AFTER:
                self._enter(RENEWED)

    def publish(self) -> int:
        """Publish all that waits, as one page; returns the rows. Nothing is written when nothing waits.

        Raises `LeaseLost` and `LakeError`.
        """
        with self._turn():
            return self._publish()

    def release(self, patience_seconds: float = -1) -> None:
        """Give the source back, once; no page can be published from then on. It expires if that cannot be done.

        `patience_seconds` is how long a page that is being published may take; below 0 as long as it wants.
        """
        if not self._lock.acquire(timeout=patience_seconds):
            return
        try:
            if not self._is_given_back:
                self._is_given_back = True
                with suppress(LeaseLost, LakeError):
                    self._enter(RELEASED)
        finally:
            self._lock.release()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._lock:
            if self._is_given_back:
                raise LeaseLost(f"sync of {self.standing.source_id}")
            yield

    def _publish(self) -> int:
        with self.engine.begin() as connection:
            upto = outbox.last_note(connection)
            if upto is None:
                return 0
            page = self.standing.turn + 1
            outbox.begin(connection, page, upto)
        with self.engine.connect() as connection:
            state = outbox.read_state(connection)
            counted = {table.name: self._append(connection, table, page, upto) for table in PUBLISHED}
        before = self.standing.page
        self._enter(
            COMMITTED,
            page=page,
            base=page if before is None else before.base,
            content=page,
            work=None if state is None else state.work,
            tables={name: rows for name, rows in counted.items() if rows},
        )
        with self.engine.begin() as connection:
            outbox.settle(connection, page, upto)
        self._since = self.clock()
        return sum(counted.values())

    def _enter(self, event: str, *, tables: dict[str, int] | None = None, **of_page: Any) -> None:  # noqa: ANN401 - fields
        now = self.clock()
        entry = Entry(
            source_id=self.standing.source_id,
            turn=self.standing.turn + 1,
            event=event,
            holder=own_name(),
            at=now,
            expires_at=now if event == RELEASED else now + LEASE_TIME,
            run_id=self.run_id,
            rows=None if tables is None else sum(tables.values()),
            tables=None if tables is None else json.dumps(tables),
            **of_page,
        )
        self.standing = self.standing.enter(entry)

    def _append(self, connection: Connection, table: Table, page: int, upto: int) -> int:
        rows = 0
        for some in _files(_noted(connection, table, self.standing.source_id, page, upto)):
            with told(self.lake.place(TABLES, table.name)):
                write_deltalake(
                    self._table(table),
                    some,
                    mode="append",
                    schema_mode="merge",  # a newer flowmart may have more columns
                    writer_properties=_COMPRESSION,
                )
            rows += some.num_rows
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


def _noted(connection: Connection, table: Table, source_id: str, page: int, upto: int) -> Iterator[pa.RecordBatch]:
    """The rows that notes name, as they are now; of those that are gone the key."""
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
            yield _batch(table, source_id, page, keys, months, named)


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


def _files(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The batches, as many together as are written at once."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= _ROWS_A_FILE or size >= _BYTES_A_FILE:
            yield pa.Table.from_batches(held)
            held, rows, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held)
