"""What people can cause is one line that says what to do; what only we can cause is none."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from connectors.errors import AuthenticationError
from exports.base import ExportError
from flowmart.errors import ConfigError, JobFailed, UsageError
from flowmart.failures import Failure, explain
from warehouse.engine import open_warehouse

WHERE = "warehouse sqlite:///w.db"


def in_a_statement(error: Exception) -> OperationalError:
    return OperationalError("INSERT INTO t VALUES (?)", ("customer data",), error)


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ConfigError(["a: b", "c: d"]), 2, "a: b\nc: d"),
        (UsageError("no source named x"), 2, "no source named x"),
        (JobFailed("acme: refused"), 1, "acme: refused"),
        (AuthenticationError("the login is refused"), 1, "the login is refused"),
        (ExportError("the disk is full", "x.csv", "free some space"), 1, "x.csv: the disk is full; free some space"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/x/y"),
            1,
            "/x/y: the disk is full; free some space and run it again: what was committed is kept",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/x"),
            1,
            "/x: this account may not do that; give it the permission, or name another place",
        ),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "/x"), 1, "/x: Is a directory"),
        (
            in_a_statement(sqlite3.OperationalError("database or disk is full")),
            1,
            f"{WHERE}: the disk is full; free some space and run it again: what was committed is kept",
        ),
        (
            in_a_statement(sqlite3.OperationalError("attempt to write a readonly database")),
            1,
            f"{WHERE}: it may not be written; give this account write permission for the file and its folder",
        ),
        (
            sqlite3.OperationalError("database is locked"),
            1,
            f"{WHERE}: another program has locked it; close that and run it again: what was committed is kept",
        ),
        (
            in_a_statement(psycopg.errors.DiskFull("could not extend file")),
            1,
            f"{WHERE}: the server's disk is full; free some space and run it again: what was committed is kept",
        ),
        (
            psycopg.OperationalError("connection failed:\n refused"),
            1,
            f"{WHERE}: connection failed: refused; check the server and warehouse.url",
        ),
    ],
)
def test_what_the_world_causes_is_one_line(error: Exception, code: int, text: str) -> None:
    assert explain(error, "sqlite:///w.db") == Failure(code=code, text=text)


@pytest.mark.parametrize(
    ("error", "begin"),
    [
        (psycopg.errors.QueryCanceled("canceling statement"), "a statement took longer than warehouse."),
        (psycopg.errors.IdleInTransactionSessionTimeout("x"), "the server ended the session for a pause in a "),
        (psycopg.errors.AdminShutdown("terminating connection due to administrator command"), "the server ended the c"),
        (psycopg.errors.CrashShutdown("terminating connection because of crash"), "the server ended the connection, "),
        (
            psycopg.OperationalError("server closed the connection unexpectedly\nThis probably"),
            "the server ended the c",
        ),
        (psycopg.OperationalError("the connection is lost"), "the server ended the connection, or went away; "),
        (psycopg.errors.InvalidSchemaName("no schema"), "there is no schema to make tables in; name one in "),
        (
            psycopg.errors.InsufficientPrivilege("permission denied for table issues\nHINT: x"),
            "permission denied for table issues; let the owner of the tables run `flowmart migrate --roles`",
        ),
        (
            psycopg.OperationalError('FATAL: no pg_hba.conf entry for host "h", user "u", database "d", no encryption'),
            "the server takes this login over TLS only; ",
        ),
        (
            psycopg.OperationalError("no pg_hba.conf entry …, SSL encryption\nno pg_hba.conf entry …, no encryption"),
            "the server does not let this user in from here; ",
        ),
        (psycopg.OperationalError('FATAL: role "anna" does not exist'), "there is no such user; create it, or "),
        (psycopg.OperationalError('definition of service "x" not found'), "there is no such service in the service "),
    ],
)
def test_what_a_server_of_postgresql_says_is_one_line_too(error: psycopg.Error, begin: str) -> None:
    failure = explain(in_a_statement(error), "sqlite:///w.db")
    assert failure is not None
    assert failure.code == 1
    assert failure.text.removeprefix(f"{WHERE}: ").startswith(begin)
    assert "\n" not in failure.text


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        KeyError("x"),
        in_a_statement(sqlite3.OperationalError("no such column: x")),
        IntegrityError("INSERT", (), sqlite3.IntegrityError("UNIQUE constraint failed")),
        psycopg.errors.SyntaxError("x"),
    ],
)
def test_a_defect_of_ours_is_not_explained_away(error: Exception) -> None:
    assert explain(error, None) is None


def test_a_warehouse_that_cannot_grow_is_told_as_a_full_disk(tmp_path: Path) -> None:
    with open_warehouse(f"sqlite:///{tmp_path}/w.db").connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        connection.exec_driver_sql("PRAGMA max_page_count = 2")
        with pytest.raises(OperationalError) as full:
            connection.exec_driver_sql("INSERT INTO t VALUES (zeroblob(100000))")
    failure = explain(full.value, "w")
    assert failure is not None
    assert failure.text.startswith("warehouse w: the disk is full")


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "w.db").write_bytes(b"this is no database" * 100)
    engine = open_warehouse(f"sqlite:///{tmp_path}/w.db")
    with pytest.raises(Exception, match="not a database") as wrong:
        engine.connect()
    failure = explain(wrong.value, "w")
    assert failure is not None
    assert failure.text == "warehouse w: the file is no SQLite database; name another one in warehouse.url"
