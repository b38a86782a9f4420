"""The local days of a sprint: from that of its start to that of its end, real or planned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from metrics.calendar import local_day
from metrics.history.sprint_windows import CLOSED, Window
from warehouse.fetching import fetch_rows
from warehouse.tables.loaded import sprints

_AN_INSTANT = timedelta(microseconds=1)
_LONGEST_PLAN = timedelta(days=366)
"""A sprint planned for longer was mistyped (the year 3026): it gets no row for each of its days."""


class Plan(NamedTuple):
    """What a sprint was planned to last: instants (Jira) or days (Azure DevOps)."""

    end_at: datetime | None = None
    start_on: date | None = None
    finish_on: date | None = None


class Span(NamedTuple):
    """The days of a sprint: `known` is the last that has begun, `planned` the last that it was to have."""

    first: date
    last: date
    known: date
    planned: date | None


def span(window: Window, plan: Plan, now: datetime, zone: ZoneInfo) -> Span:
    """From the day of the start to that of the end; an open sprint lasts to the planned end, overdue ones to today."""
    first = plan.start_on or local_day(window.start_at, zone)
    planned = _planned_day(plan, zone)
    planned = planned and min(planned, first + _LONGEST_PLAN)
    if window.state == CLOSED:
        last = max(first, plan.finish_on or _last_day(window.end_at, zone))
        return Span(first, last, last, planned)
    today = local_day(now, zone)
    return Span(first, max(today, planned or today), today, planned)


def ended_on(window: Window, plan: Plan, zone: ZoneInfo) -> date | None:
    """The last day of a closed sprint, the last planned day of an open one; None where that is unknown or mistyped."""
    if window.state == CLOSED:
        return span(window, plan, window.end_at, zone).last
    first, planned = plan.start_on or local_day(window.start_at, zone), _planned_day(plan, zone)
    return None if planned is None or planned > first + _LONGEST_PLAN else planned


def read_plans(connection: Connection) -> Mapping[str, Plan]:
    """Sprint id → plan, of all sprints."""
    of = sprints.c
    statement = select(of.sprint_id, of.end_at, of.start_on, of.finish_on)
    return {sprint_id: Plan(*plan) for sprint_id, *plan in fetch_rows(connection, statement)}


def _planned_day(plan: Plan, zone: ZoneInfo) -> date | None:
    return plan.finish_on or (_last_day(plan.end_at, zone) if plan.end_at else None)


def _last_day(end_at: datetime, zone: ZoneInfo) -> date:
    """The day of the last instant before the end: what ends at midnight ends with the day before."""
    return local_day(end_at - _AN_INSTANT, zone)
