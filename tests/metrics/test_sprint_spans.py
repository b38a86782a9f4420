"""The last local day of a sprint, by which BI tools filter it, in the calendar's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from metrics.history.sprint_windows import Window
from metrics.settings import Calendar, MetricSettings
from metrics.sprints.spans import Plan, ended_on

BERLIN = ZoneInfo("Europe/Berlin")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def last_day(
    end: str | None, *, state: str = "closed", days: tuple[date, date] | None = None, now: str = "2026-12-01"
) -> date | None:
    """Of a sprint that began on 16 March, by its end in UTC, real or (open ones) planned."""
    plan = Plan(end and instant(end), *(days or (None, None)))
    real = instant(end if end and state == "closed" else now)
    return ended_on(Window("acme:36", None, state, instant("2026-03-16T08:00"), real), plan, BERLIN)


@pytest.mark.parametrize(
    ("end", "day"),
    [
        ("2026-03-28T22:59", date(2026, 3, 28)),
        ("2026-03-28T23:00", date(2026, 3, 28)),  # midnight, an hour before UTC: the end of the day before
        ("2026-03-28T23:01", date(2026, 3, 29)),
        ("2026-03-29T21:59", date(2026, 3, 29)),  # clocks went on in the night before: two hours before UTC
        ("2026-03-29T22:00", date(2026, 3, 29)),
        ("2026-03-29T22:01", date(2026, 3, 30)),
        ("2026-10-24T22:01", date(2026, 10, 25)),  # the day on which clocks go back has 25 hours
        ("2026-10-25T22:59", date(2026, 10, 25)),
        ("2026-10-25T23:01", date(2026, 10, 26)),
    ],
)
@pytest.mark.parametrize("state", ["closed", "active"])
def test_the_day_is_local_and_what_ends_at_midnight_ends_with_the_day_before(state: str, end: str, day: date) -> None:
    assert last_day(end, state=state) == day


def test_an_iteration_of_days_ends_on_its_finish_day_whatever_the_grace_hours_add() -> None:
    days = (date(2026, 3, 16), date(2026, 3, 29))
    assert last_day("2026-03-30T10:00", days=days) == date(2026, 3, 29)
    assert last_day("2026-03-30T10:00", days=days, state="active") == date(2026, 3, 29)


def test_an_open_sprint_without_a_plan_has_none_and_neither_has_a_mistyped_one() -> None:
    assert last_day(None, state="active") is None
    assert last_day("2027-03-17T12:00", state="active") == date(2027, 3, 17)
    assert last_day("3026-03-27T12:00", state="active") is None


def test_an_overdue_sprint_keeps_the_day_that_was_planned() -> None:
    assert last_day("2026-03-27T16:00", state="active", now="2026-04-20") == date(2026, 3, 27)


def test_both_tables_have_it_and_velocity_only_of_closed_sprints(company: Any, sprint: Any) -> None:
    """Hour 0 is Monday, 2 March, in UTC, and so one o'clock in Berlin."""
    company.settings = MetricSettings(calendar=Calendar(timezone=BERLIN))
    company.now = 60
    company.holds(
        sprint(31, 0, 23),
        sprint(32, 0, 24),
        sprint(33, 0, 96, "active"),
        replace(sprint(34, 0, 96, "active"), end_at=None),
        sprint(35, 96, 120, "future"),
    ).computes("velocity_trend")
    second, third, sixth = (date(2026, 3, day) for day in (2, 3, 6))
    assert company.rows("sprint_metrics", "sprint_id", "ended_on") == [
        ("acme:31", second),
        ("acme:32", third),
        ("acme:33", sixth),
        ("acme:34", None),
    ]
    assert company.rows("velocity_trend", "sprint_id", "ended_on") == [("acme:31", second), ("acme:32", third)]


def test_another_time_zone_moves_the_day(company: Any, sprint: Any) -> None:
    company.holds(sprint(31, 0, 23.5)).computes("velocity_trend")
    assert company.row("velocity_trend")["ended_on"] == date(2026, 3, 2)
    company.settings = MetricSettings(calendar=Calendar(timezone=BERLIN))
    company.computes("velocity_trend")
    assert company.row("velocity_trend")["ended_on"] == date(2026, 3, 3)
