"""What a census of issue ids reads and writes: who is alive here, who is gone, and when that was last looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, literal, null, select, update

from warehouse.fetching import portions
from warehouse.stale import mark_stale
from warehouse.tables.loaded import issues, projects, sources


@dataclass(frozen=True, slots=True)
class Held:
    """An issue that is alive in the warehouse."""

    issue_id: str
    project_id: str
    key: str
    area_path: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class LastCensus:
    """The account that the last census was believed of, and when that census began; None: never."""

    account: str | None = None
    at: datetime | None = None


def last_census(connection: Connection, source_id: str) -> LastCensus:
    """What is noted of the source; nothing for one that was never synced."""
    row = connection.execute(
        select(sources.c.account, sources.c.census_at).where(sources.c.source_id == source_id)
    ).one_or_none()
    return LastCensus() if row is None else LastCensus(row.account, row.census_at)


def note_account(connection: Connection, source_id: str, account: str) -> None:
    """Believe this account's census from now on."""
    connection.execute(update(sources).where(sources.c.source_id == source_id).values(account=account))


def note_census(connection: Connection, source_id: str, began_at: datetime) -> None:
    """Note that a census which lacks nothing began then."""
    connection.execute(update(sources).where(sources.c.source_id == source_id).values(census_at=began_at))


def read_alive(connection: Connection, source_id: str) -> list[Held]:
    """The issues of the source without an absence, by id."""
    statement = (
        select(issues.c.issue_id, issues.c.project_id, issues.c.key, issues.c.area_path, issues.c.updated_at)
        .where(issues.c.source_id == source_id, issues.c.absence.is_(None))
        .order_by(issues.c.issue_id)
    )
    return [Held(*row) for row in connection.execute(statement)]


def mark_absent(connection: Connection, absences: Mapping[str, str], found_at: datetime) -> int:
    """Put a tombstone on each of the issues; of deleted ones a known instant of deletion stays, else it is `found_at`.

    Returns the issues marked. A row is never deleted, and one that comes back is revived by its next upsert.
    """
    if not absences:
        return 0
    mark_stale(connection, absences)
    by_reason: defaultdict[str, list[str]] = defaultdict(list)
    for one, why in absences.items():
        by_reason[why].append(one)
    # not a statement for each issue: on Snowflake five of them take a second
    statements = (
        update(issues).where(issues.c.issue_id.in_(some)).values(absence=why, deleted_at=_deleted_at(why, found_at))
        for why, found in by_reason.items()
        for some in portions(found)
    )
    return sum(connection.execute(statement).rowcount for statement in statements)


def _deleted_at(why: str, found_at: datetime) -> ColumnElement[Any]:
    column = issues.c.deleted_at
    return func.coalesce(column, literal(found_at, column.type)) if why == "deleted" else null()


def held_among(connection: Connection, issue_ids: Sequence[str]) -> Mapping[str, str]:
    """Those of the issues that are alive here, with their keys."""
    found: dict[str, str] = {}
    for some in portions(issue_ids):
        statement = select(issues.c.issue_id, issues.c.key).where(
            and_(issues.c.issue_id.in_(some), issues.c.absence.is_(None))
        )
        found.update((row.issue_id, row.key) for row in connection.execute(statement))
    return found


def project_names(connection: Connection, project_ids: Iterable[str]) -> Mapping[str, str]:
    """Project id → its key (Azure DevOps: name)."""
    statement = select(projects.c.project_id, projects.c.key).where(projects.c.project_id.in_(list(project_ids)))
    return {row.project_id: row.key for row in connection.execute(statement)}
