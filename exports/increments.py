"""Which rows belong into an increment: those that changed from an instant on, where a table can tell.

Only what loaded tables say of themselves counts. Computed tables come whole, since a changed rule renews any row. So do
`issues`, whose computed columns change without `updated_at`, and bridges whose rows vanish without a trace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Date, Table, func, or_, select

from warehouse.tables import table as table_named

_CHANGED_BY: Mapping[str, Sequence[str]] = {
    "comments": ("created_at", "updated_at"),
    "issue_changes": ("changed_at", "issues.updated_at", "issues.deleted_at"),
    "link_events": ("happened_at",),
    "sync_runs": ("started_at", "finished_at"),
    "version_snapshots": ("seen_on",),
    "worklogs": ("started_at", "updated_at", "deleted_at"),
}


def changed_by(table: Table) -> Sequence[str]:
    """The columns that tell when a row changed; those of `issues` mean the row's issue. None: the table cannot tell.

    The whole history of an issue that changed comes with it, so that one which moved into scope brings its past.
    """
    return _CHANGED_BY.get(table.name, ())


def changed_since(table: Table, since: datetime | None) -> ColumnElement[bool] | None:
    """The condition for rows that changed at `since` or later; None for all rows."""
    names = changed_by(table)
    if since is None or not names:
        return None
    own = [table.c[name] for name in names if "." not in name]
    told = [column >= _bound(column, since) for column in own]
    if any("." in name for name in names):
        issues = table_named("issues")
        touched = select(issues.c.issue_id).where(or_(issues.c.updated_at >= since, issues.c.deleted_at >= since))
        told.append(table.c.issue_id.in_(touched))
    return or_(*told)


def total_rows(connection: Connection, tables: Sequence[Table], since: datetime | None) -> Mapping[str, int]:
    """The rows of whole tables, for those of which an increment has a part; whoever merges can count against it."""
    parts = [table for table in tables if changed_since(table, since) is not None]
    return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in parts}


def _bound(column: ColumnElement[Any], since: datetime) -> object:
    return since.date() if isinstance(column.type, Date) else since
