"""Which sprints are to be computed anew, and the rows of their issues and events."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, delete

from metrics.base import Context
from metrics.history.sprint_windows import Window, read_windows
from warehouse.bulk import clear
from warehouse.fetching import AnyTuple, fetch_some, portions

SprintIds = Collection[str] | None
"""Sprints by id; None: all."""


def sprints_to_renew(context: Context) -> SprintIds:
    """The sprints whose rows may differ from those that are there."""
    return None if context.everything else context.reach.sprint_ids


def windows_of(context: Context, sprint_ids: SprintIds) -> Sequence[Window]:
    """The windows of those of the sprints that are active or closed."""
    windows = read_windows(context.connection, context.settings, context.now).values()
    return [window for window in windows if sprint_ids is None or window.sprint_id in sprint_ids]


def forget_sprints(connection: Connection, table: Table, sprint_ids: SprintIds) -> None:
    """Delete the rows of these sprints."""
    if sprint_ids is None:
        clear(connection, table)
        return
    for ids in portions(sorted(sprint_ids)):
        connection.execute(delete(table).where(table.c.sprint_id.in_(ids)))


def fetch_of_sprints(connection: Connection, statement: Select[Any], sprint_ids: SprintIds) -> Iterator[list[AnyTuple]]:
    """The statement's rows, some at a time, whose `sprint_id` (a column that it selects) is one of these."""
    if sprint_ids is None:
        yield from fetch_some(connection, statement)
        return
    for ids in portions(sorted(sprint_ids)):
        yield from fetch_some(connection, statement.where(statement.selected_columns.sprint_id.in_(ids)))
