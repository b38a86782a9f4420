"""Fills an empty warehouse on SQLite with one source as of a committed page."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable
from sqlalchemy import Connection, Engine, Table

from lake.layout import DELETED, PAGE, PUBLISHED, SOURCE, TABLES, kept_columns, key_of
from lake.opening import Lake, told
from lake.reading import Snapshot, snapshot
from warehouse.arrow import sqlite_values
from warehouse.bulk import execute_many


def restore(lake: Lake, source_id: str, engine: Engine, page: int | None = None) -> int:
    """Write the source's loaded tables, bookmarks and notes as of the page (or the last); returns which page that is.

    `engine` is a SQLite warehouse at the newest schema revision, without rows. Never holds more than some thousand
    rows. Raises `LakeError` when the lake has no such page.
    """
    if engine.dialect.name != "sqlite":
        raise ValueError("a source is restored into SQLite only")
    seen = snapshot(lake, source_id, page)
    with engine.begin() as connection:
        for table in PUBLISHED:
            if table.name in seen.tables:
                with told(lake.place(TABLES, table.name)):
                    _restore_table(connection, table, seen)
    return seen.page


def _restore_table(connection: Connection, table: Table, seen: Snapshot) -> None:
    """Page by page, so that the last one has the say."""
    handle, key = seen.tables[table.name], key_of(table)
    there = set(handle.schema().to_arrow().names)
    columns = [c.name for c in kept_columns(table) if c.name in there]
    quote = connection.dialect.identifier_preparer.quote
    into, marks = ", ".join(map(quote, columns)), ", ".join("?" * len(columns))
    put = f"INSERT OR REPLACE INTO {quote(table.name)} ({into}) VALUES ({marks})"  # noqa: S608 - our own names
    drop = f"DELETE FROM {quote(table.name)} WHERE {quote(key.name)} = ?"  # noqa: S608
    for batch in rows_in_order(handle, seen, columns):
        gone = batch.column(DELETED)
        alive = batch.filter(pc.invert(gone))
        values = [sqlite_values(alive.column(name)) for name in columns]
        execute_many(connection, put, zip(*values, strict=True))
        execute_many(connection, drop, ((one,) for one in batch.filter(gone).column(key.name).to_pylist()))


def rows_in_order(handle: DeltaTable, seen: Snapshot, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """The source's rows of the pages that count, page by page; with `_deleted` beside the columns."""
    dataset = handle.to_pyarrow_dataset(file_pruning_predicate=[(SOURCE, "=", seen.source_id)])
    bounds = _bounds(handle, seen.source_id)
    files: dict[int, list[ds.Fragment]] = {}
    for fragment in dataset.get_fragments():
        first, last = bounds[fragment.path]
        for page in seen.pages:
            if first <= page <= last:
                files.setdefault(page, []).append(fragment)
    for page in sorted(files):
        for fragment in files[page]:
            # the pages of a file are several where a tool of somebody else's has merged files
            yield from fragment.to_batches(
                schema=dataset.schema, columns=[*columns, DELETED], filter=ds.field(PAGE) == page
            )


def _bounds(handle: DeltaTable, source_id: str) -> dict[str, tuple[int, int]]:
    """File → its first and its last page."""
    added = pa.table(handle.get_add_actions(flatten=True))
    added = added.select(["path", f"partition.{SOURCE}", f"min.{PAGE}", f"max.{PAGE}"])
    return {
        unquote(row["path"]): (row[f"min.{PAGE}"], row[f"max.{PAGE}"])
        for row in added.to_pylist()
        if row[f"partition.{SOURCE}"] == source_id
    }
