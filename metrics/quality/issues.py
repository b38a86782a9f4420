"""Checks of single issues, for all of them or for those that were renewed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Text, and_, cast, or_, select, true

from metrics.base import Context
from metrics.outdated import inputs_known, remember
from metrics.quality.checks import ISSUE_CHECKS, finding
from metrics.quality.reading import parts_of
from warehouse.findings import Finding, renew_findings
from warehouse.tables.loaded import fields, issues, statuses

_POINTS = "points_in_two_fields"
_SOUNDS_LIKE_POINTS = "story point"
_INPUTS = "quality:"
_FIELDS = f"{_INPUTS}fields"


def renew_issue_findings(context: Context) -> None:
    """Check the issues that `reach` names, or all; all too for what follows from fields that changed."""
    connection = context.connection
    candidates = _point_fields(connection)
    current = {_FIELDS: hashlib.sha256(msgspec.json.encode(candidates, order="sorted")).hexdigest()}
    of_others = None if context.everything else context.reach.issue_ids
    of_points = of_others if inputs_known(connection, (_INPUTS,)) == current else None
    odd = _odd_issues(connection, of_others)
    renew_findings(connection, ISSUE_CHECKS.keys() - {_POINTS}, odd, context.now, of_others)
    renew_findings(connection, {_POINTS}, _two_estimates(connection, candidates, of_points), context.now, of_points)
    remember(connection, (_INPUTS,), current)


def _among(column: ColumnElement[str], issue_ids: Collection[str] | None) -> Iterable[ColumnElement[bool]]:
    """Conditions that together let through the issues, or all for None."""
    return [true()] if issue_ids is None else (column.in_(part) for part in parts_of(issue_ids))


def _odd_issues(connection: Connection, issue_ids: Collection[str] | None) -> Iterator[Finding]:
    of = issues.c
    has_status = of.status_id.in_(select(statuses.c.status_id))
    statement = select(
        of.issue_id, of.key, of.status_id, of.status, has_status, of.story_points, of.created_at, of.updated_at
    )
    odd = or_(~has_status, of.story_points < 0, of.created_at > of.updated_at)
    for among in _among(of.issue_id, issue_ids):
        for row in connection.execute(statement.where(of.absence.is_(None), odd, among)):
            yield from _of_odd(*row)


def _of_odd(issue_id: str, key: str, status_id: str, status: str, has_status: Any, *values: Any) -> Iterator[Finding]:  # noqa: ANN401 - columns of a row
    points, created_at, updated_at = values
    if not has_status:
        evidence = f"{key} is in status '{status}' ({status_id}), which has no row"
        yield finding("issue_without_status_row", issue_id, evidence)
    if points is not None and points < 0:
        yield finding("estimate_negative", issue_id, f"{key} has an estimate of {points:g}")
    if created_at > updated_at:
        created, updated = (at.isoformat(" ", "milliseconds") for at in (created_at, updated_at))
        yield finding("created_after_updated", issue_id, f"{key} was created at {created}, last changed at {updated}")


def _point_fields(connection: Connection) -> Mapping[str, Sequence[str]]:
    """Source → names of its fields that are story points here, or sound like it, where there are several."""
    of = fields.c
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in connection.execute(select(of.source_id, of.name, of.role).order_by(of.field_id)):
        if row.role == "story_points" or (row.role is None and _SOUNDS_LIKE_POINTS in row.name.casefold()):
            found[row.source_id].append(row.name)
    return {source_id: names for source_id, names in found.items() if len(names) > 1}


def _two_estimates(
    connection: Connection, candidates: Mapping[str, Sequence[str]], issue_ids: Collection[str] | None
) -> Iterator[Finding]:
    """Both trackers keep the fields that are not chosen in `custom_fields`; Jira the chosen one as well."""
    of = issues.c
    custom = cast(of.custom_fields, Text)
    for source_id, names in candidates.items():
        has_one = or_(*(custom.contains(msgspec.json.encode(name).decode(), autoescape=True) for name in names))
        estimated = and_(of.source_id == source_id, of.absence.is_(None), of.story_points.is_not(None))
        statement = select(of.issue_id, of.key, of.story_points, custom).where(estimated, has_one)
        for among in _among(of.issue_id, issue_ids):
            for issue_id, key, points, stored in connection.execute(statement.where(among)):
                others = _other_numbers(msgspec.json.decode(stored), names, points)
                if others:
                    told = ", ".join(f"'{name}' is {number:g}" for name, number in others)
                    yield finding(_POINTS, issue_id, f"{key}: the estimate here is {points:g}, but {told}")


def _other_numbers(custom: Mapping[str, Any], names: Iterable[str], points: float) -> list[tuple[str, float]]:
    numbers = ((name, _number(custom.get(name))) for name in names)
    return [(name, number) for name, number in numbers if number is not None and number != points]


def _number(value: Any) -> float | None:  # noqa: ANN401 - a value of JSON
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
