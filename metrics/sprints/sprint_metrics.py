"""Sums of each active and closed sprint: committed, added, removed, completed and what follows from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from math import fsum
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from metrics.base import Context, Metric
from metrics.history.sprint_windows import Window
from metrics.sprints.spans import ended_on, read_plans
from metrics.sprints.sprint_renewal import SprintIds, fetch_of_sprints, forget_sprints, sprints_to_renew, windows_of
from warehouse.bulk import insert_rows
from warehouse.fetching import AnyTuple
from warehouse.tables.computed_sprints import sprint_issues, sprint_metrics, sprint_scope_events

COMMITTED, ADDED, REMOVED, ESTIMATE_CHANGED = "committed", "added", "removed", "estimate_changed"
COMPLETED, CANCELLED, CARRIED_OVER, OUTSIDE = "completed", "cancelled", "carried_over", "completed_outside"
_FIGURES = (COMMITTED, ADDED, REMOVED, COMPLETED, CANCELLED, CARRIED_OVER, OUTSIDE)

_EVENTS, _ISSUES = sprint_scope_events.c, sprint_issues.c
_AT_END = and_(or_(_ISSUES.is_committed, _ISSUES.added_at.is_not(None)), _ISSUES.removed_at.is_(None))
"""In scope at the end."""


@dataclass(slots=True)
class Tally:
    """What the figures of a sprint are made of: for each a list of points, 0 for what is not estimated."""

    points: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    reestimated: list[float] = field(default_factory=list)
    """The new estimate and minus the old one of each change."""
    reestimated_issue_ids: set[str] = field(default_factory=set)
    kept: list[float] = field(default_factory=list)
    """Completed of the committed, by the estimate at the start."""
    unestimated_issues: int = 0


def add_events(tallies: defaultdict[str, Tally], rows: Iterable[AnyTuple]) -> None:
    """Count (sprint, issue, event, points before, points after): what changed the scope."""
    for sprint_id, issue_id, event, before, after in rows:
        tally = tallies[sprint_id]
        if event == ESTIMATE_CHANGED:
            tally.reestimated += (after or 0.0, -(before or 0.0))
            tally.reestimated_issue_ids.add(issue_id)
        else:
            tally.points[event].append((before if event == REMOVED else after) or 0.0)


def add_issues(tallies: defaultdict[str, Tally], rows: Iterable[AnyTuple]) -> None:
    """Count (sprint, committed, in scope at the end, points at start, points at end, outcome): what was at the end."""
    for sprint_id, is_committed, at_end, at_start, points, outcome in rows:
        tally = tallies[sprint_id]
        if at_end:
            tally.points[outcome].append(points or 0.0)
            tally.unestimated_issues += points is None
            if is_committed and outcome == COMPLETED:
                tally.kept.append(at_start or 0.0)
        elif outcome == OUTSIDE:
            tally.points[OUTSIDE].append(points or 0.0)


def sprint_row(window: Window, tally: Tally, last_day: date | None) -> dict[str, Any]:
    """A row of `sprint_metrics`; points as floats. What has a zero below the line is NULL."""
    terms = {name: tally.points[name] for name in _FIGURES}
    left = [-points for points in terms[REMOVED]]
    in_points: dict[str, float] = {name: fsum(values) for name, values in terms.items()}
    in_points |= {
        "reestimated": fsum(tally.reestimated),
        # of all terms at once, so that it has the very bits of the sum of what is in scope at the end
        "final_scope": fsum([*terms[COMMITTED], *terms[ADDED], *left, *tally.reestimated]),
    }
    in_issues: dict[str, int] = {name: len(values) for name, values in terms.items()}
    in_issues |= {
        "reestimated": len(tally.reestimated_issue_ids),
        "final_scope": in_issues[COMMITTED] + in_issues[ADDED] - in_issues[REMOVED],
    }
    return {
        **window._asdict(),
        "ended_on": last_day,
        **{f"{name}_points": value for name, value in (in_points | _ratios(in_points, fsum(tally.kept))).items()},
        **{f"{name}_issues": value for name, value in (in_issues | _ratios(in_issues, len(tally.kept))).items()},
        "unestimated_issues": tally.unestimated_issues,
    }


def _ratios(of: dict[str, Any], kept: float) -> dict[str, float | None]:
    committed, final = of[COMMITTED], of["final_scope"]
    return {
        "say_do": kept / committed if committed else None,
        "completion_rate": of[COMPLETED] / final if final else None,
        "scope_change": (of[ADDED] + of[REMOVED]) / committed if committed else None,
    }


def _tallies(connection: Connection, sprint_ids: SprintIds) -> defaultdict[str, Tally]:
    of = _EVENTS
    changes = select(of.sprint_id, of.issue_id, of.event, of.points_before, of.points_after)
    changes = changes.where(of.event.in_((COMMITTED, ADDED, REMOVED, ESTIMATE_CHANGED)))
    parts = select(
        _ISSUES.sprint_id,
        _ISSUES.is_committed,
        _AT_END.label("at_end"),
        _ISSUES.points_at_start,
        _ISSUES.points_at_end,
        _ISSUES.outcome,
    )
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    for rows in fetch_of_sprints(connection, changes, sprint_ids):
        add_events(tallies, rows)
    for rows in fetch_of_sprints(connection, parts, sprint_ids):
        add_issues(tallies, rows)
    return tallies


def _compute(context: Context) -> None:
    connection, sprint_ids = context.connection, sprints_to_renew(context)
    tallies = _tallies(connection, sprint_ids)
    plans, zone = read_plans(connection), context.settings.calendar.timezone
    columns = sprint_metrics.columns.keys()
    rows = (
        sprint_row(window, tallies[window.sprint_id], ended_on(window, plans[window.sprint_id], zone))
        for window in windows_of(context, sprint_ids)
    )
    forget_sprints(connection, sprint_metrics, sprint_ids)
    insert_rows(connection, sprint_metrics, columns, [tuple(row[name] for name in columns) for row in rows])


METRIC = Metric(
    name="sprint_metrics",
    tables=(sprint_metrics,),
    depends_on=("sprints", "flow"),
    reads=("calendar.timezone", "grace_hours"),
    compute=_compute,
)
"""Fills `sprint_metrics`."""
