"""What a warehouse wants after much was written to it, so that it stays fast and small. Nothing here changes a row."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from contextlib import closing

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from warehouse import snowflake

_LOG = logging.getLogger(__name__)

_GROWN = """
SELECT c.relname FROM pg_catalog.pg_class AS c
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
  AND pg_catalog.pg_relation_size(c.oid) > 2 * c.relpages::bigint * current_setting('block_size')::bigint
ORDER BY c.relname
"""
"""Tables that have more than twice the pages that the planner knows of: filled for the first time, or grown by much."""


def tidy(engine: Engine) -> None:
    """Give PostgreSQL's planner what it must know of tables just filled, and cut SQLite's write-ahead log.

    Call it after a commit. What the role may not do, or what another connection keeps from being done, is left
    undone: the next call or the server's own upkeep does it.
    """
    try:
        if engine.dialect.name == "sqlite":
            _cut_log(engine)
        elif engine.dialect.name == "postgresql":
            _analyze(engine)  # others keep their statistics themselves
    except (DBAPIError, sqlite3.Error) as refused:
        _LOG.debug("upkeep of the warehouse was left undone: %s", refused)


def _analyze(engine: Engine) -> None:
    quote = engine.dialect.identifier_preparer.quote
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in connection.exec_driver_sql(_GROWN).scalars().all():
            # of a table that the role does not own PostgreSQL only warns
            connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {quote(name)}")


def _cut_log(engine: Engine) -> None:
    """The log of a large transaction keeps its length as long as anybody has the file open, such as a BI tool."""
    with closing(engine.raw_connection()) as connection:  # no transaction may be open
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout = 0")  # a reader at work would keep us waiting
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def wipe(engine: Engine, tables: Iterable[str]) -> bool:
    """Write the file, or these tables of PostgreSQL, anew, so that nothing of what was deleted stays in free space.

    Call it after a commit. Tells whether it could be done: another connection may keep it from being done.
    """
    try:
        if engine.dialect.name == "sqlite":
            with closing(engine.raw_connection()) as connection:
                connection.cursor().execute("VACUUM")
            _cut_log(engine)
            return True
        if engine.dialect.name == snowflake.NAME:
            return False  # what is deleted stays for as long as time travel and fail-safe keep it
        quote = engine.dialect.identifier_preparer.quote
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in sorted(tables):
                connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {quote(name)}")
    except (DBAPIError, sqlite3.Error) as refused:
        _LOG.debug("the space of what was deleted was not written anew: %s", refused)
        return False
    return True
