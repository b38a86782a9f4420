"""What an issue does to a sprint's scope: a sprint lasts from hour 10 to hour 20 in all of these."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from metrics.facts.scope import Scope, scope

ZERO = datetime(2026, 3, 2, tzinfo=UTC)
Steps = list[tuple[float, object]]


def at(hours: float) -> datetime:
    return ZERO + timedelta(hours=hours)


def part(
    member: list[tuple[float, bool]],
    outcome: list[tuple[float, str]] | None = None,
    points: list[tuple[float, float | None]] | None = None,
) -> Scope | None:
    """Members from the given hours on; open and with 3 points unless told."""
    return scope(
        [(at(hour), value) for hour, value in member],
        [(at(hour), value) for hour, value in outcome or [(0, "open")]],
        [(at(hour), value) for hour, value in points or [(0, 3.0)]],
        at(10),
        at(20),
    )


def some(found: Scope | None) -> Scope:
    assert found is not None
    return found


def events(found: Scope | None) -> list[tuple[str, float, float | None, float | None]]:
    return [
        (e.event, (e.at - ZERO).total_seconds() / 3600, e.points_before, e.points_after) for e in some(found).events
    ]


def test_a_member_at_the_start_is_committed_with_the_estimate_as_of_the_start() -> None:
    found = part([(0, True)], points=[(0, 1.0), (9, 3.0)])
    assert events(found) == [("committed", 10, None, 3.0)]
    assert (some(found).is_committed, some(found).added_at, some(found).points_at_start) == (True, None, 3.0)
    assert some(found).outcome == "carried_over"


def test_what_happens_exactly_at_the_start_was_there_at_the_start() -> None:
    assert events(part([(10, True)])) == [("committed", 10, None, 3.0)]
    assert part([(0, True), (10, False)]) is None
    assert events(part([(0, True)], points=[(0, 1.0), (10, 2.0)])) == [("committed", 10, None, 2.0)]
    assert events(part([(0, True)], [(0, "open"), (10, "done")])) == []


def test_what_happens_exactly_at_the_end_had_happened_by_the_end() -> None:
    assert some(part([(0, True)], [(0, "open"), (20, "done")])).outcome == "completed"
    assert some(part([(0, True), (20, False)])).outcome == "removed"
    assert events(part([(20, True)])) == [("added", 20, None, 3.0)]
    assert events(part([(0, True)], points=[(0, 1.0), (20, 2.0)]))[-1] == ("estimate_changed", 20, 1.0, 2.0)


def test_what_happens_after_the_end_does_not_count() -> None:
    found = part([(0, True), (21, False)], [(0, "open"), (21, "done")], [(0, 3.0), (21, 8.0)])
    assert events(found) == [("committed", 10, None, 3.0)]
    assert (some(found).outcome, some(found).points_at_end) == ("carried_over", 3.0)
    assert part([(21, True)]) is None


def test_an_issue_that_was_no_member_between_start_and_end_has_no_part() -> None:
    assert part([(0, True), (9, False)]) is None
    assert part([]) is None


def test_joined_after_the_start_is_added_with_the_estimate_as_of_then() -> None:
    found = part([(12, True)], points=[(0, 3.0), (12, 5.0)])
    assert events(found) == [("added", 12, None, 5.0)]
    assert (some(found).is_committed, some(found).points_at_start) == (False, 5.0)


def test_removed_is_in_scope_and_left_before_the_end_with_the_estimate_as_of_leaving() -> None:
    found = part([(0, True), (15, False)], points=[(0, 3.0), (14, 5.0), (16, 8.0)])
    assert events(found) == [
        ("committed", 10, None, 3.0),
        ("estimate_changed", 14, 3.0, 5.0),
        ("removed", 15, 5.0, None),
    ]
    assert (some(found).outcome, some(found).points_at_end) == ("removed", 5.0)


def test_removed_counts_whether_done_or_not() -> None:
    found = part([(0, True), (15, False)], [(0, "open"), (12, "done")])
    assert [event for event, *_ in events(found)] == ["committed", "completed", "removed"]
    assert some(found).outcome == "removed"


def test_removed_and_added_again_counts_both_times() -> None:
    found = part([(0, True), (12, False), (14, True)])
    assert [event for event, *_ in events(found)] == ["committed", "removed", "added"]
    assert (some(found).is_committed, some(found).removed_at, some(found).outcome) == (True, None, "carried_over")


def test_removed_and_added_again_at_one_instant_is_no_event() -> None:
    assert events(part([(0, True), (12, False), (12, True)])) == [("committed", 10, None, 3.0)]


def test_done_at_the_start_is_completed_outside_and_in_no_scope() -> None:
    found = part([(0, True)], [(0, "open"), (5, "done")])
    assert events(found) == []
    assert (some(found).is_committed, some(found).added_at, some(found).outcome) == (False, None, "completed_outside")


def test_done_before_it_joined_is_completed_outside() -> None:
    found = part([(15, True)], [(0, "open"), (12, "done")])
    assert events(found) == []
    assert some(found).outcome == "completed_outside"


def test_done_at_the_start_and_reopened_in_the_sprint_is_added_at_that_instant() -> None:
    found = part([(0, True)], [(0, "done"), (13, "open"), (18, "done")], [(0, 3.0), (13, 5.0)])
    assert events(found) == [("added", 13, None, 5.0), ("completed", 18, 5.0, 5.0)]
    assert some(found).outcome == "completed"


def test_joined_done_and_reopened_is_added_at_the_reopening() -> None:
    found = part([(12, True)], [(0, "done"), (15, "open")], [(0, 3.0), (14, 5.0)])
    assert events(found) == [("added", 15, None, 5.0)]
    assert some(found).points_at_start == 5.0


def test_reopened_after_it_left_counts_only_when_it_joins_again() -> None:
    found = part([(0, True), (12, False), (16, True)], [(0, "open"), (11, "done"), (14, "open")])
    assert [(event, hour) for event, hour, *_ in events(found)] == [
        ("committed", 10),
        ("completed", 11),
        ("removed", 12),
        ("added", 16),
    ]


def test_removed_and_joined_again_when_done_is_completed_outside() -> None:
    found = part([(0, True), (12, False), (16, True)], [(0, "open"), (14, "done")])
    assert [event for event, *_ in events(found)] == ["committed", "removed"]
    assert (some(found).outcome, some(found).removed_at) == ("completed_outside", at(12))


def test_cancelled_at_the_start_and_taken_up_again_is_added_at_that_instant() -> None:
    found = part([(0, True)], [(0, "cancelled"), (13, "open")])
    assert events(found) == [("added", 13, None, 3.0)]
    assert some(found).outcome == "carried_over"


def test_cancelled_in_scope_and_then_done_is_completed_and_the_other_way_round() -> None:
    found = part([(0, True)], [(0, "open"), (12, "cancelled"), (15, "done")])
    assert ([event for event, *_ in events(found)], some(found).outcome) == (
        ["committed", "cancelled", "completed"],
        "completed",
    )
    found = part([(0, True)], [(0, "open"), (12, "done"), (15, "cancelled")])
    assert ([event for event, *_ in events(found)], some(found).outcome) == (
        ["committed", "completed", "cancelled"],
        "cancelled",
    )


def test_moving_between_two_done_statuses_is_no_event() -> None:
    assert len(events(part([(0, True)], [(0, "open"), (12, "done"), (15, "done")]))) == 2


def test_an_estimate_changed_while_it_was_out_of_scope_counts_nowhere() -> None:
    away = part([(0, True), (12, False), (16, True)], points=[(0, 3.0), (14, 5.0)])
    assert events(away)[1:] == [("removed", 12, 3.0, None), ("added", 16, None, 5.0)]
    done_before = part([(0, True)], [(0, "done")], points=[(0, 3.0), (14, 5.0)])
    assert events(done_before) == []


def test_an_estimate_that_comes_with_the_joining_or_reopening_is_the_estimate_as_of_then() -> None:
    assert events(part([(12, True)], points=[(0, 3.0), (12, 5.0)])) == [("added", 12, None, 5.0)]
    reopened = part([(0, True)], [(0, "done"), (13, "open")], [(0, 3.0), (13, 8.0)])
    assert events(reopened) == [("added", 13, None, 8.0)]


def test_completed_then_reopened_in_scope_stays_in_scope() -> None:
    found = part([(0, True)], [(0, "open"), (12, "done"), (14, "open")])
    assert [event for event, *_ in events(found)] == ["committed", "completed", "reopened"]
    assert some(found).outcome == "carried_over"


def test_estimate_changes_count_in_scope_only() -> None:
    changes: list[tuple[float, float | None]] = [(0, None), (11, 2.0), (13, 5.0), (17, 8.0)]
    found = part([(12, True), (16, False)], points=changes)
    assert events(found) == [
        ("added", 12, None, 2.0),
        ("estimate_changed", 13, 2.0, 5.0),
        ("removed", 16, 5.0, None),
    ]


def test_an_estimate_that_comes_with_the_leaving_counts_before_it() -> None:
    found = part([(0, True), (15, False)], points=[(0, 3.0), (15, 5.0)])
    assert events(found)[1:] == [("estimate_changed", 15, 3.0, 5.0), ("removed", 15, 5.0, None)]


def test_cancelled_in_scope_has_its_own_outcome() -> None:
    found = part([(0, True)], [(0, "open"), (15, "cancelled")])
    assert [event for event, *_ in events(found)] == ["committed", "cancelled"]
    assert some(found).outcome == "cancelled"


@pytest.mark.parametrize("member", [[(0, True)], [(12, True)]])
def test_cancelled_before_the_start_or_the_joining_is_in_no_scope(member: list[tuple[float, bool]]) -> None:
    found = part(member, [(0, "open"), (5, "cancelled")])
    assert events(found) == []
    assert some(found).outcome == "cancelled"


def test_a_sprint_of_no_length_has_what_was_there_at_its_start() -> None:
    found = scope([(at(0), True)], [(at(0), "open")], [(at(0), 3.0)], at(10), at(10))
    assert [event.event for event in some(found).events] == ["committed"]
