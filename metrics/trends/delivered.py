"""Delivered issues by period and finest group, for the tables that are computed anew period by period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Column, Select, Table, delete, or_, select

from metrics.base import Context
from metrics.periods import STARTS
from warehouse.bulk import clear
from warehouse.fetching import AnyTuple, fetch_some
from warehouse.tables.computed import issue_flow

Period = tuple[str, date]
"""`week` or `month`, and its first day."""
Group = tuple[str, str | None, str]
"""Project, home board and type."""
Delivered = Mapping[Period, Mapping[Group, Sequence[Any]]]
"""A value of each issue that was finished in the period; those that skipped in_progress are delivered too."""

_ONE_DAY = timedelta(days=1)
# rows that are taken up as they come cost half of what many at once do: they stay in the processor's cache
_ROWS_AT_ONCE = 2_000


def renew(context: Context, target: Table, value: Column[Any]) -> Delivered:
    """Delete the rows of the periods to be computed anew, and give the values of `value` that they are computed from.

    These are all periods, or those that a day of `reach` is in. A period in which nothing was finished is not given.
    """
    if context.everything:
        clear(context.connection, target)
        return by_period(_rows(context, _delivered(value)))
    wanted = {period for day in context.reach.finished_on for period in periods_of(day)}
    for name in STARTS:
        starts = sorted(start for period, start in wanted if period == name)
        of = target.c
        context.connection.execute(delete(target).where(of.period == name, of.period_start.in_(starts)))
    day = issue_flow.c.finished_on
    parts = (_delivered(value).where(day.between(first, last)) for first, last in stretches(wanted))
    return by_period((row for part in parts for row in _rows(context, part)), wanted)


def periods_of(day: date) -> list[Period]:
    """The week and the month that a day is in."""
    return [(period, start(day)) for period, start in STARTS.items()]


def stretches(periods: Iterable[Period]) -> Sequence[tuple[date, date]]:
    """First and last day of each stretch of days that the periods cover without a gap, in order."""
    found: list[tuple[date, date]] = []
    for first, last in sorted((start, _last_day(period, start)) for period, start in periods):
        if found and first <= found[-1][1] + _ONE_DAY:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _last_day(period: str, start: date) -> date:
    if period == "week":
        return start + 6 * _ONE_DAY
    return (start + 31 * _ONE_DAY).replace(day=1) - _ONE_DAY


def _delivered(value: Column[Any]) -> Select[Any]:
    of = issue_flow.c
    return select(of.finished_on, of.project_id, of.board_id, of.issue_type, value).where(
        or_(of.exclusion.is_(None), of.exclusion == "skipped_in_progress"), of.finished_on.is_not(None)
    )


def _rows(context: Context, statement: Select[Any]) -> Iterator[AnyTuple]:
    for some in fetch_some(context.connection, statement, _ROWS_AT_ONCE):
        yield from some


def by_period(rows: Iterable[AnyTuple], wanted: Collection[Period] | None = None) -> Delivered:
    """Rows of (day, project, home board, type, value) by the periods that the day is in, or by the wanted of these."""
    found: defaultdict[Period, defaultdict[Group, list[Any]]] = defaultdict(lambda: defaultdict(list))
    by_day: dict[date, Sequence[Mapping[Group, list[Any]]]] = {}
    for day, project_id, board_id, issue_type, value in rows:
        if day not in by_day:
            by_day[day] = [found[period] for period in periods_of(day) if wanted is None or period in wanted]
        for groups in by_day[day]:
            groups[project_id, board_id, issue_type].append(value)
    return found
