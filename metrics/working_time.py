"""Working time between two instants, by the calendar's days, hours and holidays. Pure."""

from __future__ import annotations

from datetime import date, datetime, time
from itertools import accumulate

from metrics.calendar import holidays_of, is_working_day
from metrics.settings import Calendar

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND


class WorkingTime:
    """Measures stretches of time by one calendar.

    `first` and `last` say which local days to expect. Other days are measured rightly too: the years that they are in
    are looked up when they come. Whole microseconds are counted, so that no result depends on which days are known.
    """

    __slots__ = ("_begin", "_calendar", "_closes", "_first", "_last", "_opens", "_worked", "_zone")

    def __init__(self, calendar: Calendar, first: date, last: date) -> None:
        opens, closes = calendar.working_hours
        self._calendar = calendar
        self._zone = calendar.timezone
        self._opens = _since_midnight(opens)
        self._closes = _DAY if closes is None else _since_midnight(closes)
        self._begin = first.toordinal()
        self._cover(date(first.year, 1, 1), date(last.year, 12, 31))

    def seconds(self, begin: datetime, end: datetime) -> float:
        """Seconds of working hours on working days in [begin, end), by what the clocks on the wall show.

        A working day from 09:00 to 17:00 has eight hours whether or not the clocks change on it, and a whole one has
        24: from 01:00 to 04:00 in a night that changes the clocks are three hours, though two or four went by. It is 0
        where the clock at the end shows no later time, having been put back in between, and where `end` is not after
        `begin`.
        """
        if end <= begin:
            return 0.0
        zone = self._zone
        worked = self._until(end.astimezone(zone)) - self._until(begin.astimezone(zone))
        return max(worked, 0) / _SECOND

    def _until(self, moment: datetime) -> int:
        """Microseconds worked from the begin of the day `_begin` to a local time; negative before it."""
        day = moment.toordinal()
        if not self._first <= day <= self._last:
            self._cover(
                min(date.fromordinal(self._first), date(moment.year, 1, 1)),
                max(date.fromordinal(self._last), date(moment.year, 12, 31)),
            )
        place = day - self._first
        before = self._worked[place]
        today = ((moment.hour * 60 + moment.minute) * 60 + moment.second) * _SECOND + moment.microsecond - self._opens
        # the sum at the day's end is the roof, also of a day without work
        return min(before + today, self._worked[place + 1]) if today > 0 else before

    def _cover(self, first: date, last: date) -> None:
        """Know the days from first to last."""
        calendar, hours = self._calendar, self._closes - self._opens
        free = holidays_of(calendar, first, last)
        days = map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))
        sums = list(accumulate((is_working_day(day, calendar, free) * hours for day in days), initial=0))
        self._first, self._last = first.toordinal(), last.toordinal()
        # counted from the same day as before, as `seconds` may hold a sum while more days are looked up
        at_begin = sums[self._begin - self._first]
        self._worked = [worked - at_begin for worked in sums]


def _since_midnight(clock: time) -> int:
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * _SECOND + clock.microsecond
