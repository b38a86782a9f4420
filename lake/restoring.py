"""Fills an empty warehouse on SQLite with one source as of a committed page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow.compute as pc
from sqlalchemy import Connection, Engine, Table

from lake.layout import DELETED, PUBLISHED, TABLES, kept_columns, key_of
from lake.opening import Lake, told
from lake.reading import Snapshot, rows_in_order, snapshot
from warehouse.arrow import sqlite_values
from warehouse.bulk import execute_many


def restore(
    lake: Lake,
    source_id: str,
    engine: Engine,
    page: int | None = None,
    *,
    of: Sequence[Table] = PUBLISHED,
    tick: Callable[[], None] = lambda: None,
) -> int:
    """Write the source's loaded tables, bookmarks and notes as of the page (or the last); returns which page that is.

    `engine` is a SQLite warehouse at the newest schema revision, without rows; or one with the tables `of` alone. Never
    holds more than some thousand rows; `tick` is called now and then. Raises `LakeError` when there is no such page.
    """
    if engine.dialect.name != "sqlite":
        raise ValueError("a source is restored into SQLite only")
    seen = snapshot(lake, source_id, page, of)
    with engine.begin() as connection:
        for table in of:
            if table.name in seen.tables:
                with told(lake.place(TABLES, table.name)):
                    _restore_table(connection, table, seen, tick)
    return seen.page


def _restore_table(connection: Connection, table: Table, seen: Snapshot, tick: Callable[[], None]) -> None:
    """Page by page, so that the last one has the say."""
    handle, key = seen.tables[table.name], key_of(table)
    there = set(handle.schema().to_arrow().names)
    columns = [c.name for c in kept_columns(table) if c.name in there]
    quote = connection.dialect.identifier_preparer.quote
    into, marks = ", ".join(map(quote, columns)), ", ".join("?" * len(columns))
    put = f"INSERT OR REPLACE INTO {quote(table.name)} ({into}) VALUES ({marks})"  # noqa: S608 - our own names
    drop = f"DELETE FROM {quote(table.name)} WHERE {quote(key.name)} = ?"  # noqa: S608
    for batch in rows_in_order(handle, seen, columns):
        tick()
        gone = batch.column(DELETED)
        alive = batch.filter(pc.invert(gone))
        values = [sqlite_values(alive.column(name)) for name in columns]
        execute_many(connection, put, zip(*values, strict=True))
        execute_many(connection, drop, ((one,) for one in batch.filter(gone).column(key.name).to_pylist()))
