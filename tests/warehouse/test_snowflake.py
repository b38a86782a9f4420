"""What is of Snowflake alone: staged rows keep every value, nothing relies on keys, DDL can be repeated."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, event, inspect, select

import migrations
from connectors.base import Replacement
from tests.migrations.test_later import FOLDERS
from tests.snowflakes import needs_fakesnow
from tests.warehouse.test_loader import a_label, an_issue, rows, upsert
from warehouse.engine import open_warehouse
from warehouse.leases import LEASE_TIME, LeaseHeld, LeaseLost, hold
from warehouse.loader import Loader
from warehouse.postgresql import Limits
from warehouse.records import IssueLabel
from warehouse.snowflake import STAGE_COLUMNS, _make_stage, _session
from warehouse.tables import METADATA, table
from warehouse.tables.operational import leases

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AGAIN = {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "PUT", "COPY"}
"""First words of the statements that commit nothing."""


def test_every_table_fits_into_the_stage() -> None:
    assert max(len(one.columns) for one in METADATA.tables.values()) < STAGE_COLUMNS


class Refusing:
    """A driver's connection whose server refuses everything; its own cursor."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def cursor(self) -> Refusing:
        return self

    def execute(self, _: str) -> None:
        raise self.error

    def close(self) -> None: ...
    def commit(self) -> None: ...


def test_a_role_that_only_reads_needs_no_stage() -> None:
    errors = pytest.importorskip("snowflake.connector.errors", reason="Snowflake's packages are not installed")
    may_not: Any = Refusing(errors.ProgrammingError("Insufficient privileges", sqlstate="42501"))
    _make_stage(may_not)
    wrong: Any = Refusing(errors.ProgrammingError("syntax error", sqlstate="42000"))
    with pytest.raises(errors.ProgrammingError, match="syntax error"):
        _make_stage(wrong)


def test_a_session_is_in_utc_and_waits_as_configured() -> None:
    session = _session(Limits(lock_seconds=0, statement_seconds=0))
    assert (session["TIMEZONE"], session["STATEMENT_TIMEOUT_IN_SECONDS"]) == ("UTC", 0)
    assert "LOCK_TIMEOUT" not in session  # there, 0 would be not to wait at all
    assert _session(Limits(lock_seconds=0.4))["LOCK_TIMEOUT"] == 1


@pytest.fixture(params=[pytest.param("snowflake", marks=needs_fakesnow)])
def engine(_snowflake_tables: Engine, request: pytest.FixtureRequest) -> Engine:
    assert request.param == "snowflake"
    with _snowflake_tables.begin() as connection:
        for name in ("issues", "issue_labels", "leases", "stale_issues"):
            connection.execute(table(name).delete())
    return _snowflake_tables


@pytest.mark.parametrize(
    "text",
    ["\\N", "", "  ", "NULL", "'; --", '"', "a\nb\tc\\", "100%s", "naïve 🚲", "{file}", "$1:c0", "x" * 1_000_000],
)
def test_a_text_comes_back_as_it_went_in(engine: Engine, text: str) -> None:
    upsert(engine, an_issue(1, summary=text))
    with engine.connect() as connection:
        assert connection.execute(select(table("issues").c.summary)).scalar_one() == text


@pytest.mark.parametrize("points", [0.1, 1 / 3, 1e-300, 12345678.125, 0.0, -0.5, None])
def test_a_number_comes_back_bit_by_bit(engine: Engine, points: float | None) -> None:
    upsert(engine, an_issue(1, story_points=points, original_estimate_seconds=2**31 - 1))
    with engine.connect() as connection:
        row = connection.execute(select(table("issues"))).one()
    assert (row.story_points, row.original_estimate_seconds) == (points, 2**31 - 1)


@pytest.mark.parametrize("moment", [NOON, NOON + timedelta(microseconds=7), datetime(1, 1, 2, tzinfo=UTC)])
def test_an_instant_comes_back_to_the_microsecond(engine: Engine, moment: datetime) -> None:
    upsert(engine, an_issue(1, created_at=moment, due_on=date(2028, 2, 29), is_flagged=True))
    with engine.connect() as connection:
        row = connection.execute(select(table("issues"))).one()
    assert (row.created_at, row.due_on, row.is_flagged) == (moment, date(2028, 2, 29), True)


