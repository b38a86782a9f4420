"""Working hours of the company: Europe/Berlin, Monday to Friday, 09:00 to 18:00."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
WORKDAY = 9 * HOUR
CLOSED_AFTER = 11 * HOUR


@lru_cache(maxsize=2048)
def opening(day: date) -> int:
    """The instant of 09:00 in Berlin on that day."""
    return int(datetime.combine(day, time(9), BERLIN).timestamp()) * SECOND


@lru_cache(maxsize=2048)
def midnight(day: date) -> int:
    """The instant of 00:00 UTC on that day."""
    return int(datetime.combine(day, time(0), UTC).timestamp()) * SECOND


def is_workday(day: date) -> bool:
    """Monday to Friday."""
    return day.weekday() < 5


def monday(day: date) -> date:
    """The Monday of that day's week."""
    return day - timedelta(days=day.weekday())


def local_day(at: int) -> date:
    """The day in Berlin on which the instant lies."""
    return datetime.fromtimestamp(at // SECOND, BERLIN).date()


def last_closed_day(now: int) -> date:
    """The latest day whose last working hour is over."""
    day = local_day(now)
    while opening(day) + CLOSED_AFTER > now:
        day -= timedelta(days=1)
    return day
