"""Checks of sprints and boards: each finds the flaw that it is for, and nothing without it."""

from __future__ import annotations

from typing import Any

from warehouse.records import Board

WEEK = 7 * 24


def test_a_sprint_that_is_active_a_week_after_its_end_is_told(company: Any, sprint: Any, found: Any) -> None:
    company.now = 100 + WEEK
    company.holds(
        sprint(1, 0, 99, "active"),
        sprint(2, 0, 100, "active"),
        sprint(3, 0, 99, "closed"),
        sprint(4, 0, None, "active"),
    )
    assert found(company, "sprint_never_closed") == {
        "acme:1": "'Sprint 1' of board Red was to end on 2026-03-06 and is still active"
    }


def test_sprints_without_start_or_end_are_told_unless_they_are_planned(company: Any, sprint: Any, found: Any) -> None:
    company.holds(
        sprint(1, None, None, "closed"),
        sprint(2, 0, None, "active", board_id=None),
        sprint(3, None, None, "future"),
        sprint(4, None, None, "closed", activated_at=company_start(sprint), completed_at=company_start(sprint)),
        sprint(5, 0, 9),
    )
    assert found(company, "sprint_without_dates") == {
        "acme:1": "'Sprint 1' of board Red is closed and has no start and no end",
        "acme:2": "'Sprint 2' is active and has no end",
    }


def company_start(sprint: Any) -> Any:
    return sprint(9, 0, 0).start_at


def test_two_active_sprints_of_one_board_are_told_once(company: Any, sprint: Any, found: Any) -> None:
    other = Board(board_id="acme:8", source_id="acme", project_id="acme:20", name="Blue", kind="scrum")
    company.holds(
        other,
        *(sprint(number, 0, 2000, "active") for number in (1, 2)),
        sprint(3, 0, 9, "closed"),
        sprint(4, 0, 2000, "active", board_id="acme:8"),
        *(sprint(number, 0, 2000, "active", board_id=None) for number in (5, 6)),
    )
    assert found(company, "sprints_overlap") == {"acme:7": "active on board Red: 'Sprint 1', 'Sprint 2'"}


def test_a_sprint_that_issues_were_in_and_nobody_has_is_told(company: Any, life: Any, sprint: Any, found: Any) -> None:
    company.holds(
        sprint(1, 0, 9),
        life(1, sprint_ids="1, 5").then(3, sprint="1"),
        life(2, sprint_ids="5").then(3, sprint=None).then(4, sprint="5"),
        life(3, sprint_ids="1"),
    )
    assert found(company, "sprint_missing") == {"acme:5": "2 issues were in sprint acme:5, e.g. PAY-1"}


def test_a_board_whose_last_sprints_were_not_estimated_is_told(
    company: Any, life: Any, sprint: Any, found: Any
) -> None:
    company.holds(
        *(sprint(number, 10 * number, 10 * number + 9) for number in range(1, 8)),
        *(life(number, sprint_ids="1", story_points=1) for number in range(1, 30)),
        *(life(number, sprint_ids=str(number % 6 + 2)) for number in range(30, 42)),
    )
    evidence = "board Red: 12 of 12 (100 %) issues of its last 6 closed sprints had no estimate"
    assert found(company, "no_estimates") == {"acme:7": evidence}


def test_half_of_the_issues_unestimated_or_fewer_than_ten_issues_are_not_told(
    company: Any, life: Any, sprint: Any, found: Any
) -> None:
    few = Board(board_id="acme:8", source_id="acme", project_id="acme:20", name="Blue", kind="scrum")
    company.holds(
        few,
        sprint(1, 0, 9),
        sprint(2, 0, 9, board_id="acme:8"),
        *(life(number, sprint_ids="1", story_points=1 if number % 2 else None) for number in range(1, 11)),
        *(life(number, sprint_ids="2") for number in range(11, 20)),
    )
    assert found(company, "no_estimates") == {}
