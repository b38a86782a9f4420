"""The laws of the metrics on a whole company: nothing is counted twice, nothing is lost between two tables."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from warehouse.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(scope="module")
def rows(undisturbed: Mapping[str, list[Any]]) -> Mapping[str, list[SimpleNamespace]]:
    """The tables of the company, each row with its columns as attributes."""
    return {
        name: [SimpleNamespace(**dict(zip(table(name).columns.keys(), row, strict=True))) for row in found]
        for name, found in undisturbed.items()
    }


def test_law_1_the_stays_of_an_issue_cover_its_life_without_gap_or_overlap(rows: Any) -> None:
    created = {issue.issue_id: issue.created_at for issue in rows["issues"]}
    stays = defaultdict(list)
    for stay in rows["status_intervals"]:
        stays[stay.issue_id].append(stay)
    assert stays.keys() == created.keys()
    for issue_id, own in stays.items():
        own.sort(key=lambda stay: int(stay.status_interval_id.rpartition(":")[2]))
        assert own[0].entered_at == created[issue_id]
        assert own[-1].left_at is None
        assert all(a.left_at == b.entered_at for a, b in pairwise(own))


def test_replaying_a_history_ends_in_the_current_status(rows: Any) -> None:
    last = {stay.issue_id: stay for stay in rows["status_intervals"] if stay.left_at is None}
    assert all(last[issue.issue_id].status == issue.status for issue in rows["issues"])
    assert all(last[issue.issue_id].status_id == issue.status_id for issue in rows["issues"])


@pytest.mark.parametrize("unit", ["points", "issues"])
def test_law_3_what_came_into_a_sprint_and_stayed_is_what_became_of_it(rows: Any, unit: str) -> None:
    assert len(rows["sprint_metrics"]) > 20
    for sprint in rows["sprint_metrics"]:
        figure = {name: getattr(sprint, f"{name}_{unit}") for name in ("committed", "added", "removed", "final_scope")}
        ends = [getattr(sprint, f"{name}_{unit}") for name in ("completed", "carried_over", "cancelled")]
        changed = sprint.reestimated_points if unit == "points" else 0
        came = figure["committed"] + figure["added"] - figure["removed"] + changed
        assert came == pytest.approx(figure["final_scope"]) == pytest.approx(sum(ends))
        kept = getattr(sprint, f"say_do_{unit}")
        assert kept is None or 0 <= kept <= 1


def test_sums_of_throughput_are_the_delivered_issues(rows: Any) -> None:
    delivered = [flow for flow in rows["issue_flow"] if flow.exclusion in {None, "skipped_in_progress"}]
    for period in ("week", "month"):
        own = [row for row in rows["throughput"] if row.period == period]
        assert sum(row.finished_issues for row in own) == len(delivered)


def test_trends_of_all_and_of_projects_count_the_same_issues(rows: Any) -> None:
    timed = sum(1 for flow in rows["issue_flow"] if flow.cycle_seconds is not None)
    for grouping in ("all", "project", "project_type", "board", "board_type"):
        own = [row for row in rows["cycle_time_trend"] if row.grouping == grouping and row.period == "month"]
        assert sum(row.n for row in own) == timed


def test_every_defect_is_in_one_class_and_counted_once(rows: Any) -> None:
    counted = [defect for defect in rows["defects"] if not defect.is_cancelled]
    months = [row for row in rows["defect_escape"] if (row.period, row.grouping) == ("month", "all")]
    assert sum(row.defects for row in months) == len(counted) > 0
    assert all(row.escaped + row.internal + row.unknown == row.defects for row in months)
    assert {defect.escape_class for defect in counted} == {"escaped", "internal", "unknown"}


def test_an_issue_without_a_cycle_time_says_why_and_the_others_name_their_evidence(rows: Any) -> None:
    changes = {change.change_id: change for change in rows["issue_changes"]}
    for flow in rows["issue_flow"]:
        assert (flow.exclusion is None) == (flow.cycle_seconds is not None)
        if flow.exclusion is None and flow.finished_by_change_id is not None:
            assert changes[flow.finished_by_change_id].changed_at == flow.finished_at


def test_velocity_is_the_completed_points_of_closed_sprints(rows: Any) -> None:
    completed = {sprint.sprint_id: sprint.completed_points for sprint in rows["sprint_metrics"]}
    closed = {sprint.sprint_id for sprint in rows["sprint_metrics"] if sprint.state == "closed"}
    assert {row.sprint_id for row in rows["velocity_trend"]} == closed
    assert all(row.velocity == completed[row.sprint_id] for row in rows["velocity_trend"])


def test_every_id_joins(rows: Any) -> None:
    issues = {issue.issue_id for issue in rows["issues"]}
    sprints = {sprint.sprint_id for sprint in rows["sprints"]}
    users = {user.user_id for user in rows["users"]}
    statuses = {status.status_id for status in rows["statuses"]}
    assert {change.issue_id for change in rows["issue_changes"]} <= issues
    assert {change.author_id for change in rows["issue_changes"]} - {None} <= users
    assert {stay.sprint_id for stay in rows["sprint_memberships"]} <= sprints
    assert {issue.status_id for issue in rows["issues"]} <= statuses
    assert {stay.status_id for stay in rows["status_intervals"]} - {None} <= statuses
    assert {issue.project_id for issue in rows["issues"]} <= {project.project_id for project in rows["projects"]}
    assert {issue.assignee_id for issue in rows["issues"]} - {None} <= users
