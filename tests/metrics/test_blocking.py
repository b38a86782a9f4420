"""Each cause tells its spans; together they make stretches that never overlap. Hours count from a Monday."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.history.blocking import (
    BlockedStay,
    Span,
    blocked,
    flag_spans,
    label_spans,
    link_periods,
    open_periods,
    overlaps,
    status_spans,
)
from metrics.history.timeline import Change, StatusStay

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
LAST_HOUR = 30
NOW = 100
pure = settings(max_examples=80, deadline=None)

Hours = tuple[float | None, float | None]


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def hours(moment: datetime | None) -> float | None:
    return None if moment is None else (moment - MONDAY).total_seconds() / 3600


def span(begin: float, end: float | None, cause: str = "flag") -> Span:
    return Span(at(begin), None if end is None else at(end), cause)


def stretches(*spans: Span, created: float = 0) -> list[tuple[float | None, float | None, str]]:
    return [(hours(stay[0]), hours(stay[1]), stay.causes) for stay in blocked(at(created), spans)]


def shown(spans: Iterable[Span]) -> list[tuple[float | None, float | None, str]]:
    return [(hours(begin), hours(end), cause) for begin, end, cause in spans]


def changes(field: str, *steps: tuple[float, str | None, str | None]) -> list[Change]:
    """Changes of a field: (hour, text before, text after)."""
    return [
        Change("acme:1", at(hour), entry, 0, f"acme:{entry}:0", field, None, before, None, after)
        for entry, (hour, before, after) in enumerate(steps)
    ]


def test_spans_that_overlap_or_touch_are_one_stretch_with_all_their_causes() -> None:
    assert stretches(span(1, 4), span(3, 6, "link: acme:2"), span(6, 8, "label: stuck")) == [
        (1, 8, "flag; label: stuck; link: acme:2")
    ]


def test_spans_apart_are_stretches_of_their_own_in_order_of_time() -> None:
    assert stretches(span(7, None, "link: acme:2"), span(1, 4)) == [(1, 4, "flag"), (7, None, "link: acme:2")]


def test_a_cause_that_comes_again_in_a_stretch_is_named_once() -> None:
    assert stretches(span(1, 4), span(2, 5, "label: stuck"), span(5, 6)) == [(1, 6, "flag; label: stuck")]


def test_a_span_within_another_does_not_end_it() -> None:
    assert stretches(span(1, 9), span(2, 3, "label: stuck")) == [(1, 9, "flag; label: stuck")]
    assert stretches(span(1, None), span(2, 3, "label: stuck")) == [(1, None, "flag; label: stuck")]


def test_spans_of_no_length_are_none_and_add_no_cause() -> None:
    assert stretches(span(4, 4)) == []
    assert stretches(span(1, 4), span(2, 2, "label: stuck")) == [(1, 4, "flag")]


def test_nothing_blocks_an_issue_before_its_creation() -> None:
    assert stretches(span(1, 4), span(2, 7, "label: stuck"), created=5) == [(5, 7, "label: stuck")]
    assert stretches(span(1, None), created=5) == [(5, None, "flag")]


def flags(*steps: tuple[float, str | None, str | None], is_flagged: bool, now: float = NOW, created: float = 0) -> Any:
    spans, is_gap = flag_spans(at(created), changes("flagged", *steps), is_flagged, at(now))
    return shown(spans), is_gap


def test_an_issue_is_blocked_while_its_flag_is_set() -> None:
    steps = ((2, None, "Impediment"), (5, "Impediment", None), (7, None, "Yes"))
    assert flags(*steps, is_flagged=True) == ([(2, 5, "flag"), (7, None, "flag")], False)


def test_the_first_change_tells_whether_the_flag_was_set_at_creation() -> None:
    assert flags((5, "Impediment", None), is_flagged=False, created=1) == ([(1, 5, "flag")], False)
    assert flags(is_flagged=True, created=1) == ([(1, None, "flag")], False)
    assert flags(is_flagged=False) == ([], False)


def test_where_the_history_misses_the_current_flag_it_holds_from_the_last_change() -> None:
    assert flags((2, None, "Impediment"), is_flagged=False) == ([], True)
    assert flags((2, None, "Impediment"), (4, "Impediment", None), is_flagged=True) == (
        [(2, 4, "flag"), (4, None, "flag")],
        True,
    )


def test_a_flag_of_later_than_now_is_unseen() -> None:
    steps = ((2, None, "Impediment"), (5, "Impediment", None))
    assert flags(*steps, is_flagged=False, now=4) == ([(2, None, "flag")], False)
    assert flags(*steps, is_flagged=False, now=5) == ([(2, 5, "flag")], False)
    assert flags(*steps, is_flagged=False, now=1) == ([], False)


def test_a_flag_set_and_cleared_at_one_instant_blocks_nothing() -> None:
    spans, _ = flags((2, None, "Impediment"), (2, "Impediment", None), is_flagged=False)
    assert spans == [(2, 2, "flag")]
    assert stretches(span(2, 2)) == []


def test_changes_of_other_fields_are_no_flags() -> None:
    others = changes("status", (3, "To Do", "Doing"))
    assert flag_spans(at(0), others, False, at(NOW)) == ([], False)


def labels(
    *steps: tuple[float, str | None, str | None], now_has: Sequence[str] = (), now: float = NOW, separator: str | None
) -> Any:
    def marked(text: str | None) -> frozenset[str]:
        found = (label.strip() for label in (text or "").split(separator))
        return frozenset(label for label in found if label.casefold() in {"stuck", "on hold"})

    return shown(label_spans(at(0), changes("labels", *steps), now_has, marked, at(now)))


def test_an_issue_is_blocked_while_it_has_a_label_that_says_so() -> None:
    steps = ((2, None, "ui Stuck"), (4, "ui Stuck", "Stuck api"), (6, "Stuck api", "api"))
    assert labels(*steps, separator=None) == [(2, 4, "label: Stuck"), (4, 6, "label: Stuck")]


def test_labels_at_creation_are_what_the_first_change_found() -> None:
    assert labels((4, "stuck", "ui"), separator=None) == [(0, 4, "label: stuck")]
    assert labels(now_has=["stuck"], separator=None) == [(0, None, "label: stuck")]


def test_tags_may_hold_blanks() -> None:
    assert labels((2, "not stuck", "not stuck; On Hold"), now_has=["On Hold"], separator=";") == [
        (2, None, "label: On Hold")
    ]


def test_labels_that_went_without_a_trace_hold_until_the_last_change_only() -> None:
    assert labels((2, None, "stuck"), (4, "stuck", "stuck; ui"), separator=";") == [(2, 4, "label: stuck")]


def test_labels_of_later_than_now_are_unseen() -> None:
    steps = ((2, None, "stuck"), (5, "stuck", None))
    assert labels(*steps, now=4, separator=None) == [(2, None, "label: stuck")]
    assert labels(*steps, now=1, separator=None) == []


def stay(begin: float, end: float | None, name: str, stage: str | None, status_id: str | None = None) -> StatusStay:
    return StatusStay(at(begin), None if end is None else at(end), status_id, name, stage, False, None, False)


def test_a_status_that_means_blocked_does_so_in_any_stage() -> None:
    lived = [stay(0, 2, "Parked", "todo"), stay(2, 5, "Doing", "in_progress"), stay(5, None, "Parked", None)]
    found = status_spans(lived, lambda _, name: name == "Parked")
    assert shown(found) == [(0, 2, "status: Parked"), (5, None, "status: Parked")]


def opened(*stays: StatusStay) -> list[Hours]:
    return [(hours(begin), hours(end)) for begin, end in open_periods(stays)]


def test_a_blocker_is_open_until_done_or_removed_and_again_when_reopened() -> None:
    lived = [
        stay(0, 2, "To Do", "todo"),
        stay(2, 4, "Doing", "in_progress"),
        stay(4, 6, "Done", "done"),
        stay(6, 7, "Closed", "done"),
        stay(7, 9, "Doing", "in_progress"),
        stay(9, None, "Dropped", "removed"),
    ]
    assert opened(*lived) == [(0, 4), (7, 9)]


def test_a_status_never_known_leaves_a_blocker_open_or_done_as_it_was() -> None:
    assert opened(stay(0, 3, "Done", "done"), stay(3, None, "Lost", None)) == []
    assert opened(stay(0, 3, "Lost", None), stay(3, None, "Done", "done")) == [(0, 3)]
    assert opened(stay(0, 3, "Doing", "in_progress"), stay(3, None, "Lost", None)) == [(0, None)]


MADE, GONE = True, False


def periods(*told: tuple[float, bool], is_current: bool = False, since: float | None = None) -> list[Hours]:
    moments = [(at(hour), is_made) for hour, is_made in told]
    found = link_periods(moments, is_current=is_current, since=None if since is None else at(since))
    return [(hours(begin), hours(end)) for begin, end in found]


def test_a_link_is_there_from_its_making_to_its_removal_and_again_when_made_anew() -> None:
    assert periods((2, MADE), (4, GONE), (7, MADE), is_current=True, since=7) == [(2, 4), (7, None)]


def test_what_both_sides_tell_of_one_step_counts_once() -> None:
    told = ((2, MADE), (2.001, MADE), (4, GONE), (4.002, GONE), (7, MADE), (7.001, MADE))
    assert periods(*told, is_current=True) == [(2, 4), (7, None)]


def test_a_link_without_a_known_beginning_was_there_from_the_start() -> None:
    assert periods(is_current=True) == [(None, None)]
    assert periods((4, GONE)) == [(None, 4)]
    assert periods((4, GONE), is_current=True) == [(None, 4), (4, None)]


def test_a_link_of_now_holds_since_its_own_date_where_the_history_does_not_tell_it() -> None:
    assert periods(is_current=True, since=3) == [(3, None)]
    assert periods((4, GONE), is_current=True, since=6) == [(None, 4), (6, None)]


def test_a_row_older_than_the_removal_is_that_of_the_link_that_went() -> None:
    assert periods((2, MADE), (4, GONE), is_current=True, since=2) == [(2, 4)]


def test_a_link_that_is_gone_without_a_trace_does_not_count() -> None:
    assert periods((2, MADE)) == []
    assert periods((2, MADE), (4, GONE), (6, MADE)) == [(2, 4)]


def test_removed_and_made_at_one_instant_leaves_a_link_as_it_was() -> None:
    assert periods((2, MADE), (4, GONE), (4, MADE), (6, GONE)) == [(2, 6)]
    assert periods((4, GONE), (4, MADE)) == []


def test_the_row_of_a_link_says_which_of_two_steps_at_one_instant_came_last() -> None:
    assert periods((2, MADE), (4, GONE), (4, MADE), is_current=False) == [(2, 4)]
    assert periods((2, MADE), (4, GONE), (4, MADE), is_current=True, since=4) == [(2, None)]
    assert periods((4, GONE), (4, MADE), is_current=True, since=4) == [(4, None)]


def test_a_link_blocks_only_while_its_blocker_is_open() -> None:
    opens = [(at(1), at(4)), (at(7), None)]
    found = overlaps([(None, at(2)), (at(3), at(8)), (at(9), None)], opens)
    assert [(hours(begin), hours(end)) for begin, end in found] == [(1, 2), (3, 4), (7, 8), (9, None)]
    assert overlaps([(at(4), at(7))], opens) == []


ENDS = st.none() | st.integers(-3, LAST_HOUR)
SPANS = st.lists(st.builds(span, st.integers(-3, LAST_HOUR), ENDS, st.sampled_from("abc")), max_size=8)


@given(spans=SPANS, created=st.integers(0, LAST_HOUR))
@pure
def test_stretches_are_in_order_apart_and_cover_just_what_the_spans_cover(spans: list[Span], created: int) -> None:
    found = blocked(at(created), spans)
    for before, after in pairwise(found):
        assert before.left_at is not None
        assert before.left_at < after.entered_at
    for half in range(2 * created, 2 * LAST_HOUR + 3):
        moment = at(half / 2)
        assert any(map(covers(moment), found)) == any(map(covers(moment), spans)), moment
    assert all(stretch.entered_at >= at(created) for stretch in found)
    for stretch in found:
        within = {one.cause for one in spans if any(map(covers_both(one, stretch), range(-6, 2 * LAST_HOUR + 3)))}
        assert stretch.causes.split("; ") == sorted(within)


def covers(moment: datetime) -> Any:
    return lambda one: one[0] <= moment and (one[1] is None or moment < one[1])


def covers_both(one: Span, stretch: BlockedStay) -> Any:
    return lambda half: covers(at(half / 2))(one) and covers(at(half / 2))(stretch)


@given(
    moments=st.lists(st.integers(0, LAST_HOUR), unique=True, max_size=8).map(sorted),
    doubled=st.sets(st.integers(0, 7)),
    data=st.data(),
)
@pure
def test_a_consistent_history_of_a_link_comes_back_whatever_is_told_twice(
    moments: list[int], doubled: set[int], data: st.DataObject
) -> None:
    """Hours alternate between making and removal; some are told again a second later, and all in any order."""
    told = [(float(hour), place % 2 == 0) for place, hour in enumerate(moments)]
    again = [(hour + 1 / 3600, is_made) for place, (hour, is_made) in enumerate(told) if place in doubled]
    is_current = len(moments) % 2 == 1
    expected = list(zip(moments[::2], [*moments[1::2], None] if is_current else moments[1::2], strict=True))
    assert periods(*data.draw(st.permutations(told + again)), is_current=is_current) == expected
