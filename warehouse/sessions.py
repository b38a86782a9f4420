"""A database session that vouches for its process: PostgreSQL ends it when the process dies, on whatever machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

_PATIENCE = "1s"
"""The session of a process that was killed needs a moment to end."""


@dataclass(frozen=True, slots=True)
class Session:
    """Whether the advisory lock on something is ours."""

    number: int | None = None
    """The server's number of the session that holds the lock; None when another has it, or there are no such locks."""
    can_tell: bool = False
    """Whether having the lock or not says anything about others."""


@contextmanager
def vouching_session(engine: Engine, what: str) -> Iterator[Session]:
    """A connection of its own that holds the advisory lock on `what` in this schema, if free, until the block ends.

    On SQLite and Snowflake there is none, and neither behind a pooler: there a lock would belong to a session of the
    pooler, which lends it to others and outlives the process.
    """
    if engine.dialect.name != "postgresql":
        yield Session()
        return
    lent = engine.raw_connection()
    connection: Any = lent.driver_connection
    lent.detach()  # given back to the pool, it would go on holding the lock
    try:
        connection.autocommit = True
        yield _lock(connection, what)
    finally:
        connection.close()


def _lock(connection: Any, what: str) -> Session:  # noqa: ANN401 - the driver's
    from psycopg import errors  # here, since SQLite needs no driver of PostgreSQL

    number = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
    if number != connection.info.backend_pid:
        return Session()  # a pooler told us a number of its own when we connected
    # it stands idle for as long as the job takes; PostgreSQL 13 knows no such limit
    connection.execute("SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'")
    connection.execute("SELECT set_config('lock_timeout', %s, false)", [_PATIENCE])
    try:
        connection.execute(
            "SELECT pg_advisory_lock(hashtextextended(concat_ws(' ', current_schema(), %s::text), 0))", [what]
        )
    except errors.LockNotAvailable:
        return Session(can_tell=True)
    return Session(number, can_tell=True)
