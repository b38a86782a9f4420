"""Local days: the calendar table `dates`, and where a day begins in the calendar's time zone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from metrics.base import Context, Metric
from metrics.settings import Calendar
from warehouse.bulk import clear, insert_rows
from warehouse.tables.computed import dates
from warehouse.tables.loaded import issues

ONE_DAY = timedelta(days=1)
_DAYS_AHEAD = 366


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The day of an instant in a time zone."""
    return moment.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day, in UTC; on a day that the zone skips, that of the next one."""
    # fold=0 takes the offset before a change of clocks: a midnight that does not exist becomes the change itself
    return datetime.combine(day, time(), zone).astimezone(UTC)


class LocalDays:
    """Finds the local days of instants by a table of their first instants: thrice as fast as `local_day`."""

    def __init__(self, first: date, last: date, zone: ZoneInfo) -> None:
        """Days from `first` to `last` are in the table; for others `local_day` is asked."""
        self.days: list[date] = [first + number * ONE_DAY for number in range((last - first).days + 1)]
        self._zone = zone
        starts = [day_start(day, zone) for day in self.days]
        self._starts = [*starts, day_start(last + ONE_DAY, zone)]
        # a day of UTC → how many local days have begun at its first instant: the search begins there
        self._begun = {
            ordinal: bisect_right(starts, datetime.fromordinal(ordinal).replace(tzinfo=UTC))
            for ordinal in range(starts[0].toordinal(), self._starts[-1].toordinal() + 1)
        }

    def __call__(self, moment: datetime) -> date:
        """The local day of an instant in UTC."""
        number = self._begun.get(moment.toordinal())
        starts = self._starts
        if number is None or moment < starts[0] or moment >= starts[-1]:
            return local_day(moment, self._zone)
        while moment >= starts[number]:
            number += 1
        return self.days[number - 1]


def week_start(day: date) -> date:
    """The Monday of the day's ISO week."""
    return day - timedelta(days=day.weekday())


def holidays_of(calendar: Calendar, first: date, last: date) -> Mapping[date, str]:
    """Day → name of the holiday, for the calendar's country or country-subdivision code."""
    if calendar.holidays is None:
        return {}
    import holidays  # here, since it costs 50 ms and most calendars name none

    country, _, subdivision = calendar.holidays.partition("-")
    years = range(first.year, last.year + 1)
    return dict(holidays.country_holidays(country, subdiv=subdivision or None, years=years))


def is_working_day(day: date, calendar: Calendar, free: Container[date]) -> bool:
    """Whether people work on that day, which is none of the `free` ones."""
    return day.weekday() in calendar.working_days and day not in free


def calendar_rows(calendar: Calendar, first: date, last: date) -> Iterator[tuple[object, ...]]:
    """Rows of `dates` in the order of its columns, both days included."""
    free = holidays_of(calendar, first, last)
    start = day_start(first, calendar.timezone)
    day = first
    while day <= last:
        end = day_start(day + ONE_DAY, calendar.timezone)
        quarter = (day.month + 2) // 3
        iso_year, iso_week, weekday = day.isocalendar()
        yield (
            day,
            week_start(day),
            day.replace(day=1),
            date(day.year, 3 * quarter - 2, 1),
            day.year,
            quarter,
            day.month,
            iso_year,
            iso_week,
            weekday,
            f"{day:%Y-%m}",
            is_working_day(day, calendar, free),
            free.get(day),
            start,
            end,
        )
        day, start = day + ONE_DAY, end


def rows_since(oldest: datetime | None, calendar: Calendar, now: datetime) -> Iterator[tuple[object, ...]]:
    """All rows of `dates` for a warehouse whose oldest issue was created then."""
    today = local_day(now, calendar.timezone)
    first = min(today, local_day(oldest, calendar.timezone)) if oldest else today
    # the periods' first days are rows too, so that period_start joins to a day
    first = min(week_start(first), first.replace(day=1))
    return calendar_rows(calendar, first, today + _DAYS_AHEAD * ONE_DAY)


def _compute(context: Context) -> None:
    oldest = context.connection.scalar(select(func.min(issues.c.created_at)))
    clear(context.connection, dates)
    rows = rows_since(oldest, context.settings.calendar, context.now)
    insert_rows(context.connection, dates, [column.name for column in dates.columns], rows)


METRIC = Metric(name="dates", tables=(dates,), reads=("calendar",), compute=_compute)
