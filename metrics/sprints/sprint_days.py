"""Burndown and burn-up: where each sprint's scope stands at the end of each local day."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import fsum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from metrics.base import Context, Metric
from metrics.calendar import ONE_DAY, day_start, holidays_of, is_working_day
from metrics.facts.scope import Points
from metrics.history.sprint_windows import Window
from metrics.settings import Calendar
from metrics.sprints.spans import Plan, Span, read_plans, span
from metrics.sprints.sprint_metrics import ADDED, CANCELLED, COMMITTED, COMPLETED, ESTIMATE_CHANGED
from metrics.sprints.sprint_renewal import SprintIds, fetch_of_sprints, forget_sprints, sprints_to_renew, windows_of
from warehouse.bulk import insert_rows
from warehouse.tables.computed_sprints import sprint_days, sprint_scope_events

Event = tuple[datetime, str, str, Points, Points]
"""From a row of `sprint_scope_events`: at, issue_id, event, points_before, points_after."""


class Level(NamedTuple):
    """An amount in points and in issues."""

    points: float
    issues: float


class Standing(NamedTuple):
    """What is in scope at an instant."""

    remaining: Level
    completed: Level
    scope: Level


_UNKNOWN = (None, None)

_AFTER = {
    COMMITTED: "remaining",
    ADDED: "remaining",
    "reopened": "remaining",
    COMPLETED: "completed",
    CANCELLED: "cancelled",
}
"""Event → what the issue is in scope as from then on; `removed` leaves the scope."""


@dataclass(slots=True)
class Burn:
    """The replay of a sprint's events: the points of each issue that is in scope, by what it is there as."""

    held: Mapping[str, dict[str, float]] = field(
        default_factory=lambda: {"remaining": {}, "completed": {}, "cancelled": {}}
    )
    kinds: dict[str, str] = field(default_factory=dict)
    """Issue → what it is in scope as."""

    def apply(self, event: Event) -> None:
        """What the event does to the issue. Those of one instant may come in any order: each has the new estimate."""
        _, issue_id, name, _, points = event
        was = self.kinds.pop(issue_id, None)
        if was is not None:
            del self.held[was][issue_id]
        kind = was if name == ESTIMATE_CHANGED else _AFTER.get(name)
        if kind is not None:
            self.kinds[issue_id] = kind
            self.held[kind][issue_id] = points or 0.0

    def standing(self) -> Standing:
        """The sums as they are now."""
        remaining, completed, cancelled = (self.held[name] for name in ("remaining", "completed", "cancelled"))
        return Standing(
            Level(fsum(remaining.values()), len(remaining)),
            Level(fsum(completed.values()), len(completed)),
            Level(fsum([*remaining.values(), *completed.values(), *cancelled.values()]), len(self.kinds)),
        )


def standings(days: Span, events: Iterable[Event], zone: ZoneInfo) -> Iterator[Standing]:
    """What is in scope at the end of each day that has begun; at that of the last one all has happened."""
    ends = [day_start(day + ONE_DAY, zone) for day in _days(days.first, days.known)]
    happened: list[list[Event]] = [[] for _ in ends]
    for event in sorted(events):
        # with grace hours a sprint may start after its first day
        place = 0 if event[2] == COMMITTED else bisect_right(ends, event[0])
        happened[min(place, len(ends) - 1)].append(event)
    burn = Burn()
    standing = burn.standing()
    for some in happened:
        for event in some:
            burn.apply(event)
        standing = burn.standing() if some else standing
        yield standing


def ideal(days: Span, committed: Level, is_working: Callable[[date], bool]) -> Iterator[Level | None]:
    """For each day the line from `committed` at the start down to 0 at the planned end, which falls on working days.

    None for all without a working day in the plan.
    """
    planned = {day for day in _days(days.first, days.planned or days.first - ONE_DAY) if is_working(day)}
    left = len(planned)
    for day in _days(days.first, days.last):
        left -= day in planned
        yield Level(*(amount * left / len(planned) for amount in committed)) if planned else None


def day_rows(
    window: Window, plan: Plan, events: Sequence[Event], now: datetime, calendar: WorkingCalendar
) -> Iterator[tuple[object, ...]]:
    """The sprint's rows of `sprint_days`."""
    days = span(window, plan, now, calendar.zone)
    at_start = [points or 0.0 for _, _, name, _, points in events if name == COMMITTED]
    lines = ideal(days, Level(fsum(at_start), len(at_start)), calendar.is_working)
    known = standings(days, events, calendar.zone)
    for day, line in zip(_days(days.first, days.last), lines, strict=True):
        remaining, completed, scope = next(known, (_UNKNOWN,) * 3)
        row = (f"{window.sprint_id}:{day}", window.sprint_id, day, calendar.is_working(day))
        yield (*row, *remaining, *completed, *scope, *(line or _UNKNOWN))


def _days(first: date, last: date) -> Iterator[date]:
    return (first + place * ONE_DAY for place in range((last - first).days + 1))


class WorkingCalendar:
    """Which days are worked on, by weekday and holidays."""

    def __init__(self, calendar: Calendar) -> None:
        """Holidays are looked up when a day of their year is first asked for."""
        self.zone = calendar.timezone
        self._calendar = calendar
        self._free: dict[int, Mapping[date, str]] = {}

    def is_working(self, day: date) -> bool:
        """Whether it is a working day and no holiday."""
        free = self._free.get(day.year)
        if free is None:
            free = self._free[day.year] = holidays_of(self._calendar, day, day)
        return is_working_day(day, self._calendar, free)


def _read_events(connection: Connection, sprint_ids: SprintIds) -> Mapping[str, list[Event]]:
    of = sprint_scope_events.c
    statement = select(of.sprint_id, of.at, of.issue_id, of.event, of.points_before, of.points_after)
    found: defaultdict[str, list[Event]] = defaultdict(list)
    for rows in fetch_of_sprints(connection, statement, sprint_ids):
        for row in rows:
            found[row[0]].append(row[1:])
    return found


def _compute(context: Context) -> None:
    connection, sprint_ids = context.connection, sprints_to_renew(context)
    events, plans = _read_events(connection, sprint_ids), read_plans(connection)
    calendar = WorkingCalendar(context.settings.calendar)
    rows = (
        row
        for window in windows_of(context, sprint_ids)
        for row in day_rows(window, plans[window.sprint_id], events.get(window.sprint_id, ()), context.now, calendar)
    )
    forget_sprints(connection, sprint_days, sprint_ids)
    insert_rows(connection, sprint_days, sprint_days.columns.keys(), rows)


METRIC = Metric(
    name="sprint_days",
    tables=(sprint_days,),
    depends_on=("sprints", "flow"),
    reads=("calendar.timezone", "calendar.working_days", "calendar.holidays", "grace_hours"),
    compute=_compute,
)
"""Fills `sprint_days`."""
