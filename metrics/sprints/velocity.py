"""Velocity of each closed sprint with the trend of its board. Pure but for reading and writing the tables."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from operator import itemgetter
from statistics import fmean
from typing import NamedTuple

from sqlalchemy import select

from metrics.base import Context, Metric
from metrics.history.sprint_windows import CLOSED
from warehouse.bulk import clear, insert_rows
from warehouse.fetching import fetch_rows
from warehouse.tables.computed_sprints import sprint_metrics, velocity_trend

_T_90 = {2: 1.885618083, 3: 1.637744354, 4: 1.533206274, 5: 1.475884049}
"""Degrees of freedom → 90 % quantile of Student's t distribution (two-sided 80 %), from standard tables."""

_BAND_LEAST = 3
_MOST = 6
"""No figure looks further back."""


class Trend(NamedTuple):
    """The trend after the last of some velocities; None until there are enough of them."""

    mean_3: float | None
    sd_3: float | None
    mean_5: float | None
    sd_5: float | None
    slope_6: float | None
    next_low: float | None
    next_high: float | None


def trend(velocities: Sequence[float]) -> Trend:
    """The trend of a board's velocities, oldest first: sample standard deviations, slope in points a sprint."""
    three, five, six = (velocities[-n:] if len(velocities) >= n else None for n in (3, 5, 6))
    low, high = band(velocities[-_MOST:])
    return Trend(
        fmean(three) if three else None,
        deviation(three) if three else None,
        fmean(five) if five else None,
        deviation(five) if five else None,
        slope(six) if six else None,
        low,
        high,
    )


def deviation(values: Sequence[float]) -> float:
    """Sample standard deviation of two values or more."""
    mean = fmean(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def slope(values: Sequence[float]) -> float:
    """Least-squares slope of the values over their places."""
    middle, mean = (len(values) - 1) / 2, fmean(values)
    above = math.fsum((place - middle) * (value - mean) for place, value in enumerate(values))
    return above / math.fsum((place - middle) ** 2 for place in range(len(values)))


def band(values: Sequence[float]) -> tuple[float | None, float | None]:
    """80 % prediction interval for the next of 3 to 6 values of a normal variable: mean ± t · s · √(1 + 1/n)."""
    n = len(values)
    if n < _BAND_LEAST:
        return None, None
    half = _T_90[n - 1] * deviation(values) * math.sqrt(1 + 1 / n)
    return fmean(values) - half, fmean(values) + half


def _compute(context: Context) -> None:
    """All of them, even when few sprints changed: there are few, and a changed one moves those after it."""
    if not context.everything and not context.reach.sprint_ids:
        return
    of = sprint_metrics.c
    statement = select(of.board_id, of.sprint_id, of.end_at, of.ended_on, of.completed_points, of.completed_issues)
    closed = fetch_rows(context.connection, statement.where(of.state == CLOSED))
    history: defaultdict[str, list[float]] = defaultdict(list)
    rows = []
    # sorted here: engines differ in the order of texts
    for board_id, sprint_id, end_at, last_day, points, issues in sorted(closed, key=itemgetter(2, 1)):
        velocities = history[board_id or sprint_id]  # sprints of no board have no trend in common
        velocities.append(points)
        rows.append((sprint_id, board_id, end_at, last_day, points, issues, *trend(velocities[-_MOST:])))
    clear(context.connection, velocity_trend)
    insert_rows(context.connection, velocity_trend, velocity_trend.columns.keys(), rows)


METRIC = Metric(
    name="velocity_trend",
    tables=(velocity_trend,),
    depends_on=("sprint_metrics",),
    reads=("calendar.timezone", "grace_hours"),
    compute=_compute,
)
"""Fills `velocity_trend`."""
