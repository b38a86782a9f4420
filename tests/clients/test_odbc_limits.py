"""Over ODBC nobody writes what they may only read; and what the manual says of SQLite's driver is so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text, update

import migrations
from tests.clients.odbc import DRIVERS, connected, line_for, odbc_for
from tests.conftest import roles_of_a_test
from warehouse.engine import open_warehouse
from warehouse.roles import Roles, make_roles
from warehouse.tables import METADATA, table

FINISHED = datetime(2026, 10, 2, 7, 15, tzinfo=UTC)


@pytest.fixture
def reader(empty_postgres: Engine, postgres_schema: str) -> Iterator[Engine]:
    """A migrated warehouse, for a login of the reading role."""
    odbc_for(empty_postgres)
    roles = Roles(writer=f"{postgres_schema}_writer", reader=f"{postgres_schema}_reader")
    login = f"{postgres_schema}_anna"
    migrations.upgrade(empty_postgres)
    with roles_of_a_test(empty_postgres, login, roles.writer, roles.reader):
        with empty_postgres.begin() as connection:
            make_roles(connection, roles)
            connection.execute(text(f"CREATE ROLE {login} LOGIN PASSWORD 'made-up' IN ROLE {roles.reader}"))
        url = empty_postgres.url.set(username=login, password="made-up")
        engine = open_warehouse(url.render_as_string(hide_password=False), f"{postgres_schema}_empty")
        yield engine
        engine.dispose()


def state_of(odbc: Any, connection: Any, statement: str) -> str:
    """The SQLSTATE with which the driver refuses a statement."""
    with pytest.raises(odbc.Error) as refused:
        connection.execute(statement)
    return str(refused.value.args[0])


def writes(name: str) -> list[str]:
    key = next(iter(table(name).primary_key)).name
    return [
        f"INSERT INTO {name} ({key}) SELECT {key} FROM {name}",  # noqa: S608
        f"UPDATE {name} SET {key} = {key}",  # noqa: S608
        f"DELETE FROM {name}",  # noqa: S608
    ]


def test_the_reading_role_reads_each_table_and_the_server_refuses_all_it_would_write(reader: Engine) -> None:
    odbc = odbc_for(reader)
    with connected(reader) as theirs:
        for name in METADATA.tables:
            theirs.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608
            assert {state_of(odbc, theirs, statement) for statement in writes(name)} == {"42501"}, name
        assert state_of(odbc, theirs, "CREATE TABLE made (x int)") == "42501"


def test_the_manuals_line_gives_utc_whatever_zone_the_machine_asks_for(
    postgres_warehouse: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"board_id": "a:1", "sprint_id": "a:1", "end_at": FINISHED, "ended_on": FINISHED.date()}
    with postgres_warehouse.begin() as connection:
        connection.execute(insert(table("velocity_trend")).values(row))
    monkeypatch.setenv("PGTZ", "America/New_York")
    asked = "SELECT end_at FROM velocity_trend"
    with connected(postgres_warehouse) as theirs:
        assert theirs.execute(asked).fetchval() == FINISHED.replace(tzinfo=None)
    with connected(postgres_warehouse, line_for(postgres_warehouse).replace("; SET TIME ZONE 'UTC'", "")) as theirs:
        assert theirs.execute(asked).fetchval().hour == 3


def test_the_manuals_line_for_sqlite_writes_nothing_and_makes_no_file(sqlite_warehouse: Engine, tmp_path: Path) -> None:
    odbc = odbc_for(sqlite_warehouse)
    with connected(sqlite_warehouse) as theirs:
        for name in METADATA.tables:
            assert {state_of(odbc, theirs, statement) for statement in writes(name)[1:]} == {"HY000"}
    missing = tmp_path / "mistyped.db"
    with pytest.raises(odbc.Error, match="connect failed"):
        odbc.connect(line_for(sqlite_warehouse, Database=f"file:{missing}?mode=ro"))
    assert not missing.exists()
    odbc.connect(f"Driver={DRIVERS['sqlite']};Database={missing}").close()
    assert missing.exists()


@pytest.fixture
def trend(sqlite_warehouse: Engine) -> Engine:
    """Two sprints' velocities in SQLite; the first has no mean yet."""
    rows = [
        {
            "board_id": "a:1",
            "sprint_id": f"a:{end.day}",
            "end_at": end,
            "ended_on": end.date(),
            "velocity": 8.0,
            "mean_3": mean,
        }
        for end, mean in ((FINISHED.replace(day=1), None), (FINISHED.replace(day=2), 1 / 3))
    ]
    with sqlite_warehouse.begin() as connection:
        connection.execute(insert(table("velocity_trend")), rows)
    return sqlite_warehouse