@pytest.fixture
def words(engine: Engine) -> Iterator[list[str]]:
    """The first word of each statement."""
    said: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        said.append(statement.split(maxsplit=1)[0].upper())

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def test_a_page_makes_nothing_since_that_would_commit_half_of_it(engine: Engine, words: list[str]) -> None:
    with engine.begin() as connection:
        loader = Loader(connection)
        loader.upsert([an_issue(1), a_label(1, "x")])
        loader.replace(Replacement(record_type=IssueLabel, scope="issue_id", values=["acme:1"], records=[]))
    assert set(words) <= AGAIN
    # marks of issues: 2; a table: what is staged goes, a file, its rows, the merge; replacing: 1
    assert len(words) == 2 + 2 * 4 + 1


def test_what_was_staged_for_a_page_that_failed_is_not_in_the_next_one(engine: Engine) -> None:
    with suppress(ZeroDivisionError), engine.begin() as connection:
        Loader(connection).upsert([an_issue(1)])
        assert 1 / 0
    upsert(engine, an_issue(2))
    assert [row[0] for row in rows(engine, "issues")] == ["acme:2"]


def written(holder: str) -> dict[str, Any]:
    return {"lease_name": "run", "holder": holder, "acquired_at": NOON, "expires_at": NOON + LEASE_TIME}


def test_of_two_that_write_the_same_lease_at_once_none_goes_on(engine: Engine) -> None:
    """The other's row lands after we looked and before ours does: nothing keeps a key from being there twice."""

    def at_once(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("INSERT INTO leases") and not met:
            met.append(statement)
            with engine.begin() as connection:
                connection.execute(leases.insert().values(written("elsewhere process 7")))

    met: list[str] = []
    event.listen(engine, "before_cursor_execute", at_once)
    with pytest.raises(LeaseHeld, match="elsewhere process 7"), hold(engine, "run", lambda: NOON):
        pass
    event.remove(engine, "before_cursor_execute", at_once)
    with engine.connect() as connection:
        assert connection.scalars(select(leases.c.holder)).all() == ["elsewhere process 7"]


def test_a_lease_of_another_that_showed_late_keeps_both_from_committing(engine: Engine) -> None:
    with hold(engine, "run", lambda: NOON) as lease:
        with engine.begin() as connection:
            connection.execute(leases.insert().values(written("elsewhere process 7")))
        with engine.begin() as connection, pytest.raises(LeaseLost):
            lease.renew(connection, NOON)


@pytest.fixture(params=[pytest.param("snowflake", marks=needs_fakesnow)])
def empty(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A schema without any table."""
    engine = open_warehouse(request.getfixturevalue(f"new_{request.param}")())
    yield engine
    engine.dispose()


def test_a_migration_that_broke_off_is_finished_by_the_next(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE bookmarks (bookmark_id VARCHAR)")
    assert migrations.current(empty) is None
    assert not migrations.is_empty(empty)
    migrations.upgrade(empty)
    migrations.upgrade(empty)
    assert migrations.current(empty) == migrations.head()


def columns(engine: Engine, name: str) -> set[str]:
    return {str(column["name"]) for column in inspect(engine).get_columns(name)}


def test_a_later_revision_that_broke_off_is_finished_by_the_next_and_can_be_taken_back(empty: Engine) -> None:
    migrations.upgrade(empty)
    with empty.begin() as connection:  # as far as it came
        connection.exec_driver_sql("ALTER TABLE issue_flow ADD COLUMN mood VARCHAR")
        connection.exec_driver_sql("ALTER TABLE issues RENAME COLUMN priority TO urgency")
    migrations.upgrade(empty, "9999", FOLDERS)
    assert ("urgency" in columns(empty, "issues"), "mood" in columns(empty, "issue_flow")) == (True, True)
    migrations.upgrade(empty, migrations.head(), FOLDERS)
    assert ("urgency" in columns(empty, "issues"), "mood" in columns(empty, "issue_flow")) == (False, False)
