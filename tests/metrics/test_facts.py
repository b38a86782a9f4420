"""Rows of intervals, memberships, estimates and `issue_flow` are what the histories say, on every engine."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from metrics.settings import Calendar, MetricSettings, Workflow
from warehouse.records import Status


def test_status_intervals(company: Any, life: Any) -> None:
    company.settings = MetricSettings(workflow=Workflow(waiting=frozenset({"Review"})))
    subject = life(1, created=1).then(5, status="Doing").then(7.5, status="Review")
    company.holds(subject).computes("flow")
    assert company.rows("status_intervals") == [
        ("acme:1:0", "acme:1", "acme:1", "To Do", "todo", False, 1, 5, 4 * 3600, None),
        ("acme:1:1", "acme:1", "acme:2", "Doing", "in_progress", False, 5, 7.5, 2.5 * 3600, "acme:1:1:0"),
        ("acme:1:2", "acme:1", "acme:3", "Review", "in_progress", True, 7.5, None, None, "acme:1:2:0"),
    ]


def test_memberships_and_estimates(company: Any, life: Any) -> None:
    subject = life(1, sprint_ids="36", story_points=2.0).then(3, sprint=None, points=2.5).then(4, sprint="36")
    company.holds(subject).computes("flow")
    assert company.rows("sprint_memberships") == [
        ("acme:1:acme:36:0", "acme:1", "acme:36", 0, 3, None),
        ("acme:1:acme:36:1", "acme:1", "acme:36", 4, None, "acme:1:2:0"),
    ]
    assert company.rows("estimates") == [
        ("acme:1:0", "acme:1", 2, 0, 3),
        ("acme:1:1", "acme:1", 2.5, 3, None),
    ]


def test_the_flow_of_a_finished_issue(company: Any, life: Any) -> None:
    company.settings = MetricSettings(calendar=Calendar(timezone=ZoneInfo("Europe/Berlin")))
    subject = life(1, created=1, story_points=3.0)
    for hour, status in ((10, "Doing"), (12, "Done"), (20, "To Do"), (23.5, "Review"), (49, "Closed")):
        subject.then(hour, status=status)
    subject.then(60, points=8.0)
    company.holds(subject).computes("flow")
    row = company.row("issue_flow")
    assert {name: row[name] for name in row if not name.endswith("_id")} == {
        "issue_type": "Story",
        "level": "standard",
        "stage": "done",
        "is_cancelled": False,
        "created_at": 1,
        "first_started_at": 10,
        "started_at": 10,
        "finished_at": 49,
        "created_on": date(2026, 3, 2),
        "started_on": date(2026, 3, 2),
        "finished_on": date(2026, 3, 4),
        "cycle_seconds": 39 * 3600,
        "cycle_days": 39 / 24,
        "cycle_days_inclusive": 3,
        "business_seconds": 14 * 3600,  # Monday from 11:00 and Tuesday, by the clock in Berlin
        "cycle_first_to_last_seconds": 39 * 3600,
        "cycle_last_run_seconds": 25.5 * 3600,
        "lead_seconds": 48 * 3600,
        "active_seconds": 27.5 * 3600,
        "waiting_seconds": 0,
        "blocked_seconds": 0,
        "flow_efficiency": None,
        "flow_efficiency_reason": "no_rules",
        "age_seconds": None,
        "status_age_seconds": None,
        "reopened_count": 1,
        "backward_count": 1,
        "points_at_finish": 3,
        "exclusion": None,
    }
    assert (row["started_by_change_id"], row["finished_by_change_id"]) == ("acme:1:1:0", "acme:1:5:0")


def test_work_in_progress_has_ages_and_no_times(company: Any, life: Any) -> None:
    company.now = 20
    looping = life(1).then(10, status="Doing").then(14, status="Review").then(17, status="Review")
    company.holds(looping, life(2)).computes("flow")
    columns = ("issue_id", "exclusion", "cycle_seconds", "lead_seconds", "age_seconds", "status_age_seconds")
    assert company.rows("issue_flow", *columns) == [
        ("acme:1", "not_finished", None, None, 10 * 3600, 6 * 3600),
        ("acme:2", "not_finished", None, None, None, None),
    ]


def test_each_issue_left_out_says_why_and_keeps_its_other_columns(company: Any, life: Any) -> None:
    done = {"status": "Done"}
    subjects = [
        life(1, others={"absence": "deleted"}),
        life(2, others={"level": "subtask"}),
        life(3).then(1, status="Doing"),
        life(4).then(1, status="Doing").then(2, **done, resolution="Duplicate"),
        life(5),
        life(6).then(2, **done),
    ]
    company.holds(*subjects).computes("flow")
    columns = ("issue_id", "exclusion", "cycle_days", "finished_at", "is_cancelled")
    assert company.rows("issue_flow", *columns) == [
        ("acme:1", "deleted", None, None, False),
        ("acme:2", "level", None, None, False),
        ("acme:3", "not_finished", None, None, False),
        ("acme:4", "cancelled", None, 2, True),
        ("acme:5", "not_finished", None, None, False),
        ("acme:6", "skipped_in_progress", None, 2, False),
    ]


def test_levels_and_cancelling_resolutions_are_configured_the_latter_by_source(company: Any, life: Any) -> None:
    company.settings = MetricSettings(
        levels=frozenset({"subtask"}),
        source_workflows={"acme": Workflow(cancelled_resolutions=frozenset({"FIXED"}))},
    )
    company.holds(
        life(1, others={"level": "subtask"}).then(1, status="Doing").then(2, status="Done", resolution="Fixed"),
        life(2, others={"level": "subtask"}).then(1, status="Doing").then(2, status="Done", resolution="Duplicate"),
        life(3).then(1, status="Doing").then(2, status="Done"),
    ).computes("flow")
    assert [why for _, why in company.rows("issue_flow", "issue_id", "exclusion")] == ["cancelled", None, "level"]


def test_as_of_a_past_now_later_changes_and_issues_do_not_exist(company: Any, life: Any) -> None:
    company.now = 11
    company.holds(life(1).then(10, status="Doing").then(12, status="Done"), life(2, created=11.5), life(3, created=11))
    company.computes()
    assert company.rows("issue_flow", "issue_id", "stage", "finished_at") == [
        ("acme:1", "in_progress", None),
        ("acme:3", "todo", None),
    ]
    assert {issue_id for (issue_id,) in company.rows("status_intervals", "issue_id")} == {"acme:1", "acme:3"}


def test_issues_of_many_chunks_are_all_read(company: Any, life: Any) -> None:
    lives = [life(number).then(1, status="Doing").then(2, status="Done") for number in range(1, 1_102)]
    company.holds(*lives).computes("flow", "throughput")
    assert len(company.rows("issue_flow", "issue_id", exclusion=None)) == 1_101
    assert company.rows("throughput", "finished_issues", period="week") == [(1_101,)]


def test_a_moved_item_of_azure_devops_was_in_the_status_of_the_project_it_was_in(company: Any, life: Any) -> None:
    kept = [
        Status(
            status_id=f"ado:{project}:Story:Doing",
            source_id="ado",
            project_id=f"ado:{project}",
            issue_type="Story",
            name="Doing",
            category=category,
        )
        for project, category in (("10", "proposed"), ("20", "inprogress"))
    ]
    company.holds(*kept, life(1, "ado", status="Doing").then(3, project="20")).computes("flow")
    assert company.rows("status_intervals", "status_id", "stage", "entered_at") == [
        ("ado:10:Story:Doing", "todo", 0),
        ("ado:20:Story:Doing", "in_progress", 3),
    ]
    company.now = 2
    company.computes("flow")
    assert company.rows("status_intervals", "status_id", "stage") == [("ado:10:Story:Doing", "todo")]
