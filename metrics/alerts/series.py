"""Rules about figures that follow one another: sprints of a board, and weeks, months or days of a group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, func, literal, null, or_, select

from metrics.alerts import wording
from metrics.alerts.grounds import Ground, Measure, Shape, column_of, ground_of, measure_of
from metrics.alerts.judging import Point, Verdict, judge
from metrics.alerts.rules import Rule
from metrics.alerts.scene import Scene, conditions
from metrics.calendar import ONE_DAY
from metrics.history.sprint_windows import ACTIVE, CLOSED
from metrics.periods import STARTS, key_of
from warehouse.alerts import Alarm
from warehouse.fetching import fetch_as, fetch_rows
from warehouse.tables.loaded import sprints

LATELY = timedelta(days=90)
"""A board whose last closed sprint ended longer ago than this is no longer worked on."""

_GROUP = ("project_id", "board_id", "issue_type")


class SprintSeen(NamedTuple):
    """A sprint with the figure that a rule watches."""

    sprint_id: str
    name: str
    board_id: str | None
    state: str
    end_at: datetime
    value: float
    n: int | None


class Group(NamedTuple):
    """What a row of a period is about; all None: everything."""

    project_id: str | None
    board_id: str | None
    issue_type: str | None = None


def of_sprints(scene: Scene, rule: Rule) -> Iterator[Alarm]:
    """An alert for the last closed sprint of each board, or for the board if several in a row are asked for.

    Sprints without the figure, and those behind which too little stands, are passed over. Of active sprints, if the
    rule filters by them, each stands by itself.
    """
    boards: defaultdict[str, list[SprintSeen]] = defaultdict(list)
    for seen in fetch_as(SprintSeen, scene.connection, _last_sprints(rule)):
        if seen.state == ACTIVE:
            yield from _of_sprint(scene, rule, [seen])
        else:
            boards[seen.board_id or seen.sprint_id].append(seen)
    for _, last in sorted(boards.items()):
        if last[0].end_at >= scene.now - LATELY:
            yield from _of_sprint(scene, rule, last)


def of_periods(scene: Scene, rule: Rule) -> Iterator[Alarm]:
    """An alert for each group whose last complete periods are all beyond the limit."""
    ground, measure = ground_of(rule), measure_of(rule)
    for period in ground.filter_of(rule)["period"]:
        starts = last_periods(str(period), scene.today, rule.looks_back)
        for (grouping, group), found in _by_group(scene, rule, str(period), starts).items():
            if "board" in grouping and group.board_id is None:
                continue  # issues without a home board are nobody's
            points = [
                found.get(start, Point(None))._replace(label=wording.period_name(str(period), start))
                for start in starts
            ]
            verdict = judge(rule, points)
            if verdict is not None:
                yield _of_group(scene, rule, measure, verdict, group, (str(period), starts[0]))


def of_sums(scene: Scene, rule: Rule) -> Iterator[Alarm]:
    """The same for tables of the finest grain: sums by home board, or by project where there is none.

    A group that has rows within what the rule looks back on has 0 in the periods without rows.
    """
    ground, measure = ground_of(rule), measure_of(rule)
    for period in ground.filter_of(rule).get("period", ("day",)):
        starts = last_periods(str(period), scene.today, rule.looks_back)
        for group, found in _summed(scene, rule, str(period), starts).items():
            points = [Point(found.get(start, 0.0), None, wording.period_name(str(period), start)) for start in starts]
            verdict = judge(rule, points)
            if verdict is not None:
                yield _of_group(scene, rule, measure, verdict, group, (str(period), starts[0]))


def last_periods(period: str, today: date, count: int) -> list[date]:
    """First days of the last complete periods, the newest first; a day is complete when it is over."""
    start: Callable[[date], date] = STARTS.get(period, _same)
    found: list[date] = []
    first = start(today)
    while len(found) < count:
        first = start(first - ONE_DAY)
        found.append(first)
    return found


def _same(day: date) -> date:
    return day


def _last_sprints(rule: Rule) -> Select[Any]:
    """The columns of `SprintSeen`: of each board the last sprints, newest first; the active ones all."""
    ground, measure = ground_of(rule), measure_of(rule)
    of, value, n = ground.table.c, column_of(measure), measure.n
    enough = [] if n is None else [n >= rule.minimum_n]
    state = of.state if "state" in of else literal(CLOSED)
    place = func.row_number().over(
        partition_by=(func.coalesce(of.board_id, of.sprint_id), state),
        order_by=(of.end_at.desc(), of.sprint_id.desc()),
    )
    ranked = (
        select(
            of.sprint_id,
            sprints.c.name,
            of.board_id,
            state.label("state"),
            of.end_at,
            value.label("value"),
            (null().cast(Integer) if n is None else n).label("n"),
            place.label("place"),
        )
        .join(sprints, sprints.c.sprint_id == of.sprint_id)
        .where(*conditions(rule, ground), value.is_not(None), *enough)
        .subquery()
    )
    statement = select(*(ranked.c[name] for name in SprintSeen._fields)).order_by(ranked.c.place, ranked.c.sprint_id)
    return statement.where(or_(ranked.c.place <= rule.looks_back, ranked.c.state == ACTIVE))


def _of_sprint(scene: Scene, rule: Rule, last: Sequence[SprintSeen]) -> Iterator[Alarm]:
    measure = measure_of(rule)
    verdict = judge(rule, [Point(seen.value, seen.n, seen.name) for seen in last])
    if verdict is None:
        return
    seen, board = last[0], scene.boards.get(last[0].board_id or "")
    is_of_board = rule.times > 1 and board is not None
    name = board.name if board is not None else seen.name
    which = ("--metric", "velocity_trend") if rule.metric.startswith("velocity_trend.") else ()
    yield Alarm(
        cause=f"{rule.name}:{seen.board_id if is_of_board else seen.sprint_id}",
        rule=rule.name,
        severity=rule.severity,
        subject="board" if is_of_board else "sprint",
        subject_name=name if is_of_board else seen.name,
        sprint_id=seen.sprint_id,
        board_id=seen.board_id,
        project_id=None if board is None else board.project_id,
        message=wording.of_series(name, rule, measure, verdict, "sprints"),
        explain=wording.explain(*which, "--sprint", seen.name, *wording.option("board", board and board.name)),
        value=float(seen.value),
        threshold=verdict.limit,
        n=seen.n,
    )


def _by_group(
    scene: Scene, rule: Rule, period: str, starts: Sequence[date]
) -> Mapping[tuple[str, Group], Mapping[date, Point]]:
    """Grouping and group → the figures of its periods."""
    ground, measure = ground_of(rule), measure_of(rule)
    of, value = ground.table.c, column_of(measure)
    group = [of[name] if name in of else null().label(name) for name in _GROUP]
    n = null().cast(Integer) if measure.n is None else measure.n
    statement = _within(ground, rule, select(of.period_start, value, n, of.grouping, *group), period, starts)
    found: defaultdict[tuple[str, Group], dict[date, Point]] = defaultdict(dict)
    for start, held, behind, grouping, *parts in fetch_rows(scene.connection, statement):
        found[grouping, Group._make(parts)][start] = Point(held, behind)
    return {key: found[key] for key in sorted(found, key=lambda key: (key[0], _in_order(key[1])))}


def _summed(scene: Scene, rule: Rule, period: str, starts: Sequence[date]) -> Mapping[Group, Mapping[date, float]]:
    """Home board, or project where there is none → the sums of its periods."""
    ground, measure = ground_of(rule), measure_of(rule)
    of = ground.table.c
    day = of.day if "day" in of else of.period_start
    statement = _within(
        ground, rule, select(day, of.project_id, of.board_id, func.sum(column_of(measure))), period, starts
    )
    found: defaultdict[Group, defaultdict[date, float]] = defaultdict(lambda: defaultdict(float))
    for start, project_id, board_id, value in fetch_rows(
        scene.connection, statement.group_by(day, of.project_id, of.board_id)
    ):
        group = Group(project_id, None) if board_id is None else Group(None, board_id)
        found[group][start] += float(value or 0)
    return {key: found[key] for key in sorted(found, key=_in_order)}


def _in_order(key: Sequence[str | None]) -> list[str]:
    return [part or "" for part in key]


def _within(ground: Ground, rule: Rule, statement: Select[Any], period: str, starts: Sequence[date]) -> Select[Any]:
    """The rows of these periods that the rule's filter lets through."""
    of = ground.table.c
    if "day" in of:
        return statement.where(*conditions(rule, ground), of.day.in_(starts))
    return statement.where(*conditions(rule, ground), of.period == period, of.period_start.in_(starts))


