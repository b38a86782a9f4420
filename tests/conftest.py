"""What tests of several folders share: a warehouse on each engine, PostgreSQL's from a server of our own."""

from __future__ import annotations

import logging
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import OperationalError

import migrations
from benchmarks.servers import postgresql_server
from tests.servers import standing_before
from tests.snowflakes import fakesnow, filled_tables, with_snowflake
from warehouse.engine import open_warehouse
from warehouse.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from sqlalchemy import Engine

ENGINES = ["sqlite", "postgresql", *with_snowflake()]
LONG = {"benchmarks", "end_to_end", "laws"}
"""Folders whose tests take longest."""
SERVERS = {"jira_data_center", "azure_devops_server"}
"""Flavours whose end-to-end tests are thorough where the same test runs on the service too."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first: at the end of all tests the workers then share short ones, and none waits for another.

    Of all tests the thorough ones are left out, unless `$FLOWMART_THOROUGH` is set; of a folder or by a word they run.
    """
    of_all = all(Path(word).name == "tests" for word in config.args) and not config.option.keyword
    if of_all and "FLOWMART_THOROUGH" not in os.environ:
        config.hook.pytest_deselected(items=[item for item in items if _is_thorough(item)])
        items[:] = [item for item in items if not _is_thorough(item)]
    items.sort(key=lambda item: LONG.isdisjoint(item.path.parts))


def _is_thorough(item: pytest.Item) -> bool:
    parameters = getattr(item, "callspec", None)
    of_a_server = parameters is not None and not SERVERS.isdisjoint(map(str, parameters.params.values()))
    return item.get_closest_marker("thorough") is not None or (of_a_server and "end_to_end" in item.path.parts)


@pytest.fixture(scope="session", autouse=True)
def _one_width() -> Iterator[None]:
    """Tables are as wide as in a pipe, whatever width whoever starts the tests has set."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("COLUMNS", raising=False)
        yield


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """What the test does to the process's logging is taken back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL database for tests: `$FLOWMART_TEST_POSTGRES_URL`, else that of a server started here."""
    with postgresql_server() as url:
        yield url.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(scope="session")
def guarded(postgres_url: str, postgres_schema: str) -> Iterator[URL]:
    """The database's address for a login that the server asks for its password."""
    login = f"{postgres_schema}_guarded"
    url = make_url(postgres_url).set(username=login, password="made-up")
    engine = open_warehouse(postgres_url)
    with roles_of_a_test(engine, login):
        with engine.begin() as connection:
            connection.execute(text(f"CREATE ROLE {login} LOGIN PASSWORD 'made-up'"))
        if "FLOWMART_TEST_POSTGRES_URL" not in os.environ:
            _ask_for_password(engine, login)
        if not _is_refused(url.set(password="wrong")):
            pytest.skip("the server lets everybody in without a password")
        yield url
    engine.dispose()


@pytest.fixture
def server(postgres_url: str) -> tuple[str, int]:
    """Where the server really listens: a host or a folder, and a port."""
    with _driver(postgres_url) as driver:
        return driver.info.host, driver.info.port


@pytest.fixture
def through(postgres_url: str, server: tuple[str, int]) -> Iterator[URL]:
    """The database's address on loopback, where it has no TLS."""
    with _driver(postgres_url) as driver:
        user, password, database = driver.info.user, driver.info.password or None, driver.info.dbname
    with standing_before(*server) as port:
        url = URL.create("postgresql+psycopg", user, password, "127.0.0.1", port, database)
        if _is_refused(url):
            pytest.skip("the server lets nobody in without TLS")
        yield url


@contextmanager
def _driver(url: str) -> Iterator[psycopg.Connection]:
    engine = open_warehouse(url)
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        yield driver
    engine.dispose()


