"""Reads issues, and what belongs to them, in chunks in the order of their ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Row, Table, select

from metrics.timeline import Change
from warehouse.tables.loaded import issue_changes, issues

CHUNK = 1_000

AnyRow = Row[*tuple[Any, ...]]
"""A row of columns that its reader knows."""


def chunks(
    connection: Connection, columns: Sequence[str], where: ColumnElement[bool] | None = None
) -> Iterator[Sequence[AnyRow]]:
    """Rows of `issues` with the given columns (the first is `issue_id`), about a thousand at a time."""
    statement = select(*(issues.c[name] for name in columns)).order_by(issues.c.issue_id).limit(CHUNK)
    if where is not None:
        statement = statement.where(where)
    chunk = connection.execute(statement).fetchall()
    while chunk:
        yield chunk
        if len(chunk) < CHUNK:
            return
        chunk = connection.execute(statement.where(issues.c.issue_id > chunk[-1][0])).fetchall()


def changes_of(
    connection: Connection, chunk: Sequence[AnyRow], fields: Sequence[str]
) -> Mapping[str, Sequence[Change]]:
    """Issue → its changes of the fields, in order, for the issues of a chunk (and any that lie between them)."""
    of = issue_changes.c
    statement = (
        select(*(of[name] for name in Change._fields))
        .where(of.issue_id.between(chunk[0][0], chunk[-1][0]), of.field.in_(fields))
        .order_by(of.issue_id, of.changed_at, of.entry_number, of.ordinal)
    )
    changes: defaultdict[str, list[Change]] = defaultdict(list)
    for row in connection.execute(statement):
        changes[row[0]].append(cast("Change", row))
    return changes


def parts_of(
    connection: Connection, chunk: Sequence[AnyRow], table: Table, *columns: str
) -> Mapping[str, Sequence[AnyRow]]:
    """Issue → rows of a table that hangs on issues, beginning with `issue_id`, for the issues of a chunk."""
    of = table.c
    statement = select(of.issue_id, *(of[name] for name in columns)).where(
        of.issue_id.between(chunk[0][0], chunk[-1][0])
    )
    parts: defaultdict[str, list[AnyRow]] = defaultdict(list)
    for row in connection.execute(statement.order_by(of.issue_id, *(of[name] for name in columns))):
        parts[row[0]].append(row)
    return parts
