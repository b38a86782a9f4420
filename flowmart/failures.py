"""What a failure means to the person at the terminal: one line that says what to do, and the exit code."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from sqlalchemy.exc import DBAPIError

from connectors.errors import SourceError
from exports.base import ExportError
from flowmart.errors import FAILED, WRONG_USE, ApplicationError, ConfigError, UsageError
from warehouse.leases import LeaseHeld, LeaseLost

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
_POSTGRESQL: Mapping[str, str] = {
    "53100": f"the server's disk is full; free some space and run it again: {_KEPT}",
    "28P01": "the server refuses the password; check user and password in warehouse.url",
    "28000": "the server refuses the login; check user and password in warehouse.url",
    "3D000": "there is no such database; create it, or correct warehouse.url",
    "42501": "the database user lacks a permission; grant CREATE and USAGE on the schema",
    "53300": "the server has no free connection; try again later",
    "25006": "the server is read-only; name its primary in warehouse.url",
}
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
    if isinstance(error, ApplicationError | SourceError | ExportError | LeaseHeld | LeaseLost):
        return Failure(code=FAILED, text=str(error))
    if isinstance(error, DBAPIError | sqlite3.Error | psycopg.Error):
        return _database(getattr(error, "orig", None) or error, warehouse)
    if isinstance(error, MemoryError):
        return Failure(code=FAILED, text=f"the machine is out of memory; give it more and run it again: {_KEPT}")
    return _system(error) if isinstance(error, OSError) else None


def one_line(error: BaseException) -> str:
    """The error's own words."""
    return " ".join(str(error).split()) or type(error).__name__


def _database(error: BaseException, warehouse: str | None) -> Failure | None:
    where = f"warehouse {warehouse}" if warehouse else "the warehouse"
    if isinstance(error, psycopg.Error):
        meaning = _POSTGRESQL.get(error.sqlstate or "")
        if meaning is None and not isinstance(error, psycopg.OperationalError):
            return None  # a wrong statement is ours
        meaning = meaning or f"{one_line(error)}; check the server and warehouse.url"
        return Failure(code=FAILED, text=f"{where}: {meaning}")
    said = one_line(error).lower()
    meaning = next((meaning for words, meaning in _SQLITE.items() if words in said), None)
    return None if meaning is None else Failure(code=FAILED, text=f"{where}: {meaning}")


def _system(error: OSError) -> Failure:
    meaning = _SYSTEM.get(error.errno or 0) or (error.strerror or one_line(error))
    return Failure(code=FAILED, text=f"{error.filename}: {meaning}" if error.filename else meaning)
