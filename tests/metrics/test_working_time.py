"""Working time is what the clocks on the wall show between opening and closing on working days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics.settings import Calendar
from metrics.working_time import WorkingTime

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = frozenset(range(7))
ROUND_THE_CLOCK: tuple[time, None] = (time(0), None)
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def berlin(text: str, fold: int = 0) -> datetime:
    """The instant at which clocks in Berlin show a time of 2026, e.g. `03-02 09:00`; with fold 1 the second time."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


def hours(begin: str | datetime, end: str | datetime, **calendar: Any) -> float:
    first, last = (berlin(moment) if isinstance(moment, str) else moment for moment in (begin, end))
    return WorkingTime(Calendar(timezone=BERLIN, **calendar), *YEAR).seconds(first, last) / 3600


@pytest.mark.parametrize(
    ("begin", "end", "worked"),
    [
        pytest.param("03-02 10:00", "03-02 12:30", 2.5, id="within a day"),
        pytest.param("03-02 07:00", "03-02 10:00", 1, id="from before opening"),
        pytest.param("03-02 16:00", "03-02 20:00", 1, id="until after closing"),
        pytest.param("03-02 06:00", "03-02 22:00", 8, id="more than a day's hours"),
        pytest.param("03-02 18:00", "03-03 08:00", 0, id="a night"),
        pytest.param("03-02 16:30", "03-03 09:15", 0.75, id="over a night"),
        pytest.param("03-06 16:00", "03-09 10:00", 2, id="over a weekend"),
        pytest.param("03-07 10:00", "03-08 15:00", 0, id="within a weekend"),
        pytest.param("03-07 10:00", "03-09 10:00", 1, id="from a Saturday"),
        pytest.param("03-02 09:00", "03-23 09:00", 120, id="three weeks of five days"),
        pytest.param("03-04 12:00", "03-27 13:00", 5 + 16 * 8 + 4, id="weeks that begin and end at noon"),
    ],
)
def test_only_hours_of_working_days_count(begin: str, end: str, worked: float) -> None:
    assert hours(begin, end) == worked


def test_a_holiday_of_the_calendar_is_no_working_day() -> None:
    christmas = ("12-24 12:00", "12-28 10:00")  # Friday the 25th lies between
    assert hours(*christmas) == 5 + 8 + 1
    assert hours(*christmas, holidays="DE") == 5 + 1


def test_days_and_hours_are_the_calendars() -> None:
    calendar = {"working_days": frozenset({6, 0, 1, 2, 3}), "working_hours": (time(8, 30), time(12, 45))}
    assert hours("03-05 12:00", "03-09 08:40", **calendar) == pytest.approx(0.75 + 4.25 + 1 / 6)


@pytest.mark.parametrize(("saturday", "sunday", "monday"), [("03-28", "03-29", "03-30"), ("10-24", "10-25", "10-26")])
def test_a_day_on_which_the_clocks_change_has_its_usual_hours(saturday: str, sunday: str, monday: str) -> None:
    assert hours(f"{sunday} 00:00", f"{monday} 00:00", working_days=EVERY_DAY) == 8
    assert hours(f"{saturday} 16:00", f"{monday} 10:00", working_days=EVERY_DAY) == 1 + 8 + 1


@pytest.mark.parametrize(("sunday", "after", "elapsed"), [("03-29", "03-30", 23), ("10-25", "10-26", 25)])
def test_round_the_clock_such_a_day_has_24_hours_and_its_night_what_the_clocks_show(
    sunday: str, after: str, elapsed: int
) -> None:
    whole = {"working_days": EVERY_DAY, "working_hours": ROUND_THE_CLOCK}
    assert berlin(f"{after} 00:00") - berlin(f"{sunday} 00:00") == timedelta(hours=elapsed)
    assert hours(f"{sunday} 00:00", f"{after} 00:00", **whole) == 24
    assert berlin(f"{sunday} 04:00") - berlin(f"{sunday} 01:00") == timedelta(hours=elapsed - 21)
    assert hours(f"{sunday} 01:00", f"{sunday} 04:00", **whole) == 3


def test_an_hour_that_the_clocks_show_twice_is_counted_once() -> None:
    whole = {"working_days": EVERY_DAY, "working_hours": ROUND_THE_CLOCK}
    assert hours(berlin("10-25 02:10"), berlin("10-25 02:50", fold=1), **whole) == pytest.approx(40 / 60)
    assert hours(berlin("10-25 02:50"), berlin("10-25 02:10", fold=1), **whole) == 0


def test_midnight_at_the_end_of_the_day_is_the_next_days_midnight() -> None:
    evening = {"working_hours": (time(22), None)}
    assert hours("03-02 00:00", "03-03 00:00", **evening) == hours("03-02 23:00", "03-03 23:00", **evening) == 2


def test_there_is_no_time_from_an_instant_to_itself_or_to_an_earlier_one() -> None:
    assert hours("03-02 10:00", "03-02 10:00") == hours("03-03 10:00", "03-02 10:00") == 0


def test_stretches_are_half_open_so_that_parts_add_up() -> None:
    moments = ["03-02 08:00", "03-02 09:00", "03-02 12:00", "03-02 17:00", "03-03 09:00", "03-03 17:00", "03-07 00:00"]
    parts = [hours(begin, end) for begin, end in pairwise(moments)]
    assert parts == [0, 3, 5, 0, 8, 24]
    assert hours(moments[0], moments[-1]) == sum(parts)


def test_instants_are_taken_from_any_zone_to_the_microsecond() -> None:
    measure = WorkingTime(Calendar(timezone=BERLIN), *YEAR)
    tokyo = ZoneInfo("Asia/Tokyo")
    begin = datetime(2026, 3, 2, 16, 59, 59, 999_999, tzinfo=tokyo)  # 08:59:59.999999 in Berlin
    assert measure.seconds(begin, begin + timedelta(microseconds=1)) == 0
    assert measure.seconds(begin, begin + timedelta(microseconds=2)) == 1e-6


def test_the_expected_days_decide_on_nothing() -> None:
    calendar = Calendar(timezone=BERLIN, holidays="DE")
    first, middle, last = date(2024, 1, 1), date(2026, 6, 1), date(2028, 12, 31)
    moments = [
        datetime(year, month, 3, 9, 0, 0, 100_003, tzinfo=UTC) for year in (2024, 2026, 2028) for month in (2, 12)
    ]
    stretches = [(begin, end) for begin in moments for end in moments]
    found = [
        # forwards and backwards, so that years are looked up in either order
        {stretch: measure.seconds(*stretch) for stretch in stretches[::step]}
        for expected in ((first, last), (middle, middle), (first, first), (last, last))
        for step in (1, -1)
        for measure in [WorkingTime(calendar, *expected)]
    ]
    assert all(one == found[0] for one in found)
    # 2025 in Germany: 261 days from Monday to Friday, nine holidays among them
    new_years = [datetime(year, 1, 1, tzinfo=BERLIN) for year in (2025, 2026)]
    assert WorkingTime(calendar, middle, middle).seconds(*new_years) == (261 - 9) * 8 * 3600
