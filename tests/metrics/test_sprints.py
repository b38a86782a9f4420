"""A sprint's sums are what its issues did to its scope, on every engine; the sprint lasts from hour 10 to hour 20."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from metrics.settings import MetricSettings
from warehouse.loader import Loader
from warehouse.records import Board, BoardArea, Sprint

LATE = 30


def at(hours: float) -> datetime:
    return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hours)


def whole_company(life: Any) -> list[Any]:
    """One issue of each kind."""
    return [
        life(1, sprint_ids="36", story_points=1.0).then(15, status="Done").then(16, points=2.0),
        life(2, sprint_ids="36", story_points=2.0),
        life(3, sprint_ids="36", story_points=4.0).then(12, sprint=None),
        life(4, story_points=8.0).then(13, sprint="36").then(19, status="Done"),
        life(5, sprint_ids="36", story_points=16.0).then(14, status="Done", resolution="Won't Do"),
        life(6, sprint_ids="36", story_points=32.0).then(5, status="Done"),
        life(7, sprint_ids="36", story_points=64.0).then(5, status="Done").then(11, status="Doing"),
        life(8, sprint_ids="36"),
        life(9, sprint_ids="36", story_points=100.0, others={"level": "subtask"}),
        life(10, sprint_ids="36", story_points=100.0, others={"absence": "deleted"}),
        life(11, story_points=100.0).then(21, sprint="36"),
    ]


def test_every_figure_of_a_closed_sprint(company: Any, life: Any, sprint: Any) -> None:
    company.holds(sprint(36, 9, 19, activated_at=None), *whole_company(life))
    company.holds(sprint(36, 10, 20)).computes("sprint_metrics")
    row = company.row("sprint_metrics")
    assert row == {
        "sprint_id": "acme:36",
        "board_id": "acme:7",
        "state": "closed",
        "start_at": 10,
        "end_at": 20,
        "ended_on": date(2026, 3, 2),
        "committed_points": 1 + 2 + 4 + 16,
        "committed_issues": 5,
        "added_points": 8 + 64,
        "added_issues": 2,
        "removed_points": 4,
        "removed_issues": 1,
        "reestimated_points": 1,
        "reestimated_issues": 1,
        "final_scope_points": 23 + 72 - 4 + 1,
        "final_scope_issues": 6,
        "completed_points": 2 + 8,
        "completed_issues": 2,
        "cancelled_points": 16,
        "cancelled_issues": 1,
        "carried_over_points": 2 + 64,
        "carried_over_issues": 3,
        "completed_outside_points": 32,
        "completed_outside_issues": 1,
        "say_do_points": pytest.approx(1 / 23),
        "say_do_issues": pytest.approx(1 / 5),
        "completion_rate_points": pytest.approx(10 / 92),
        "completion_rate_issues": pytest.approx(2 / 6),
        "scope_change_points": pytest.approx(76 / 23),
        "scope_change_issues": pytest.approx(3 / 5),
        "unestimated_issues": 1,
    }


def test_each_issue_of_a_sprint_has_its_row(company: Any, life: Any, sprint: Any) -> None:
    company.holds(sprint(36, 10, 20), *whole_company(life)).computes("flow")
    columns = ("issue_id", "is_committed", "added_at", "removed_at", "points_at_start", "points_at_end", "outcome")
    assert company.rows("sprint_issues", *columns) == [
        ("acme:1", True, None, None, 1, 2, "completed"),
        ("acme:2", True, None, None, 2, 2, "carried_over"),
        ("acme:3", True, None, 12, 4, 4, "removed"),
        ("acme:4", False, 13, None, 8, 8, "completed"),
        ("acme:5", True, None, None, 16, 16, "cancelled"),
        ("acme:6", False, None, None, 32, 32, "completed_outside"),
        ("acme:7", False, 11, None, 64, 64, "carried_over"),
        ("acme:8", True, None, None, None, None, "carried_over"),
    ]


def test_the_events_of_a_sprint(company: Any, life: Any, sprint: Any) -> None:
    company.holds(sprint(36, 10, 20), *whole_company(life)[:4]).computes("flow")
    columns = ("issue_id", "at", "event", "points_before", "points_after")
    assert company.rows("sprint_scope_events", *columns) == [
        ("acme:1", 10, "committed", None, 1),
        ("acme:1", 15, "completed", 1, 1),
        ("acme:1", 16, "estimate_changed", 1, 2),
        ("acme:2", 10, "committed", None, 2),
        ("acme:3", 10, "committed", None, 4),
        ("acme:3", 12, "removed", 4, None),
        ("acme:4", 13, "added", None, 8),
        ("acme:4", 19, "completed", 8, 8),
    ]


def test_an_issue_created_inside_a_sprint_joins_when_it_is_created(company: Any, life: Any, sprint: Any) -> None:
    lives = [life(number, created=hour, sprint_ids="36") for number, hour in ((1, 10), (2, 12), (3, 20), (4, 21))]
    company.holds(sprint(36, 10, 20), *lives).computes("flow")
    assert company.rows("sprint_scope_events", "issue_id", "event", "at") == [
        ("acme:1", "committed", 10),
        ("acme:2", "added", 12),
        ("acme:3", "added", 20),
    ]


def test_sub_tasks_and_epics_count_only_where_their_levels_are_chosen(company: Any, life: Any, sprint: Any) -> None:
    levels = ("standard", "subtask", "portfolio")
    lives = [life(number, sprint_ids="36", others={"level": level}) for number, level in enumerate(levels, 1)]
    company.holds(sprint(36, 10, 20), *lives).computes("sprint_metrics")
    assert company.row("sprint_metrics")["committed_issues"] == 1
    company.settings = MetricSettings(levels=frozenset(levels))
    company.computes("sprint_metrics")
    assert company.row("sprint_metrics")["committed_issues"] == 3


def test_an_issue_in_two_sprints_at_once_counts_in_both(company: Any, life: Any, sprint: Any) -> None:
    shared = life(1, sprint_ids="36, 37", story_points=3.0).then(15, points=5.0).then(18, status="Done")
    company.holds(sprint(36, 10, 20), sprint(37, 16, 25, board_id="acme:8"), shared).computes("sprint_metrics")
    columns = ("sprint_id", "committed_points", "reestimated_points", "completed_points", "final_scope_points")
    assert company.rows("sprint_metrics", *columns) == [("acme:36", 3, 2, 5, 5), ("acme:37", 5, 0, 5, 5)]


def test_re_estimates_count_after_the_start_up_to_and_at_the_end(company: Any, life: Any, sprint: Any) -> None:
    changed = life(1, sprint_ids="36", story_points=1.0).then(10, points=2.0).then(15, points=None).then(20, points=7.0)
    later = life(2, sprint_ids="36", story_points=1.0).then(20.5, points=100.0)
    company.holds(sprint(36, 10, 20), changed, later).computes("sprint_metrics")
    row = company.row("sprint_metrics")
    assert (row["committed_points"], row["reestimated_points"], row["final_scope_points"]) == (3, 5, 8)
    assert (row["reestimated_issues"], row["final_scope_issues"], row["carried_over_points"]) == (1, 2, 8)


def test_sums_are_exact_so_that_the_two_sides_of_a_scope_are_equal_bit_by_bit(
    company: Any, life: Any, sprint: Any
) -> None:
    lives = [life(number, sprint_ids="36", story_points=number / 10) for number in range(1, 8)]
    lives[6].then(12, points=0.8).then(14, points=0.1)
    company.holds(sprint(36, 10, 20), *lives).computes("sprint_metrics")
    row = company.row("sprint_metrics")
    assert row["committed_points"] == 2.8  # added one by one it is 2.8000000000000003
    assert row["final_scope_points"] == row["carried_over_points"] == 2.2


def test_a_sprint_closed_early_or_late_lasts_to_its_closing(company: Any, life: Any, sprint: Any) -> None:
    company.holds(
        sprint(36, 10, 20, completed_at=at(15)),
        sprint(37, 10, 20, completed_at=at(30)),
        life(1, sprint_ids="36", story_points=3.0).then(18, status="Done"),
        life(2, sprint_ids="37", story_points=5.0).then(25, status="Done"),
    ).computes("sprint_metrics")
    columns = ("sprint_id", "end_at", "completed_points", "carried_over_points")
    assert company.rows("sprint_metrics", *columns) == [("acme:36", 15, 0, 3), ("acme:37", 30, 5, 0)]


def test_a_sprint_started_late_is_committed_to_what_was_in_it_then(company: Any, life: Any, sprint: Any) -> None:
    joined = life(1, story_points=3.0).then(11, sprint="36")
    company.holds(sprint(36, 10, 20, activated_at=at(12)), joined).computes("sprint_metrics")
    row = company.row("sprint_metrics")
    assert (row["start_at"], row["committed_points"], row["added_points"]) == (12, 3, 0)


def test_a_sprint_closed_before_it_was_started_has_no_length(company: Any, life: Any, sprint: Any) -> None:
    company.holds(
        sprint(36, 10, 20, activated_at=at(14), completed_at=at(13)),
        life(1, sprint_ids="36", story_points=3.0).then(14, points=4.0).then(15, status="Done"),
    ).computes("sprint_metrics")
    row = company.row("sprint_metrics")
    assert (row["start_at"], row["end_at"], row["committed_points"], row["carried_over_points"]) == (14, 14, 4, 4)


def test_a_sprint_that_was_never_started_has_no_row(company: Any, life: Any, sprint: Any) -> None:
    company.holds(sprint(36, 10, 20, "future"), sprint(37, None, 20), life(sprint_ids="36, 37")).computes(
        "sprint_metrics"
    )
    assert company.rows("sprint_metrics") == company.rows("sprint_issues") == []


def test_a_sprint_of_no_board_has_its_row(company: Any, life: Any, sprint: Any) -> None:
    company.holds(sprint(36, 10, 20, board_id=None), life(sprint_ids="36")).computes("sprint_metrics")
    assert company.rows("sprint_metrics", "sprint_id", "board_id", "committed_issues") == [("acme:36", None, 1)]


def test_say_do_is_never_above_1_since_both_halves_use_the_estimate_at_the_start(
    company: Any, life: Any, sprint: Any
) -> None:
    grown = life(1, sprint_ids="36", story_points=1.0).then(12, points=13.0).then(15, status="Done")
    company.holds(sprint(36, 10, 20), grown).computes("sprint_metrics")
    row = company.row("sprint_metrics")
    assert (row["say_do_points"], row["completed_points"], row["final_scope_points"]) == (1, 13, 13)


def test_removed_and_added_again_counts_both_times_and_once_at_the_end(company: Any, life: Any, sprint: Any) -> None:
    subject = (
        life(1, sprint_ids="36", story_points=3.0).then(12, sprint=None).then(13, points=5.0).then(14, sprint="36")
    )
    company.holds(sprint(36, 10, 20), subject).computes("sprint_metrics")
    row = company.row("sprint_metrics")
    assert (row["committed_points"], row["removed_points"], row["added_points"]) == (3, 3, 5)
    assert (row["final_scope_points"], row["carried_over_points"], row["reestimated_points"]) == (5, 5, 0)
    assert (row["final_scope_issues"], row["carried_over_issues"]) == (1, 1)


def test_a_sprint_without_issues_has_zeros_and_no_ratios(company: Any, sprint: Any) -> None:
    company.holds(sprint(36, 10, 20)).computes("sprint_metrics")
    row = company.row("sprint_metrics")
    ratios = {name: value for name, value in row.items() if name.startswith(("say_do", "completion", "scope_change"))}
    assert set(ratios.values()) == {None}
    assert (row["committed_points"], row["completed_issues"], row["unestimated_issues"]) == (0, 0, 0)


def test_active_sprints_end_now_and_future_ones_have_no_row(company: Any, life: Any, sprint: Any) -> None:
    company.now = 18
    done = life(1, sprint_ids="36", story_points=3.0).then(15, status="Done")
    company.holds(sprint(36, 10, 40, "active"), sprint(37, 50, 60, "future"), done).computes("sprint_metrics")
    assert company.rows("sprint_metrics", "sprint_id", "state", "end_at", "completed_points") == [
        ("acme:36", "active", 18, 3)
    ]


def test_carried_over_names_the_sprint_it_went_to_next(company: Any, life: Any, sprint: Any) -> None:
    company.holds(
        sprint(35, 0, 9),
        sprint(36, 10, 20),
        sprint(37, 20, 30),
        sprint(38, 30, 40, "future"),
        life(1, sprint_ids="36").then(20.5, sprint="36, 37"),
        life(2, sprint_ids="36").then(19, sprint="36, 38"),
        life(3, sprint_ids="36").then(25, sprint="36, 35"),
        life(4, sprint_ids="36").then(19, sprint="36, 37").then(19.5, sprint="36").then(24, sprint="36, 38"),
    ).computes("flow")
    found = company.rows("sprint_issues", "issue_id", "carried_to_sprint_id", sprint_id="acme:36")
    assert dict(found) == {"acme:1": "acme:37", "acme:2": "acme:38", "acme:3": None, "acme:4": "acme:38"}


def test_an_azure_devops_iteration_has_figures_for_each_team(company: Any, life: Any) -> None:
    records: list[Any] = []
    for team, path in (("red", "Shop\\Pay"), ("blue", "Shop\\Cart")):
        board_id = f"ado:{team}"
        records += [
            Board(board_id=board_id, source_id="ado", project_id=None, name=team, kind="team"),
            BoardArea(board_area_id=f"{board_id}:{path}", board_id=board_id, area_path=path, includes_children=True),
            Sprint(
                sprint_id=f"ado:it1:{team}",
                iteration_id="ado:it1",
                source_id="ado",
                board_id=board_id,
                name="Iteration 1",
                state="future",
                start_on=date(2026, 3, 2),
                finish_on=date(2026, 3, 6),
            ),
        ]
    moved = life(1, source_id="ado", created=-5, sprint_ids="it1", area_path="Shop\\Pay", story_points=3.0)
    moved.then(LATE, area="Shop\\Cart")
    stayed = life(2, source_id="ado", created=LATE, sprint_ids="it1", area_path="Shop\\Cart", story_points=5.0)
    company.holds(moved, stayed)
    with company.engine.begin() as connection:
        Loader(connection).upsert(records)
    company.computes("sprint_metrics")
    columns = ("sprint_id", "start_at", "end_at", "committed_points", "added_points", "removed_points")
    assert company.rows("sprint_metrics", *columns) == [
        ("ado:it1:blue", 0, 120, 0, 8, 0),
        ("ado:it1:red", 0, 120, 3, 0, 3),
    ]
    company.settings = MetricSettings(grace_hours=LATE)  # what is planned within the grace is committed
    company.computes("sprint_metrics")
    assert company.rows("sprint_metrics", *columns) == [
        ("ado:it1:blue", 30, 150, 8, 0, 0),
        ("ado:it1:red", 30, 150, 0, 0, 0),
    ]


def test_an_issue_is_reestimated_once_however_often_and_an_estimate_of_zero_is_one(
    company: Any, life: Any, sprint: Any
) -> None:
    company.holds(
        sprint(36, 10, 20),
        life(1, sprint_ids="36", story_points=1.0).then(12, points=2.0).then(13, points=0.0),
        life(2, sprint_ids="36").then(12, points=5.0),
        life(3, sprint_ids="36", story_points=0.0),
        life(4, sprint_ids="36"),
    ).computes("sprint_metrics")
    row = company.row("sprint_metrics")
    assert (row["reestimated_issues"], row["reestimated_points"], row["unestimated_issues"]) == (2, 4, 1)
