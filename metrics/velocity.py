"""Velocity of each closed sprint with the trend of its board. Pure but for reading and writing the tables."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import NamedTuple

from sqlalchemy import select

from metrics.base import Context, Metric
from metrics.sprint_windows import CLOSED
from warehouse.bulk import clear, insert_rows
from warehouse.tables.computed_sprints import sprint_metrics, velocity_trend

_T_90 = {2: 1.885618083, 3: 1.637744354, 4: 1.533206274, 5: 1.475884049}
"""Degrees of freedom → 90 % quantile of Student's t distribution (two-sided 80 %), from standard tables."""

_BAND_LEAST = 3
_BAND_MOST = 6


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
    low, high = band(velocities[-_BAND_MOST:])
    return Trend(
        fmean(three) if three else None,
        stdev(three) if three else None,
        fmean(five) if five else None,
        stdev(five) if five else None,
        slope(six) if six else None,
        low,
        high,
    )


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
    half = _T_90[n - 1] * stdev(values) * math.sqrt(1 + 1 / n)
    return fmean(values) - half, fmean(values) + half


def _compute(context: Context) -> None:
    of = sprint_metrics.c
    closed = context.connection.execute(
        select(of.sprint_id, of.board_id, of.end_at, of.completed_points, of.completed_issues)
        .where(of.state == CLOSED)
        .order_by(of.end_at, of.sprint_id)
    )
    history: defaultdict[str, list[float]] = defaultdict(list)
    rows = []
    for sprint_id, board_id, end_at, points, issues in closed:
        velocities = history[board_id or sprint_id]  # sprints of no board have no trend in common
        velocities.append(points)
        rows.append((sprint_id, board_id, end_at, points, issues, *trend(velocities)))
    clear(context.connection, velocity_trend)
    insert_rows(context.connection, velocity_trend, velocity_trend.columns.keys(), rows)


METRIC = Metric(name="velocity_trend", tables=(velocity_trend,), depends_on=("sprint_metrics",), compute=_compute)
"""Fills `velocity_trend`."""
