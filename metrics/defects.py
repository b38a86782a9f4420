"""One row per defect: whether it escaped by the rules, as of now and as of its creation, and what introduced it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, and_, or_, select

from metrics.base import Context, Metric
from metrics.calendar import local_day
from metrics.escape_rules import Facts, verdict
from metrics.reading import AnyTuple as AnyRow
from metrics.reading import changes_of, chunks, parts_of
from metrics.timeline import Change
from warehouse.bulk import clear, insert_rows
from warehouse.tables.computed import issue_flow
from warehouse.tables.computed_defects import defects
from warehouse.tables.loaded import issue_labels, issue_links, issue_versions, issues, versions

_READ = (
    "issue_id",
    "issue_type",
    "created_at",
    "severity",
    "priority",
    "found_in",
    "resolution",
    "custom_fields",
    "area_path",
)
_COLUMNS = ("severity", "priority", "found_in", "resolution")
_AFFECTS = "affects_versions"


class _Version(NamedTuple):
    name: str
    released_on: date | None
    """None: not marked released, or without a day."""


class _Parts(NamedTuple):
    """What hangs on the defects of a chunk, by issue."""

    changes: Mapping[str, Sequence[Change]]
    labels: Mapping[str, Sequence[AnyRow]]
    affects: Mapping[str, Sequence[str]]
    links: Mapping[str, Sequence[tuple[str, str | None, datetime | None]]]


def _compute(context: Context) -> None:
    connection, rules = context.connection, context.settings.defects.rules
    released = _versions(connection)
    asked = tuple({rule.field for rule in rules if rule.field} | {"labels", "type", _AFFECTS})
    clear(connection, defects)
    counted = and_(
        issues.c.is_defect.is_(True),
        issues.c.absence.is_(None),
        issues.c.created_at <= context.now,
        or_(issues.c.level.in_(sorted(context.settings.levels)), issues.c.area_path.is_not(None)),
    )
    for chunk in chunks(connection, _READ, counted):
        flows = parts_of(connection, chunk, issue_flow, "is_cancelled", "finished_at", "lead_seconds")
        parts = _Parts(
            changes_of(connection, chunk, asked),
            parts_of(connection, chunk, issue_labels, "label"),
            _affects(connection, chunk),
            _links(connection, chunk),
        )
        rows = [_row(context, issue, flows[issue.issue_id][0], parts, released) for issue in chunk]
        insert_rows(connection, defects, defects.columns.keys(), rows)


def _row(
    context: Context,
    issue: AnyRow,
    flow: AnyRow,
    parts: _Parts,
    released: Mapping[str, _Version],
) -> tuple[Any, ...]:
    rules = context.settings.defects.rules
    created_on = local_day(issue.created_at, context.settings.calendar.timezone)
    now = _facts_now(issue, created_on, parts, released)
    then = _facts_at_creation(issue, now, parts, released)
    decided = verdict(rules, now)
    introduced = _introduced_in(parts.affects.get(issue.issue_id, ()), released)
    return (
        issue.issue_id,
        created_on,
        issue.severity,
        *decided,
        verdict(rules, then).escape_class,
        flow.is_cancelled,
        introduced,
        (created_on - day).days if introduced and (day := released[introduced].released_on) else None,
        flow.finished_at,
        flow.lead_seconds,
    )


def _facts_now(issue: AnyRow, created_on: date, parts: _Parts, released: Mapping[str, _Version]) -> Facts:
    issue_id = issue.issue_id
    return Facts(
        issue.issue_type,
        created_on,
        tuple(row.label for row in parts.labels.get(issue_id, ())),
        dict(_fields(issue)),
        tuple(released[version] for version in parts.affects.get(issue_id, ()) if version in released),
        tuple((link_type, other) for link_type, other, _ in parts.links.get(issue_id, ())),
    )


def _fields(issue: AnyRow) -> Iterator[tuple[str, Sequence[str]]]:
    """Folded name → texts: custom fields by their name, and the columns that rules may name."""
    stored = issue.custom_fields
    custom = msgspec.json.decode(stored) if isinstance(stored, str) else stored
    for name, value in custom.items():
        yield name.casefold(), tuple(map(str, value)) if isinstance(value, list) else (str(value),)
    for name in _COLUMNS:
        value = getattr(issue, name)
        if value is not None:
            yield name, (value,)


def _facts_at_creation(issue: AnyRow, now: Facts, parts: _Parts, released: Mapping[str, _Version]) -> Facts:
    """The facts with all later changes undone; a link without a known beginning was not there."""
    first: dict[str, Change] = {}
    for change in parts.changes.get(issue.issue_id, ()):
        first.setdefault(change.field, change)
    fields = dict(now.fields)
    for name, change in first.items():
        before = change.from_text or change.from_value
        fields[name.casefold()] = (before,) if before else ()
    labels, changed_type = first.get("labels"), first.get("type")
    return Facts(
        (changed_type and (changed_type.from_text or changed_type.from_value)) or now.issue_type,
        now.created_on,
        now.labels if labels is None else _split_labels(labels, is_azure_devops=issue.area_path is not None),
        fields,
        tuple(released[version] for version in _affects_at_creation(issue, parts) if version in released),
        tuple(
            (link_type, other)
            for link_type, other, made_at in parts.links.get(issue.issue_id, ())
            if made_at is not None and made_at <= issue.created_at
        ),
    )


def _split_labels(change: Change, *, is_azure_devops: bool) -> tuple[str, ...]:
    """Jira joins labels by blanks; Azure DevOps joins tags, which may hold blanks, by semicolons."""
    text = change.from_text or ""
    return tuple(label.strip() for label in text.split(";" if is_azure_devops else None) if label.strip())


def _affects_at_creation(issue: AnyRow, parts: _Parts) -> Sequence[str]:
    source = issue.issue_id.partition(":")[0]
    held = list(parts.affects.get(issue.issue_id, ()))
    changes = [change for change in parts.changes.get(issue.issue_id, ()) if change.field == _AFFECTS]
    for change in reversed(changes):
        if change.to_value and (added := f"{source}:{change.to_value}") in held:
            held.remove(added)
        if change.from_value:
            held.append(f"{source}:{change.from_value}")
    return held


def _introduced_in(affects: Sequence[str], released: Mapping[str, _Version]) -> str | None:
    """The affects-version that was released first."""
    days = [(day, version) for version in affects if version in released and (day := released[version].released_on)]
    return min(days)[1] if days else None


def _versions(connection: Connection) -> Mapping[str, _Version]:
    of = versions.c
    rows = connection.execute(select(of.version_id, of.name, of.is_released, of.released_on))
    return {row.version_id: _Version(row.name, row.released_on if row.is_released else None) for row in rows}


def _affects(connection: Connection, chunk: Sequence[AnyRow]) -> Mapping[str, Sequence[str]]:
    rows = parts_of(connection, chunk, issue_versions, "role", "version_id")
    return {issue_id: [row.version_id for row in of if row.role == "affects"] for issue_id, of in rows.items()}


def _links(
    connection: Connection, chunk: Sequence[AnyRow]
) -> Mapping[str, Sequence[tuple[str, str | None, datetime | None]]]:
    """Issue → (type, type of the other issue, beginning) of its links, told from either side."""
    first, last = chunk[0][0], chunk[-1][0]
    found: dict[str, list[tuple[str, str | None, datetime | None]]] = {}
    of = issue_links.c
    for mine, other in ((of.issue_id, of.other_issue_id), (of.other_issue_id, of.issue_id)):
        rows = connection.execute(
            select(mine, of.link_type, issues.c.issue_type, of.created_at)
            .join(issues, issues.c.issue_id == other, isouter=True)
            .where(mine.between(first, last), of.removed_at.is_(None))
            .order_by(mine, of.link_id)
        )
        for issue_id, *link in rows:
            found.setdefault(issue_id, []).append((link[0], link[1], link[2]))
    return found


METRIC = Metric(
    name="defects",
    tables=(defects,),
    depends_on=("issues", "flow"),
    reads=("defects.types", "defects.rules", "calendar.timezone", "levels"),
    compute=_compute,
)
"""Fills `defects`."""