def _of_group(
    scene: Scene, rule: Rule, measure: Measure, verdict: Verdict, group: Group, when: tuple[str, date]
) -> Alarm:
    board = scene.boards.get(group.board_id or "")
    project_id = group.project_id or (None if board is None else board.project_id)
    key = scene.projects.get(group.project_id or "", group.project_id)
    place = board.name if board is not None else group.board_id or key or "everything"
    rest = " without a board" if ground_of(rule).shape is Shape.SUMS and group.board_id is None else ""
    name = " ".join(filter(None, (f"{place}{rest}", group.issue_type)))
    options = (
        *wording.option("project", key),
        *wording.option("board", place if group.board_id else None),
        *wording.option("type", group.issue_type),
    )
    period, start = when
    table = rule.metric.partition(".")[0]
    return Alarm(
        cause=key_of(rule.name, period, *(part for part in group if part is not None)),
        rule=rule.name,
        severity=rule.severity,
        subject="board" if group.board_id else "project" if group.project_id else "period",
        subject_name=name,
        board_id=group.board_id,
        project_id=project_id,
        period=period,
        period_start=start,
        message=wording.of_series(name, rule, measure, verdict, f"{period}s"),
        explain=wording.explain("--metric", table, "--period", wording.period_name(period, start), *options),
        value=verdict.newest.value,
        threshold=verdict.limit,
        n=verdict.newest.n,
    )
