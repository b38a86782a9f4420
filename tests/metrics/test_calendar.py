"""Local days begin where the time zone says, through every change of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from metrics.calendar import calendar_rows, day_start, holidays_of, local_day, week_start
from metrics.settings import Calendar, MetricSettings
from warehouse.tables import table

BERLIN = ZoneInfo("Europe/Berlin")


def days(first: date, last: date, **calendar: Any) -> list[dict[str, Any]]:
    names = table("dates").columns.keys()
    return [dict(zip(names, row, strict=True)) for row in calendar_rows(Calendar(**calendar), first, last)]


def test_the_day_of_an_instant_is_the_zones() -> None:
    assert local_day(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), BERLIN) == date(2026, 3, 2)
    assert local_day(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), ZoneInfo("America/New_York")) == date(2026, 3, 1)


def test_nights_that_change_the_clocks_make_days_of_23_and_25_hours() -> None:
    lengths = {
        row["day"]: row["ends_at"] - row["starts_at"]
        for first in (date(2026, 3, 28), date(2026, 10, 24))
        for row in days(first, first + timedelta(2), timezone=BERLIN)
    }
    assert [length.total_seconds() / 3600 for length in lengths.values()] == [24, 23, 24, 24, 25, 24]


def test_days_touch() -> None:
    rows = days(date(2026, 1, 1), date(2026, 12, 31), timezone=ZoneInfo("America/Santiago"))
    assert all(before["ends_at"] == after["starts_at"] for before, after in pairwise(rows))
    assert len(rows) == 365


def test_a_midnight_that_does_not_exist_begins_its_day_at_the_change() -> None:
    # Santiago goes from 24:00 on 5 September 2026 straight to 01:00
    start = day_start(date(2026, 9, 6), ZoneInfo("America/Santiago"))
    assert start == datetime(2026, 9, 6, 4, tzinfo=UTC)
    assert local_day(start, ZoneInfo("America/Santiago")) == date(2026, 9, 6)
    assert local_day(start - timedelta(seconds=1), ZoneInfo("America/Santiago")) == date(2026, 9, 5)


def test_weeks_are_iso_weeks_named_by_their_monday() -> None:
    (new_year,) = days(date(2027, 1, 1), date(2027, 1, 1))
    assert (new_year["iso_year"], new_year["iso_week"], new_year["weekday"]) == (2026, 53, 5)
    assert (new_year["week_start"], new_year["month_start"]) == (date(2026, 12, 28), date(2027, 1, 1))
    assert week_start(date(2026, 3, 2)) == date(2026, 3, 2)
    assert week_start(date(2026, 3, 8)) == date(2026, 3, 2)


def test_quarters_begin_in_january_april_july_and_october() -> None:
    starts = {row["quarter_start"] for row in days(date(2026, 1, 1), date(2026, 12, 31))}
    assert starts == {date(2026, month, 1) for month in (1, 4, 7, 10)}


def test_holidays_of_a_country_or_a_part_of_it_are_no_working_days() -> None:
    epiphany = date(2026, 1, 6)
    assert epiphany in holidays_of(Calendar(holidays="DE-BY"), epiphany, epiphany)
    assert epiphany not in holidays_of(Calendar(holidays="DE"), epiphany, epiphany)
    (row,) = days(epiphany, epiphany, holidays="DE-BY")
    assert (row["is_working_day"], bool(row["holiday"])) == (False, True)
    (row,) = days(epiphany, epiphany)
    assert (row["is_working_day"], row["holiday"]) == (True, None)


def test_working_days_are_the_calendars() -> None:
    rows = days(date(2026, 3, 2), date(2026, 3, 8), working_days=frozenset({6, 0, 1, 2, 3}))
    assert [row["is_working_day"] for row in rows] == [True, True, True, True, False, False, True]


def test_the_table_goes_from_the_week_and_month_of_the_oldest_issue_to_a_year_ahead(company: Any, life: Any) -> None:
    company.settings = MetricSettings(calendar=Calendar(timezone=BERLIN))
    company.holds(life(created=-1)).computes("dates")  # 23:00 UTC on Sunday is Monday in Berlin
    found = [day for (day,) in company.rows("dates", "day")]
    assert (found[0], found[-1]) == (date(2026, 3, 1), date(2027, 4, 13))
    assert len(found) == (found[-1] - found[0]).days + 1


def test_a_week_that_begins_in_the_month_before_is_whole(company: Any, life: Any) -> None:
    company.holds(life(created=31 * 24)).computes("dates")  # Thursday, 2 April
    assert company.rows("dates", "day")[0] == (date(2026, 3, 30),)
