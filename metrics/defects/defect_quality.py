"""Defects by week and month: reopenings, time to resolve, how many stay open, and how many there are to the work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, delete, func, or_, select

from metrics.base import Context, Metric
from metrics.calendar import day_start, local_day
from metrics.defects.escape import Group, groups_of
from metrics.defects.open_defects import Open, OpenFigures, open_at, stretch, stretches
from metrics.defects.quality_figures import PROBATION, Life, Tally, figures, next_start, starts_between, tally
from metrics.defects.stage_moves import from_text
from metrics.history.stages import folded
from metrics.periods import STARTS, key_of
from warehouse.bulk import clear, insert_rows
from warehouse.fetching import AnyTuple, fetch_rows, portions
from warehouse.tables.computed import definitions, issue_flow, throughput
from warehouse.tables.computed_defects import defect_quality, defects

Place = tuple[str, str | None]
"""Project and home board."""
_COUNTED = defects.c.is_cancelled.is_(False)


@dataclass(slots=True)
class Gathered:
    """What there is of a group: the first day of its first period, counts by period, stretches of open defects."""

    firsts: dict[str, date] = field(default_factory=dict)
    tallies: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    opens: list[Open] = field(default_factory=list)


def _compute(context: Context) -> None:
    connection = context.connection
    since = None if context.everything else _first_day(context)
    if since is None:
        clear(connection, defect_quality)
    else:
        of = defect_quality.c
        later = [and_(of.period == period, of.period_start >= start(since)) for period, start in STARTS.items()]
        connection.execute(delete(defect_quality).where(or_(*later)))
    rows = _rows(context, _groups(context, since), since)
    insert_rows(connection, defect_quality, defect_quality.columns.keys(), rows)


def _first_day(context: Context) -> date | None:
    """The first day whose periods may differ from before; None when all may.

    A defect that differs reaches all periods from its creation on, as it may have been open. Of the others, entries
    into done come of age, and what was the running period goes on.
    """
    connection, reach, zone = context.connection, context.reach, context.settings.calendar.timezone
    of = definitions.c
    last = connection.scalar(select(of.as_of).where(of.table_name == defect_quality.name))
    if last is None:
        return None
    days = {local_day(last - PROBATION, zone), *reach.finished_on}
    for few in portions(sorted(reach.defect_ids)):
        created = select(func.min(issue_flow.c.created_on)).where(issue_flow.c.issue_id.in_(few))
        days.update(day for (day,) in fetch_rows(connection, created) if day is not None)
    return min(days)


def _groups(context: Context, since: date | None) -> Mapping[Group, Gathered]:
    connection = context.connection
    found: defaultdict[Group, Gathered] = defaultdict(Gathered)
    read_firsts(connection, found)
    for place, lives in _lives(connection, since).items():
        add_lives(found, place, lives, context.settings.calendar.timezone, context.now)
    _deliver(context, found, since)
    return found


def add_lives(
    found: Mapping[Group, Gathered], place: Place, lives: Sequence[Life], zone: ZoneInfo, now: datetime
) -> None:
    """Count the defects of a place in each of its groups."""
    opens = [stretch(life[0], life[2]) for life in lives if life[5] is None]
    opens += [one for life in lives if life[5] is not None for one in stretches(life[0], life[5])]
    tallies = {period: tally(lives, start, partial(local_day, zone=zone), now) for period, start in STARTS.items()}
    for group in groups_of(*place):
        found[group].opens.extend(opens)
        for period, counts in tallies.items():
            found[group].tallies[period].add(counts)


def read_firsts(connection: Connection, found: Mapping[Group, Gathered]) -> None:
    """Fill in each group's first periods: those of its first defect or first delivered issue."""
    of, out = defects.c, throughput.c
    created = (
        select(of.project_id, of.board_id, func.min(of.created_on)).where(_COUNTED).group_by(of.project_id, of.board_id)
    )
    delivered = select(out.project_id, out.board_id, func.min(out.period_start), out.period).group_by(
        out.project_id, out.board_id, out.period
    )
    firsts = [
        (row[0], row[1], period, start(row[2]))
        for row in fetch_rows(connection, created)
        for period, start in STARTS.items()
    ]
    firsts += [(row[0], row[1], row[3], row[2]) for row in fetch_rows(connection, delivered)]
    for project_id, board_id, period, start in firsts:
        for group in groups_of(project_id, board_id):
            known = found[group].firsts
            known[period] = min(start, known.get(period, start))


