"""Sizes count every table's rows and bytes, and tell from when its rows are."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from warehouse.bulk import insert_rows
from warehouse.sizes import dated_by, read_sizes
from warehouse.tables import METADATA, table
from warehouse.tables.computed import daily_flow, estimates

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BORN = datetime(2026, 9, 1, 9, tzinfo=UTC)


def filled(connection: Connection) -> None:
    """3,000 estimates, an hour apart, and one row of the daily flow."""
    columns = ["estimate_id", "issue_id", "points", "valid_from"]
    rows = [(f"acme:{n}:0", f"acme:{n}", 3.0, BORN + timedelta(hours=n)) for n in range(3_000)]
    insert_rows(connection, estimates, columns, rows)
    columns = ["daily_flow_id", "day", "project_id", "issue_type", "level", "status"]
    counts = ["issues", "arrivals", "departures", "issues_monotone"]
    row = ("one", date(2026, 9, 1), "acme:PAY", "Story", "standard", "To Do", 1, 1, 0, 1)
    insert_rows(connection, daily_flow, [*columns, *counts], [row])


def test_each_table_is_told_once_with_its_rows_and_the_largest_comes_first(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        filled(connection)
    with warehouse.connect() as connection:
        sizes = read_sizes(connection)
    assert sorted(one.table for one in sizes.tables) == sorted(METADATA.tables)
    rows = {one.table: one.rows for one in sizes.tables if one.rows}
    assert rows == {"estimates": 3_000, "daily_flow": 1}
    assert {one.kind for one in sizes.tables if one.rows} == {"computed"}
    assert [one.bytes for one in sizes.tables] == sorted((one.bytes for one in sizes.tables), reverse=True)


OWN_COUNT = {
    "sqlite": "SELECT sum(pgsize) FROM dbstat "
    "WHERE name IN ('estimates', 'ix_estimates_issue_id', 'sqlite_autoindex_estimates_1')",
    "postgresql": "SELECT pg_table_size('estimates'::regclass) + pg_indexes_size('estimates'::regclass)",
}


def test_bytes_are_the_engines_own_with_the_indexes(warehouse: Engine) -> None:
    if warehouse.dialect.name == "snowflake":
        pytest.skip("fakesnow counts no bytes")
    with warehouse.begin() as connection:
        filled(connection)
    with warehouse.connect() as connection:
        sizes = read_sizes(connection)
        own = connection.exec_driver_sql(OWN_COUNT[warehouse.dialect.name]).scalar_one()
    assert not sizes.is_estimated
    assert {one.table: one.bytes for one in sizes.tables}["estimates"] == own > 3_000 * len("acme:1000:0acme:1000" * 2)


def test_the_total_is_the_file_on_sqlite_and_the_sum_of_the_tables_on_postgresql(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        filled(connection)
        connection.execute(delete(estimates))
    with warehouse.connect() as connection:
        sizes = read_sizes(connection)
    summed = sum(one.bytes for one in sizes.tables)
    if warehouse.dialect.name == "sqlite":
        assert sizes.total_bytes == Path(warehouse.url.database or "").stat().st_size
        assert sizes.unused_bytes is not None
        assert 0 < sizes.unused_bytes < sizes.total_bytes - summed
    else:
        assert (sizes.total_bytes, sizes.unused_bytes) == (summed, None)


def test_oldest_and_newest_are_of_the_first_required_instant_or_day(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        filled(connection)
        sizes = {one.table: one for one in read_sizes(connection).tables}
    of_estimates, of_days, of_runs = (sizes[name] for name in ("estimates", "daily_flow", "sync_runs"))
    assert (of_estimates.oldest, of_estimates.newest) == (BORN, BORN + timedelta(hours=2_999))
    assert (of_days.oldest, of_days.newest) == (date(2026, 9, 1), date(2026, 9, 1))
    assert (of_runs.oldest, of_runs.newest) == (None, None)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("issues", "created_at"),
        ("issue_changes", "changed_at"),
        ("sync_runs", "started_at"),
        ("dates", "day"),
        ("sprints", None),
        ("users", None),
    ],
)
def test_a_table_is_dated_by_what_each_of_its_rows_has(name: str, column: str | None) -> None:
    found = dated_by(table(name))
    assert (None if found is None else found.name) == column


def test_a_sqlite_that_cannot_count_pages_shares_the_file_out_and_says_so(sqlite_warehouse: Engine) -> None:
    with sqlite_warehouse.begin() as connection:
        filled(connection)
    with sqlite_warehouse.connect() as connection:
        exact = read_sizes(connection)
        hide_pages(connection)
        guessed = read_sizes(connection)
    assert (exact.is_estimated, guessed.is_estimated) == (False, True)
    assert guessed.total_bytes == exact.total_bytes
    assert {one.table: one.rows for one in guessed.tables} == {one.table: one.rows for one in exact.tables}
    assert guessed.tables[0].table == "estimates"
    assert sum(one.bytes for one in guessed.tables) == pytest.approx(exact.total_bytes, abs=len(METADATA.tables))


def hide_pages(connection: Connection) -> None:
    """Let SQLite refuse the table of pages."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)

    def allowed(action: int, name: str | None, *_: object) -> int:
        return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_READ and name == "dbstat" else sqlite3.SQLITE_OK

    driver.set_authorizer(allowed)
