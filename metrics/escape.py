"""Defect escape rate: by week and month of discovery, and by the release that introduced the defect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, func, literal, null, select
from sqlalchemy.types import Double

from metrics.base import Context, Metric
from metrics.escape_rules import ESCAPED, INTERNAL, UNKNOWN
from metrics.periods import PERIODS, counted, insert_from, joined, used
from warehouse.bulk import clear
from warehouse.tables.computed import dates, issue_flow
from warehouse.tables.computed_defects import defect_escape, defects
from warehouse.tables.loaded import versions

_GROUPINGS = ("all", "project", "board")


def _ratio(above: ColumnElement[Any], below: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((below > 0, cast(above, Double) / cast(below, Double)))


def _weight(weights: Mapping[str, float]) -> ColumnElement[Any]:
    by_severity = {severity.lower(): weight for severity, weight in sorted(weights.items())}
    one: ColumnElement[Any] = literal(1.0, Double)
    return case(by_severity, value=func.lower(defects.c.severity), else_=one) if by_severity else one


def _is(kind: str) -> ColumnElement[bool]:
    return defects.c.escape_class == kind


def figures(weights: Mapping[str, float]) -> dict[str, ColumnElement[Any]]:
    """The counts and rates of a group of defects."""
    escaped, internal, unknown = (counted(_is(kind)) for kind in (ESCAPED, INTERNAL, UNKNOWN))
    weight = _weight(weights)
    heavy_escaped = func.sum(case((_is(ESCAPED), weight), else_=0.0))
    heavy_known = func.sum(case((_is(UNKNOWN), 0.0), else_=weight))
    return {
        "defects": func.count(),
        "escaped": escaped,
        "internal": internal,
        "unknown": unknown,
        "rate": _ratio(escaped, escaped + internal),
        "unknown_share": _ratio(unknown, func.count()),
        "rate_weighted": _ratio(heavy_escaped, heavy_known),
    }


def _values(
    period: str, basis: str, start: ColumnElement[Any], version: ColumnElement[Any], grouping: str
) -> dict[str, ColumnElement[Any]]:
    project_id, board_id = (used(issue_flow, grouping, name) for name in ("project_id", "board_id"))
    return {
        "defect_escape_id": joined(period, start, basis, version, grouping, project_id, board_id),
        "period": literal(period),
        "period_start": start,
        "basis": literal(basis),
        "version_id": version,
        "grouping": literal(grouping),
        "project_id": project_id,
        "board_id": board_id,
    }


def _compute(context: Context) -> None:
    clear(context.connection, defect_escape)
    sums = figures(context.settings.defects.severity_weights)
    for grouping in _GROUPINGS:
        _by_discovery(context, grouping, sums)
        _by_release(context, grouping, sums)


def _by_discovery(context: Context, grouping: str, sums: Mapping[str, ColumnElement[Any]]) -> None:
    for period, start in PERIODS.items():
        values = _values(period, "discovery", start, cast(null(), String), grouping) | dict(sums)
        rows = (
            select(defects)
            .join(issue_flow, issue_flow.c.issue_id == defects.c.issue_id)
            .join(dates, dates.c.day == defects.c.created_on)
            .where(defects.c.is_cancelled.is_(False))
            .group_by(start, *_group(grouping))
        )
        context.connection.execute(insert_from(defect_escape, values, rows))


def _by_release(context: Context, grouping: str, sums: Mapping[str, ColumnElement[Any]]) -> None:
    version = versions.c.version_id
    age = defects.c.days_after_release
    within = {f"escaped_{days}d": counted(and_(_is(ESCAPED), age.between(0, days))) for days in (30, 90)}
    values = _values("release", "release", versions.c.released_on, version, grouping) | dict(sums) | within
    rows = (
        select(defects)
        .join(issue_flow, issue_flow.c.issue_id == defects.c.issue_id)
        .join(versions, version == defects.c.introduced_in_version_id)
        .where(defects.c.is_cancelled.is_(False))
        .group_by(versions.c.released_on, version, *_group(grouping))
    )
    context.connection.execute(insert_from(defect_escape, values, rows))


def _group(grouping: str) -> tuple[ColumnElement[Any], ...]:
    return (issue_flow.c[f"{grouping}_id"],) if grouping != "all" else ()


METRIC = Metric(
    name="defect_escape",
    tables=(defect_escape,),
    depends_on=("dates", "defects"),
    reads=("defects.severity_weights", "calendar.timezone"),
    compute=_compute,
)
"""Fills `defect_escape`."""
