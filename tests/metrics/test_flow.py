"""When work started and finished, what counts as going back, and the order of the reasons for having no cycle time."""

from __future__ import annotations

from typing import Any

import pytest

from metrics.facts.flow import exclusion, flow, spent
from metrics.history.outcomes import outcomes
from metrics.settings import Workflow

CANCELLED = frozenset({"won't do"})


def begun(life: Any, subject: Any) -> dict[str, Any]:
    """Hours of the stays that mark the way, and the counts."""
    zero = life().state().created_at
    found = flow(subject.timeline().stays)
    marks = {name: getattr(found, name) for name in ("first_started", "started", "last_run", "finished")}
    hours = {name: stay and (stay.entered_at - zero).total_seconds() / 3600 for name, stay in marks.items()}
    return hours | {"reopened": found.reopened_count, "backward": found.backward_count, "stage": found.stage}


def walk(life: Any, *statuses: str, first: str = "To Do") -> Any:
    """An issue that enters a status each hour from 1."""
    subject = life(status=first)
    for hour, status in enumerate(statuses, 1):
        subject.then(hour, status=status)
    return subject


def test_the_straight_way(life: Any) -> None:
    assert begun(life, walk(life, "Doing", "Review", "Done")) == {
        "first_started": 1,
        "started": 1,
        "last_run": 1,
        "finished": 3,
        "reopened": 0,
        "backward": 0,
        "stage": "done",
    }


def test_created_in_progress_started_at_creation(life: Any) -> None:
    found = begun(life, walk(life, "Done", first="Doing"))
    assert (found["started"], found["finished"]) == (0, 1)


def test_created_done_has_finished_at_creation(life: Any) -> None:
    found = begun(life, walk(life, first="Done"))
    assert (found["started"], found["finished"]) == (None, 0)


def test_todo_to_done_finished_without_a_start(life: Any) -> None:
    found = begun(life, walk(life, "Done"))
    assert (found["started"], found["finished"], found["backward"]) == (None, 1, 0)


def test_a_return_to_todo_forgets_the_start_but_not_the_first(life: Any) -> None:
    found = begun(life, walk(life, "Doing", "To Do", "Review", "Done"))
    assert (found["first_started"], found["started"], found["finished"]) == (1, 3, 4)
    assert (found["reopened"], found["backward"]) == (0, 1)


def test_a_return_to_todo_and_then_done_has_no_start(life: Any) -> None:
    found = begun(life, walk(life, "Doing", "To Do", "Done"))
    assert (found["first_started"], found["started"], found["finished"]) == (1, None, 3)


@pytest.mark.parametrize("back", ["Doing", "To Do"])
def test_a_reopening_keeps_the_start_and_moves_the_finish(life: Any, back: str) -> None:
    found = begun(life, walk(life, "Doing", "Done", back, "Closed"))
    assert (found["started"], found["finished"], found["reopened"], found["backward"]) == (1, 4, 1, 1)


def test_reopened_to_todo_then_worked_on_keeps_the_start_and_has_a_new_last_run(life: Any) -> None:
    found = begun(life, walk(life, "Doing", "Done", "To Do", "Doing", "Done"))
    assert (found["started"], found["last_run"], found["finished"]) == (1, 4, 5)


def test_reopened_and_open_is_not_finished(life: Any) -> None:
    found = begun(life, walk(life, "Doing", "Done", "Doing"))
    assert (found["started"], found["finished"], found["reopened"]) == (1, None, 1)


@pytest.mark.parametrize("again", ["Closed", "Done"])
def test_from_one_done_status_to_another_or_to_itself_does_not_restart_the_finish(life: Any, again: str) -> None:
    assert begun(life, walk(life, "Doing", "Done", again))["finished"] == 2


def test_from_one_status_in_progress_to_another_is_neither_a_start_nor_a_run_nor_a_step_back(life: Any) -> None:
    found = begun(life, walk(life, "Doing", "Review", "Doing", "Done"))
    assert (found["started"], found["last_run"], found["backward"]) == (1, 1, 0)


def test_a_return_to_todo_out_of_removed_forgets_the_start_and_is_no_backward_move(life: Any) -> None:
    found = begun(life, walk(life, "Doing", "Dropped", "To Do", "Doing", "Done"))
    assert (found["started"], found["finished"], found["backward"], found["reopened"]) == (4, 5, 0, 0)


def test_removed_out_of_done_is_neither_a_reopening_nor_a_finish(life: Any) -> None:
    found = begun(life, walk(life, "Doing", "Done", "Dropped"))
    assert (found["finished"], found["reopened"], found["backward"], found["stage"]) == (None, 0, 0, "removed")


def test_done_after_all_out_of_removed_finishes_then_and_keeps_the_start(life: Any) -> None:
    subject = walk(life, "Doing", "Dropped", "Done")
    found = begun(life, subject)
    assert (found["started"], found["last_run"], found["finished"], found["reopened"]) == (1, 1, 3, 0)
    assert outcomes(subject.timeline(), CANCELLED)[-1][1] == "done"


