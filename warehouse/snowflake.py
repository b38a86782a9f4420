"""Snowflake: opening sessions, and rows that come as staged files.

What that engine does otherwise than SQLite and PostgreSQL: DDL commits whatever transaction is open, so that nothing is
made within one; keys are not enforced; there are no indexes; a statement costs a tenth of a second, however small.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Connection, Double, Integer, Numeric, Table, create_engine, event
from sqlalchemy.types import TypeEngine

from warehouse.postgresql import Limits, UnusableServer
from warehouse.types import UtcDateTime

if TYPE_CHECKING:
    from sqlalchemy import URL, Dialect, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

# pyarrow and Snowflake's own packages are imported where they are used: they cost most of a second

NAME = "snowflake"
EXPECTED = "snowflake://USER@ACCOUNT/DATABASE/SCHEMA?warehouse=NAME"
SECRET_OPTIONS = ("token", "passcode", "private_key_password", "oauth_client_secret", "proxy_password")
_NOT_INSTALLED = "Snowflake's packages are not installed; run pip install 'flowmart[snowflake]'"
_APART = ("private_key_file", "private_key_password")
"""Options that the dialect takes from no address: ours come from the configuration, whose writer may name files."""
_OPTIONS = frozenset({
    "account", "authenticator", "login_timeout", "oauth_authorization_url", "oauth_client_id", "oauth_redirect_uri",
    "oauth_scope", "oauth_token_request_url", "proxy_host", "proxy_port", "proxy_user", "request_timeout", "role",
    "secondary_roles", "warehouse", "workload_identity_provider", *SECRET_OPTIONS, *_APART,
})  # fmt: skip
_LOGGERS = ("snowflake.connector", "sf_core")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_MAY_NOT = "42501"
_ROWS_AT_ONCE = 5_000
_FILES, _STAGE = "flowmart_files", "flowmart_rows"
STAGE_COLUMNS = 64
"""More than any table of ours has."""


def require_address(address: URL) -> None:
    """Raise `ValueError` for an address that names no schema, or has an option that we do not pass on."""
    place = (address.database or "").split("/")
    if not address.host or len(place) != len(("database", "schema")) or not all(place):
        raise ValueError(f"names no account, database and schema; use {EXPECTED}")
    for name, value in address.query.items():
        if name not in _OPTIONS:
            raise ValueError(f"unknown option {name!r}; known are {', '.join(sorted(_OPTIONS))}")
        if not isinstance(value, str):
            raise ValueError(f"the option {name} is there twice")  # noqa: TRY004 - what the user wrote


def open_snowflake(address: URL, limits: Limits) -> Engine:
    """An engine whose sessions are in UTC; nothing is connected yet.

    Raises `ValueError` for an address that cannot be used, and `UnusableServer` without Snowflake's packages.
    """
    require_address(address)
    try:
        import snowflake.sqlalchemy  # noqa: F401 - only to see whether it is there
    except ImportError:
        raise UnusableServer(_NOT_INSTALLED) from None
    # the connector would ask the machine's address of cloud metadata where it runs, and tell of each proxy it finds
    os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")
    for logger in _LOGGERS:
        logging.getLogger(logger).setLevel(logging.ERROR)
    apart = {name: address.query[name] for name in _APART if name in address.query}
    # what stands in for Snowflake on this machine has no certificate
    plain = {"protocol": "http"} if address.host in _LOOPBACK else {}
    given = {"session_parameters": _session(limits), "client_session_keep_alive": True, **apart, **plain}
    engine = create_engine(address.difference_update_query(_APART), connect_args=given)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        _make_stage(connection)

    return engine


def _session(limits: Limits) -> dict[str, Any]:
    """Parameters of a session. 0 is for ever: the longest lock and the longest statement that Snowflake has."""
    lock = {"LOCK_TIMEOUT": max(1, round(limits.lock_seconds))} if limits.lock_seconds else {}
    return {
        "TIMEZONE": "UTC",
        "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_TZ",
        "TIMESTAMP_INPUT_FORMAT": "AUTO",  # an account may have others, and our texts be read by them
        "DATE_INPUT_FORMAT": "AUTO",
        "STATEMENT_TIMEOUT_IN_SECONDS": round(limits.statement_seconds),
        "ABORT_DETACHED_QUERY": True,  # a process that was killed holds its locks five minutes, not for hours
        "QUERY_TAG": "flowmart",
        "CLIENT_TELEMETRY_ENABLED": False,
        **lock,
    }


def _make_stage(connection: DBAPIConnection) -> None:
    """The session's own place for files and table for rows: later, making them would commit half a page.

    A role that only reads may make neither, and needs neither.
    """
    from snowflake.connector.errors import ProgrammingError

    columns = ", ".join(f"c{place} VARCHAR" for place in range(STAGE_COLUMNS))
    cursor = connection.cursor()
    try:
        cursor.execute(f"CREATE TEMPORARY STAGE IF NOT EXISTS {_FILES}")
        cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {_STAGE} ({columns})")
    except ProgrammingError as error:
        if error.sqlstate != _MAY_NOT:
            raise
    finally:
        cursor.close()
    connection.commit()


def copy_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert rows, as `bulk.stored` gives them, by PUT of a Parquet file and COPY; returns how many."""
    return _load(connection, table, columns, rows, _copy(connection.dialect, table, tuple(columns)))


def upsert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Insert or overwrite by primary key; returns the rows written. No key may come twice."""
    return _merge(connection, table, columns, rows, _upsert(connection.dialect, table, tuple(columns)))


def update_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Set all columns but the first, which names the row; returns the rows that were there."""
    return _merge(connection, table, columns, rows, _update(connection.dialect, table, tuple(columns)))


