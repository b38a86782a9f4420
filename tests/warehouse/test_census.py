"""Tombstones on both engines: marked, never deleted, revived by the next upsert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import Engine, select

from tests.flowmart.scripted import an_issue
from warehouse.census import (
    LastCensus,
    held_among,
    last_census,
    mark_absent,
    note_account,
    note_census,
    project_names,
    read_alive,
)
from warehouse.loader import Loader
from warehouse.records import Project, Source
from warehouse.tables.loaded import issues

NOW = datetime(2026, 10, 2, tzinfo=UTC)


@pytest.fixture
def filled(warehouse: Engine) -> Engine:
    """Three issues of acme and one of another source."""
    rows = [an_issue(1), an_issue(2), an_issue(3, "WEB"), msgspec.structs.replace(an_issue(4), source_id="other")]
    project = Project(project_id="acme:PAY", source_id="acme", key="PAY", name="Pay")
    with warehouse.begin() as connection:
        Loader(connection).upsert([Source(source_id="acme", kind="jira_cloud", url="x"), project, *rows])
    return warehouse


def state(engine: Engine) -> dict[str, tuple[str | None, datetime | None]]:
    with engine.connect() as connection:
        rows = connection.execute(select(issues.c.issue_id, issues.c.absence, issues.c.deleted_at))
        return {row.issue_id: (row.absence, row.deleted_at) for row in rows if row.absence or row.deleted_at}


def test_the_alive_are_those_of_the_source_without_a_tombstone(filled: Engine) -> None:
    with filled.begin() as connection:
        mark_absent(connection, {"acme:2": "access_lost"}, NOW)
        alive = read_alive(connection, "acme")
        assert [(one.issue_id, one.project_id, one.key) for one in alive] == [
            ("acme:1", "acme:PAY", "PAY-1"),
            ("acme:3", "acme:WEB", "WEB-3"),
        ]
        assert held_among(connection, ["acme:1", "acme:2", "acme:9"]) == {"acme:1": "PAY-1"}
        assert project_names(connection, ["acme:PAY", "acme:WEB"]) == {"acme:PAY": "PAY"}


def test_a_known_instant_of_deletion_stays_and_an_unknown_one_is_that_of_the_census(filled: Engine) -> None:
    earlier = NOW - timedelta(days=3)
    with filled.begin() as connection:
        Loader(connection).upsert([an_issue(1, deleted_at=earlier)])
        assert mark_absent(connection, {"acme:1": "deleted", "acme:2": "deleted", "acme:3": "moved_away"}, NOW) == 3
    assert state(filled) == {"acme:1": ("deleted", earlier), "acme:2": ("deleted", NOW), "acme:3": ("moved_away", None)}


def test_an_upsert_of_the_same_state_revives(filled: Engine) -> None:
    with filled.begin() as connection:
        mark_absent(connection, {"acme:1": "deleted"}, NOW)
        Loader(connection).upsert([an_issue(1)])
    assert state(filled) == {}


def test_nothing_absent_is_nothing_marked(filled: Engine) -> None:
    with filled.begin() as connection:
        assert mark_absent(connection, {}, NOW) == 0


def test_account_and_instant_are_noted_of_a_source_that_is_there(filled: Engine) -> None:
    with filled.begin() as connection:
        assert last_census(connection, "acme") == last_census(connection, "never") == LastCensus()
        note_account(connection, "acme", "bot")
        note_census(connection, "acme", NOW)
        Loader(connection).upsert([Source(source_id="acme", kind="jira_cloud", url="y")])
        assert last_census(connection, "acme") == LastCensus("bot", NOW)
