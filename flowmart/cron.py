"""Cron expressions as cron itself reads them, as triggers of the scheduler."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

_FIELDS = ("minute", "hour", "day", "month", "day_of_week")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EXAMPLE = 'write five fields, such as "15 2 * * *" for 02:15 every day'


def trigger(expression: str, zone: tzinfo) -> BaseTrigger:
    """When it is due in `zone`. Raises `ValueError` with what is wrong.

    The scheduler counts weekdays from Monday and wants both day fields to match; cron counts from Sunday and is
    content with one of them if both are restricted.
    """
    fields = dict(zip(_FIELDS, expression.lower().split(), strict=False))
    if len(expression.split()) != len(_FIELDS):
        raise ValueError(_EXAMPLE)
    fields["day_of_week"] = _named_days(fields["day_of_week"])
    if fields["day"].startswith("*") or fields["day_of_week"].startswith("*"):
        return _plain(fields, zone)
    from apscheduler.triggers.combining import OrTrigger

    return OrTrigger([_plain({**fields, "day_of_week": "*"}, zone), _plain({**fields, "day": "*"}, zone)])


def check(expression: str) -> str:
    """The expression itself if it can be read, else `ValueError`."""
    trigger(expression, _ANY_ZONE)
    return expression


@dataclass(frozen=True, slots=True)
class Due:
    """When a cron expression is due in `zone`, also on the nights on which the clock is changed.

    What names its hours is due once on each of its days: at a time that comes twice it is due the first time, and one
    that the clock leaves out (02:30 when it goes from 02:00 to 03:00) is due as much later, at 03:30. With a `*` in the
    hour it goes by elapsed time, so that every hour is served.
    """

    expression: str
    zone: tzinfo

    def after(self, moment: datetime) -> datetime | None:
        """The first due instant after `moment`, in the zone; None if there is none."""
        by_elapsed_time = self.expression.split()[1].startswith("*")
        return self._by_elapsed_time(moment.astimezone(UTC) + _TICK) if by_elapsed_time else self._by_the_clock(moment)

    # The trigger is only ever asked in a zone without changes: in one with changes it adds a day of 24 hours to a
    # midnight, and so leaves out the night after the clock was put forward.

    def _by_the_clock(self, moment: datetime) -> datetime | None:
        found = trigger(self.expression, UTC)
        # as if the clock had not been changed just now: of several times that it left out each is due
        shown = [moment.astimezone(self.zone), (moment.astimezone(UTC) - _LONGEST_CHANGE).astimezone(self.zone)]
        wall = min(shown[0].replace(tzinfo=UTC), shown[1].replace(tzinfo=UTC) + _LONGEST_CHANGE)
        while True:
            due: datetime | None = found.get_next_fire_time(None, wall + _TICK)
            if due is None:
                return None
            instant = due.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
            if instant > moment:
                return instant.astimezone(self.zone)
            wall = due

    def _by_elapsed_time(self, start: datetime) -> datetime | None:
        """The first at `start` or after it: by the offset of `start` for as long as that holds, then by the next."""
        offset = start.astimezone(self.zone).utcoffset()
        found = trigger(self.expression, timezone(offset or timedelta()))
        due: datetime | None = found.get_next_fire_time(None, start)
        if due is None or due.astimezone(self.zone).utcoffset() == offset:
            return None if due is None else due.astimezone(self.zone)
        whole = start.astimezone(UTC).replace(second=0, microsecond=0)
        minutes = range(int((due - whole) / _MINUTE) + 1)
        changed = bisect_left(
            minutes, 1, lo=1, key=lambda n: (whole + n * _MINUTE).astimezone(self.zone).utcoffset() != offset
        )
        return self._by_elapsed_time(whole + changed * _MINUTE)


def next_due(expression: str, zone: tzinfo, now: datetime) -> datetime | None:
    """The first instant at `now` or after it at which it is due; None if there is none."""
    return Due(expression, zone).after(now - _TICK)


_TICK = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1)
_LONGEST_CHANGE = timedelta(hours=3)
_ANY_ZONE = UTC


def _plain(fields: dict[str, str], zone: tzinfo) -> BaseTrigger:
    # here, since every command reads the settings and few have a schedule in them: the scheduler costs 60 ms
    from apscheduler.triggers.cron import CronTrigger

    try:
        return CronTrigger(**fields, timezone=zone)
    except ValueError as error:
        raise ValueError(f"{' '.join(str(error).split())}; {_EXAMPLE}") from None


def _named_days(field: str) -> str:
    """Weekdays in cron's numbers or names → names, ranges spelled out, since the scheduler's week begins on Monday."""
    if field in {"*", "?"}:
        return "*"
    days: list[str] = []
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = ("0-6" if span == "*" else span).partition("-")
        start, stop = _day_number(first), _day_number(last or (first if not step else "6"))
        if last in {"sun", "0"} and stop < start:
            stop = 7
        every = int(step) if step.isascii() and step.isdigit() and int(step) else 1 if not step else 0
        if stop < start or not every:
            raise ValueError(f"{part!r} is no span of weekdays; {_EXAMPLE}")
        days += [_DAYS[number] for number in range(start, stop + 1, every)]
    return ",".join(dict.fromkeys(days))


def _day_number(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) < len(_DAYS):
        return int(text)
    if text in _DAYS:
        return _DAYS.index(text)
    raise ValueError(f"{text!r} is no weekday (0 to 7, or sun to sat); {_EXAMPLE}")
