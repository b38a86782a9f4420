"""Opens the warehouse: SQLite in WAL mode, so that analysts read while a sync writes, PostgreSQL, or Snowflake."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.pool import NullPool, QueuePool

from warehouse import postgresql, snowflake
from warehouse.postgresql import USUAL, Limits

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import URL, Connection, Dialect, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry, Pool

_BUSY_MILLISECONDS = 30_000
_CACHE_KIBIBYTES = 65_536
_NO_VALUES: dict[None, None] = {}
_KEPT_CACHE_KIBIBYTES = 16_384
"""Of a sync, whose memory should stay small; four times as much saves it a twentieth of its time."""
_LOG_PAGES = 8_000
"""About 32 MB: what many pages of a sync change is moved from the log into the file once."""
_OWNER_ONLY = 0o600
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def open_warehouse(url: str, schema: str = "", limits: Limits = USUAL) -> Engine:
    """An engine for `sqlite:///path`, `postgresql+psycopg://…` or `snowflake://…`; makes nothing but a SQLite file.

    `schema` (where all tables are) is for PostgreSQL only, `limits` are not for SQLite. Raises `ValueError` when
    address or schema cannot be used, and `UnusableServer` without the packages of its engine. Connecting raises that
    where no warehouse can be.
    """
    address = make_url(url)
    kind = address.get_backend_name()
    if kind == "sqlite":
        return _open_sqlite(address)
    if kind == "postgresql":
        return _open_postgresql(address, schema, limits)
    if kind == snowflake.NAME:
        return snowflake.open_snowflake(address, limits)
    raise ValueError(f"no warehouse on {kind}: use sqlite:///PATH or postgresql+psycopg://USER@HOST/DATABASE")


def open_scratch(path: Path) -> Engine:
    """An engine for a SQLite file that is thrown away after its work: a crash or a rollback leaves rubbish."""
    engine = _open_sqlite(make_url(f"sqlite:///{path}"))

    @event.listens_for(engine, "connect")
    def hurry(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = OFF")
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.close()

    return engine


def warehouse_exists(engine: Engine) -> bool:
    """Whether there is anything to connect to without creating it."""
    database = engine.url.database
    return engine.dialect.name != "sqlite" or bool(database and database != ":memory:" and Path(database).exists())


def has_one_writer(engine: Engine) -> bool:
    """Whether the threads of a process write one after the other.

    On SQLite nobody else can write; on Snowflake a MERGE keeps the whole table from others until the commit, so that
    two pages at once would wait for one another, in the worst case in a ring.
    """
    return engine.dialect.name in {"sqlite", snowflake.NAME}


@contextmanager
def keeping_connections(engine: Engine) -> Iterator[Engine]:
    """The same warehouse for many transactions; what it has open is closed when the block ends.

    Each new connection to a SQLite file reads the schema and has an empty cache, and the last one that closes moves the
    whole log into the file: with a connection for each page a sync would do so a thousand times.
    """
    kept = _open_sqlite(engine.url, QueuePool) if engine.dialect.name == "sqlite" else engine
    try:
        yield kept
    finally:
        kept.dispose()
        engine.dispose()


def _open_sqlite(address: URL, pool: type[Pool] = NullPool) -> Engine:
    # what no adapter is known for costs the driver three look-ups that fail, for each value that it binds
    sqlite3.register_adapter(type(None), _NO_VALUES.get)
    sqlite3.register_adapter(bool, int)
    is_kept = pool is QueuePool
    options, cache = ({"max_overflow": -1}, _KEPT_CACHE_KIBIBYTES) if is_kept else ({}, _CACHE_KIBIBYTES)
    engine = create_engine(address, poolclass=pool, connect_args={"timeout": _BUSY_MILLISECONDS / 1000}, **options)

    @event.listens_for(engine, "do_connect")
    def keep_private(_: Dialect, __: ConnectionPoolEntry, ___: list[Any], ____: dict[str, Any]) -> None:
        _make_private(address.database)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver's own idea of transactions misses reads and DDL
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute(f"PRAGMA cache_size = -{cache}")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _make_private(database: str | None) -> None:
    """Make the file of a new database, for its owner alone; SQLite would make it for everybody.

    The files that SQLite puts beside it, the log of what is not yet in it, get the same mode. One that is there, or a
    link that somebody has put there, stays as it is.
    """
    if database and not database.startswith((":memory:", "file:")):
        with suppress(OSError):  # it is there; or it cannot be, which SQLite will tell
            os.close(os.open(database, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY))


def _open_postgresql(address: URL, schema: str, limits: Limits) -> Engine:
    if schema and not _PLAIN_NAME.fullmatch(schema):
        raise ValueError(f"warehouse.schema: {schema!r} is no plain name (letters, digits, underscore)")
    postgresql.require_options(address)
    given = postgresql.defaults(address, os.environ)
    engine = create_engine(address, connect_args=given, use_native_hstore=False)

    @event.listens_for(engine, "do_connect")
    def connect(_: Dialect, __: ConnectionPoolEntry, ___: list[Any], options: dict[str, Any]) -> psycopg.Connection:
        # before SQLAlchemy asks anything of the server, which may be too old to answer
        return postgresql.connect(options, schema, limits)

    return engine