def _merge(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], statement: str
) -> int:
    connection.exec_driver_sql(f"DELETE FROM {_STAGE}")  # noqa: S608 - ours; TRUNCATE would commit
    if not _load(connection, table, columns, rows, _staging(len(columns))):
        return 0
    return connection.exec_driver_sql(statement).rowcount


def _load(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]], statement: str
) -> int:
    types = [table.c[name].type for name in columns]
    with TemporaryDirectory(prefix="flowmart-") as folder:
        path = Path(folder) / f"{Path(folder).name}.parquet"  # a name of its own: COPY passes over what it knows
        count = _write(path, types, iter(rows))
        if not count:
            return 0
        source = path.as_posix().replace("'", "\\'")
        connection.exec_driver_sql(f"PUT 'file://{source}' @{_FILES} AUTO_COMPRESS = FALSE OVERWRITE = TRUE")
        came = connection.exec_driver_sql(statement.format(file=path.name)).mappings().all()
    loaded = sum(int(one.get("rows_loaded") or 0) for one in came)
    if loaded != count:
        raise UnusableServer(f"of {count} rows of {table.name} {loaded} came; nothing was kept: run it again")
    return count


def _write(path: Path, types: Sequence[TypeEngine[Any]], rows: Iterator[Sequence[Any]]) -> int:
    """Write a Parquet file of texts only.

    Numbers and instants would come to a COPY by way of VARIANT, where what becomes of them depends on options of the
    file format; a text in one form is cast to the column's type in one way.
    """
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(f"c{place}", pa.string()) for place in range(len(types))])
    count = 0
    with parquet.ParquetWriter(path, schema) as writer:
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            arrays = [_texts(values, type_) for values, type_ in zip(zip(*some, strict=True), types, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            count += len(some)
    return count


def _texts(values: Sequence[Any], type_: TypeEngine[Any]) -> Any:  # noqa: ANN401 - an array of Arrow's, which has no types
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(type_, UtcDateTime):  # `2026-10-02T07:15:04.123000Z` → with the offset that Snowflake's formats have
        return pc.binary_join_element_wise(pc.utf8_slice_codeunits(pa.array(values, pa.string()), 0, -1), "+00:00", "")
    kinds = ((Boolean, pa.bool_()), (Integer, pa.int64()), ((Double, Numeric), pa.float64()))
    carrier = next((arrow for kind, arrow in kinds if isinstance(type_, kind)), pa.string())
    return pa.array(values, carrier).cast(pa.string())


@cache
def _copy(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> str:
    quote = dialect.identifier_preparer.quote
    into = f"{quote(table.name)} ({', '.join(map(quote, columns))})"
    values = (f"$1:c{place}::{_type(dialect, table, name)}" for place, name in enumerate(columns))
    return _copying(into, ", ".join(values))


@cache
def _staging(width: int) -> str:
    places = [f"c{place}" for place in range(width)]
    return _copying(f"{_STAGE} ({', '.join(places)})", ", ".join(f"$1:{place}::VARCHAR" for place in places))


def _copying(into: str, values: str) -> str:
    return (
        f"COPY INTO {into} FROM (SELECT {values} FROM @{_FILES}/{{file}}) "  # noqa: S608 - names of our own tables
        "FILE_FORMAT = (TYPE = PARQUET NULL_IF = ()) PURGE = TRUE"
    )


@cache
def _upsert(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> str:
    quote = dialect.identifier_preparer.quote
    keys = [column.name for column in table.primary_key]
    changed = {name: quote(name) for name in columns if name not in keys}
    sets = (
        f"{name} = coalesce(s.{name}, t.{name})" if table.c[plain].info.get("keep") else f"{name} = s.{name}"
        for plain, name in changed.items()
    )
    newer = "".join(f" AND s.{quote(c.name)} >= t.{quote(c.name)}" for c in table.columns if c.info.get("decides"))
    matched = f" WHEN MATCHED{newer} THEN UPDATE SET {', '.join(sets)}" if changed else ""
    names = [quote(name) for name in columns]
    return (
        f"{_merging(dialect, table, columns, keys)}{matched} WHEN NOT MATCHED THEN "  # noqa: S608 - our own names
        f"INSERT ({', '.join(names)}) VALUES ({', '.join(f's.{name}' for name in names)})"
    )


@cache
def _update(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> str:
    key, *changed = columns
    sets = ", ".join(f"{name} = s.{name}" for name in map(dialect.identifier_preparer.quote, changed))
    return f"{_merging(dialect, table, columns, [key])} WHEN MATCHED THEN UPDATE SET {sets}"


def _merging(dialect: Dialect, table: Table, columns: Sequence[str], keys: Sequence[str]) -> str:
    quote = dialect.identifier_preparer.quote
    values = ", ".join(
        f"c{place}::{_type(dialect, table, name)} AS {quote(name)}" for place, name in enumerate(columns)
    )
    same = " AND ".join(f"t.{name} = s.{name}" for name in map(quote, keys))
    return f"MERGE INTO {quote(table.name)} AS t USING (SELECT {values} FROM {_STAGE}) AS s ON {same}"  # noqa: S608


def _type(dialect: Dialect, table: Table, name: str) -> str:
    return table.c[name].type.compile(dialect=dialect)


def table_bytes(connection: Connection) -> Mapping[str, int]:
    """What Snowflake counts for each table of the session's schema, without what time travel keeps."""
    asked = "SELECT table_name, bytes FROM information_schema.tables WHERE table_schema = current_schema()"
    return {str(name).lower(): int(size or 0) for name, size in connection.exec_driver_sql(asked)}
