"""Reads issues, and what belongs to them, in chunks in the order of their ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from metrics.history.timeline import Change
from warehouse.fetching import AnyTuple, fetch_grouped, fetch_rows, portions
from warehouse.tables.loaded import issue_changes, issues

CHUNK = 250


def chunks(
    connection: Connection,
    columns: Sequence[str],
    where: ColumnElement[bool] | None = None,
    *,
    only: Sequence[str] | None = None,
) -> Iterator[Sequence[AnyTuple]]:
    """Rows of `issues` with the given columns (the first is `issue_id`), about a thousand at a time.

    `only` names the issues to read, in the order of the ids; without it all are read.
    """
    statement = select(*(issues.c[name] for name in columns)).order_by(issues.c.issue_id)
    if where is not None:
        statement = statement.where(where)
    return _all(connection, statement) if only is None else _named(connection, statement, only)


def _all(connection: Connection, statement: Select[Any]) -> Iterator[Sequence[AnyTuple]]:
    chunk = fetch_rows(connection, statement.limit(CHUNK))
    while chunk:
        yield chunk
        if len(chunk) < CHUNK:
            return
        chunk = fetch_rows(connection, statement.where(issues.c.issue_id > chunk[-1][0]).limit(CHUNK))


def _named(connection: Connection, statement: Select[Any], ids: Sequence[str]) -> Iterator[Sequence[AnyTuple]]:
    for some in portions(ids):
        chunk = fetch_rows(connection, statement.where(issues.c.issue_id.in_(some)))
        if chunk:
            yield chunk


def changes_of(
    connection: Connection, ids: Sequence[str], fields: Sequence[str], *, is_run: bool = False
) -> Mapping[str, Sequence[Change]]:
    """Issue → its changes of the fields, in order, for the issues of a chunk.

    `is_run` says that no other issue has an id between the first and the last: a range is cheaper than names.
    """
    of = issue_changes.c
    wanted = of.issue_id.between(ids[0], ids[-1]) if is_run else of.issue_id.in_(ids)
    statement = select(*(of[name] for name in Change._fields)).where(wanted, of.field.in_(fields))
    return fetch_grouped(Change, connection, statement)  # a change's place in time are its first values
