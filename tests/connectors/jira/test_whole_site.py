"""A simulated site pulled into a warehouse: few requests, and increments that leave what a pull from scratch does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from connectors.errors import AuthenticationError
from connectors.http import HttpSettings
from connectors.jira.connector import JiraConnector, JiraSettings
from flowmart.syncing.sync import held_from
from simulator.server import Running, serve
from warehouse.engine import open_warehouse
from warehouse.loader import Loader
from warehouse.tables import LOADED, METADATA, OBSERVED

JIRA = "jira_cloud"
CENSUS = 2
"""Requests of a census that follows: the count of all issues, and their ids."""


@dataclass
class Pull:
    """One site pulled again and again into one warehouse."""

    simulator: Running
    engine: Engine
    bookmarks: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __call__(self, **settings: Any) -> Mapping[str, int]:
        """Pull what is new; returns the requests by path."""
        about = self.simulator.connect
        before = self._requests()
        now = datetime.fromisoformat(about["now"])
        given = {"url": about[JIRA]["url"], "email": about[JIRA]["email"], "token": about[JIRA]["token"]}
        made = JiraSettings(**{"source_id": "acme", "now": lambda: now, **given, **settings})
        connector = JiraConnector(made, HttpSettings(), held_from(self.engine))
        try:
            connector.identify()
            for stream in connector.streams():
                for page in stream.pages(self.bookmarks.get(stream.name)):
                    self._load(stream.name, page)
        finally:
            connector.close()
        after = self._requests()
        return {path: number - before.get(path, 0) for path, number in after.items() if number > before.get(path, 0)}

    def rows(self, table: str) -> list[Any]:
        """All rows of a table."""
        [found] = [one for one in LOADED if one.name == table]
        with self.engine.connect() as connection:
            return list(connection.execute(select(found).order_by(*found.primary_key)))

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every loaded table that a pull from scratch can have too."""
        return {one.name: [tuple(row) for row in self.rows(one.name)] for one in LOADED if one.name not in OBSERVED}

    def _load(self, stream: str, page: Any) -> None:
        with self.engine.begin() as connection:
            loader = Loader(connection)
            loader.upsert(page.records)
            for replacement in page.replacements:
                loader.replace(replacement)
            for mark in page.marks:
                loader.mark(mark)
        self.bookmarks |= {} if page.bookmark is None else {stream: page.bookmark}
        self.notes += page.notes
        self.problems += page.problems

    def _requests(self) -> dict[str, int]:
        found: dict[str, int] = self.simulator.state()[JIRA]["requests_by_path"]
        return found


@pytest.fixture
def fresh() -> Iterator[Running]:
    """A company of the test's own."""
    with serve(issues=300) as simulator:
        yield simulator


@pytest.fixture
def pull(fresh: Running, tmp_path: Path) -> Pull:
    return new_pull(fresh, tmp_path / "one.db")


def new_pull(simulator: Running, path: Path) -> Pull:
    engine = open_warehouse(f"sqlite:///{path}")
    METADATA.create_all(engine)
    return Pull(simulator, engine)


@pytest.mark.thorough
def test_two_thousand_issues_take_at_most_120_requests_and_an_unchanged_day_at_most_15(tmp_path: Path) -> None:
    with serve(issues=4_060) as simulator:  # half of them are Jira's
        pull = new_pull(simulator, tmp_path / "big.db")
        first = pull()
        known = simulator.state()[JIRA]
        assert len(pull.rows("issues")) == known["issues"] >= 2_000
        assert len(pull.rows("worklogs")) == known["worklogs"] > 100
        assert len(pull.rows("comments")) > 50
        assert len(pull.rows("issue_changes")) == known["changes"]
        assert sum(first.values()) <= 120
        assert len(pull.rows("boards")) == 4
        assert len(pull.rows("projects")) == 2
        before = pull.tables()
        second = pull()
        assert pull.tables() == before
        assert sum(second.values()) <= 15 - CENSUS, second
        assert not [path for path in second if "bulkfetch" in path or "approximate-count" in path]
        assert pull.notes == pull.problems == []


def some_issue(simulator: Running, project: str = "PAY") -> int:
    product = simulator.company.products[0]
    return next(
        issue.id
        for issue in product.alive()
        if product.projects[issue.state["project"]].key == project and product.type_of(issue).role == "story"
    )


def test_after_a_busy_day_an_increment_leaves_what_a_pull_from_scratch_does(
    fresh: Running, pull: Pull, tmp_path: Path
) -> None:
    fresh.tell(deletes_in_jira=False)  # what is gone is found by a census, not by these streams
    pull()
    one, other = some_issue(fresh), some_issue(fresh, "WEB")
    fresh.act("link", "jira", one, to=other)
    fresh.act("link", "jira", other, to=one, type="relates")
    fresh.act("comment", "jira", one, text="done?")
    for _ in range(30):
        fresh.act("log_work", "jira", one, seconds=600)
    fresh.advance(1)
    pull()
    fresh.act("unlink", "jira", one, to=other)
    fresh.act("move", "jira", other, project="PAY")
    fresh.act("edit", "jira", one, add_label="urgent", flagged=True)
    fresh.advance(1)
    pull()
    scratch = new_pull(fresh, tmp_path / "scratch.db")
    scratch()
    mine, theirs = pull.tables(), scratch.tables()
    assert {name for name in mine if mine[name] != theirs[name]} == set()
    removed = [row for row in pull.rows("issue_links") if row.removed_at is not None]
    assert {row.issue_id for row in removed} >= {f"acme:{one}"}
    assert all(row.created_at is not None for row in pull.rows("issue_links") if row.issue_id == f"acme:{one}")
    booked = [row for row in pull.rows("worklogs") if row.issue_id == f"acme:{one}" and row.seconds == 600]
    assert len(booked) == 30


