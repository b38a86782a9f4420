"""What a failure means to the person at the terminal: one line that says what to do, and the exit code."""

from __future__ import annotations

import errno
import re
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from sqlalchemy.exc import DBAPIError

from connectors.errors import SourceError
from exports.base import ExportError
from flowmart.errors import FAILED, WRONG_USE, ApplicationError, ConfigError, UsageError
from reports.base import ReportError
from warehouse.leases import LeaseHeld, LeaseLost
from warehouse.postgresql import UnusableServer

_KEPT = "what was committed is kept"
_SQLITE: Mapping[str, str] = {
    "disk is full": f"the disk is full; free some space and run it again: {_KEPT}",
    "disk i/o error": f"the disk does not take or give data; check it (is it full?) and run it again: {_KEPT}",
    "readonly database": "it may not be written; give this account write permission for the file and its folder",
    "unable to open database file": "it cannot be opened; check that its folder exists and may be written",
    "database is locked": f"another program has locked it; close that and run it again: {_KEPT}",
    "not a database": "the file is no SQLite database; name another one in warehouse.url",
    "malformed": "the file is damaged; restore a backup, or move it away and run `flowmart sync`",
}
_LOCK_TIMEOUT = "55P03"
_LOST = f"the server ended the connection, or went away; run it again when it is back: {_KEPT}"
_POSTGRESQL: Mapping[str, str] = {
    _LOCK_TIMEOUT: f"another session keeps a lock too long; end it, or run this again later: {_KEPT}",
    "57014": f"a statement took longer than warehouse.statement_timeout, or was cancelled; run it again: {_KEPT}",
    "25P03": f"the server ended the session for a pause in a transaction; raise warehouse.statement_timeout: {_KEPT}",
    "57P01": _LOST,
    "57P02": _LOST,
    "53100": f"the server's disk is full; free some space and run it again: {_KEPT}",
    "28P01": "the server refuses the password; check user and password in warehouse.url",
    "28000": "the server refuses the login; check user and password in warehouse.url",
    "3D000": "there is no such database; create it, or correct warehouse.url",
    "3F000": "there is no schema to make tables in; name one in warehouse.schema",
    "53300": "the server has no free connection; try again later",
    "25006": "the server is read-only; name its primary in warehouse.url",
}
_FORBIDDEN = "42501"
_CONNECTING: Mapping[str, str] = {
    "password authentication failed": "the server refuses the password; check user and password in warehouse.url",
    "no password supplied": "the server wants a password; put ${PGPASSWORD} into warehouse.url, or use ~/.pgpass",
    ", ssl encryption": "the server does not let this user in from here; its pg_hba.conf needs a line for it",
    "no encryption": "the server takes this login over TLS only; add ?sslmode=verify-full to warehouse.url",
    "pg_hba.conf": "the server does not let this user in from here; its pg_hba.conf needs a line for it",
    "does not support ssl": "the server has no TLS, and warehouse.url asks for it; turn it on there, or change sslmode",
    "certificate verify failed": "the server's certificate is not of a known authority; name that in sslrootcert",
    "does not match host name": "the server's certificate is for another host; correct the host in warehouse.url",
    "root certificate file": "sslrootcert names no file that can be read; correct it in warehouse.url",
    "failed to resolve host": "the host is not known; correct it in warehouse.url, or check the network",
    "connection refused": "no server listens there; start it, or correct host and port in warehouse.url",
    "timeout expired": "the server does not answer; check host, port and firewall",
    "starting up": "the server is starting; try again in a moment",
    "shutting down": "the server is shutting down; try again when it is back",
    "session is read-only": "the server is read-only; name its primary in warehouse.url",
    "session is not read-only": "the server is no standby, as target_session_attrs in warehouse.url wants",
    "definition of service": "there is no such service in the service file; correct service in warehouse.url",
    "too many clients": "the server has no free connection; try again later",
    "closed the connection": _LOST,
    "connection is lost": _LOST,
    "connection is closed": _LOST,
    "closed unexpectedly": _LOST,
    "reset by peer": _LOST,
    "no connection to the server": _LOST,
}
"""What the library says without a code when it gets no connection, or no longer has one → what it means."""
_SNOWFLAKE: Mapping[str, str] = {
    "incorrect username or password": "Snowflake refuses the login; check user and password in warehouse.url",
    "jwt token is invalid": "Snowflake refuses the key; is its public half in RSA_PUBLIC_KEY of the user?",
    "no active warehouse": "nothing computes; add ?warehouse=NAME to warehouse.url, and grant USAGE on it to the role",
    "does not have a current": "there is no such database or schema, or the role may not use it; see docs/snowflake.md",
    "does not exist or not authorized": "something is not there, or the role may not use it; see docs/snowflake.md",
    "insufficient privileges": "the role may not do that; grant it what docs/snowflake.md lists",
    "resource monitor": "the warehouse's resource monitor has stopped it; raise its quota, or wait for the next period",
    "statement or warehouse timeout": "a statement took longer than warehouse.statement_timeout; run it again: "
    + _KEPT,
    "has locked table": f"another session keeps a lock too long; end it, or run this again later: {_KEPT}",
    "token has expired": f"the session has expired; run it again: {_KEPT}",
    "session no longer exists": f"the session has expired; run it again: {_KEPT}",
    "lookup address": "the host is not known; correct the account in warehouse.url, or check the network",
    "connection refused": "no server listens there; correct the account in warehouse.url, or check the network",
    "certificate": "the server's certificate is not of a known authority; is a proxy in between?",
}
_NOT_OURS = {"failed to login": "the login", "configuration error": "the address"}
"""What Snowflake's connector tells of a login or an address by the kind of error that a wrong statement has."""
_NO_SUCH = re.compile(r'(database|role) "[^"]*" does not exist')
_SYSTEM: Mapping[int, str] = {
    errno.ENOSPC: f"the disk is full; free some space and run it again: {_KEPT}",
    errno.EDQUOT: f"the disk quota is used up; free some space and run it again: {_KEPT}",
    errno.EACCES: "this account may not do that; give it the permission, or name another place",
    errno.EPERM: "this account may not do that; give it the permission, or name another place",
    errno.EROFS: "the file system is read-only; name another place",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Exit code and the line (the lines, if a configuration has several problems)."""

    code: int
    text: str


def explain(error: BaseException, warehouse: str | None) -> Failure | None:
    """What to tell of an error that a user or the world can cause; None for a defect of ours.

    `warehouse` is the address to show for database errors.
    """
    if isinstance(error, ConfigError | UsageError):
        return Failure(code=WRONG_USE, text=str(error))
    told = ApplicationError | SourceError | ExportError | ReportError | LeaseHeld | LeaseLost
    if isinstance(error, told) or _is_of_lake(error):
        return Failure(code=FAILED, text=str(error))
    if isinstance(error, UnusableServer):
        return Failure(code=FAILED, text=f"{_where(warehouse)}: {error}")
    if isinstance(error, DBAPIError | sqlite3.Error | psycopg.Error):
        return _database(getattr(error, "orig", None) or error, warehouse)
    if isinstance(error, MemoryError):
        return Failure(code=FAILED, text=f"the machine is out of memory; give it more and run it again: {_KEPT}")
    return _system(error) if isinstance(error, OSError) else None


def _is_of_lake(error: BaseException) -> bool:
    """Asked of what is loaded, since importing the lake's errors is for those who have one."""
    errors = sys.modules.get("lake.errors")
    return errors is not None and isinstance(error, errors.LakeError)


def is_lock_timeout(error: BaseException) -> bool:
    """Whether PostgreSQL gave up waiting for a lock."""
    cause = getattr(error, "orig", None) or error
    return isinstance(cause, psycopg.Error) and cause.sqlstate == _LOCK_TIMEOUT


def one_line(error: BaseException) -> str:
    """The error's own words."""
    return " ".join(str(error).split()) or type(error).__name__


def _database(error: BaseException, warehouse: str | None) -> Failure | None:
    where = _where(warehouse)
    if isinstance(error, psycopg.Error):
        meaning = _of_postgresql(error)
        return None if meaning is None else Failure(code=FAILED, text=f"{where}: {meaning}")
    by_snowflake = type(error).__module__.startswith("snowflake.")  # its packages may not be installed
    meaning = _of_snowflake(error) if by_snowflake else _found(_SQLITE, one_line(error))
    return None if meaning is None else Failure(code=FAILED, text=f"{where}: {meaning}")


def _of_snowflake(error: BaseException) -> str | None:
    """None for a wrong statement, which is ours."""
    said = one_line(error)
    is_ours = type(error).__name__ != "OperationalError" and _found(_NOT_OURS, said) is None
    return _found(_SNOWFLAKE, said) or (None if is_ours else f"{said}; check the account and warehouse.url")


def _found(meanings: Mapping[str, str], said: str) -> str | None:
    return next((meaning for words, meaning in meanings.items() if words in said.lower()), None)


def _where(warehouse: str | None) -> str:
    return f"warehouse {warehouse}" if warehouse else "the warehouse"


def _of_postgresql(error: psycopg.Error) -> str | None:
    """None for a wrong statement, which is ours."""
    said = one_line(error)
    if error.sqlstate == _FORBIDDEN:
        first = str(error).splitlines()[0]
        return f"{first}; let the owner of the tables run `flowmart migrate --roles`, and grant a role"
    if meaning := _POSTGRESQL.get(error.sqlstate or ""):
        return meaning
    if not isinstance(error, psycopg.OperationalError):
        return None
    if absent := _NO_SUCH.search(said):
        return f"there is no such {_PARTS[absent[1]]}; create it, or correct warehouse.url"
    known = next((meaning for words, meaning in _CONNECTING.items() if words in said.lower()), None)
    return known or f"{said}; check the server and warehouse.url"


_PARTS = {"database": "database", "role": "user"}


def _system(error: OSError) -> Failure:
    meaning = _SYSTEM.get(error.errno or 0) or (error.strerror or one_line(error))
    return Failure(code=FAILED, text=f"{error.filename}: {meaning}" if error.filename else meaning)
