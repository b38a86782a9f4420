"""Reads what the checks show to people: keys of issues, names of projects and boards; and splits long lists of ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlalchemy import Connection, Table, select

from warehouse.fetching import portions
from warehouse.tables.loaded import issues


def parts_of(ids: Collection[str]) -> Iterator[Sequence[str]]:
    """The ids in order, as many at a time as a statement takes."""
    return portions(sorted(ids))


def keys_of(connection: Connection, issue_ids: Collection[str]) -> Mapping[str, str]:
    """Issue → key, of those that are here and not absent."""
    keys: dict[str, str] = {}
    for some in parts_of(issue_ids):
        statement = select(issues.c.issue_id, issues.c.key)
        rows = connection.execute(statement.where(issues.c.issue_id.in_(some), issues.c.absence.is_(None)))
        keys.update((row.issue_id, row.key) for row in rows)
    return keys


def names_of(connection: Connection, table: Table) -> Mapping[str, str]:
    """Id → name, of all rows of a small table."""
    (key,) = table.primary_key
    return {row[0]: row[1] for row in connection.execute(select(key, table.c.name))}