@pytest.mark.parametrize("change", [{"project": "20"}, {"type": "Bug"}])
def test_a_status_set_by_a_move_is_neither_return_nor_reopening_nor_backward(life: Any, change: Any) -> None:
    moved = walk(life, "Doing").then(2, status="To Do", **change).then(3, status="Doing").then(4, status="Done")
    found = begun(life, moved)
    assert (found["started"], found["finished"], found["backward"]) == (1, 4, 0)
    reopened = walk(life, "Doing", "Done").then(3, status="To Do", **change).then(4, status="Done")
    found = begun(life, reopened)
    assert (found["started"], found["finished"], found["backward"], found["reopened"]) == (1, 4, 0, 0)


def test_statuses_never_known_are_passed_over(life: Any) -> None:
    found = begun(life, walk(life, "Doing", "Parked", "Doing", "Done", "Parked"))
    assert (found["started"], found["last_run"], found["finished"], found["backward"]) == (1, 1, 4, 0)
    assert found["stage"] == "done"


def test_an_issue_whose_only_status_is_unknown_has_no_stage(life: Any) -> None:
    assert begun(life, walk(life, first="Parked"))["stage"] is None


def test_stays_of_no_length_count(life: Any) -> None:
    found = begun(life, life().then(2, status="Doing").then(2, status="Done"))
    assert (found["started"], found["finished"]) == (2, 2)


@pytest.mark.parametrize(
    ("expected", "absence", "is_counted_level", "is_cancelled", "statuses"),
    [
        ("deleted", "deleted", False, True, ["Doing"]),
        ("moved_away", "moved_away", True, False, ["Doing", "Done"]),
        ("level", None, False, True, ["Doing"]),
        ("cancelled", None, True, True, ["Dropped"]),
        ("not_finished", None, True, False, ["Doing"]),
        ("skipped_in_progress", None, True, False, ["Done"]),
        (None, None, True, False, ["Doing", "Done"]),
    ],
)
def test_the_first_reason_that_holds_excludes(
    life: Any, expected: str | None, absence: str | None, is_counted_level: Any, is_cancelled: Any, statuses: list[str]
) -> None:
    found = flow(walk(life, *statuses).timeline().stays)
    why = exclusion(found, absence, is_counted_level=is_counted_level, is_cancelled=is_cancelled)
    assert why == expected


def ways(life: Any, subject: Any) -> list[tuple[float, str]]:
    zero = life().state().created_at
    found = outcomes(subject.timeline(), CANCELLED)
    return [((moment - zero).total_seconds() / 3600, outcome) for moment, outcome in found]


def test_finished_with_a_resolution_of_undelivered_work_is_cancelled(life: Any) -> None:
    subject = walk(life, "Doing").then(2, status="Done", resolution="Won't Do")
    assert ways(life, subject)[-1] == (2, "cancelled")
    delivered = walk(life, "Doing").then(2, status="Done", resolution="Fixed")
    assert ways(life, delivered)[-1] == (2, "done")


def test_such_a_resolution_on_open_work_cancels_nothing_until_it_is_done(life: Any) -> None:
    subject = life(resolution="won't do").then(3, status="Done")
    assert ways(life, subject) == [(0, "open"), (3, "cancelled")]


def test_a_resolution_corrected_later_counts_from_then_on(life: Any) -> None:
    subject = walk(life, "Done").then(3, resolution="Won't Do")
    assert ways(life, subject) == [(0, "open"), (0, "open"), (1, "done"), (3, "cancelled")]


def test_removed_is_cancelled_without_any_resolution(life: Any) -> None:
    assert ways(life, walk(life, "Dropped")) == [(0, "open"), (1, "cancelled")]


def hours_spent(life: Any, subject: Any, blocked: list[tuple[float, float | None]], *span: float) -> list[float]:
    """Hours of active, waiting and blocked time between two hours."""

    def at(hour: float | None) -> Any:
        return None if hour is None else life(created=hour).state().created_at

    stays = subject.timeline(workflow=Workflow(waiting=frozenset({"Review"}))).stays
    found = spent(stays, [(at(begin), at(end)) for begin, end in blocked], at(span[0]), at(span[1]))
    return [part.total_seconds() / 3600 for part in found]


def test_time_in_progress_is_active_waiting_or_blocked_and_blocked_wins(life: Any) -> None:
    subject = life().then(1, status="Doing").then(4, status="Review").then(9, status="Done")
    assert hours_spent(life, subject, [], 1, 9) == [3, 5, 0]
    assert hours_spent(life, subject, [(3, 6)], 1, 9) == [2, 3, 3]
    assert hours_spent(life, subject, [(0, 2), (8, None)], 1, 9) == [2, 4, 2]


def test_time_before_the_start_after_the_end_and_out_of_progress_counts_nowhere(life: Any) -> None:
    subject = life(status="Doing").then(2, status="To Do").then(3, status="Doing").then(5, status="Done")
    subject.then(6, status="Doing")
    assert hours_spent(life, subject, [(4, 5.5)], 3, 7) == [2, 0, 1]
    assert hours_spent(life, subject, [(0, 2), (7, 8)], 0, 7) == [3, 0, 2]
