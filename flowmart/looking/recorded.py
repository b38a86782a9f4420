"""What the warehouse knows of statuses and types: for comparing it with the trackers of today. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from metrics.history.stages import StatusCatalogue, read_catalogue
from metrics.settings import MetricSettings
from warehouse.tables.loaded import issue_changes, issue_types, issues, statuses


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayStatus:
    """A status whose stage nothing tells: history knows it, the workflow of today does not, the config neither."""

    source: str
    name: str
    issues: int
    """Issues that are in it now."""
    changes: int
    """Changes into it or out of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Names by source, as the warehouse has them, and the statuses that have no stage."""

    statuses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Also the names that statuses had in history."""
    types: Mapping[str, frozenset[str]] = field(default_factory=dict)
    strays: tuple[StrayStatus, ...] = ()


_SIDES = (("from_value", "from_text"), ("to_value", "to_text"))


def read_recorded(connection: Connection, settings: MetricSettings) -> Recorded:
    """What is recorded. One pass over the changes of status; a warehouse of another schema is not for this."""
    catalogue = read_catalogue(connection, settings)
    names: dict[str, set[str]] = {}
    types: dict[str, set[str]] = {}
    for source, name in connection.execute(select(statuses.c.source_id, statuses.c.name).distinct()):
        names.setdefault(source, set()).add(name)
    for source, name in connection.execute(select(issue_types.c.source_id, issue_types.c.name).distinct()):
        types.setdefault(source, set()).add(name)
    now, then = _issues_now(connection, catalogue), _changes(connection, catalogue, names)
    strays = (
        StrayStatus(source=source, name=name, issues=now[source, name], changes=then[source, name])
        for source, name in sorted({*now, *then})
    )
    return Recorded(
        statuses={source: frozenset(found) for source, found in names.items()},
        types={source: frozenset(found) for source, found in types.items()},
        strays=tuple(strays),
    )


def _issues_now(connection: Connection, catalogue: StatusCatalogue) -> Counter[tuple[str, str]]:
    """(source, status) → issues that are in it, for statuses without a stage."""
    columns = [issues.c[name] for name in ("source_id", "project_id", "issue_type", "status_id", "status")]
    query = select(*columns, func.count().label("number")).where(issues.c.absence.is_(None)).group_by(*columns)
    found: Counter[tuple[str, str]] = Counter()
    for row in connection.execute(query):
        native = row.status_id.removeprefix(f"{row.source_id}:")
        if catalogue.look_up(row.source_id, row.project_id, row.issue_type, native, row.status).stage is None:
            found[row.source_id, row.status] += row.number
    return found


def _changes(
    connection: Connection, catalogue: StatusCatalogue, names: dict[str, set[str]]
) -> Counter[tuple[str, str]]:
    """(source, status) → changes into it or out of it, for statuses without a stage; `names` learns all of history."""
    found: Counter[tuple[str, str]] = Counter()
    for value, text in _SIDES:
        columns = (
            *(issues.c[name] for name in ("source_id", "project_id", "issue_type")),
            issue_changes.c[value].label("value"),
            issue_changes.c[text].label("name"),
        )
        joined = issue_changes.join(issues, issues.c.issue_id == issue_changes.c.issue_id)
        query = (
            select(*columns, func.count().label("number")).select_from(joined).where(issue_changes.c.field == "status")
        )
        for row in connection.execute(query.group_by(*columns)):
            if row.name is None:
                continue
            names.setdefault(row.source_id, set()).add(row.name)
            known = catalogue.look_up(row.source_id, row.project_id, row.issue_type, row.value, row.name)
            if known.stage is None:
                found[row.source_id, row.name] += row.number
    return found
