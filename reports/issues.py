"""Issues of the page: those finished, those in progress, and how long each stayed in which status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from reports.columns import Issues, Places, by_column, epoch_day, plain
from warehouse.tables import table
from warehouse.tables.computed import issue_flow, status_intervals, wip_aging

_ISSUES = table("issues").c
_FLOW = issue_flow.c
NAMED = (
    _ISSUES.key,
    _ISSUES.url,
    _ISSUES.summary,
    _FLOW.project_id,
    _FLOW.board_id,
    _FLOW.issue_type,
)
"""What `Issues.add` needs of an issue."""
_DELIVERED = and_(
    or_(_FLOW.exclusion.is_(None), _FLOW.exclusion == "skipped_in_progress"), _FLOW.finished_on.is_not(None)
)


def finished(connection: Connection, issues: Issues) -> tuple[dict[str, list[Any]], dict[str, int]]:
    """Delivered issues in order of their finish, with `cycle` NULL for those that skipped in_progress; id → place.

    Durations are in seconds, days since 1970-01-01.
    """
    of = _FLOW
    statement = (
        select(of.issue_id, *NAMED, of.started_on, of.finished_on, of.cycle_seconds, of.points_at_finish)
        .add_columns(of.active_seconds, of.waiting_seconds, of.blocked_seconds, of.flow_efficiency, of.exclusion)
        .join(table("issues"), _ISSUES.issue_id == of.issue_id)
        .where(_DELIVERED)
        .order_by(of.finished_at, of.issue_id)
    )
    names = ("issue", "started", "finished", "cycle", "points", "active", "waiting", "blocked")
    places: dict[str, int] = {}

    def rows() -> Iterator[tuple[Any, ...]]:
        for row in connection.execute(statement):
            places[row.issue_id] = len(places)
            known = row.flow_efficiency is not None and row.exclusion is None
            parts = (row.active_seconds, row.waiting_seconds, row.blocked_seconds) if known else (None,) * 3
            yield (
                issues.add(row.issue_id, row),
                epoch_day(row.started_on),
                epoch_day(row.finished_on),
                plain(row.cycle_seconds),
                plain(row.points_at_finish),
                *map(plain, parts),
            )

    return by_column(names, rows()), places


def in_progress(connection: Connection, issues: Issues, statuses: Places) -> dict[str, list[Any]]:
    """Issues in progress, the oldest first; ages in days."""
    of = wip_aging.c
    statement = (
        select(of.issue_id, *NAMED, _FLOW.started_on, of.status, of.age_days, of.status_age_days)
        .add_columns(of.percentile_passed, of.compared_with, of.compared_count, of.is_blocked)
        .join(issue_flow, _FLOW.issue_id == of.issue_id)
        .join(table("issues"), _ISSUES.issue_id == of.issue_id)
        .order_by(of.age_days.desc(), of.issue_id)
    )
    names = ("issue", "started", "status", "age", "statusAge", "passed", "comparedWith", "compared", "blocked")
    return by_column(names, (_ageing(row, issues, statuses) for row in connection.execute(statement)))


def _ageing(row: Row[Any], issues: Issues, statuses: Places) -> tuple[Any, ...]:
    return (
        issues.add(row.issue_id, row),
        epoch_day(row.started_on),
        statuses.of(row.status),
        row.age_days,
        row.status_age_days,
        row.percentile_passed,
        row.compared_with,
        row.compared_count,
        bool(row.is_blocked),
    )


def stays(connection: Connection, finished_places: dict[str, int], statuses: Places) -> dict[str, list[Any]]:
    """Per finished issue with a cycle time and status: the seconds there in progress, between start and finish."""
    rows = connection.execute(_stays())
    return by_column(
        ("finished", "status", "waiting", "seconds"),
        (
            (finished_places[row.issue_id], statuses.of(row.status), int(row.is_waiting), plain(round(row.seconds, 3)))
            for row in rows
            if row.issue_id in finished_places and row.seconds
        ),
    )


def _stays() -> Select[Any]:
    stay = status_intervals.c
    within = and_(
        stay.issue_id == _FLOW.issue_id,
        stay.stage == "in_progress",
        stay.entered_at >= _FLOW.started_at,
        stay.left_at <= _FLOW.finished_at,
    )
    return (
        select(stay.issue_id, stay.status, stay.is_waiting, func.sum(stay.seconds).label("seconds"))
        .join(issue_flow, within)
        .where(_FLOW.exclusion.is_(None))
        .group_by(stay.issue_id, stay.status, stay.is_waiting)
        .order_by(stay.issue_id, stay.status, stay.is_waiting)
    )
