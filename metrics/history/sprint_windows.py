"""The instants that count as a sprint's start and end, and the days of Azure DevOps iterations as instants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from metrics.base import Context, Metric
from metrics.calendar import ONE_DAY, day_start, local_day
from metrics.settings import MetricSettings
from warehouse.bulk import update_rows
from warehouse.fetching import fetch_rows
from warehouse.tables.loaded import sprints

FUTURE = "future"
ACTIVE = "active"
CLOSED = "closed"


class Window(NamedTuple):
    """An active or closed sprint; `end_at` of one that is still open is now."""

    sprint_id: str
    board_id: str | None
    state: str
    start_at: datetime
    end_at: datetime


class SprintTimes(NamedTuple):
    """What a tracker says about a sprint's times. Those with days (`start_on`, `finish_on`) may get grace hours."""

    sprint_id: str
    board_id: str | None
    state: str
    start_at: datetime | None
    end_at: datetime | None
    activated_at: datetime | None = None
    completed_at: datetime | None = None
    start_on: date | None = None
    finish_on: date | None = None


def window(times: SprintTimes, now: datetime, grace_hours: float = 0.0) -> Window | None:
    """The window of an active or closed sprint; None for future ones and those whose start or end nobody knows."""
    start, end = times.activated_at or times.start_at, times.completed_at or times.end_at
    if times.start_on is not None:
        grace = timedelta(hours=grace_hours)
        start, end = start and start + grace, end and end + grace
    state = times.state
    if state == CLOSED and times.completed_at is not None and times.completed_at > now:
        state = ACTIVE  # it was closed after this run began
    end = now if state == ACTIVE else end
    if state not in {ACTIVE, CLOSED} or start is None or end is None:
        return None
    if times.state == CLOSED and start > now:
        return None  # as of this run it had not begun
    start = min(start, now)
    return Window(times.sprint_id, times.board_id, state, start, max(start, min(end, now)))


def read_windows(connection: Connection, settings: MetricSettings, now: datetime) -> Mapping[str, Window]:
    """Sprint id → window, of all sprints that have one."""
    columns = [sprints.c[name] for name in SprintTimes._fields]
    rows = fetch_rows(connection, select(*columns).order_by(sprints.c.sprint_id))
    found = (window(SprintTimes(*row), now, settings.grace_hours) for row in rows)
    return {one.sprint_id: one for one in found if one is not None}


def iteration_days(
    start_on: date | None, finish_on: date | None, now: datetime, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None, str]:
    """Start, end and state of an iteration that has days: from the first instant of the one to the end of the other."""
    start = day_start(start_on, zone) if start_on else None
    end = day_start(finish_on + ONE_DAY, zone) if finish_on else None
    today = local_day(now, zone)
    if start_on is None or today < start_on:
        return start, end, FUTURE
    return start, end, CLOSED if finish_on is not None and today > finish_on else ACTIVE


def _compute(context: Context) -> None:
    stored = context.connection.execute(select(sprints).where(sprints.c.start_on.is_not(None)))
    changed = [row for row in map(lambda sprint: _renewed(sprint, context), stored) if row is not None]  # noqa: C417
    if changed:
        update_rows(context.connection, sprints, "sprint_id", ["start_at", "end_at", "state"], changed)


def _renewed(sprint: Row[tuple[object, ...]], context: Context) -> tuple[object, ...] | None:
    times = iteration_days(sprint.start_on, sprint.finish_on, context.now, context.settings.calendar.timezone)
    return None if times == (sprint.start_at, sprint.end_at, sprint.state) else (sprint.sprint_id, *times)


METRIC = Metric(name="sprints", compute=_compute)
"""Fills start, end and state of sprints that have days instead of instants."""
