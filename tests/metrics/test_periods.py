"""Percentiles interpolate, keys tell what a row is for, and periods begin on Mondays and on first days of months."""

from __future__ import annotations

from datetime import date
from statistics import quantiles

import pytest

from metrics.periods import key_of, percentile
from metrics.trends.delivered import periods_of, stretches


def test_a_percentile_lies_between_its_neighbours_by_the_share_of_the_way() -> None:
    assert percentile([1, 2, 3, 4], 50) == 2.5
    assert percentile([10, 20, 30, 40, 50], 85) == 44  # place 3.4 from 0
    assert percentile([10, 20, 30, 40, 50], 50) == 30
    assert percentile([10, 20, 30, 40, 50], 95) == 48
    assert {percentile([7.3], percent) for percent in (50, 70, 85, 95)} == {7.3}


@pytest.mark.parametrize("count", [2, 9, 21, 100])
def test_percentiles_are_those_of_the_standard_library(count: int) -> None:
    values = sorted((number * 37 % 101) ** 1.5 for number in range(count))
    expected = quantiles(values, n=100, method="inclusive")
    for percent in (50, 70, 85, 95):
        assert percentile(values, percent) == pytest.approx(expected[percent - 1])


def test_equal_values_have_themselves_as_percentiles() -> None:
    assert {percentile([0.1] * 8, percent) for percent in (50, 70, 85, 95)} == {0.1}


def test_a_key_joins_its_parts_with_nothing_where_there_is_none() -> None:
    assert (
        key_of("week", date(2026, 3, 2), "board_type", None, "acme:7", "Bug")
        == "week:2026-03-02:board_type::acme:7:Bug"
    )


@pytest.mark.parametrize(
    ("day", "week", "month"),
    [
        (date(2027, 1, 1), date(2026, 12, 28), date(2027, 1, 1)),  # Friday of week 53 of 2026
        (date(2027, 1, 4), date(2027, 1, 4), date(2027, 1, 1)),
        (date(2024, 12, 31), date(2024, 12, 30), date(2024, 12, 1)),  # Tuesday of week 1 of 2025
        (date(2024, 2, 29), date(2024, 2, 26), date(2024, 2, 1)),
        (date(2026, 3, 1), date(2026, 2, 23), date(2026, 3, 1)),  # a Sunday
    ],
)
def test_a_day_is_in_its_iso_week_and_its_month(day: date, week: date, month: date) -> None:
    assert periods_of(day) == [("week", week), ("month", month)]


def test_periods_that_touch_or_overlap_are_one_stretch_of_days() -> None:
    assert stretches([]) == []
    assert stretches([("month", date(2024, 2, 1))]) == [(date(2024, 2, 1), date(2024, 2, 29))]
    assert stretches([("month", date(2026, 12, 1)), ("week", date(2026, 12, 28))]) == [
        (date(2026, 12, 1), date(2027, 1, 3))
    ]
    assert stretches([("week", date(2026, 3, 9)), ("week", date(2026, 3, 2)), ("week", date(2026, 3, 23))]) == [
        (date(2026, 3, 2), date(2026, 3, 15)),
        (date(2026, 3, 23), date(2026, 3, 29)),
    ]
    assert stretches([("week", date(2026, 3, 9)), ("month", date(2026, 3, 1))]) == [
        (date(2026, 3, 1), date(2026, 3, 31))
    ]
