"""Checks of sprints: their dates and states, those that issues name and nobody has, and boards without estimates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select

from metrics.base import Context
from metrics.calendar import local_day
from metrics.history.sprint_windows import ACTIVE, CLOSED
from metrics.quality.checks import finding, share
from metrics.quality.reading import keys_of, names_of
from warehouse.findings import Finding
from warehouse.tables.computed import sprint_memberships
from warehouse.tables.computed_sprints import sprint_metrics
from warehouse.tables.loaded import boards, sprints

OVERDUE = timedelta(days=7)
LAST_SPRINTS = 6
FEWEST_ISSUES = 10


def sprint_findings(context: Context) -> Iterator[Finding]:
    """Findings of all checks of sprints and of the boards that own them."""
    boards_by_id = names_of(context.connection, boards)
    active: defaultdict[str, list[str]] = defaultdict(list)
    statement = select(sprints).where(sprints.c.state.in_([ACTIVE, CLOSED])).order_by(sprints.c.sprint_id)
    for row in context.connection.execute(statement):
        of_board = f" of board {boards_by_id[row.board_id]}" if row.board_id in boards_by_id else ""
        ended = row.end_at is not None and row.end_at + OVERDUE < context.now
        if row.state == ACTIVE and ended:
            day = local_day(row.end_at, context.settings.calendar.timezone)
            evidence = f"'{row.name}'{of_board} was to end on {day} and is still active"
            yield finding("sprint_never_closed", row.sprint_id, evidence)
        if lacks := _lacks(row.activated_at or row.start_at, row.completed_at or row.end_at):
            evidence = f"'{row.name}'{of_board} is {row.state} and has no {lacks}"
            yield finding("sprint_without_dates", row.sprint_id, evidence)
        if row.state == ACTIVE and row.board_id is not None:
            active[row.board_id].append(row.name)
    for board_id, names in active.items():
        if len(names) > 1:
            together = ", ".join(f"'{name}'" for name in names)
            evidence = f"active on board {boards_by_id.get(board_id, board_id)}: {together}"
            yield finding("sprints_overlap", board_id, evidence)
    yield from _missing(context)
    yield from _without_estimates(context)


def _lacks(start: object, end: object) -> str:
    return " and no ".join(name for name, value in (("start", start), ("end", end)) if value is None)


def _missing(context: Context) -> Iterator[Finding]:
    of = sprint_memberships.c
    statement = (
        select(of.sprint_id, func.count(of.issue_id.distinct()), func.min(of.issue_id))
        .where(of.sprint_id.not_in(select(sprints.c.sprint_id)))
        .group_by(of.sprint_id)
    )
    rows = context.connection.execute(statement).fetchall()
    keys = keys_of(context.connection, {row[2] for row in rows})
    for sprint_id, count, example in rows:
        evidence = f"{count:,} issues were in sprint {sprint_id}, e.g. {keys.get(example, example)}"
        yield finding("sprint_missing", sprint_id, evidence)


def _without_estimates(context: Context) -> Iterator[Finding]:
    of = sprint_metrics.c
    names = names_of(context.connection, boards)
    rows = context.connection.execute(
        select(of.board_id, of.final_scope_issues, of.unestimated_issues)
        .where(of.state == CLOSED, of.board_id.in_(select(boards.c.board_id)))
        .order_by(of.board_id, of.end_at.desc(), of.sprint_id)
    )
    last: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for board_id, scope, unestimated in rows:
        if len(last[board_id]) < LAST_SPRINTS:
            last[board_id].append((scope or 0, unestimated or 0))
    for board_id, counts in last.items():
        scope, unestimated = (sum(column) for column in zip(*counts, strict=True))
        if scope >= FEWEST_ISSUES and 2 * unestimated > scope:
            told = f"{share(unestimated, scope)} issues of its last {len(counts)} closed sprints had no estimate"
            yield finding("no_estimates", board_id, f"board {names[board_id]}: {told}")
