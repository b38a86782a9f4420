"""What all explanations look up: the tables by id, names of people, boards and projects, and how fresh numbers are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, Table, select

from flowmart.explaining.shapes import Freshness
from flowmart.text import instant
from metrics.catalog import METRICS
from metrics.outdated import rules_of
from metrics.settings import MetricSettings
from warehouse.fetching import portions
from warehouse.tables import table
from warehouse.tables.computed import definitions
from warehouse.tables.loaded import boards, issues, projects, users, versions

AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A row of `projects`."""

    source_id: str
    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where explanations read: a connection, the rules of the configuration, and the names of places."""

    connection: Connection
    settings: MetricSettings
    boards: Mapping[str, str]
    projects: Mapping[str, Project]
    definitions: Mapping[str, AnyRow] = field(default_factory=dict)
    """Computed table → its row of `definitions`."""

    @property
    def zone(self) -> ZoneInfo:
        """The calendar's time zone."""
        return self.settings.calendar.timezone

    @property
    def as_of(self) -> datetime | None:
        """The now of the last compute of issues; None: never computed."""
        row = self.definitions.get("issue_flow")
        return None if row is None else row.as_of

    def rows(self, statement: Select[Any]) -> Sequence[AnyRow]:
        """What the warehouse answers."""
        return self.connection.execute(statement).all()

    def of(self, name: str, **where: object) -> Sequence[AnyRow]:
        """Rows of a table whose columns have these values (None: NULL), in the order of their keys."""
        source = table(name)
        statement = select(source).order_by(*source.primary_key)
        return self.rows(statement.where(*(source.c[column].is_not_distinct_from(v) for column, v in where.items())))

    def one(self, name: str, **where: object) -> AnyRow | None:
        """The first of them."""
        return next(iter(self.of(name, **where)), None)

    def local(self, moment: datetime | None) -> str:
        """`2026-05-11 09:30 CEST`, or `–`."""
        return "–" if moment is None else instant(moment, self.zone)


def open_source(connection: Connection, settings: MetricSettings) -> Source:
    """Everything small, read once."""
    return Source(
        connection=connection,
        settings=settings,
        boards={row.board_id: row.name for row in connection.execute(select(boards))},
        projects={
            row.project_id: Project(source_id=row.source_id, key=row.key, name=row.name)
            for row in connection.execute(select(projects))
        },
        definitions={row.table_name: row for row in connection.execute(select(definitions))},
    )


def names_of(
    source: Source, ids: Iterable[str | None], of: Table = users, column: str = "display_name"
) -> dict[str, str]:
    """Id → name (of users by default), for those that there are."""
    (key,) = of.primary_key
    found: dict[str, str] = {}
    for some in portions(sorted({one for one in ids if one})):
        found |= {row[0]: row[1] for row in source.rows(select(key, of.c[column]).where(key.in_(some)))}
    return found


def keys_of(source: Source, ids: Iterable[str | None]) -> dict[str, str]:
    """Issue id → key."""
    return names_of(source, ids, issues, "key")


def version_names(source: Source, ids: Iterable[str | None]) -> dict[str, str]:
    """Version id → name."""
    return names_of(source, ids, versions, "name")


def freshness(source: Source, *tables: str, notes: Iterable[str] = ()) -> Freshness:
    """How fresh these computed tables are, and what their numbers do not know."""
    rows = [row for name in tables if (row := source.definitions.get(name)) is not None]
    if not rows:
        return Freshness(
            as_of=None, code_version=None, notes=("metrics were never computed here: run `flowmart compute`",)
        )
    said = [*_changed_rules(source, tables), *notes]
    oldest = min(rows, key=lambda row: row.as_of)
    if len({row.as_of for row in rows}) > 1:
        said.append("not all of these tables were computed together: run `flowmart compute`")
    return Freshness(as_of=oldest.as_of, code_version=oldest.code_version, notes=tuple(said))


def _changed_rules(source: Source, tables: Sequence[str]) -> list[str]:
    changed = [
        each.name
        for metric in METRICS
        for each in metric.tables
        if each.name in tables
        and (row := source.definitions.get(each.name)) is not None
        and row.settings != rules_of(metric, source.settings)
    ]
    if not changed:
        return []
    return [f"the rules in the configuration changed since {', '.join(changed)} was computed: run `flowmart compute`"]


def computed(source: Source, *tables: str) -> bool:
    """Whether all these tables were ever computed."""
    return all(name in source.definitions for name in tables)