@pytest.mark.parametrize(
    ("computed", "type_"),
    [
        ("velocity * 2", float),
        ("mean_3 * 2", str),  # the first is NULL
        ("CAST(mean_3 * 2 AS double)", str),
        ("date(end_at)", str),
        ("end_at", datetime),
        ("mean_3", float),
    ],
)
def test_over_sqlite_a_computed_column_has_the_type_of_its_first_value(
    trend: Engine, computed: str, type_: type
) -> None:
    with connected(trend) as theirs:
        read = theirs.execute(f"SELECT {computed} FROM velocity_trend ORDER BY end_at")  # noqa: S608
        assert read.description[0][1] is type_


def test_over_sqlite_a_sum_of_points_keeps_its_halves_though_the_first_row_is_whole(trend: Engine) -> None:
    of = table("velocity_trend")
    with trend.begin() as connection:
        connection.execute(update(of).where(of.c.sprint_id == "a:2").values(velocity=2.5))
    asked = "SELECT sum(velocity), sum(velocity) / 3 FROM velocity_trend GROUP BY sprint_id ORDER BY sprint_id"
    with connected(trend) as theirs:
        rows = [list(row) for row in theirs.execute(asked)]
    assert rows == [[8.0, pytest.approx(8 / 3)], [2.5, pytest.approx(2.5 / 3)]]


def test_over_sqlite_an_empty_result_types_columns_of_tables_only(trend: Engine) -> None:
    with connected(trend) as theirs:
        read = theirs.execute("SELECT velocity, velocity * 2 FROM velocity_trend WHERE sprint_id = 'none'")
        assert [column[1] for column in read.description] == [float, str]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("end_at >= {ts '2026-10-02 09:00:00'}", 1),  # though it ended at 07:15
        ("end_at >= '2026-10-02T09:00:00.000000Z'", 0),
        ("end_at >= '2026-10-02T07:15:00.000000Z'", 1),
        ("end_at >= {ts '2026-10-02 00:00:00'}", 1),
        ("end_at < {ts '2026-10-02 00:00:00'}", 1),
    ],
)
def test_over_sqlite_a_condition_on_instants_goes_by_whole_days_or_by_the_stored_text(
    trend: Engine, condition: str, found: int
) -> None:
    with connected(trend) as theirs:
        assert theirs.execute(f"SELECT count(*) FROM velocity_trend WHERE {condition}").fetchval() == found  # noqa: S608


def test_over_sqlite_a_parameter_that_is_an_instant_goes_by_whole_days_too(trend: Engine) -> None:
    asked = "SELECT count(*) FROM velocity_trend WHERE end_at >= ?"
    with connected(trend) as theirs:
        assert theirs.execute(asked, datetime(2026, 10, 2, 9)).fetchval() == 1  # noqa: DTZ001 - as programs ask
        assert theirs.execute(asked, datetime(2026, 10, 3)).fetchval() == 0  # noqa: DTZ001


def test_over_sqlite_numbers_have_fifteen_digits(trend: Engine) -> None:
    with connected(trend) as theirs:
        assert theirs.execute("SELECT max(mean_3) FROM velocity_trend").fetchval() == 0.333333333333333
