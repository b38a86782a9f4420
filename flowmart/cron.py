"""Cron expressions as cron itself reads them, as triggers of the scheduler."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
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


def next_due(expression: str, zone: tzinfo, now: datetime) -> datetime | None:
    """The first instant after `now` at which it is due; None if there is none."""
    moment: datetime | None = trigger(expression, zone).get_next_fire_time(now, now)
    return moment


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
