"""Reads issues, and what belongs to them, in chunks in the order of their ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, select

from metrics.history.timeline import Change
from warehouse.fetching import AnyTuple, fetch_grouped, fetch_rows, portions
from warehouse.tables.loaded import issue_changes, issues

CHUNK = 250
_CHUNKS_AT_ONCE = 8


def chunks(
    connection: Connection,
    columns: Sequence[str],
    where: ColumnElement[bool] | None = None,
    *,
    only: Sequence[str] | None = None,
) -> Iterator[Sequence[AnyTuple]]:
    """Rows of `issues` with the given columns (the first is `issue_id`), some hundred at a time.

    `only` names the issues to read, in the order of the ids; without it all are read.
    """
    statement = select(*(issues.c[name] for name in columns)).order_by(issues.c.issue_id)
    if where is not None:
        statement = statement.where(where)
    return _all(connection, statement) if only is None else _named(connection, statement, only)


def _all(connection: Connection, statement: Select[Any]) -> Iterator[Sequence[AnyTuple]]:
    after = statement.where(issues.c.issue_id > bindparam("after")).limit(_CHUNKS_AT_ONCE * CHUNK)
    rows = fetch_rows(connection, after, after="")
    while rows:
        for start in range(0, len(rows), CHUNK):
            yield rows[start : start + CHUNK]
        rows = fetch_rows(connection, after, after=rows[-1][0])


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
    names = {"first": ids[0], "last": ids[-1]} if is_run else {"ids": ids}
    return fetch_grouped(Change, connection, _changes(tuple(fields), is_run), **names)


@cache  # to make it takes as long as to read some dozen issues
def _changes(fields: Sequence[str], is_run: bool) -> Select[Any]:  # noqa: FBT001 - as above
    """The changes of some issues, named by their first values: the places of the changes in time."""
    of = issue_changes.c
    named = of.issue_id.in_(bindparam("ids", expanding=True))
    run = of.issue_id.between(bindparam("first"), bindparam("last"))
    return select(*(of[name] for name in Change._fields)).where(run if is_run else named, of.field.in_(fields))