def test_trap_37_time_that_is_deleted_stays_marked_and_time_that_is_edited_is_counted_anew(
    fresh: Running, pull: Pull
) -> None:
    one = some_issue(fresh)
    kept = fresh.act("log_work", "jira", one, seconds=600)["worklog"]
    gone = fresh.act("log_work", "jira", one, seconds=900)["worklog"]
    fresh.advance(1)
    pull()
    fresh.act("edit_worklog", "jira", one, worklog=kept, seconds=1_200)
    fresh.act("delete_worklog", "jira", one, worklog=gone)
    fresh.advance(1)
    pull()
    rows = {row.worklog_id: row for row in pull.rows("worklogs")}
    assert (rows[f"acme:{kept}"].seconds, rows[f"acme:{kept}"].deleted_at) == (1_200, None)
    assert rows[f"acme:{gone}"].deleted_at is not None


def test_trap_18_an_issue_created_straight_into_a_sprint_has_the_sprint_and_no_history(
    fresh: Running, pull: Pull
) -> None:
    sprint = next(s for s in fresh.company.products[0].sprints.values() if s.state == "active" and 1 in s.team_ids)
    made = fresh.act("create", "jira", project="PAY", summary="Born in it", sprint=sprint.name)["issue"]
    pull()
    [row] = [row for row in pull.rows("issues") if row.issue_id == f"acme:{made}"]
    assert row.sprint_ids == str(sprint.id)
    assert not [change for change in pull.rows("issue_changes") if change.issue_id == f"acme:{made}"]


def test_trap_19_a_sprint_that_an_issue_was_taken_out_of_is_in_its_history(fresh: Running, pull: Pull) -> None:
    sprint = next(s for s in fresh.company.products[0].sprints.values() if s.state == "active" and 1 in s.team_ids)
    made = fresh.act("create", "jira", project="PAY", summary="In and out", sprint=sprint.name)["issue"]
    fresh.act("edit", "jira", made, sprint=None)
    pull()
    [row] = [row for row in pull.rows("issues") if row.issue_id == f"acme:{made}"]
    [change] = [change for change in pull.rows("issue_changes") if change.issue_id == f"acme:{made}"]
    assert row.sprint_ids is None
    assert (change.field, change.from_value, change.to_value) == ("sprint", str(sprint.id), None)


def test_trap_40_a_german_site_leaves_the_same_rows_but_for_texts(fresh: Running, pull: Pull, tmp_path: Path) -> None:
    pull()
    fresh.tell(language="de", tracker=JIRA)
    german = new_pull(fresh, tmp_path / "german.db")
    german()
    for table, columns in {
        "issues": ("issue_id", "status_id", "story_points", "sprint_ids", "is_flagged", "level", "parent_id"),
        "issue_changes": ("change_id", "field", "field_id", "from_value", "to_value"),
        "issue_links": ("link_id", "link_type", "direction", "created_at", "removed_at"),
        "statuses": ("status_id", "category"),
        "fields": ("field_id", "role"),
    }.items():
        mine, theirs = ([[getattr(row, name) for name in columns] for row in p.rows(table)] for p in (pull, german))
        assert mine == theirs, table


def test_a_service_account_is_pulled_through_the_gateway(fresh: Running, pull: Pull, tmp_path: Path) -> None:
    pull()
    about = fresh.connect[JIRA]
    scoped = new_pull(fresh, tmp_path / "scoped.db")
    gateway = about["gateway"]
    scoped(email=None, token=gateway["service_token"], gateway_url=gateway["url"])
    assert scoped.tables() == pull.tables()


def test_trap_45_a_token_that_neither_address_takes_is_told_so_in_one_line(fresh: Running, pull: Pull) -> None:
    gateway = fresh.connect[JIRA]["gateway"]["url"]
    with pytest.raises(AuthenticationError, match="where tokens with scopes are") as caught:
        pull(token="wrong-and-secret", gateway_url=gateway)
    assert "wrong-and-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_trap_28_an_issue_that_changes_all_the_while_is_there_after_the_first_run(fresh: Running, pull: Pull) -> None:
    one = some_issue(fresh)
    pull(now=lambda: datetime.fromisoformat(fresh.connect["now"]) - timedelta(hours=1))
    assert f"acme:{one}" in {row.issue_id for row in pull.rows("issues")}
    fresh.act("edit", "jira", one, summary="again")
    pull(now=lambda: datetime.fromisoformat(fresh.connect["now"]) - timedelta(hours=1))
    [row] = [row for row in pull.rows("issues") if row.issue_id == f"acme:{one}"]
    assert row.summary == "again"
