"""Calculated fields of sprints: velocity, what was promised and delivered, burndown."""

from __future__ import annotations

from collections.abc import Sequence

from exports.model import Kind
from exports.tableau.calculation import Calculation


def _say_do(unit: str) -> Calculation:
    return Calculation(
        f"Say/do {unit}",
        "Sprint results",
        Kind.PERCENT,
        f"SUM({{sprint_metrics.say_do_{unit}}} * {{sprint_metrics.committed_{unit}}}) / "
        f"SUM({{sprint_metrics.committed_{unit}}})",
        f"Completed of the committed {unit} divided by the committed ones, both by the estimate at the start; over "
        "several sprints the sums are divided. Never above 100 %; empty when nothing was committed.",
        (f"sprint_metrics.say_do_{unit}",),
    )


def _on_days(name: str, column: str, description: str) -> Calculation:
    return Calculation(
        name,
        "Burndown",
        Kind.POINTS,
        f"SUM({{sprint_days.{column}}}) / COUNTD({{sprint_days.day}})",
        f"{description} By day; over several days their mean.",
        (f"sprint_days.{column}",),
    )


SPRINTS: Sequence[Calculation] = (
    Calculation(
        "Velocity: points",
        "Velocity",
        Kind.POINTS,
        "SUM({velocity_trend.velocity})",
        "Completed points of the closed sprints.",
        ("velocity_trend.velocity",),
    ),
    Calculation(
        "Velocity mean",
        "Velocity",
        Kind.POINTS,
        "AVG({velocity_trend.velocity})",
        "Completed points of a closed sprint, the mean over all sprints of the view.",
    ),
    Calculation(
        "Closed sprints",
        "Velocity",
        Kind.COUNT,
        "COUNT({velocity_trend.sprint_id})",
        "Closed sprints.",
    ),
    _say_do("points"),
    _say_do("issues"),
    Calculation(
        "Completion rate",
        "Sprint results",
        Kind.PERCENT,
        "SUM({sprint_metrics.completed_points}) / SUM({sprint_metrics.final_scope_points})",
        "Completed divided by final scope, in points; over several sprints the sums are divided.",
        ("sprint_metrics.completion_rate_points",),
    ),
    Calculation(
        "Scope change",
        "Sprint results",
        Kind.PERCENT,
        "(SUM({sprint_metrics.added_points}) + SUM({sprint_metrics.removed_points})) / "
        "SUM({sprint_metrics.committed_points})",
        "Added plus removed points divided by the committed ones; over several sprints the sums are divided.",
        ("sprint_metrics.scope_change_points",),
    ),
    _on_days("Burndown points", "remaining_points", "Points in scope that are neither done nor cancelled."),
    _on_days("Burn-up points", "completed_points", "Points in scope that are done."),
    _on_days("Ideal line", "ideal_points", "From the committed points to 0, over working days only."),
)
"""Sprints, by folder."""