@contextmanager
def roles_of_a_test(engine: Engine, *names: str) -> Iterator[None]:
    """None of these roles is there at first, and afterwards none is left, nor anything that is theirs."""
    there = text("SELECT rolname FROM pg_roles WHERE rolname = :name")

    def drop() -> None:
        with engine.begin() as connection:
            for name in names:
                if connection.scalar(there, {"name": name}) is not None:
                    connection.execute(text(f"DROP OWNED BY {name} CASCADE"))
                    connection.execute(text(f"DROP ROLE {name}"))

    with engine.connect() as connection:
        if not connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
            pytest.skip("the server's user may not make roles")
    drop()
    try:
        yield
    finally:
        drop()


def _ask_for_password(engine: Engine, login: str) -> None:
    """Of everybody else the server started here asks for none."""
    with engine.begin() as connection:
        path = Path(connection.scalar(text("SHOW hba_file")) or "")
        rules = [f"{kind} all {login} {where} scram-sha-256\n" for kind, where in (("local", ""), ("host", "all"))]
        path.write_text("".join(rules) + path.read_text())
        connection.execute(text("SELECT pg_reload_conf()"))
    wrong = make_url(engine.url).set(username=login, password="wrong")
    for _ in range(10_000):  # the server reads its rules in its own time
        if _is_refused(wrong):
            return
    raise AssertionError("the server does not read its rules")


def _is_refused(url: URL) -> bool:
    engine = open_warehouse(url.render_as_string(hide_password=False))
    try:
        engine.connect().close()
    except OperationalError:
        return True
    finally:
        engine.dispose()
    return False


@pytest.fixture(scope="session")
def postgres_schema() -> str:
    """The schema with all tables: tests run side by side, and workers may share a server."""
    return f"flowmart_tests_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


@pytest.fixture(scope="session")
def _postgres_tables(postgres_url: str, postgres_schema: str) -> Iterator[Engine]:
    """A schema with all tables, made once; each test empties them. One engine, since it keeps what it compiled."""
    with fresh_schema(postgres_url, postgres_schema):
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


@pytest.fixture(scope="session")
def new_snowflake() -> Iterator[Callable[[], str]]:
    """Gives the address of a new schema of a stand-in for Snowflake at each call."""
    with fakesnow() as new_schema:
        yield new_schema


@pytest.fixture(scope="session")
def _snowflake_tables(new_snowflake: Callable[[], str]) -> Iterator[Engine]:
    """A schema with all tables, made once; each test empties those that hold rows."""
    engine = open_warehouse(new_snowflake())
    migrations.upgrade(engine)
    yield engine
    engine.dispose()


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
    if request.param == "snowflake":
        engine = request.getfixturevalue("_snowflake_tables")
        with engine.begin() as connection:
            for name in filled_tables(connection):
                connection.exec_driver_sql(f"DELETE FROM {name}")  # noqa: S608
        yield engine
        return
    engine = request.getfixturevalue("_postgres_tables")
    _empty(engine)
    yield engine


@pytest.fixture
def sqlite_warehouse(_sqlite_template: Path, tmp_path: Path) -> Engine:
    """The same on SQLite, for what PostgreSQL does not have."""
    path = tmp_path / "sqlite.db"
    shutil.copy(_sqlite_template, path)
    return open_warehouse(f"sqlite:///{path}")


@pytest.fixture
def postgres_warehouse(_postgres_tables: Engine) -> Engine:
    """The same on PostgreSQL, for what SQLite does not have."""
    _empty(_postgres_tables)
    return _postgres_tables


@pytest.fixture
def empty_postgres(postgres_url: str, postgres_schema: str) -> Iterator[Engine]:
    """A PostgreSQL schema without any table."""
    schema = f"{postgres_schema}_empty"
    with fresh_schema(postgres_url, schema):
        engine = open_warehouse(postgres_url, schema)
        yield engine
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table, on each engine in turn."""
    if request.param == "sqlite":
        yield open_warehouse(f"sqlite:///{tmp_path / 'empty.db'}")
        return
    yield request.getfixturevalue("empty_postgres")


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("; ".join(f"DELETE FROM {name}" for name in METADATA.tables))  # noqa: S608


@contextmanager
def fresh_schema(url: str, name: str) -> Iterator[None]:
    """An empty schema, gone afterwards."""
    engine = open_warehouse(url)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {name} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {name}"))
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        engine.dispose()
