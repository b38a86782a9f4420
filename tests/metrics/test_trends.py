"""Cycle times and throughput by week and month are what the finished issues add up to, on every engine."""

from __future__ import annotations

from datetime import UTC, date, datetime
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics.base import Context, Reach
from metrics.settings import Calendar, MetricSettings
from metrics.trends import cycle_time, throughput

FIRST, SECOND = date(2026, 3, 2), date(2026, 3, 9)
MARCH = date(2026, 3, 1)
WEEK = 7 * 24


def percentile(values: list[float], percent: int) -> float:
    """By linear interpolation between order statistics."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def finished(life: Any, number: int, start: float, end: float, **values: Any) -> Any:
    return life(number, **values).then(start, status="Doing").then(end, status="Done")


@pytest.mark.parametrize("count", [1, 2, 3, 7, 11, 21])
def test_percentiles_interpolate_between_order_statistics(company: Any, life: Any, count: int) -> None:
    lasted = [(number * 37 % 50) + 0.3 for number in range(count)]
    company.holds(*(finished(life, n, 1, 1 + hours) for n, hours in enumerate(lasted, 1))).computes("cycle_time_trend")
    row = company.row("cycle_time_trend", period="week", grouping="all")
    days = [hours / 24 for hours in lasted]
    assert row["n"] == count
    assert row["mean_days"] == pytest.approx(fmean(days))
    for percent in (50, 70, 85, 95):
        assert row[f"p{percent}_days"] == pytest.approx(percentile(days, percent), abs=1e-9)


def test_each_grouping_has_its_rows_with_null_in_what_it_does_not_use(company: Any, life: Any) -> None:
    company.holds(
        finished(life, 1, 0, 24),
        finished(life, 2, 0, 48, issue_type="Bug"),
        finished(life, 3, 0, 72, project="20"),
    ).computes("cycle_time_trend")
    columns = ("grouping", "project_id", "board_id", "issue_type", "n", "p50_days")
    assert company.rows("cycle_time_trend", *columns, period="month") == [
        ("all", None, None, None, 3, 2),
        ("board", None, "acme:7", None, 2, 1.5),
        ("board", None, None, None, 1, 3),
        ("board_type", None, "acme:7", "Bug", 1, 2),
        ("board_type", None, "acme:7", "Story", 1, 1),
        ("board_type", None, None, "Story", 1, 3),
        ("project", "acme:10", None, None, 2, 1.5),
        ("project", "acme:20", None, None, 1, 3),
        ("project_type", "acme:10", None, "Bug", 1, 2),
        ("project_type", "acme:10", None, "Story", 1, 1),
        ("project_type", "acme:20", None, "Story", 1, 3),
    ]


def test_a_period_counts_what_finished_in_it_and_shows_those_that_skipped(company: Any, life: Any) -> None:
    company.holds(
        finished(life, 1, 0, WEEK - 1),
        finished(life, 2, 0, WEEK),
        life(3).then(WEEK + 1, status="Done"),
        life(4).then(WEEK + 1, status="Doing").then(WEEK + 2, status="Done", resolution="Won't Do"),
        life(5).then(WEEK + 1, status="Doing"),
        finished(life, 6, 0, 5, others={"level": "subtask"}),
        finished(life, 7, 0, 5, others={"absence": "moved_away"}),
        life(8, status="Done", created=3 * WEEK),
    ).computes("cycle_time_trend")
    columns = ("period_start", "n", "mean_days", "p50_days", "skipped_count")
    assert company.rows("cycle_time_trend", *columns, period="week", grouping="all") == [
        (FIRST, 1, (WEEK - 1) / 24, (WEEK - 1) / 24, 0),
        (SECOND, 1, 7, 7, 1),
        (date(2026, 3, 23), 0, None, None, 1),
    ]
    assert company.rows("cycle_time_trend", *columns[:2], "skipped_count", period="month", grouping="all") == [
        (MARCH, 2, 2)
    ]


def test_throughput_is_kept_at_its_finest_grain_with_points_as_of_the_finish(company: Any, life: Any) -> None:
    company.holds(
        finished(life, 1, 0, 24, story_points=2.5).then(30, points=100.0),
        finished(life, 2, 0, 48, story_points=1.0),
        life(3, issue_type="Bug").then(WEEK, status="Done"),
        finished(life, 4, 0, 72, project="20", story_points=8.0),
        life(5, story_points=8.0).then(2, status="Dropped"),
    ).computes("throughput")
    columns = ("period", "period_start", "project_id", "board_id", "issue_type", "finished_issues", "finished_points")
    assert company.rows("throughput", *columns) == [
        ("month", MARCH, "acme:10", "acme:7", "Bug", 1, 0),
        ("month", MARCH, "acme:10", "acme:7", "Story", 2, 3.5),
        ("month", MARCH, "acme:20", None, "Story", 1, 8),
        ("week", FIRST, "acme:10", "acme:7", "Story", 2, 3.5),
        ("week", FIRST, "acme:20", None, "Story", 1, 8),
        ("week", SECOND, "acme:10", "acme:7", "Bug", 1, 0),
    ]


def test_the_day_of_the_finish_is_the_zones(company: Any, life: Any) -> None:
    company.settings = MetricSettings(calendar=Calendar(timezone=ZoneInfo("America/New_York")))
    company.holds(finished(life, 1, 1, WEEK + 3.5)).computes("throughput")  # 23:30 on Sunday in New York
    assert company.rows("throughput", "period_start", period="week") == [(FIRST,)]


def on(day: date, hour: float = 12) -> float:
    """Hours from the Monday to an hour of a day, both in UTC."""
    return (day - FIRST).days * 24 + hour


@pytest.mark.parametrize(
    ("finish", "week", "month"),
    [
        (on(date(2026, 3, 28), 22.5), date(2026, 3, 23), MARCH),  # Saturday 23:30, one hour ahead of UTC
        (on(date(2026, 3, 29), 21.5), date(2026, 3, 23), MARCH),  # Sunday 23:30, two hours ahead
        (on(date(2026, 3, 29), 22.5), date(2026, 3, 30), MARCH),  # Monday 00:30
        (on(date(2026, 3, 31), 22.5), date(2026, 3, 30), date(2026, 4, 1)),  # 00:30 on the first of April
        (on(date(2026, 10, 24), 22.5), date(2026, 10, 19), date(2026, 10, 1)),  # Sunday 00:30, two hours ahead
        (on(date(2026, 10, 25), 22.5), date(2026, 10, 19), date(2026, 10, 1)),  # Sunday 23:30, one hour ahead
        (on(date(2026, 10, 25), 23), date(2026, 10, 26), date(2026, 10, 1)),  # Monday 00:00
        (on(date(2027, 1, 3), 22.5), date(2026, 12, 28), date(2027, 1, 1)),  # Sunday of the old year's last week
    ],
)
def test_weeks_and_months_change_at_the_zones_midnight_whatever_its_clocks_do(
    company: Any, life: Any, finish: float, week: date, month: date
) -> None:
    company.now = on(date(2027, 2, 1))
    company.settings = MetricSettings(calendar=Calendar(timezone=ZoneInfo("Europe/Berlin")))
    company.holds(finished(life, 1, finish - 3, finish)).computes("cycle_time_trend", "throughput")
    for table in ("cycle_time_trend", "throughput"):
        assert set(company.rows(table, "period", "period_start")) == {("week", week), ("month", month)}


def renew(company: Any, *days: date, everything: bool = False) -> dict[str, Any]:
    """The rows of both tables after their periods with these days, or all, were computed anew."""
    settings, now = company.settings, at_noon(date(2027, 2, 1))
    with company.engine.begin() as connection:
        reach = Reach(finished_on=set(days))
        for metric in (cycle_time.METRIC, throughput.METRIC):
            metric.compute(
                Context(connection=connection, settings=settings, now=now, everything=everything, reach=reach)
            )
    return {table: company.rows(table) for table in ("cycle_time_trend", "throughput")}


def at_noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


BEFORE_NEW_YEAR, NEW_YEAR = date(2026, 12, 29), date(2027, 1, 1)


def test_only_periods_with_a_day_that_changed_are_computed_anew_and_as_from_scratch(company: Any, life: Any) -> None:
    company.now = on(date(2027, 2, 1))
    old = finished(life, 1, on(date(2026, 12, 1)), on(date(2026, 12, 3)))
    moves = finished(life, 2, on(date(2026, 12, 20)), on(BEFORE_NEW_YEAR), story_points=3.0)
    stays = finished(life, 3, on(date(2026, 12, 30)), on(NEW_YEAR), story_points=5.0)
    company.holds(old, moves, stays).computes("cycle_time_trend", "throughput")
    before = {table: company.rows(table) for table in ("cycle_time_trend", "throughput")}
    assert renew(company, BEFORE_NEW_YEAR, NEW_YEAR) == renew(company) == before
    # the one before New Year is finished again in the middle of January
    again = date(2027, 1, 14)
    company.holds(moves.then(on(date(2027, 1, 4)), status="Doing").then(on(again), status="Closed"))
    company.holds(finished(life, 4, on(again), on(again, 18), issue_type="Bug", story_points=0.5))
    company.computes("flow")
    assert renew(company, BEFORE_NEW_YEAR, again) == renew(company, everything=True)
    columns = ("period", "period_start", "n", "mean_days")
    assert company.rows("cycle_time_trend", *columns, grouping="all") == [
        ("month", date(2026, 12, 1), 1, 2),
        ("month", date(2027, 1, 1), 3, pytest.approx((25 + 2 + 0.25) / 3)),
        ("week", date(2026, 11, 30), 1, 2),
        ("week", date(2026, 12, 28), 1, 2),
        ("week", date(2027, 1, 11), 2, pytest.approx(25.25 / 2)),
    ]


def test_a_period_without_a_day_that_changed_is_left_alone(company: Any, life: Any) -> None:
    company.now = on(date(2027, 2, 1))
    company.holds(finished(life, 1, on(date(2026, 12, 1)), on(BEFORE_NEW_YEAR)))
    company.holds(finished(life, 2, on(date(2026, 12, 30)), on(NEW_YEAR))).computes("cycle_time_trend", "throughput")
    company.holds(life(3).then(on(NEW_YEAR), status="Done"), life(4).then(on(BEFORE_NEW_YEAR), status="Done"))
    company.computes("flow")
    # New Year's week holds both days; January holds only one of them
    renew(company, BEFORE_NEW_YEAR)
    assert company.rows("throughput", "period", "period_start", "finished_issues") == [
        ("month", date(2026, 12, 1), 2),
        ("month", date(2027, 1, 1), 1),
        ("week", date(2026, 12, 28), 4),
    ]
    columns = ("period", "period_start", "n", "skipped_count")
    assert company.rows("cycle_time_trend", *columns, grouping="board_type") == [
        ("month", date(2026, 12, 1), 1, 1),
        ("month", date(2027, 1, 1), 1, 0),
        ("week", date(2026, 12, 28), 2, 2),
    ]


def test_sums_are_exact_whatever_the_order_in_which_issues_are_read(company: Any, life: Any) -> None:
    points = [0.1] * 10 + [1e15, 0.3, -1e15]
    company.holds(*(finished(life, n, 0, n, story_points=some) for n, some in enumerate(points, 1)))
    company.computes("throughput")
    assert company.rows("throughput", "finished_points", period="month") == [(1.3,)]


def test_without_issues_there_are_no_rows(company: Any) -> None:
    company.holds().computes()
    assert company.rows("cycle_time_trend") == company.rows("throughput") == []
