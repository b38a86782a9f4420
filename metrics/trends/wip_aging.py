"""How long each issue in progress has been going on, measured by the cycle times of its like."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, exists, select

from metrics.base import Context, Metric
from metrics.calendar import local_day
from metrics.history.stages import IN_PROGRESS
from metrics.periods import percentile
from warehouse.bulk import clear, insert_rows
from warehouse.fetching import AnyTuple, fetch_rows, fetch_some
from warehouse.tables.computed import blocked_intervals, issue_flow, wip_aging
from warehouse.tables.loaded import issues

_LEAST = 10
PERCENTS = (50, 70, 85, 95)
_DAY_SECONDS = 86_400
_ROWS_AT_ONCE = 2_000

WINDOW = timedelta(days=365)
"""How far before today issues were finished whose cycle times ages are compared with."""

NARROW = ("board", "project")
"""What an issue is compared with if that has enough cycle times; else with all."""

CycleDays = Mapping[tuple[str, str | None], Sequence[float]]
"""Project and home board → cycle times in days."""


class Yardstick(NamedTuple):
    """What an age is measured by: `board`, `project`, `all`, or None where too few issues were finished."""

    compared_with: str | None
    compared_count: int
    percentiles: Sequence[float]

    def passed(self, age_days: float) -> int | None:
        """The highest of 50, 70, 85, 95 whose cycle time the age has reached; 0 where it has reached none."""
        if self.compared_with is None:
            return None
        return (0, *PERCENTS)[bisect_right(self.percentiles, age_days)]


def widest(ordered: Sequence[float]) -> Yardstick:
    """What to measure those by whose board and project have too few: all cycle times, in ascending order."""
    if len(ordered) < _LEAST:
        return Yardstick(None, len(ordered), ())
    return Yardstick("all", len(ordered), [percentile(ordered, percent) for percent in PERCENTS])


def yardsticks(
    finished: CycleDays, places: Iterable[tuple[str, str | None]]
) -> Mapping[tuple[str, str | None], Yardstick]:
    """What to measure issues of each project and home board by: the narrowest group with at least ten cycle times."""
    groups: defaultdict[tuple[str, str | None], list[Sequence[float]]] = defaultdict(list)
    for (project_id, board_id), days in finished.items():
        wider = [("project", project_id), ("all", None)]
        for group in wider if board_id is None else [("board", board_id), *wider]:
            groups[group].append(days)
    known: dict[tuple[str, str | None], Yardstick] = {}

    def of(*narrowest_first: tuple[str, str | None]) -> Yardstick:
        count = 0
        for group in narrowest_first:
            parts = groups.get(group, ())
            count = sum(map(len, parts))
            if count >= _LEAST:
                if group not in known:
                    ordered = sorted(chain.from_iterable(parts))
                    known[group] = Yardstick(group[0], count, [percentile(ordered, percent) for percent in PERCENTS])
                return known[group]
        return Yardstick(None, count, ())

    return {place: of(("board", place[1]), ("project", place[0]), ("all", None)) for place in places}


def _compute(context: Context) -> None:
    going_on = _in_progress(context)
    places = {(project_id, board_id) for _, project_id, board_id, *_ in going_on}
    today = local_day(context.now, context.settings.calendar.timezone)
    measures = yardsticks(last_year(context.connection, today) if places else {}, places)
    clear(context.connection, wip_aging)
    insert_rows(context.connection, wip_aging, wip_aging.columns.keys(), _rows(going_on, measures))


def _rows(
    going_on: Iterable[AnyTuple], measures: Mapping[tuple[str, str | None], Yardstick]
) -> Iterator[tuple[Any, ...]]:
    for *issue, age_seconds, status_age_seconds, is_blocked in going_on:
        measure = measures[issue[1], issue[2]]
        # what is in progress has started, so there is an age
        age_days = age_seconds / _DAY_SECONDS
        status_age_days = status_age_seconds / _DAY_SECONDS
        passed = measure.passed(age_days)
        yield *issue, age_days, status_age_days, passed, measure.compared_with, measure.compared_count, is_blocked


def _in_progress(context: Context) -> Sequence[AnyTuple]:
    """Issues in progress: the first columns of the table, both ages in seconds, and whether something blocks them."""
    of, blocked = issue_flow.c, blocked_intervals.c
    statement = (
        select(
            of.issue_id,
            of.project_id,
            of.board_id,
            of.issue_type,
            of.stage,
            issues.c.status,
            of.age_seconds,
            of.status_age_seconds,
            exists().where(blocked.issue_id == of.issue_id, blocked.left_at.is_(None)),
        )
        .join(issues, issues.c.issue_id == of.issue_id)
        # only what is done has finished; this is here for the index, which spares a look at all the others
        .where(of.finished_on.is_(None), of.stage == IN_PROGRESS, of.exclusion == "not_finished")
    )
    return fetch_rows(context.connection, statement)


def last_year(connection: Connection, today: date) -> CycleDays:
    """The cycle times of the issues finished on the local day `today` or on one of the 365 before."""
    of, since = issue_flow.c, today - WINDOW
    statement = select(of.project_id, of.board_id, of.cycle_days).where(
        of.finished_on >= since, of.cycle_days.is_not(None)
    )
    found: defaultdict[tuple[str, str | None], list[float]] = defaultdict(list)
    for rows in fetch_some(connection, statement, _ROWS_AT_ONCE):
        for project_id, board_id, days in rows:
            found[project_id, board_id].append(days)
    return found


METRIC = Metric(
    name="wip_aging",
    tables=(wip_aging,),
    depends_on=("flow",),
    reads=("calendar.timezone",),
    compute=_compute,
)
"""Fills `wip_aging`, always as a whole: every age grows with time."""
