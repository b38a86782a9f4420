"""Sums of each active and closed sprint: committed, added, removed, completed and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, not_, or_, select

from metrics.base import Context, Metric
from metrics.periods import counted
from metrics.sprint_windows import Window, read_windows
from warehouse.bulk import clear, insert_rows
from warehouse.tables.computed_sprints import sprint_issues, sprint_metrics, sprint_scope_events

Sums = Mapping[str, Any]

_EVENTS = sprint_scope_events.c
_ISSUES = sprint_issues.c
_CAME_IN = or_(_ISSUES.is_committed, _ISSUES.added_at.is_not(None))
_AT_END = and_(_CAME_IN, _ISSUES.removed_at.is_(None))
"""In scope at the end."""


def _summed(points: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((condition, func.coalesce(points, 0)), else_=0)), 0)


def event_sums() -> Mapping[str, ColumnElement[Any]]:
    """What the scope events of a sprint add up to."""
    after, before = func.coalesce(_EVENTS.points_after, 0), func.coalesce(_EVENTS.points_before, 0)
    changed = _EVENTS.event == "estimate_changed"
    return {
        "committed_points": _summed(after, _EVENTS.event == "committed"),
        "committed_issues": counted(_EVENTS.event == "committed"),
        "added_points": _summed(after, _EVENTS.event == "added"),
        "added_issues": counted(_EVENTS.event == "added"),
        "removed_points": _summed(before, _EVENTS.event == "removed"),
        "removed_issues": counted(_EVENTS.event == "removed"),
        "reestimated_points": _summed(after - before, changed),
        "reestimated_issues": func.count(case((changed, _EVENTS.issue_id)).distinct()),
    }


def issue_sums() -> Mapping[str, ColumnElement[Any]]:
    """What the issues of a sprint add up to at its end; `kept` are the committed ones that were completed."""
    at_end = {name: and_(_AT_END, _ISSUES.outcome == name) for name in ("completed", "cancelled", "carried_over")}
    at_end["completed_outside"] = and_(not_(_AT_END), _ISSUES.outcome == "completed_outside")
    kept = and_(at_end["completed"], _ISSUES.is_committed)
    sums: dict[str, ColumnElement[Any]] = {}
    for name, condition in at_end.items():
        sums[f"{name}_points"] = _summed(_ISSUES.points_at_end, condition)
        sums[f"{name}_issues"] = counted(condition)
    return {
        **sums,
        "kept_points": _summed(_ISSUES.points_at_start, kept),
        "kept_issues": counted(kept),
        "unestimated_issues": counted(and_(_AT_END, _ISSUES.points_at_end.is_(None))),
    }


def _by_sprint(connection: Connection, column: ColumnElement[str], sums: Mapping[str, ColumnElement[Any]]) -> Any:  # noqa: ANN401
    statement = select(column.label("sprint_id"), *(value.label(name) for name, value in sums.items()))
    return {row.sprint_id: row._mapping for row in connection.execute(statement.group_by(column))}  # noqa: SLF001


def sprint_row(window: Window, sums: Sums) -> dict[str, Any]:
    """A row of `sprint_metrics`; points as floats. What has a zero below the line is NULL."""
    row: dict[str, Any] = {name: float(value) if name.endswith("_points") else value for name, value in sums.items()}
    for unit in ("points", "issues"):
        committed, added, removed = (row[f"{name}_{unit}"] for name in ("committed", "added", "removed"))
        final = committed + added - removed + (row["reestimated_points"] if unit == "points" else 0)
        row |= {
            f"final_scope_{unit}": final,
            f"say_do_{unit}": row.pop(f"kept_{unit}") / committed if committed else None,
            f"completion_rate_{unit}": row[f"completed_{unit}"] / final if final else None,
            f"scope_change_{unit}": (added + removed) / committed if committed else None,
        }
    return {**row, **window._asdict()}


def _compute(context: Context) -> None:
    connection = context.connection
    events = _by_sprint(connection, _EVENTS.sprint_id, event_sums())
    members = _by_sprint(connection, _ISSUES.sprint_id, issue_sums())
    nothing = dict.fromkeys([*event_sums(), *issue_sums()], 0)
    columns = sprint_metrics.columns.keys()
    rows = []
    for window in read_windows(connection, context.settings, context.now).values():
        sums = {**nothing, **events.get(window.sprint_id, {}), **members.get(window.sprint_id, {})}
        sums.pop("sprint_id", None)
        row = sprint_row(window, sums)
        rows.append(tuple(row[name] for name in columns))
    clear(connection, sprint_metrics)
    insert_rows(connection, sprint_metrics, columns, rows)


METRIC = Metric(
    name="sprint_metrics",
    tables=(sprint_metrics,),
    depends_on=("sprints", "flow"),
    reads=("calendar.timezone", "grace_hours"),
    compute=_compute,
)
"""Fills `sprint_metrics`."""
