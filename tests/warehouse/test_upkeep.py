"""Upkeep: PostgreSQL learns of tables just filled, SQLite's log is cut, and what cannot be done is left undone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from warehouse.bulk import insert_rows
from warehouse.engine import open_warehouse
from warehouse.tables.computed import estimates
from warehouse.upkeep import tidy

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection

BORN = datetime(2026, 9, 1, 9, tzinfo=UTC)


def fill(engine: Engine, name: str, rows: int) -> None:
    with engine.begin() as connection:
        columns = ["estimate_id", "issue_id", "points", "valid_from"]
        insert_rows(connection, estimates, columns, ((f"{name}{n}", f"acme:{n}", 3.0, BORN) for n in range(rows)))


def known_rows(engine: Engine) -> int:
    """The rows that PostgreSQL's planner reckons with; -1 or 0: it knows nothing yet."""
    with engine.connect() as connection:
        return int(
            connection.exec_driver_sql("SELECT reltuples FROM pg_class WHERE oid = 'estimates'::regclass").scalar_one()
        )


@pytest.fixture
def forgetful(postgres_warehouse: Engine) -> Iterator[Engine]:
    """Tables of which the planner knows nothing, and of which the server's own upkeep keeps away."""
    with postgres_warehouse.begin() as connection:
        connection.exec_driver_sql("TRUNCATE estimates")  # forgets what was known of it
        connection.exec_driver_sql("ALTER TABLE estimates SET (autovacuum_enabled = false)")
    yield postgres_warehouse
    with postgres_warehouse.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE estimates RESET (autovacuum_enabled)")


def test_a_table_filled_for_the_first_time_is_analysed(forgetful: Engine) -> None:
    fill(forgetful, "a", 2_000)
    assert known_rows(forgetful) <= 0
    tidy(forgetful)
    assert known_rows(forgetful) == 2_000


def test_a_table_is_analysed_again_when_it_has_more_than_twice_the_pages(forgetful: Engine) -> None:
    fill(forgetful, "a", 2_000)
    tidy(forgetful)
    fill(forgetful, "b", 1_000)
    tidy(forgetful)
    assert known_rows(forgetful) == 2_000
    fill(forgetful, "c", 2_000)
    tidy(forgetful)
    assert known_rows(forgetful) == 5_000


@pytest.fixture
def writer(forgetful: Engine, postgres_url: str, postgres_schema: str) -> Iterator[Engine]:
    """The warehouse as a role sees it that may write rows and owns nothing."""
    role = f"{postgres_schema}_writer"
    rights = f"GRANT USAGE ON SCHEMA {postgres_schema} TO {role}; "
    rights += f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {postgres_schema} TO {role}"
    with forgetful.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role}; {rights}")
    engine = open_warehouse(postgres_url, postgres_schema)

    @event.listens_for(engine, "connect")
    def become(connection: DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET ROLE {role}")
        cursor.close()
        connection.commit()

    yield engine
    engine.dispose()
    with forgetful.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_role_that_may_not_analyse_is_no_failure(writer: Engine) -> None:
    fill(writer, "a", 2_000)
    tidy(writer)
    assert known_rows(writer) <= 0


def test_a_server_that_is_away_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="warehouse.upkeep"):
        tidy(open_warehouse("postgresql+psycopg://nobody@/none?host=/nowhere"))
    assert "was left undone" in caplog.text


@contextmanager
def opened_beside(engine: Engine) -> Iterator[Engine]:
    """Somebody else, such as a BI tool, has the file open."""
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1 FROM estimates").all()
        connection.rollback()
        yield engine


def log_bytes(engine: Engine) -> int:
    return Path(f"{engine.url.database}-wal").stat().st_size


def test_the_log_of_sqlite_is_cut_while_others_have_the_file_open(sqlite_warehouse: Engine) -> None:
    with opened_beside(sqlite_warehouse):
        fill(sqlite_warehouse, "a", 20_000)
        assert log_bytes(sqlite_warehouse) > 1_000_000
        tidy(sqlite_warehouse)
        assert log_bytes(sqlite_warehouse) == 0


def test_the_log_waits_for_a_reader_who_still_needs_it_and_nobody_waits_for_him(sqlite_warehouse: Engine) -> None:
    with sqlite_warehouse.connect() as reader:
        before = reader.exec_driver_sql("SELECT count(*) FROM estimates").scalar_one()
        fill(sqlite_warehouse, "a", 20_000)
        tidy(sqlite_warehouse)
        assert log_bytes(sqlite_warehouse) > 1_000_000
        assert reader.exec_driver_sql("SELECT count(*) FROM estimates").scalar_one() == before
