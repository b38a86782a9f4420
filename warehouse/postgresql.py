"""Opens connections to PostgreSQL: what is asked of the server, and what is set for each session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL

# The driver is imported where it is used: whoever has SQLite need not wait for it.
if TYPE_CHECKING:
    import psycopg

OLDEST = 13
"""The first major version that a warehouse may be on."""

MIGRATION_LOCK = "hashtext('flowmart migrations in ' || current_setting('search_path'))"
"""SQL of the advisory lock that a migration holds: warehouses in schemas of one database do not mind each other."""
_DEFAULTS = {
    "fallback_application_name": "flowmart",  # what the address, PGAPPNAME or the service file says goes before it
    "client_encoding": "utf8",
    "keepalives_idle": "60",  # a server that vanished is noticed after two minutes, not after the system's two hours
    "keepalives_interval": "10",
    "keepalives_count": "6",
}
_CONNECT_SECONDS = "10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a session waits before it gives up; 0 is for ever."""

    lock_seconds: float = 60.0
    """For a lock that somebody else has."""
    statement_seconds: float = 3_600.0
    """For one statement, and within a transaction for the next one."""


USUAL = Limits()


class UnusableServer(Exception):  # noqa: N818 - a state, as the house names them
    """The server or the database cannot hold a warehouse; the message says why and what to do."""


def require_options(address: URL) -> None:
    """Raise `ValueError` for an option in the address's query that PostgreSQL's own library does not know."""
    from psycopg.pq import Conninfo

    known = sorted(one.keyword.decode() for one in Conninfo.get_defaults())
    for name, value in address.query.items():
        if name not in known:
            close = get_close_matches(name, known, n=1)
            raise ValueError(f"unknown option {name!r}" + (f"; did you mean {close[0]}?" if close else ""))
        if not isinstance(value, str) and name != "host":
            raise ValueError(f"the option {name} is there twice")


def defaults(address: URL, environment: Mapping[str, str]) -> dict[str, str]:
    """The options that we set where neither the address nor the environment does."""
    wanted = dict(_DEFAULTS)
    if not environment.get("PGCONNECT_TIMEOUT"):
        wanted["connect_timeout"] = _CONNECT_SECONDS
    return {name: value for name, value in wanted.items() if name not in address.query}


def connect(options: Mapping[str, Any], schema: str, limits: Limits) -> psycopg.Connection:
    """A connection ready for work: UTC, ISO dates, the schema, the limits.

    Raises `UnusableServer`, or `psycopg.OperationalError` for whatever else keeps us out.
    """
    import psycopg

    try:
        connection: psycopg.Connection = psycopg.connect(**options)
    except (psycopg.ProgrammingError, UnicodeError) as error:  # an option's value, or no possible name of a host
        raise psycopg.OperationalError(str(error)) from error
    try:
        require_server(connection.info.server_version, connection.info.parameter_status("server_encoding"))
        connection.autocommit = True
        connection.execute(_session(schema, limits).encode())
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection


def require_server(version: int, encoding: str | None) -> None:
    """Raise `UnusableServer` for a server that is too old, or a database that does not hold every text.

    `version` as the server reports it: 130004 is 13.4.
    """
    major, minor = divmod(version, 10_000)
    if major < OLDEST:
        said = f"{major}.{minor}" if major >= _TWO_PARTS else f"{major}.{minor // 100}"
        raise UnusableServer(f"the server is PostgreSQL {said}; flowmart needs {OLDEST} or later: upgrade the server")
    if encoding != "UTF8":
        raise UnusableServer(
            f"the database has the encoding {encoding}, which cannot hold every text; "
            "make one with ENCODING 'UTF8' TEMPLATE template0"
        )


_TWO_PARTS = 10
"""From here on a version has two parts; before, 9.6.24 was 90624."""


def _session(schema: str, limits: Limits) -> str:
    statement = _milliseconds(limits.statement_seconds)
    settings = [
        "SET TIME ZONE 'UTC'",
        "SET DATESTYLE TO ISO",
        f"SET lock_timeout = {_milliseconds(limits.lock_seconds)}",
        f"SET statement_timeout = {statement}",
        f"SET idle_in_transaction_session_timeout = {statement}",
    ]
    if schema:
        settings.append(f'SET search_path TO "{schema}"')
    return "; ".join(settings)


def _milliseconds(seconds: float) -> int:
    return min(round(seconds * 1_000), _LONGEST)


_LONGEST = 2**31 - 1
"""Milliseconds that a setting of the server can hold: more than three weeks."""
