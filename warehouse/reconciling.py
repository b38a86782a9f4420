"""What reconciling reads beside the census: counts, and sprints to compare."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, or_, select

from warehouse.fetching import portions
from warehouse.tables.computed_sprints import sprint_issues
from warehouse.tables.loaded import board_sprints, issues, sprints


@dataclass(frozen=True, slots=True)
class ComparedSprint:
    """A sprint to compare with the tracker's own report on it."""

    sprint_id: str
    board_id: str
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class SprintIssue:
    """What the metrics say of an issue in a sprint."""

    outcome: str
    is_committed: bool
    came_in_later: bool


def count_alive(connection: Connection, source_id: str) -> Mapping[str, int]:
    """Project id → its issues without an absence."""
    statement = (
        select(issues.c.project_id, func.count())
        .where(issues.c.source_id == source_id, issues.c.absence.is_(None))
        .group_by(issues.c.project_id)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def sprints_to_compare(connection: Connection, source_id: str, last: int) -> list[ComparedSprint]:
    """The active sprints of the source, and of each board the `last` closed ones; newest first within a board.

    A sprint that is shown by several boards is compared on the board that owns it.
    """
    bridge = board_sprints.c
    shown = select(bridge.sprint_id, func.min(bridge.board_id).label("board_id")).group_by(bridge.sprint_id).subquery()
    board = func.coalesce(sprints.c.board_id, shown.c.board_id)
    ended = func.coalesce(sprints.c.completed_at, sprints.c.end_at, sprints.c.start_at)
    age = func.row_number().over(
        partition_by=(board, sprints.c.state),
        order_by=(case((ended.is_(None), 1), else_=0), ended.desc(), sprints.c.sprint_id),
    )
    ranked = (
        select(sprints.c.sprint_id, board.label("board_id"), sprints.c.name, sprints.c.state, age.label("age"))
        .outerjoin(shown, shown.c.sprint_id == sprints.c.sprint_id)
        .where(sprints.c.source_id == source_id, sprints.c.state.in_(["active", "closed"]), board.is_not(None))
        .subquery()
    )
    statement = (
        select(ranked.c.sprint_id, ranked.c.board_id, ranked.c.name, ranked.c.state)
        .where(or_(ranked.c.state == "active", ranked.c.age <= last))
        .order_by(ranked.c.board_id, ranked.c.state, ranked.c.age)
    )
    return [ComparedSprint(*row) for row in connection.execute(statement)]


def read_sprint_issues(connection: Connection, sprint_id: str) -> Mapping[str, SprintIssue]:
    """Issue id → what the metrics say of it in the sprint."""
    table = sprint_issues.c
    statement = select(table.issue_id, table.outcome, table.is_committed, table.added_at)
    rows = connection.execute(statement.where(table.sprint_id == sprint_id).order_by(table.issue_id))
    return {row.issue_id: SprintIssue(row.outcome, row.is_committed, row.added_at is not None) for row in rows}


def keys_and_levels(connection: Connection, issue_ids: Collection[str]) -> Mapping[str, tuple[str, str]]:
    """Of those that are alive here: issue id → key and level."""
    found: dict[str, tuple[str, str]] = {}
    for some in portions(sorted(issue_ids)):
        statement = select(issues.c.issue_id, issues.c.key, issues.c.level).where(
            issues.c.issue_id.in_(some), issues.c.absence.is_(None)
        )
        found.update((row.issue_id, (row.key, row.level)) for row in connection.execute(statement))
    return found
