"""Reconciling: counts by project, sprints issue by issue, and what is stored of the differences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from connectors.base import SprintReport
from connectors.errors import SourceError
from flowmart.syncing.comparing import differences
from flowmart.syncing.reconcile import CHECKS, SourceComparison, compare
from tests.flowmart.scripted import NOW, Heard, Night, Scripted, a_job
from warehouse.bulk import insert_rows
from warehouse.loader import Loader
from warehouse.reconciling import SprintIssue
from warehouse.records import Sprint
from warehouse.tables.computed_sprints import sprint_issues

COMMITTED, ADDED = True, False


def ours(outcome: str, *, joined: bool | None = COMMITTED) -> SprintIssue:
    """What the metrics say; `joined` None: it never came into scope."""
    return SprintIssue(outcome, is_committed=joined is COMMITTED, came_in_later=joined is ADDED)


def report(**groups: set[str]) -> SprintReport:
    """A report with these groups; all others are empty."""
    empty: dict[str, Any] = dict.fromkeys(("completed", "not_completed", "removed", "added_during"), frozenset())
    return SprintReport(sprint_id="acme:1", **{**empty, **{name: frozenset(ids) for name, ids in groups.items()}})


def told(given: SprintReport, here: dict[str, SprintIssue], level: str = "standard") -> list[tuple[str, str, str]]:
    """Issue, what the tracker says, what we say."""
    known = {issue: (issue.upper(), level) for issue in "abc"}
    return [(one.key, one.tracker, one.here) for one in differences(given, here, known)]


@pytest.mark.parametrize(
    ("group", "outcome"),
    [
        ("completed", "completed"),
        ("completed", "completed_outside"),
        ("completed", "cancelled"),
        ("removed", "cancelled"),
        ("removed", "removed"),
        ("not_completed", "carried_over"),
    ],
)
def test_outcomes_that_mean_the_same_agree(group: str, outcome: str) -> None:
    assert told(report(**{group: {"a"}}), {"a": ours(outcome)}) == []


def test_an_issue_of_another_outcome_or_in_one_of_the_two_only_differs() -> None:
    given = report(completed={"a"}, not_completed={"b"})
    assert told(given, {"a": ours("carried_over"), "c": ours("removed")}) == [
        ("A", "completed", "carried over"),
        ("B", "not completed", "not in it"),
        ("C", "not in it", "removed"),
    ]


def test_an_issue_that_joined_at_another_time_differs() -> None:
    given = report(completed={"a", "b"}, added_during={"a"})
    assert told(given, {"a": ours("completed"), "b": ours("completed", joined=ADDED)}) == [
        ("A", "added during", "there at the start"),
        ("B", "there at the start", "added during"),
    ]
    never = {"a": ours("completed_outside", joined=None), "b": ours("completed")}
    assert told(given, never) == []


def test_of_sub_tasks_and_of_issues_that_are_not_held_nothing_is_said() -> None:
    assert told(report(completed={"a"}), {}, level="subtask") == []
    assert told(report(completed={"unknown"}), {}) == []


@pytest.fixture
def night(warehouse: Engine) -> Night:
    """Two projects, and two closed sprints of board 5 with an issue each."""
    night = Night(warehouse, Scripted(issues={1: "PAY", 2: "PAY", 3: "WEB"}))
    assert night.sync().ok
    sprints = [
        Sprint(
            sprint_id=f"acme:{number}", iteration_id=f"acme:{number}", source_id="acme", board_id="acme:5",
            name=f"Sprint {number}", state="closed", completed_at=NOW.replace(day=number),
        )
        for number in (1, 2)
    ]  # fmt: skip
    columns = ["sprint_issue_id", "sprint_id", "issue_id", "is_committed", "outcome"]
    rows = [(f"acme:{n}:acme:{n}", f"acme:{n}", f"acme:{n}", True, "completed") for n in (1, 2)]
    with warehouse.begin() as connection:
        Loader(connection).upsert(sprints)
        insert_rows(connection, sprint_issues, columns, rows)
    return night


def compared(night: Night, last: int = 5, **run: Any) -> SourceComparison:
    """A census and a comparison."""
    synced = night.sync(**run)
    with a_job(night.engine, night.events, run_id=f"c{night.nights}") as job:
        return compare(job, synced, night.source, last)


def findings(one: SourceComparison) -> list[tuple[str, str, str]]:
    return [(each.check_name, each.entity, each.entity_id) for each in one.findings]


def test_what_agrees_is_no_finding(night: Night) -> None:
    night.source.reports = [replace(report(completed={"acme:1"}), sprint_id="acme:1")]
    found = compared(night)
    assert findings(found) == []
    assert [(one.part, one.counted, one.listed, one.held, one.differs) for one in found.counts] == [
        ("PAY", 2, 2, 2, False),
        ("WEB", 1, 1, 1, False),
    ]
    assert [(one.sprint.name, one.differences) for one in found.sprints] == [("Sprint 2", None), ("Sprint 1", ())]
    assert "the tracker gives no report of its own on 1 of 2 sprints" in night.events.notes


def test_a_sprint_that_differs_is_a_finding_for_each_issue(night: Night) -> None:
    night.source.reports = [replace(report(not_completed={"acme:1"}), sprint_id="acme:1")]
    found = compared(night)
    assert findings(found) == [("sprint_report_differs", "sprint", "acme:1")]
    assert (
        "PAY-1 in Sprint 1: the tracker's report says not completed, flowmart completed" in found.findings[0].evidence
    )


def test_only_the_last_closed_sprints_of_a_board_are_compared(night: Night) -> None:
    assert [one.sprint.name for one in compared(night, last=1).sprints] == ["Sprint 2"]
    assert compared(night, last=0).sprints == ()


def test_what_the_census_marked_and_pulled_are_findings(night: Night) -> None:
    del night.source.issues[3]
    night.source.issues[9] = "PAY"
    found = compared(night, last=0)
    assert findings(found) == [("issue_deleted", "issue", "acme:3"), ("issue_was_missing", "issue", "acme:9")]
    assert found.findings[0].evidence == "WEB-3 is deleted: so it is told"
    assert {one.check_name for one in found.findings} <= set(CHECKS)


def test_a_count_that_still_differs_after_the_census_is_a_finding(night: Night) -> None:
    night.source.issues[9] = "PAY"
    night.source.loses_by_id = True
    found = compared(night, last=0)
    assert findings(found) == [("count_differs", "project", "acme:PAY")]
    assert found.findings[0].evidence == "PAY: the tracker lists 3 issues, 2 are alive here"


def test_a_part_that_cannot_be_believed_is_told_and_is_no_difference(night: Night) -> None:
    night.source.listed = [night.source.part("PAY", ids=frozenset(), problem="it is refused"), night.source.part("WEB")]
    found = compared(night, last=0)
    assert findings(found) == []
    assert [one.problem for one in found.counts] == ["it is refused", None]
    assert found.report.problems == ("it is refused",)


def test_a_source_that_failed_is_not_compared(night: Night) -> None:
    synced = replace(night.sync(), error="it is away")
    with a_job(night.engine, Heard(), run_id="c") as job:
        assert compare(job, synced, night.source, 5) == SourceComparison(report=synced)


def test_a_source_that_fails_at_its_sprint_reports_has_failed(night: Night) -> None:
    class Failing(Scripted):
        def sprint_reports(self, _: object) -> Any:
            raise SourceError("the tracker is away")

    synced = night.sync()
    with a_job(night.engine, Heard(), run_id="c") as job:
        found = compare(job, synced, Failing(), 5)
    assert found.report.error == "the tracker is away"
    assert len(found.counts) == 2
