"""Cycle times and throughput by week and month are what the finished issues add up to, on every engine."""

from __future__ import annotations

from datetime import date
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics.settings import Calendar, MetricSettings

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


def test_without_issues_there_are_no_rows(company: Any) -> None:
    company.holds().computes()
    assert company.rows("cycle_time_trend") == company.rows("throughput") == []
