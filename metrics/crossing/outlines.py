"""What a source tells of itself once it is computed: the days that decide which periods all sources have together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime

import msgspec
from sqlalchemy import Connection, func, select

from metrics.crossing.own import OF_SOURCES
from metrics.defects.defect_quality import Gathered, read_firsts
from metrics.defects.escape import Group
from metrics.trends.wip_aging import NARROW
from warehouse.tables.computed import issue_flow, wip_aging
from warehouse.tables.loaded import issues

GROUPS: Mapping[str, Group] = {"all": ("all", None, None), "board": ("board", None, None)}
"""Grouping → the group of `defect_quality` that spans sources: everything, and what has no home board."""


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """Of one source or of several together. Days are local; None where there are no issues."""

    oldest: datetime | None = None
    """When the oldest issue was created."""
    first: date | None = None
    """The first day on which an issue was created or finished."""
    last: date | None = None
    """The last one."""
    firsts: Mapping[str, Mapping[str, date]] = {}
    """Grouping of `GROUPS` → period → first day of the first one that has defects or delivered issues."""
    uncompared: int = 0
    """Issues in progress whose board and project have too few cycle times to compare with."""
    issues: int = 0
    rows: int = 0
    """Computed rows."""


def read_outline(connection: Connection) -> Outline:
    """Of a computed warehouse."""
    of = issue_flow.c
    days = select(
        func.count(),
        func.min(of.created_on),
        func.max(of.created_on),
        func.min(of.finished_on),
        func.max(of.finished_on),
    )
    count, first, last, first_finish, last_finish = connection.execute(days).one()
    found: defaultdict[Group, Gathered] = defaultdict(Gathered)
    read_firsts(connection, found)
    uncompared = (
        select(func.count()).select_from(wip_aging).where(func.coalesce(wip_aging.c.compared_with, "").not_in(NARROW))
    )
    return Outline(
        oldest=connection.scalar(select(func.min(issues.c.created_at))),
        first=min((day for day in (first, first_finish) if day is not None), default=None),
        last=max((day for day in (last, last_finish) if day is not None), default=None),
        firsts={name: found[group].firsts for name, group in GROUPS.items() if group in found},
        uncompared=connection.scalar(uncompared) or 0,
        issues=count,
        rows=sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table in OF_SOURCES),
    )


def together(outlines: Iterable[Outline]) -> Outline:
    """Of all of them as if they were one."""
    every = list(outlines)
    firsts: defaultdict[str, dict[str, date]] = defaultdict(dict)
    for one in every:
        for name, periods in one.firsts.items():
            for period, start in periods.items():
                firsts[name][period] = min(start, firsts[name].get(period, start))
    return Outline(
        oldest=min((one.oldest for one in every if one.oldest is not None), default=None),
        first=min((one.first for one in every if one.first is not None), default=None),
        last=max((one.last for one in every if one.last is not None), default=None),
        firsts=firsts,
        uncompared=sum(one.uncompared for one in every),
        issues=sum(one.issues for one in every),
        rows=sum(one.rows for one in every),
    )
