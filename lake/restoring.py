"""Fills a warehouse on SQLite with one source as of a committed page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pyarrow.compute as pc
from sqlalchemy import Connection, Engine, Table, bindparam, delete, select
from sqlalchemy.dialects.sqlite import Insert, insert

from lake.layout import DELETED, PUBLISHED, TABLES, kept_columns, key_of
from lake.opening import Lake, told
from lake.reading import Snapshot, rows_in_order, snapshot
from warehouse.arrow import sqlite_values
from warehouse.bulk import execute_many
from warehouse.fetching import portions
from warehouse.loader import naming_issues
from warehouse.stale import mark_stale_where


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


def catch_up(lake: Lake, source_id: str, engine: Engine, since: int, page: int | None = None) -> int | None:
    """Bring a file that holds the source as of page `since` up to the page (or the last); returns which page that is.

    None when those pages have been merged with earlier ones since. Issues that rows of them concern are noted as to be
    computed anew. Otherwise as `restore`.
    """
    seen = snapshot(lake, source_id, page)
    if since not in seen.pages:
        return None
    newer = replace(seen, pages=tuple(one for one in seen.pages if one > since))
    with engine.begin() as connection:
        for table in PUBLISHED:
            if table.name in newer.tables:
                with told(lake.place(TABLES, table.name)):
                    _restore_table(connection, table, newer, lambda: None, notes=True)
    return seen.page


def _restore_table(
    connection: Connection, table: Table, seen: Snapshot, tick: Callable[[], None], *, notes: bool = False
) -> None:
    """Page by page, so that the last one has the say. What is derived of a row that is there already stays."""
    handle, key = seen.tables[table.name], key_of(table)
    there = set(handle.schema().to_arrow().names)
    columns = [c.name for c in kept_columns(table) if c.name in there]
    put = str(_put(table, columns).compile(dialect=connection.dialect))
    drop = str(delete(table).where(key == bindparam("key")).compile(dialect=connection.dialect))
    for batch in rows_in_order(handle, seen, columns):
        tick()
        keys = batch.column(key.name).to_pylist() if notes else []
        _note(connection, table, keys)  # of before: an end of a link that is gone
        gone = batch.column(DELETED)
        alive = batch.filter(pc.invert(gone))
        values = [sqlite_values(alive.column(name)) for name in columns]
        execute_many(connection, put, zip(*values, strict=True))
        execute_many(connection, drop, ((one,) for one in batch.filter(gone).column(key.name).to_pylist()))
        _note(connection, table, keys)


def _put(table: Table, columns: Sequence[str]) -> Insert:
    statement = insert(table).values({name: bindparam(name) for name in columns})
    changes = {name: statement.excluded[name] for name in columns if not table.c[name].primary_key}
    if not changes:
        return statement.on_conflict_do_nothing()
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes)


def _note(connection: Connection, table: Table, keys: Sequence[str]) -> None:
    for column in naming_issues(table):
        for some in portions(keys):
            mark_stale_where(connection, select(column).where(key_of(table).in_(some)))
