"""Writes records: `upsert` and `replace`, idempotent by construction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Protocol

import msgspec
from sqlalchemy import Column, Connection, Table, and_, bindparam, delete, func, select, update
from sqlalchemy import column as named
from sqlalchemy import table as named_table
from sqlalchemy.dialects import postgresql, sqlite

from warehouse import snowflake
from warehouse.bulk import clean, delete_where, execute_many, stage_of, stage_rows, stored
from warehouse.fetching import portions
from warehouse.records import (
    RECORD_TABLES,
    Issue,
    IssueChange,
    IssueLabel,
    IssueLink,
    IssueVersion,
    LinkEvent,
    Record,
)
from warehouse.stale import mark_stale, mark_stale_where
from warehouse.tables import loaded_columns, table

_SQLITE = sqlite.dialect(paramstyle="qmark")
_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]

_COMPUTED_FROM: frozenset[type[Record]] = frozenset(
    {Issue, IssueChange, IssueLink, LinkEvent, IssueLabel, IssueVersion}
)
"""What the computed rows of an issue follow from, beside what many issues share (statuses, sprints, versions …)."""
_SIDES = ("issue_id", "other_issue_id")


def naming_issues(target: Table) -> list[Column[Any]]:
    """The columns of a loaded table that name issues which are to be computed anew when a row changes."""
    is_one = any(RECORD_TABLES[kind] == target.name for kind in _COMPUTED_FROM)
    return [target.c[side] for side in _SIDES if is_one and side in target.c]


class Replaced(Protocol):
    """What `replace` needs to know; `connectors.base.Replacement` has it."""

    @property
    def record_type(self) -> type[Record]: ...
    @property
    def scope(self) -> str: ...
    @property
    def values(self) -> Sequence[str]: ...
    @property
    def records(self) -> Sequence[Record]: ...


class Marked(Protocol):
    """What `mark` needs to know; `connectors.base.Mark` has it."""

    @property
    def record_type(self) -> type[Record]: ...
    @property
    def column(self) -> str: ...
    @property
    def at(self) -> Mapping[str, datetime]: ...


class Loader:
    """Writes into one connection's transaction; committing is the caller's business.

    The same records twice leave the warehouse as once. Of two records with one key the last counts.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._noted: set[str] = set()
        """Issues that this transaction has marked as stale."""

    def upsert(self, records: Iterable[Record]) -> int:
        """Insert or overwrite by primary key, record types mixed as they come; returns the rows written.

        A row of a table that knows what is newer (`issues.updated_at`) is not overwritten by an older one.
        """
        by_type: defaultdict[type[Record], list[Record]] = defaultdict(list)
        for record in records:
            by_type[type(record)].append(record)
        self._note(by_type)
        return sum(self._upsert(table(RECORD_TABLES[kind]), by_type[kind]) for kind in RECORD_TABLES if kind in by_type)

    def replace(self, replacement: Replaced) -> int:
        """Make the rows whose scope column is one of `values` exactly `records`; returns the rows written."""
        target = table(RECORD_TABLES[replacement.record_type])
        scope = target.c[replacement.scope]
        if self._connection.dialect.name == "sqlite":
            execute_many(
                self._connection, _sqlite_delete(target, scope.name), ((value,) for value in replacement.values)
            )
        elif self._connection.dialect.name == "postgresql":
            self._connection.execute(delete(target).where(scope == func.any(list(replacement.values))))
        else:
            delete_where(self._connection, scope, replacement.values)
        if replacement.record_type in _COMPUTED_FROM and replacement.scope == "issue_id":
            self._mark_stale(set(replacement.values))
        self._note({replacement.record_type: replacement.records})
        return self._upsert(target, replacement.records)

    def mark(self, mark: Marked) -> int:
        """Put the instants into the column of rows that have none there; returns the rows marked."""
        if not mark.at:
            return 0
        target = table(RECORD_TABLES[mark.record_type])
        key, column = next(iter(target.primary_key)), target.c[mark.column]
        if mark.record_type is IssueLink:
            for side in (target.c.issue_id, target.c.other_issue_id):
                mark_stale_where(self._connection, select(side).where(key.in_(list(mark.at))))
        if self._connection.dialect.name == snowflake.NAME:
            return self._mark_together(key, column, mark.at)
        statement = (
            update(target)
            .where(key == bindparam("marked_key"), column.is_(None))
            .values({mark.column: bindparam("marked_at", type_=column.type)})
        )
        rows = [{"marked_key": one, "marked_at": at} for one, at in mark.at.items()]
        return self._connection.execute(statement, rows).rowcount

    def _mark_together(self, key: Column[Any], column: Column[Any], at: Mapping[str, datetime]) -> int:
        """The same where a statement for each row would take a second for five of them."""
        keys: defaultdict[datetime, list[str]] = defaultdict(list)
        for one, moment in at.items():
            keys[moment].append(one)
        statements = (
            update(key.table).where(key.in_(some), column.is_(None)).values({column.name: moment})
            for moment, all_of_it in keys.items()
            for some in portions(all_of_it)
        )
        return sum(self._connection.execute(statement).rowcount for statement in statements)

    def _note(self, by_type: Mapping[type[Record], Sequence[Record]]) -> None:
        """Say which issues are to be computed anew; a link concerns both of its ends."""
        ids: set[str] = set()
        for kind in _COMPUTED_FROM.intersection(by_type):
            for side in set(_SIDES).intersection(kind.__struct_fields__):
                ids.update(filter(None, map(attrgetter(side), by_type[kind])))
        self._mark_stale(ids)

    def _mark_stale(self, issue_ids: set[str]) -> None:
        new = issue_ids - self._noted
        mark_stale(self._connection, new)
        self._noted |= new

    def _upsert(self, target: Table, records: Sequence[Record]) -> int:
        if not records:
            return 0
        columns = loaded_columns(target)
        unique = {row[0]: row for row in map(msgspec.structs.astuple, records)}
        if self._connection.dialect.name == "sqlite":
            rows = stored(target, columns, unique.values(), text=clean)
            return execute_many(self._connection, _sqlite_upsert(target), rows)
        if self._connection.dialect.name == snowflake.NAME:
            rows = stored(target, columns, unique.values(), text=clean)
            return snowflake.upsert_rows(self._connection, target, columns, rows)
        stage_rows(self._connection, target, columns, unique.values())
        return self._connection.exec_driver_sql(_postgresql_upsert(target)).rowcount