def _lives(connection: Connection, since: date | None) -> Mapping[Place, Sequence[Life]]:
    """The defects that reach into the periods from a day on."""
    of = defects.c
    statement = select(
        of.project_id,
        of.board_id,
        of.created_at,
        of.created_on,
        of.finished_at,
        of.finished_on,
        of.resolve_seconds,
        of.stage_moves,
    ).where(_COUNTED)
    if since is not None:
        first = min(start(since) for start in STARTS.values())
        statement = statement.where(or_(of.finished_on.is_(None), of.finished_on >= first, of.stage_moves.is_not(None)))
    found: defaultdict[Place, list[Life]] = defaultdict(list)
    for row in fetch_rows(connection, statement):
        life = Life._make(row[2:])
        found[row[:2]].append(life if row[7] is None else life._replace(moves=from_text(row[7])))
    return found


def _deliver(context: Context, found: Mapping[Group, Gathered], since: date | None) -> None:
    """Count delivered issues in, from the table that has them by period already."""
    of = throughput.c
    statement = select(
        of.project_id, of.board_id, of.period, of.period_start, of.issue_type, of.finished_issues, of.finished_points
    )
    if since is not None:
        statement = statement.where(of.period_start >= min(start(since) for start in STARTS.values()))
    add_delivered(found, fetch_rows(context.connection, statement), context.settings.defects.types)


def add_delivered(found: Mapping[Group, Gathered], rows: Iterable[AnyTuple], defect_types: Collection[str]) -> None:
    """Count delivered issues in: project, board, period, its first day, type, issues and points of each row."""
    types = folded(defect_types)
    for project_id, board_id, period, start, issue_type, count, points in rows:
        for group in groups_of(project_id, board_id):
            counts = found[group].tallies[period]
            counts.points[start].append(points or 0.0)
            if issue_type.casefold() not in types:
                counts.finished_issues[start] += count


def _rows(context: Context, groups: Mapping[Group, Gathered], since: date | None) -> Iterator[tuple[Any, ...]]:
    zone, now = context.settings.calendar.timezone, context.now
    today = local_day(now, zone)
    oldest = min((day for group in groups.values() for day in group.firsts.values()), default=today)
    starts = {
        period: starts_between(max(oldest, since or oldest), today, start_of) for period, start_of in STARTS.items()
    }
    return rows_of(groups, starts, zone, now)


def rows_of(
    groups: Mapping[Group, Gathered], starts: Mapping[str, Sequence[date]], zone: ZoneInfo, now: datetime
) -> Iterator[tuple[Any, ...]]:
    """Rows of `defect_quality` for the periods that begin on these days, from each group's first one on."""
    ends = {
        period: [(start, min(now, day_start(next_start(start, STARTS[period]), zone))) for start in of_period]
        for period, of_period in starts.items()
    }
    moments = sorted({end for of_period in ends.values() for _, end in of_period})
    for group, of_group in groups.items():
        opened: Mapping[datetime, OpenFigures] = open_at(of_group.opens, moments, now)
        for period, first in of_group.firsts.items():
            counts = of_group.tallies[period]
            for start, end in ends[period]:
                if start >= first:
                    yield key_of(period, start, *group), period, start, *group, *figures(counts, start, opened[end])


METRIC = Metric(
    name="defect_quality",
    tables=(defect_quality,),
    depends_on=("defects", "throughput"),
    reads=("defects.types", "calendar.timezone", "levels", "workflow", "source_workflows"),
    compute=_compute,
)
"""Fills `defect_quality`."""
