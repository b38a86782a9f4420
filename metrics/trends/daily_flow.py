"""How many issues stood in each status at the end of each local day, for the whole history."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select

from metrics import outdated
from metrics.base import Context, Metric
from metrics.calendar import day_start, local_day
from metrics.flow_steps import DayStep, FlowSteps, Group, Place, Standing, standings
from warehouse.bulk import clear, insert_rows, update_rows
from warehouse.fetching import fetch_rows, portions
from warehouse.tables.computed import daily_flow, dates, issue_flow, status_intervals
from warehouse.tables.loaded import statuses

_ABSENT = frozenset({"deleted", "moved_away", "access_lost"})
_AT_ONCE = 1_000
_NAMES = "daily_flow:names"
_FIGURES = ("issues", "arrivals", "departures", "issues_monotone")

_GroupSteps = Sequence[tuple[Group, Sequence[DayStep]]]


def steps_for(context: Context) -> FlowSteps:
    """Empty steps for this computation: of the whole warehouse if it computes everything, else for differences.

    Needs `dates`. The facts pass adds each issue that is not absent and puts the steps into `reach`.
    """
    return _empty(context, is_whole=context.everything)


def subtract_stored(steps: FlowSteps, connection: Connection, issue_ids: Iterable[str]) -> None:
    """Take away the issues as `status_intervals` and `issue_flow` have them: to be called before they are renewed."""
    _add_stored(steps, connection, issue_ids, -1)


def _empty(context: Context, *, is_whole: bool) -> FlowSteps:
    zone = context.settings.calendar.timezone
    today = local_day(context.now, zone)
    # rows of before may begin earlier than today's oldest issue
    began = (context.connection.scalar(select(func.min(column))) for column in (dates.c.day, daily_flow.c.day))
    first = min(day for day in (*began, today) if day is not None)
    starts = [day_start(first + timedelta(days=number), zone) for number in range((today - first).days + 1)]
    return FlowSteps(first, starts, _names(context.connection), is_whole=is_whole)


def _names(connection: Connection) -> Mapping[str, str]:
    """Status → its name of today."""
    return dict(fetch_rows(connection, select(statuses.c.status_id, statuses.c.name).order_by(statuses.c.status_id)))


def _add_stored(steps: FlowSteps, connection: Connection, issue_ids: Iterable[str], sign: int) -> None:
    waiting = iter(issue_ids)
    while some := list(islice(waiting, _AT_ONCE)):
        places = _places(connection, some)
        for issue_id, stays in groupby(_stays(connection, some), key=itemgetter(1)):
            place = places.get(issue_id)
            if place is not None:
                steps.add(place, list(stays), sign)


def _places(connection: Connection, issue_ids: Collection[str]) -> Mapping[str, Place]:
    """Issue → where it counts, for those that are not absent."""
    of = issue_flow.c
    rows = fetch_rows(
        connection,
        select(of.issue_id, of.exclusion, of.project_id, of.board_id, of.issue_type, of.level).where(
            of.issue_id.in_(issue_ids)
        ),
    )
    return {row[0]: row[2:] for row in rows if row[1] not in _ABSENT}


def _stays(connection: Connection, issue_ids: Collection[str]) -> list[tuple[Any, ...]]:
    """Stays of the issues as `FlowSteps.add` reads them, but with the issue in the second place."""
    of = status_intervals.c
    return fetch_rows(
        connection,
        select(of.entered_at, of.issue_id, of.status_id, of.status, of.stage)
        .where(of.issue_id.in_(issue_ids))
        # several stays may begin at one instant, and the ordinal in their ids is a text: 10 comes after 9 by its length
        .order_by(of.issue_id, of.entered_at, func.length(of.status_interval_id), of.status_interval_id),
    )


def _compute(context: Context) -> None:
    connection, steps = context.connection, context.reach.steps
    is_renamed = _note_names(connection)
    if steps is None or not (steps.is_whole or (not context.everything and not is_renamed)):
        steps = _empty(context, is_whole=True)
        ids = fetch_rows(connection, select(issue_flow.c.issue_id).order_by(issue_flow.c.issue_id))
        _add_stored(steps, connection, map(itemgetter(0), ids), 1)
    if not steps.is_whole:
        _renew(connection, steps)
        return
    clear(connection, daily_flow)
    end = len(steps.days)
    _insert(connection, steps, ((group, standings(own, own[0].day, end)) for group, own in steps.groups()))


def _note_names(connection: Connection) -> bool:
    """Whether the statuses have other names than in the last compute: rows stand under the names of then."""
    names = hashlib.sha256(msgspec.json.encode(_names(connection))).hexdigest()
    known = outdated.inputs_known(connection, (_NAMES,))
    outdated.remember(connection, (_NAMES,), {_NAMES: names})
    return known.get(_NAMES) != names


def _renew(connection: Connection, steps: FlowSteps) -> None:
    """Bring the rows up to date with the differences, and on to today."""
    last = connection.scalar(select(func.max(daily_flow.c.day)))
    groups = [*steps.groups()]
    # as long as there is any issue, each day has a row: the last one is that of the last compute
    known = 0 if last is None else steps.days.index(last) + 1
    _change(connection, steps, groups, known)
    _carry_on(connection, steps, groups, known)


def _change(connection: Connection, steps: FlowSteps, groups: _GroupSteps, known: int) -> None:
    """Renew the rows of the days that have been computed before, where they differ."""
    differing: dict[str, tuple[Group, Standing]] = {}
    for group, own in groups:
        ending = _ending(group)
        for standing in standings(own, own[0].day, known):
            differing[f"{steps.days[standing.day]}{ending}"] = group, standing
    changed, gone = [], []
    for row_id, *before in _rows_of(connection, differing):
        group, (_, *differences) = differing.pop(row_id)
        figures = [old + difference for old, difference in zip(before, differences, strict=True)]
        if any(figures):
            changed.append((row_id, *figures))
        else:
            gone.append(row_id)
    update_rows(connection, daily_flow, "daily_flow_id", _FIGURES, changed)
    for some in portions(gone):
        connection.execute(delete(daily_flow).where(daily_flow.c.daily_flow_id.in_(some)))
    _insert(connection, steps, ((group, [standing]) for group, standing in differing.values()))


def _rows_of(connection: Connection, row_ids: Collection[str]) -> Iterator[tuple[Any, ...]]:
    of = daily_flow.c
    for some in portions(sorted(row_ids)):
        yield from fetch_rows(
            connection, select(of.daily_flow_id, *(of[name] for name in _FIGURES)).where(of.daily_flow_id.in_(some))
        )


def _carry_on(connection: Connection, steps: FlowSteps, groups: _GroupSteps, known: int) -> None:
    """Add rows for the days since the last computed one, on which issues stay where they were."""
    end = len(steps.days)
    if known == end:
        return
    of = daily_flow.c
    stood: dict[Group, tuple[int, int]] = {}
    if known:
        columns = (*(of[name] for name in Group._fields), of.issues, of.issues_monotone)
        for *group, issues, monotone in fetch_rows(connection, select(*columns).where(of.day == steps.days[known - 1])):
            stood[Group(*group)] = issues, monotone
    happened = dict(groups)
    _insert(
        connection,
        steps,
        (
            (group, standings(happened.get(group, ()), known, end, *stood.get(group, (0, 0))))
            for group in dict.fromkeys([*stood, *happened])
        ),
    )


def _insert(connection: Connection, steps: FlowSteps, groups: Iterable[tuple[Group, Iterable[Standing]]]) -> None:
    days = [(day, day.isoformat()) for day in steps.days]
    by_day: list[list[tuple[Any, ...]]] = [[] for _ in days]
    for group, own in groups:
        ending = _ending(group)
        for number, issues, arrivals, departures, monotone in own:
            day, text = days[number]
            by_day[number].append((text + ending, day, *group, issues, arrivals, departures, monotone))
    columns = ("daily_flow_id", "day", *Group._fields, *_FIGURES)
    # in the order of their ids, which begin with the day: the key's index grows at its end
    insert_rows(connection, daily_flow, columns, (row for rows in by_day for row in rows))


def _ending(group: Group) -> str:
    """What follows the day in the ids of a group's rows."""
    return "".join(f":{part or ''}" for part in group)


METRIC = Metric(
    name="daily_flow",
    tables=(daily_flow,),
    depends_on=("dates", "flow"),
    reads=("calendar.timezone",),
    compute=_compute,
)
"""Fills `daily_flow`, from the steps that the facts pass counts on its way, or else from the stored facts."""
