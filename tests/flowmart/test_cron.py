"""Cron expressions mean what they mean to cron."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from flowmart.cron import check, next_due

TUESDAY = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "day"),
    [
        ("0 0 * * 0", 29),
        ("0 0 * * 7", 29),
        ("0 0 * * sun", 29),
        ("0 0 * * 1-5", 25),
        ("0 0 * * 5-7", 27),
        ("0 0 * * sat-sun", 28),
        ("0 0 * * 0-6", 25),
        ("0 0 * * */3", 25),
        ("0 0 * * MON,THU", 26),
        ("0 0 * * ?", 25),
        ("0 0 28 * *", 28),
    ],
)
def test_weekdays_count_from_sunday(expression: str, day: int) -> None:
    assert next_due(expression, UTC, TUESDAY.replace(minute=1)) == datetime(2026, 11, day, tzinfo=UTC)


def test_two_restricted_day_fields_are_due_on_either() -> None:
    assert next_due("0 0 26 * 1", UTC, TUESDAY.replace(minute=1)) == datetime(2026, 11, 26, tzinfo=UTC)
    assert next_due("0 0 2 * 5", UTC, TUESDAY.replace(minute=1)) == datetime(2026, 11, 27, tzinfo=UTC)


def test_times_are_local() -> None:
    due = next_due("15 2 * * *", ZoneInfo("Europe/Berlin"), TUESDAY)
    assert due is not None
    assert due.astimezone(UTC) == datetime(2026, 11, 24, 1, 15, tzinfo=UTC)


def test_a_day_that_never_comes_is_never_due() -> None:
    assert next_due("0 0 31 2 *", UTC, TUESDAY) is None


@pytest.mark.parametrize(
    "expression",
    ["", "* * * *", "* * * * * *", "61 * * * *", "0 0 * * 8", "0 0 * * 5-3", "a b c d e", "0 0 * * */0", "0 0 * * ²"],
)
def test_what_cannot_be_read_is_refused_with_an_example(expression: str) -> None:
    with pytest.raises(ValueError, match="write five fields, such as"):
        check(expression)
