"""How often an issue changes hands between its start and its finish, and how many people it meets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from metrics.base import Context, Metric
from metrics.facts.renewal import forget
from metrics.history.timeline import Change
from metrics.reading import changes_of
from tests.metrics.extending.handover_table import handovers
from warehouse.bulk import clear, insert_rows
from warehouse.fetching import fetch_as, portions
from warehouse.records import native_id
from warehouse.tables.computed import issue_flow
from warehouse.tables.loaded import issues


class Work(NamedTuple):
    """An issue with a cycle time, as `issue_flow` and `issues` tell it; first the columns that the table repeats."""

    issue_id: str
    project_id: str
    board_id: str | None
    issue_type: str
    finished_on: date
    started_at: datetime
    finished_at: datetime
    assignee_id: str | None


_REPEATED = Work._fields.index("started_at")


def hands(changes: Sequence[Change], assignee: str | None, started_at: datetime, finished_at: datetime) -> list[str]:
    """Who had the issue from its start to its finish, one after another; times without anybody are left out.

    `changes` are those of its assignee, in order; `assignee` is who has it now. Whoever takes it as it starts had it
    from the start, and whoever gets it as it finishes comes too late.
    """
    held = [changes[0].from_value if changes else assignee]  # the first change tells what was there at creation
    for change in changes:
        if change.changed_at <= started_at:
            held = [change.to_value]
        elif change.changed_at < finished_at:
            held.append(change.to_value)
    return [person for person, _ in groupby(filter(None, held))]


def _compute(context: Context) -> None:
    connection = context.connection
    if context.everything:
        clear(connection, handovers)
        ids = list(connection.scalars(select(issue_flow.c.issue_id).where(issue_flow.c.exclusion.is_(None))))
    else:
        ids = sorted(context.reach.issue_ids)
        forget(connection, [handovers], ids)
    for some in portions(ids):
        insert_rows(connection, handovers, handovers.columns.keys(), _rows(connection, some))


def _rows(connection: Connection, issue_ids: Sequence[str]) -> list[tuple[Any, ...]]:
    """All read before the first is written: while rows go into PostgreSQL, its connection answers nothing else."""
    of = {**issue_flow.c, "assignee_id": issues.c.assignee_id}
    statement = (
        select(*(of[name] for name in Work._fields))
        .join(issues, issues.c.issue_id == issue_flow.c.issue_id)
        .where(issue_flow.c.issue_id.in_(issue_ids), issue_flow.c.exclusion.is_(None))
    )
    changes = changes_of(connection, issue_ids, ["assignee"])
    return [_row(work, changes.get(work.issue_id, ())) for work in fetch_as(Work, connection, statement)]


def _row(work: Work, changes: Sequence[Change]) -> tuple[Any, ...]:
    now = native_id(work.assignee_id) if work.assignee_id else None
    held = hands(changes, now, work.started_at, work.finished_at)
    return *work[:_REPEATED], len(set(held)), max(0, len(held) - 1)


METRIC = Metric(name="handovers", tables=(handovers,), depends_on=("flow",), compute=_compute)
"""Fills `handovers`. It reads no setting itself: when one changes `issue_flow`, `reach` names the issues."""
