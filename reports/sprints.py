"""Sprints of the page in parts by issue type, which add up to `sprint_metrics` and `sprint_days`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, and_, case, exists, func, or_, select

from reports.columns import Places, by_column, epoch_day, plain
from warehouse.tables import table
from warehouse.tables.computed import issue_flow
from warehouse.tables.computed_sprints import sprint_issues, sprint_metrics, sprint_scope_events

_EVENT, _PART, _SPRINT = sprint_scope_events.c, sprint_issues.c, sprint_metrics.c
_OUTCOMES = ("completed", "carried_over", "cancelled")
FIGURES = ("committed", "added", "removed", "reestimated", *_OUTCOMES, "kept")
"""In points and in issues each; `kept`: completed of the committed, by the estimate at the start."""
_Key = tuple[str, str]
"""Sprint and type."""


def sprints(connection: Connection, places: Mapping[str, Places]) -> dict[str, Any]:
    """`sprints` in order of their end, with their `sprintParts` by type.

    Those of a board that was not loaded are left out unless they hold an issue that was.
    """
    of, named, boards = _SPRINT, table("sprints").c, table("boards").c
    has_issues = exists().where(_PART.sprint_id == of.sprint_id)
    rows = connection.execute(
        select(of.sprint_id, of.board_id, of.state, of.start_at, of.end_at, of.ended_on, named.name, named.goal)
        .join(table("sprints"), named.sprint_id == of.sprint_id)
        .join(table("boards"), boards.board_id == of.board_id, isouter=True)
        .where(or_(boards.board_id.is_not(None), has_issues))
        .order_by(of.end_at, of.sprint_id)
    ).all()
    place = {row.sprint_id: number for number, row in enumerate(rows)}
    return {
        "sprints": by_column(
            ("id", "board", "name", "goal", "active", "start", "end"),
            (
                (
                    row.sprint_id,
                    places["board"].of(row.board_id),
                    row.name,
                    row.goal,
                    int(row.state == "active"),
                    epoch_day(row.start_at.date()),
                    epoch_day(row.ended_on or row.end_at.date()),
                )
                for row in rows
            ),
        ),
        "sprintParts": _parts(connection, place, places["type"]),
    }


def _parts(connection: Connection, place: Mapping[str, int], types: Places) -> dict[str, list[Any]]:
    sums: defaultdict[_Key, defaultdict[str, tuple[float, int]]] = defaultdict(lambda: defaultdict(lambda: (0, 0)))
    for sprint_id, issue_type, figure, points, issues in [*_of_events(connection), *_of_outcomes(connection)]:
        sums[sprint_id, issue_type][figure] = (points or 0, issues)
    names = ("sprint", "type", *(f"{figure}{unit}" for figure in FIGURES for unit in ("Points", "Issues")))
    return by_column(
        names,
        (
            (place[sprint_id], types.of(issue_type), *(plain(n) for figure in FIGURES for n in found[figure]))
            for (sprint_id, issue_type), found in sorted(sums.items(), key=lambda item: (place[item[0][0]], item[0][1]))
        ),
    )


def _of_events(connection: Connection) -> Iterable[Any]:
    """What changed the scope: sprint, type, figure, points, issues."""
    of, before, after = _EVENT, func.coalesce(_EVENT.points_before, 0), func.coalesce(_EVENT.points_after, 0)
    figure = case((of.event == "estimate_changed", "reestimated"), else_=of.event)
    points = case((of.event == "removed", before), (of.event == "estimate_changed", after - before), else_=after)
    number = case((of.event == "estimate_changed", func.count(of.issue_id.distinct())), else_=func.count(of.issue_id))
    return connection.execute(
        select(of.sprint_id, issue_flow.c.issue_type, figure, func.sum(points), number)
        .join(issue_flow, issue_flow.c.issue_id == of.issue_id)
        .where(of.event.in_(("committed", "added", "removed", "estimate_changed")))
        .group_by(of.sprint_id, issue_flow.c.issue_type, of.event)
    ).all()


def _of_outcomes(connection: Connection) -> list[Any]:
    """What was at the end: the same columns."""
    of = _PART
    in_scope = and_(or_(of.is_committed, of.added_at.is_not(None)), of.removed_at.is_(None))
    grouped = (of.sprint_id, issue_flow.c.issue_type)
    joined = issue_flow.c.issue_id == of.issue_id
    by_outcome = (
        select(*grouped, of.outcome, func.sum(func.coalesce(of.points_at_end, 0)), func.count())
        .join(issue_flow, joined)
        .where(in_scope, of.outcome.in_(_OUTCOMES))
        .group_by(*grouped, of.outcome)
    )
    points = func.sum(func.coalesce(of.points_at_start, 0))
    kept = select(*grouped, points, func.count()).join(issue_flow, joined)
    kept = kept.where(in_scope, of.is_committed, of.outcome == "completed").group_by(*grouped)
    of_committed = ((one, kind, "kept", total, number) for one, kind, total, number in connection.execute(kept))
    return [*connection.execute(by_outcome), *of_committed]


_KINDS = {
    "committed": "remaining",
    "added": "remaining",
    "reopened": "remaining",
    "completed": "completed",
    "cancelled": "cancelled",
}
"""Event → what the issue is in scope as from then on; `removed` leaves the scope."""


def current_days(connection: Connection, ids: list[str], places: Mapping[str, Places]) -> dict[str, Any]:
    """Of each active sprint by day and type what remains and is completed, and of each day its ideal share.

    `ideal` counts down from 1 at the start to 0 at the planned end over working days; None without a plan.
    """
    number = {sprint_id: place for place, sprint_id in enumerate(ids)}
    active = connection.scalars(select(_SPRINT.sprint_id).where(_SPRINT.state == "active")).all()
    events = _scope_events(connection)
    levels: list[tuple[Any, ...]] = []
    shares: list[tuple[Any, ...]] = []
    for sprint_id in sorted(number.keys() & active, key=number.__getitem__):
        days = _days(connection, sprint_id)
        known = [(row.day, row.ends_at) for row in days if row.scope_issues is not None]
        levels += (
            (number[sprint_id], epoch_day(day), places["type"].of(kind), *amounts)
            for day, kind, amounts in _replay(events.get(sprint_id, ()), known)
        )
        first = sum(1 for event in events.get(sprint_id, ()) if event.event == "committed")
        shares += (
            (
                number[sprint_id],
                epoch_day(row.day),
                int(row.is_working_day),
                None if row.ideal_issues is None or not first else row.ideal_issues / first,
                int(row.scope_issues is not None),
            )
            for row in days
        )
    names = ("remainingPoints", "remainingIssues", "completedPoints", "completedIssues", "scopePoints", "scopeIssues")
    return {
        "burn": by_column(("sprint", "day", "type", *names), levels),
        "burnDays": by_column(("sprint", "day", "working", "ideal", "known"), shares),
    }


def _days(connection: Connection, sprint_id: str) -> list[Any]:
    of, days = table("sprint_days").c, table("dates").c
    statement = (
        select(of.day, of.is_working_day, of.ideal_issues, of.scope_issues, days.ends_at)
        .join(table("dates"), days.day == of.day, isouter=True)
        .where(of.sprint_id == sprint_id)
        .order_by(of.day)
    )
    return list(connection.execute(statement))


def _scope_events(connection: Connection) -> dict[str, list[Any]]:
    of = _EVENT
    statement = (
        select(of.sprint_id, of.issue_id, of.event, of.at, of.points_before, of.points_after, issue_flow.c.issue_type)
        .join(issue_flow, issue_flow.c.issue_id == of.issue_id)
        .join(sprint_metrics, _SPRINT.sprint_id == of.sprint_id)
        .where(_SPRINT.state == "active")
    )
    found: defaultdict[str, list[Any]] = defaultdict(list)
    # by estimate at last, as the events of one instant each tell the new one
    for row in sorted(connection.execute(statement), key=lambda row: (row.at, row.issue_id, row.event)):
        found[row.sprint_id].append(row)
    return found


def _replay(events: Iterable[Any], days: list[tuple[date, Any]]) -> Iterator[tuple[date, str, tuple[Any, ...]]]:
    """Day, type, amounts at its end; at that of the last known one all has happened."""
    held: dict[str, tuple[str, str, float]] = {}
    waiting = sorted(events, key=lambda event: event.event != "committed")  # a sprint may start after its first day
    for place, (day, ends_at) in enumerate(days):
        last = place == len(days) - 1
        later = []
        for event in waiting:
            if last or event.event == "committed" or ends_at is None or event.at < ends_at:
                _apply(held, event)
            else:
                later.append(event)
        waiting = later
        for kind in sorted({kind for kind, _, _ in held.values()}):
            yield day, kind, _amounts([(what, points) for of, what, points in held.values() if of == kind])


def _apply(held: dict[str, tuple[str, str, float]], event: Row[Any]) -> None:
    was = held.pop(event.issue_id, None)
    as_before = was[1] if was else None
    kind = as_before if event.event == "estimate_changed" else _KINDS.get(event.event)
    if kind is not None:
        held[event.issue_id] = (event.issue_type, kind, event.points_after or 0.0)


def _amounts(of: list[tuple[str, float]]) -> tuple[Any, ...]:
    def level(*kinds: str) -> tuple[Any, int]:
        points = [n for kind, n in of if kind in kinds]
        return plain(sum(points)), len(points)

    return (*level("remaining"), *level("completed"), *level("remaining", "completed", "cancelled"))
