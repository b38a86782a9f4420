"""Which instants count as a sprint's start and end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics.history.sprint_windows import SprintTimes, iteration_days, window
from metrics.settings import Calendar, MetricSettings

ZERO = datetime(2026, 3, 2, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def at(hours: float) -> datetime:
    return ZERO + timedelta(hours=hours)


def bounds(
    state: str, start: float | None, end: float | None, grace: float = 0, now: float = 100, **values: Any
) -> tuple[str, float, float] | None:
    """State, start and end hour of the window."""
    instants = {name: at(hour) for name, hour in values.items() if not isinstance(hour, date)}
    times = SprintTimes(
        "acme:1",
        None,
        state,
        None if start is None else at(start),
        None if end is None else at(end),
        **{**values, **instants},
    )
    found = window(times, at(now), grace)
    return found and (
        found.state,
        (found.start_at - ZERO) / timedelta(hours=1),
        (found.end_at - ZERO) / timedelta(hours=1),
    )


def test_real_instants_go_before_planned_ones() -> None:
    assert bounds("closed", 10, 20) == ("closed", 10, 20)
    assert bounds("closed", 10, 20, activated_at=11, completed_at=25) == ("closed", 11, 25)


def test_an_open_sprint_ends_now_even_when_it_is_overdue() -> None:
    assert bounds("active", 10, 20) == ("active", 10, 100)
    assert bounds("active", 10, 200) == ("active", 10, 100)


@pytest.mark.parametrize(("state", "start", "end"), [("future", 10, 20), ("closed", None, 20), ("closed", 10, None)])
def test_future_sprints_and_those_whose_start_or_end_nobody_knows_have_no_window(
    state: str, start: float | None, end: float | None
) -> None:
    assert bounds(state, start, end) is None


def test_a_sprint_closed_after_now_is_open_as_of_now() -> None:
    assert bounds("closed", 10, 20, completed_at=150) == ("active", 10, 100)


def test_a_closed_sprint_that_began_after_now_has_no_window_as_of_now() -> None:
    assert bounds("closed", 150, 160, completed_at=155) is None
    assert bounds("closed", 150, 160) is None


def test_an_active_sprint_planned_to_start_later_has_begun_now() -> None:
    assert bounds("active", 150, 160) == ("active", 100, 100)


def test_grace_hours_shift_days_and_nothing_else() -> None:
    assert bounds("closed", 10, 20, grace=3, start_on=date(2026, 3, 2)) == ("closed", 13, 23)
    assert bounds("closed", 10, 20, grace=3) == ("closed", 10, 20)


def test_an_iteration_goes_from_the_first_instant_of_its_start_day_to_the_end_of_its_finish_day() -> None:
    days = (date(2026, 3, 16), date(2026, 3, 29))  # clocks change in the last night
    start, end, state = iteration_days(*days, datetime(2026, 3, 29, 21, 59, tzinfo=UTC), BERLIN)
    assert (start, end) == (datetime(2026, 3, 15, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))
    assert state == "active"


def test_the_state_of_an_iteration_goes_by_the_local_day() -> None:
    days = (date(2026, 3, 16), date(2026, 3, 29))
    moments = [
        datetime(2026, 3, 15, 22, 59, tzinfo=UTC),
        datetime(2026, 3, 15, 23, tzinfo=UTC),
        datetime(2026, 3, 29, 22, tzinfo=UTC),
    ]
    assert [iteration_days(*days, moment, BERLIN)[2] for moment in moments] == ["future", "active", "closed"]
    assert iteration_days(None, None, moments[0], BERLIN) == (None, None, "future")
    assert iteration_days(days[0], None, moments[2], BERLIN)[1:] == (None, "active")


def test_iterations_get_instants_and_a_state_when_metrics_are_computed(company: Any, sprint: Any) -> None:
    company.settings = MetricSettings(calendar=Calendar(timezone=BERLIN))
    days = {"start_on": date(2026, 3, 2), "finish_on": date(2026, 3, 3)}
    company.holds(sprint(31, None, None, "future", **days), sprint(32, 5, 6, "active")).computes("sprints")
    assert company.rows("sprints", "sprint_id", "start_at", "end_at", "state") == [
        ("acme:31", -1, 47, "closed"),
        ("acme:32", 5, 6, "active"),
    ]
