"""Where a sprint stands day by day. Hour 0 is a Monday in UTC: 24 is Tuesday, 96 Friday, 168 the next Monday."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.facts.scope import scope
from metrics.history.sprint_windows import Window
from metrics.settings import Calendar, MetricSettings
from metrics.sprints.sprint_days import Event, Plan, WorkingCalendar, day_rows
from metrics.sprints.sprint_metrics import Tally, add_events, add_issues, sprint_row
from warehouse.tables import table

MONDAY = date(2026, 3, 2)
ZERO = datetime(2026, 3, 2, tzinfo=UTC)
TO_FRIDAY = 120


def at(hours: float) -> datetime:
    return ZERO + timedelta(hours=hours)


def event(
    name: str = "committed", hour: float = 9, before: float | None = None, after: float | None = None, number: int = 1
) -> Event:
    return at(hour), f"acme:{number}", name, before, after


def burn(
    *events: Event,
    start: float = 9,
    end: float = 105,
    planned: float | None = 105,
    state: str = "closed",
    days: tuple[date, date] | None = None,
    now: float = 1_000,
    **calendar: Any,
) -> list[dict[str, Any]]:
    """The rows of a sprint from Monday 9 o'clock to Friday 9 o'clock unless told."""
    window = Window("acme:36", "acme:7", state, at(start), at(end))
    plan = Plan(planned and at(planned), *(days or (None, None)))
    names = table("sprint_days").columns.keys()
    rows = day_rows(window, plan, events, at(now), WorkingCalendar(Calendar(**calendar)))
    return [dict(zip(names, row, strict=True)) for row in rows]


def column(rows: list[dict[str, Any]], name: str) -> list[Any]:
    return [row[name] for row in rows]


def test_each_day_of_a_sprint_shows_its_scope_as_of_the_evening(company: Any, life: Any, sprint: Any) -> None:
    company.holds(
        sprint(36, 9, 105),
        sprint(37, 105, 200, "future"),
        life(1, sprint_ids="36", story_points=5.0).then(30, status="Done"),
        life(2, sprint_ids="36", story_points=3.0)
        .then(60, points=8.0)
        .then(80, status="Done")
        .then(100, status="Doing"),
        life(3, story_points=2.0).then(50, sprint="36"),
        life(4, sprint_ids="36", story_points=1.0).then(75, sprint=None),
    ).computes("sprint_days")
    amounts = [f"{name}_{unit}" for name in ("remaining", "completed", "scope") for unit in ("points", "issues")]
    assert company.rows("sprint_days", "day", *amounts) == [
        (MONDAY, 9, 3, 0, 0, 9, 3),
        (date(2026, 3, 3), 4, 2, 5, 1, 9, 3),
        (date(2026, 3, 4), 11, 3, 5, 1, 16, 4),
        (date(2026, 3, 5), 2, 1, 13, 2, 15, 3),
        (date(2026, 3, 6), 10, 2, 5, 1, 15, 3),
    ]
    assert company.rows("sprint_days", "sprint_day_id", "sprint_id", "is_working_day", "ideal_points")[-1] == (
        "acme:36:2026-03-06",
        "acme:36",
        True,
        0,
    )


def test_a_cancelled_issue_is_in_scope_but_neither_remaining_nor_completed() -> None:
    cancelled = burn(event(after=3.0), event("cancelled", 30, 3.0, 3.0), event("reopened", 60, 3.0, 3.0), end=70)
    names = ("scope_points", "scope_issues", "remaining_issues", "completed_issues")
    assert [[row[name] for name in names] for row in cancelled] == [[3, 1, 1, 0], [3, 1, 0, 0], [3, 1, 1, 0]]


def test_what_is_not_estimated_counts_as_an_issue_of_no_points() -> None:
    rows = burn(event(), event("completed", 30), event("estimate_changed", 50, None, 2.0), end=60)
    assert column(rows, "scope_issues") == [1, 1, 1]
    assert column(rows, "completed_points") == [0, 0, 2]
    assert column(rows, "ideal_points") == [0, 0, 0]


def test_what_is_re_estimated_as_it_leaves_is_gone_in_any_order() -> None:
    leaving = (event("estimate_changed", 30, 3.0, 5.0), event("removed", 30, 5.0))
    for events in (leaving, leaving[::-1]):
        assert column(burn(event(after=3.0), *events, end=40), "scope_points") == [3, 0]


def test_an_issue_removed_and_added_again_is_out_of_scope_in_between() -> None:
    rows = burn(event(after=3.0), event("removed", 30, 3.0), event("added", 60, None, 5.0), end=70)
    assert column(rows, "scope_points") == column(rows, "remaining_points") == [3, 0, 5]


def test_midnight_belongs_to_the_day_that_begins_but_the_end_of_a_sprint_to_its_last_day() -> None:
    events = [event(after=3.0), event(after=2.0, number=2)]
    events += [event("completed", 24, 3.0, 3.0), event("completed", 48, 2.0, 2.0, number=2)]
    assert column(burn(*events, end=48, planned=48), "completed_points") == [0, 5]
    assert column(burn(*events, end=72, planned=72), "completed_points") == [0, 3, 5]


def test_an_active_sprint_has_its_days_to_come_without_actuals() -> None:
    rows = burn(event(after=10.0), event("completed", 57, 10.0, 10.0), state="active", end=58, now=58)
    assert column(rows, "day") == [MONDAY + timedelta(days=n) for n in range(5)]
    assert column(rows, "remaining_points") == [10, 10, 0, None, None]
    for name in ("remaining_issues", "completed_points", "completed_issues", "scope_points", "scope_issues"):
        assert column(rows, name)[3:] == [None, None]
    assert column(rows, "ideal_points") == pytest.approx([8, 6, 4, 2, 0])


def test_an_overdue_sprint_goes_on_to_today_with_an_ideal_of_0() -> None:
    rows = burn(event(after=4.0), state="active", planned=48, end=80, now=80)
    assert column(rows, "remaining_points") == [4, 4, 4, 4]
    assert column(rows, "ideal_points") == [2, 0, 0, 0]


def test_the_ideal_of_a_sprint_closed_early_or_late_is_that_of_its_plan() -> None:
    early = burn(event(after=10.0), end=40)
    assert column(early, "ideal_points") == pytest.approx([8, 6])
    late = burn(event(after=10.0), end=200)
    assert column(late, "day")[-1] == date(2026, 3, 10)
    assert column(late, "ideal_points") == pytest.approx([8, 6, 4, 2, 0, 0, 0, 0, 0])


def test_the_ideal_falls_on_working_days_only() -> None:
    rows = burn(event(after=12.0), start=81, end=81 + 168, planned=81 + 168)  # Thursday to Thursday: six of them
    assert column(rows, "is_working_day") == [True, True, False, False, True, True, True, True]
    assert column(rows, "ideal_points") == [10, 8, 8, 8, 6, 4, 2, 0]
    assert column(rows, "ideal_issues") == pytest.approx([5 / 6, 4 / 6, 4 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0])


def test_a_holiday_is_no_working_day() -> None:
    # Good Friday and Easter Monday: 3 and 6 April 2026
    rows = burn(event(hour=729, after=6.0), start=729, end=895, planned=895, holidays="DE", now=2_000)
    found = {row["day"]: (row["is_working_day"], row["ideal_points"]) for row in rows}
    assert list(found)[0::3] == [date(2026, 4, 1), date(2026, 4, 4), date(2026, 4, 7)]
    assert [ideal for _, ideal in found.values()] == [4.5, 3, 3, 3, 3, 3, 1.5, 0]
    assert found[date(2026, 4, 3)] == found[date(2026, 4, 6)] == (False, 3)


@pytest.mark.parametrize("planned", [None, 5, -30])
def test_without_a_working_day_in_the_plan_there_is_no_ideal(planned: float | None) -> None:
    """No planned end, or one before the start. One on the first day is a plan of a day."""
    rows = burn(event(after=4.0), planned=planned, end=40)
    expected = [0, 0] if planned == 5 else [None, None]
    assert column(rows, "ideal_points") == column(rows, "ideal_issues") == expected


def test_a_sprint_planned_over_a_weekend_has_no_ideal() -> None:
    rows = burn(event(hour=130, after=4.0), start=130, planned=166, end=166)
    assert column(rows, "ideal_points") == [None, None]
    assert column(rows, "scope_points") == [4, 4]


def test_an_iteration_has_the_days_that_its_team_gave_it_whatever_the_grace() -> None:
    days = (MONDAY, date(2026, 3, 4))
    events = [event(hour=36, after=3.0), event("completed", 100, 3.0, 3.0)]
    rows = burn(*events, start=36, end=108, days=days, planned=72)  # 36 hours of grace
    assert column(rows, "day") == [MONDAY, date(2026, 3, 3), date(2026, 3, 4)]
    assert column(rows, "remaining_points") == [3, 3, 0]
    assert column(rows, "completed_points") == [0, 0, 3]
    assert column(rows, "ideal_points") == pytest.approx([2, 1, 0])


def test_days_are_those_of_the_calendars_zone_through_a_change_of_clocks() -> None:
    start = datetime(2026, 3, 27, 9, tzinfo=UTC)
    hour = (start - ZERO) / timedelta(hours=1)
    # Friday to Monday; summer time begins on Sunday: Monday begins at 22:00 UTC
    events = [event(hour=hour, after=4.0), event("completed", hour + 61, 4.0, 4.0)]
    rows = burn(*events, start=hour, end=hour + 72, planned=hour + 72, timezone=ZoneInfo("Europe/Berlin"))
    assert column(rows, "day") == [date(2026, 3, day) for day in (27, 28, 29, 30)]
    assert column(rows, "completed_points") == [0, 0, 0, 4]
    earlier = [events[0], event("completed", hour + 60.5, 4.0, 4.0)]
    rows = burn(*earlier, start=hour, end=hour + 72, planned=hour + 72, timezone=ZoneInfo("Europe/Berlin"))
    assert column(rows, "completed_points") == [0, 0, 4, 4]


def test_a_sprint_of_no_length_has_one_day() -> None:
    rows = burn(event(hour=24, after=3.0), start=24, end=24, planned=24)
    assert (column(rows, "day"), column(rows, "remaining_points")) == ([date(2026, 3, 3)], [3])


def test_a_mistyped_end_makes_no_row_for_each_day_of_a_century() -> None:
    rows = burn(event(after=3.0), state="active", planned=24 * 36_525, end=30, now=30)
    assert column(rows, "day")[-1] == MONDAY + timedelta(days=366)


def test_sprints_that_have_not_begun_have_no_days(company: Any, life: Any, sprint: Any) -> None:
    company.holds(sprint(36, 2_000, 2_100, "future"), sprint(37, None, None), life(sprint_ids="36")).computes(
        "sprint_days"
    )
    assert company.rows("sprint_days") == []


def test_an_iteration_has_its_days_in_the_warehouse(company: Any, sprint: Any) -> None:
    company.settings = MetricSettings(grace_hours=12)
    company.now = 60
    days = {"start_on": MONDAY, "finish_on": date(2026, 3, 5)}
    company.holds(sprint(36, None, None, "future", **days)).computes("sprint_days")
    assert company.rows("sprint_days", "day", "scope_issues", "ideal_points") == [
        (MONDAY, 0, 0),
        (date(2026, 3, 3), 0, 0),
        (date(2026, 3, 4), 0, 0),
        (date(2026, 3, 5), None, 0),
    ]


HOURS = st.integers(0, TO_FRIDAY)
POINTS = st.none() | st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.7, 1.0, 2.5, 8.0])


def steps(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[datetime, Any]]]:
    hours = st.lists(st.tuples(HOURS, values), max_size=6)
    return hours.map(lambda some: [(at(hour), value) for hour, value in sorted(some, key=lambda step: step[0])])


LIVES = st.tuples(steps(st.booleans()), steps(st.sampled_from(["open", "done", "cancelled"])), steps(POINTS))


@given(lives=st.lists(LIVES, max_size=6), start=HOURS, length=st.integers(0, 60))
@settings(max_examples=100, deadline=None)
def test_the_last_day_of_a_closed_sprint_is_what_its_figures_say(lives: list[Any], start: int, length: int) -> None:
    """To the last bit, in points and in issues."""
    events: list[Event] = []
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    for number, life in enumerate(lives):
        part = scope(*life, at(start), at(start + length))
        if part is None:
            continue
        events += [(e.at, f"acme:{number}", e.event, e.points_before, e.points_after) for e in part.events]
        at_end = (part.is_committed or part.added_at is not None) and part.removed_at is None
        figures = (part.is_committed, at_end, part.points_at_start, part.points_at_end, part.outcome)
        add_issues(tallies, [("acme:36", *figures)])
    counted = [row for row in events if row[2] not in {"completed", "reopened", "cancelled"}]
    add_events(tallies, [("acme:36", *row[1:]) for row in counted])
    sums = sprint_row(Window("acme:36", None, "closed", at(start), at(start + length)), tallies["acme:36"], None)
    last = burn(*events, start=start, end=start + length)[-1]
    for unit in ("points", "issues"):
        found = tuple(last[f"{name}_{unit}"] for name in ("scope", "completed", "remaining"))
        assert found == tuple(sums[f"{name}_{unit}"] for name in ("final_scope", "completed", "carried_over"))
        ended = sum(sums[f"{name}_{unit}"] for name in ("completed", "carried_over", "cancelled"))
        assert ended == pytest.approx(sums[f"final_scope_{unit}"], abs=1e-9)