@cache
def _sqlite_delete(target: Table, scope: str) -> str:
    return str(delete(target).where(target.c[scope] == bindparam("scope")).compile(dialect=_SQLITE))


@cache  # a page has rows of ten tables, and compiling took a seventh of a whole pull
def _sqlite_upsert(target: Table) -> str:
    statement = sqlite.insert(target).values({name: bindparam(name) for name in loaded_columns(target)})
    return str(_on_conflict(statement, target).compile(dialect=_SQLITE))


@cache
def _postgresql_upsert(target: Table) -> str:
    """Moves what is staged into the table."""
    columns = loaded_columns(target)
    stage = named_table(stage_of(target), *map(named, columns))
    statement = postgresql.insert(target).from_select(columns, select(*stage.c))
    return str(_on_conflict(statement, target).compile(dialect=_POSTGRESQL))


def _on_conflict(statement: Any, target: Table) -> Any:  # noqa: ANN401 - either dialect's insert
    new = statement.excluded
    changes = {
        name: func.coalesce(new[name], target.c[name]) if target.c[name].info.get("keep") else new[name]
        for name in loaded_columns(target)
        if not target.c[name].primary_key
    }
    newer = [new[c.name] >= c for c in target.columns if c.info.get("decides")]
    return statement.on_conflict_do_update(
        index_elements=list(target.primary_key), set_=changes, where=and_(*newer) if newer else None
    )
