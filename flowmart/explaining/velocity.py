"""A sprint's row of `velocity_trend` taken apart: its completed issues, and the sprints before it."""

from __future__ import annotations

from sqlalchemy import select

from flowmart.errors import UsageError
from flowmart.explaining.reading import Source, freshness
from flowmart.explaining.shapes import Figure, Line, Listed, MetricPage, RowPart
from flowmart.explaining.sprint import sprint_page
from flowmart.explaining.sums import figure, total
from metrics.sprints.velocity import trend
from warehouse.tables.computed_sprints import velocity_trend
from warehouse.tables.loaded import sprints

_BEHIND = 6
_FORMULAS = {
    "mean_3": "mean of the last 3",
    "sd_3": "sample standard deviation of the last 3",
    "mean_5": "mean of the last 5",
    "sd_5": "sample standard deviation of the last 5",
    "slope_6": "least-squares slope over the last 6, points a sprint",
    "next_low": "lower end of the 80 % prediction interval from the last 3 to 6",
    "next_high": "upper end of the same",
}


def velocity_page(source: Source, word: str, board: str | None) -> MetricPage:
    """The page of a closed sprint. Raises `UsageError` for one that has no velocity."""
    page = sprint_page(source, word, board)
    stored = source.one("velocity_trend", sprint_id=page.sprint_id)
    if stored is None:
        raise UsageError(f"sprint {page.name!r} has no velocity: it is {page.state}, and only closed sprints have one")
    before = _before(source, stored.board_id, page.sprint_id)
    completed = next(one for one in page.row.lists if one.name == "completed")
    velocities = [
        float(one.values["velocity"] or 0) for one in before if isinstance(one.values["velocity"], int | float)
    ]
    found = trend(velocities)
    figures: list[Figure] = [
        figure("velocity", stored.velocity, total(completed.lines, "points"), "points completed in the sprint"),
        figure("velocity_issues", stored.velocity_issues, len(completed.lines), "issues completed in it"),
        *(figure(name, getattr(stored, name), getattr(found, name), says) for name, says in _FORMULAS.items()),
    ]
    title = f"velocity_trend after {page.name}" + (f", {page.board}" if page.board else "")
    lists = (completed, Listed(name="sprints", rule="the board's last closed sprints up to it", lines=before))
    return MetricPage(
        metric="velocity_trend",
        says="points that a board's closed sprints completed, and their trend",
        period=None,
        first_on=None,
        last_on=None,
        group=page.board or "no board",
        freshness=freshness(source, "velocity_trend", "sprint_metrics"),
        rows=(RowPart(title=title, figures=tuple(figures), lists=lists, notes=page.notes),),
    )


def _before(source: Source, board_id: str | None, sprint_id: str) -> tuple[Line, ...]:
    """The sprint and those before it, oldest first, each as a line; at most as many as the trend reads."""
    of = velocity_trend.c
    rows = source.rows(
        select(velocity_trend, sprints.c.name)
        .join(sprints, sprints.c.sprint_id == of.sprint_id)
        .where(of.board_id == board_id if board_id is not None else of.sprint_id == sprint_id)
        .order_by(of.end_at, of.sprint_id)
    )
    lines: list[Line] = []
    for row in rows:
        values = {"velocity": row.velocity, "velocity_issues": row.velocity_issues, "end_at": row.end_at}
        lines.append(
            Line(issue_id=row.sprint_id, key=row.sprint_id, issue_type="sprint", summary=row.name, values=values)
        )
        if row.sprint_id == sprint_id:
            break
    return tuple(lines[-_BEHIND:])
