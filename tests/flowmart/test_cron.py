"""Cron expressions mean what they mean to cron."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from flowmart.cron import Due, check, next_due

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


BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 10, 24, 21, tzinfo=UTC)
"""The evenings before the clock is put forward from 02:00 to 03:00, and back from 03:00 to 02:00."""


def dues(expression: str, zone: ZoneInfo, start: datetime, number: int) -> list[str]:
    """The next ones: day, time and offset."""
    found, due = [], Due(expression, zone)
    for _ in range(number):
        start = due.after(start) or start
        found.append(f"{start:%d %H:%M %z}")
    return found


@pytest.mark.parametrize("minute", [15, 30])
def test_a_time_that_the_clock_leaves_out_is_due_an_hour_later_and_one_that_comes_twice_the_first_time(
    minute: int,
) -> None:
    assert dues(f"{minute} 2 * * *", BERLIN, SPRING, 2) == [f"29 03:{minute} +0200", f"30 02:{minute} +0200"]
    assert dues(f"{minute} 2 * * *", BERLIN, AUTUMN, 2) == [f"25 02:{minute} +0200", f"26 02:{minute} +0100"]


def test_several_times_in_the_hour_that_is_left_out_or_comes_twice_are_each_due_once() -> None:
    assert dues("0,30 2 * * *", BERLIN, SPRING, 3) == ["29 03:00 +0200", "29 03:30 +0200", "30 02:00 +0200"]
    assert dues("0,30 2 * * *", BERLIN, AUTUMN, 3) == ["25 02:00 +0200", "25 02:30 +0200", "26 02:00 +0100"]
    assert dues("0 2-3 * * *", BERLIN, SPRING, 2) == ["29 03:00 +0200", "30 02:00 +0200"]


def test_midnight_is_due_every_day_also_after_the_clock_was_put_forward() -> None:
    assert dues("0 0 * * *", BERLIN, SPRING, 3) == ["29 00:00 +0100", "30 00:00 +0200", "31 00:00 +0200"]
    assert dues("0 0 * * *", BERLIN, AUTUMN, 3) == ["25 00:00 +0200", "26 00:00 +0100", "27 00:00 +0100"]


def test_with_any_hour_it_goes_by_elapsed_time() -> None:
    assert dues("0 * * * *", BERLIN, SPRING, 4) == [
        "29 00:00 +0100",
        "29 01:00 +0100",
        "29 03:00 +0200",
        "29 04:00 +0200",
    ]
    assert dues("30 * * * *", BERLIN, AUTUMN, 6)[2:] == [
        "25 01:30 +0200",
        "25 02:30 +0200",
        "25 02:30 +0100",
        "25 03:30 +0100",
    ]


def test_a_change_of_half_an_hour_is_one_too() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")  # from 02:00 to 02:30
    before = datetime(2026, 10, 3, 13, tzinfo=UTC)
    assert dues("15 2 * * *", lord_howe, before, 2) == ["04 02:45 +1100", "05 02:15 +1100"]
