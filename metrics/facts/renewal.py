"""What the facts of issues were before they are renewed, and what of it differs afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, select

from metrics.base import Context
from warehouse.fetching import fetch_rows, portions
from warehouse.tables.computed import issue_flow
from warehouse.tables.computed_sprints import sprint_issues

_DECIDING = (
    "issue_id",
    "finished_on",
    "project_id",
    "board_id",
    "issue_type",
    "level",
    "is_cancelled",
    "cycle_days",
    "points_at_finish",
    "exclusion",
)
"""Columns of `issue_flow` that decide on what periods say of finished issues."""
_PLACES = tuple(issue_flow.columns.keys().index(name) for name in _DECIDING)
_FINISHED_ON = _DECIDING.index("finished_on")


@dataclass(frozen=True, slots=True)
class Before:
    """Of the issues to be renewed: issue → what decided in its row of `issue_flow`; the sprints they counted in."""

    flows: Mapping[str, tuple[Any, ...]]


def what_was(context: Context, issue_ids: Sequence[str]) -> Before:
    """Read it, and note the sprints in `reach`."""
    connection, flows = context.connection, {}
    for ids in portions(issue_ids):
        deciding = select(*(issue_flow.c[name] for name in _DECIDING)).where(issue_flow.c.issue_id.in_(ids))
        flows.update({row[0]: row for row in fetch_rows(connection, deciding)})
        in_sprints = select(sprint_issues.c.sprint_id).where(sprint_issues.c.issue_id.in_(ids)).distinct()
        context.reach.sprint_ids.update(connection.scalars(in_sprints))
    return Before(flows)


def forget(connection: Connection, tables: Iterable[Table], issue_ids: Sequence[str]) -> None:
    """Delete the rows of the issues."""
    for table in tables:
        for ids in portions(issue_ids):
            connection.execute(delete(table).where(table.c.issue_id.in_(ids)))


def note_differences(
    context: Context, before: Before, flows: Iterable[tuple[Any, ...]], sprint_ids: Iterable[str]
) -> None:
    """Note in `reach` the days on which issues finished whose new rows differ, and the sprints that they count in."""
    reach = context.reach
    reach.sprint_ids.update(sprint_ids)
    old = dict(before.flows)
    for row in flows:
        now = tuple(row[place] for place in _PLACES)
        was = old.pop(now[0], None)
        if was != now:
            reach.finished_on.update(
                one[_FINISHED_ON] for one in (was, now) if one is not None and one[_FINISHED_ON] is not None
            )
    reach.finished_on.update(row[_FINISHED_ON] for row in old.values() if row[_FINISHED_ON] is not None)
