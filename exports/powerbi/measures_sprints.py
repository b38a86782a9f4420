"""Measures of sprints: what was promised and delivered, velocity and its forecast, burndown and burn-up."""

from __future__ import annotations

from collections.abc import Sequence

from exports.model import Kind
from exports.powerbi.measure import Measure


def _sum(name: str, column: str, description: str, kind: Kind = Kind.POINTS) -> Measure:
    stored = f"sprint_metrics.{column}"
    return Measure(name, "Sprint scope", kind, f"SUM({{{stored}}})", description, (stored,))


def _say_do(unit: str) -> Measure:
    return Measure(
        f"Say/do {unit}",
        "Sprint results",
        Kind.PERCENT,
        "DIVIDE(\n"
        "    SUMX({sprint_metrics}, "
        f"{{sprint_metrics.say_do_{unit}}} * {{sprint_metrics.committed_{unit}}}),\n"
        f"    SUM({{sprint_metrics.committed_{unit}}})\n"
        ")",
        f"Completed of the committed {unit} divided by the committed ones, both by the estimate at the start; over "
        "several sprints the sums are divided. Never above 100 %; blank when nothing was committed.",
        (f"sprint_metrics.say_do_{unit}",),
    )


def _latest(name: str, column: str, kind: Kind, description: str) -> Measure:
    """The figure of the last closed sprint of the chosen ones: it is about a board, so of one board only."""
    stored = f"velocity_trend.{column}"
    return Measure(
        name,
        "Velocity",
        kind,
        "VAR _last = MAX({velocity_trend.end_at})\n"
        "RETURN\n"
        "    IF(\n"
        "        HASONEVALUE({velocity_trend.board_id}),\n"
        f"        CALCULATE(MAX({{{stored}}}), KEEPFILTERS({{velocity_trend.end_at}} = _last))\n"
        "    )",
        f"{description} Of the last closed sprint of the chosen ones; blank when they are of several boards.",
        (stored,),
    )


def _on_last_day(name: str, column: str, description: str) -> Measure:
    stored = f"sprint_days.{column}"
    return Measure(
        name,
        "Burndown",
        Kind.POINTS,
        "SUMX(\n"
        "    VALUES({sprint_days.sprint_id}),\n"
        f"    VAR _known = CALCULATETABLE(FILTER({{sprint_days}}, NOT ISBLANK({{{stored}}})))\n"
        "    VAR _last = MAXX(_known, {sprint_days.day})\n"
        "    RETURN\n"
        f"        SUMX(FILTER(_known, {{sprint_days.day}} = _last), {{{stored}}})\n"
        ")",
        f"{description} By day; over several days, as of the last one of each sprint. Blank for days to come.",
        (stored,),
    )


SPRINTS: Sequence[Measure] = (
    _sum("Committed points", "committed_points", "Points of the members at the start, estimated as of the start."),
    _sum("Added points", "added_points", "Points that came into scope after the start."),
    _sum("Removed points", "removed_points", "Points that left the scope before the end."),
    _sum("Final scope points", "final_scope_points", "Committed plus added minus removed plus re-estimated points."),
    _sum("Completed points", "completed_points", "Points of the scope that were done at the end."),
    _sum("Carried over points", "carried_over_points", "Points of the scope neither done nor cancelled at the end."),
    _sum("Committed issues", "committed_issues", "Members at the start.", Kind.COUNT),
    _sum("Completed issues", "completed_issues", "Issues of the scope that were done at the end.", Kind.COUNT),
    _sum("Unestimated issues", "unestimated_issues", "Issues of the final scope without an estimate.", Kind.COUNT),
    _say_do("points"),
    _say_do("issues"),
    Measure(
        "Completion rate",
        "Sprint results",
        Kind.PERCENT,
        "DIVIDE([Completed points], [Final scope points])",
        "Completed divided by final scope, in points; over several sprints the sums are divided.",
        ("sprint_metrics.completion_rate_points",),
    ),
    Measure(
        "Scope change",
        "Sprint results",
        Kind.PERCENT,
        "DIVIDE([Added points] + [Removed points], [Committed points])",
        "Added plus removed points divided by the committed ones; over several sprints the sums are divided.",
        ("sprint_metrics.scope_change_points",),
    ),
    Measure(
        "Sprint end",
        "Sprint results",
        Kind.INSTANT,
        "MAX({sprint_metrics.end_at})",
        "When the last of the chosen sprints ended, in UTC; charts sort sprints by it.",
        ("sprint_metrics.end_at",),
    ),
    Measure(
        "Closed sprints",
        "Velocity",
        Kind.COUNT,
        "COUNTROWS({velocity_trend})",
        "Closed sprints.",
    ),
    Measure(
        "Velocity",
        "Velocity",
        Kind.POINTS,
        "SUM({velocity_trend.velocity})",
        "Completed points of the closed sprints.",
        ("velocity_trend.velocity",),
    ),
    Measure(
        "Velocity mean",
        "Velocity",
        Kind.POINTS,
        "AVERAGE({velocity_trend.velocity})",
        "Completed points of a closed sprint, the mean over all chosen sprints.",
    ),
    _latest("Velocity mean of last 3", "mean_3", Kind.POINTS, "Mean velocity of the board's last 3 sprints."),
    _latest("Velocity mean of last 5", "mean_5", Kind.POINTS, "Mean velocity of the board's last 5 sprints."),
    _latest("Velocity deviation of last 5", "sd_5", Kind.POINTS, "Sample standard deviation of the last 5 sprints."),
    _latest(
        "Next sprint low", "next_low", Kind.POINTS, "Lower end of the 80 % prediction interval of the next sprint."
    ),
    _latest(
        "Next sprint high", "next_high", Kind.POINTS, "Upper end of the 80 % prediction interval of the next sprint."
    ),
    _on_last_day("Remaining points", "remaining_points", "Burndown: points in scope, neither done nor cancelled."),
    _on_last_day("Done points", "completed_points", "Burn-up: points in scope and done."),
    _on_last_day("Scope points", "scope_points", "Burn-up: points in scope."),
    _on_last_day("Ideal points", "ideal_points", "Line from the committed points to 0, over working days only."),
)
"""Sprints, by folder."""
