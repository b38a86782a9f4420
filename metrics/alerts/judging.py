"""Whether a rule holds for the last figures of a series: pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from metrics.alerts.rules import COMPARISONS, LEAST_HISTORY, Rule


class Point(NamedTuple):
    """A figure of a period or a sprint; the value is None where there is none."""

    value: float | None
    n: int | None = None
    label: str = ""
    """What it is of, for the sentence: `2026-05`, the name of a sprint."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The rule holds: for these points, the newest first, and this is the limit for the newest."""

    points: Sequence[Point]
    limit: float

    @property
    def newest(self) -> Point:
        """What the alert tells first."""
        return self.points[0]


def judge(rule: Rule, newest_first: Sequence[Point]) -> Verdict | None:
    """Whether the rule holds for the last figures; None if not, or where too little is known to say."""
    points = newest_first[: rule.times]
    if len(points) < rule.times or not all(is_enough(rule, point) for point in points):
        return None
    beyond, limits = COMPARISONS[rule.comparison], []
    for place, point in enumerate(points):
        limit = limit_at(rule, newest_first[place + 1 :])
        if limit is None or not beyond(point.value, limit):
            return None
        limits.append(limit)
    return Verdict(points, limits[0])


def is_enough(rule: Rule, point: Point) -> bool:
    """Whether there is a figure, and enough stands behind it."""
    return point.value is not None and (rule.minimum_n == 0 or (point.n or 0) >= rule.minimum_n)


def limit_at(rule: Rule, before: Sequence[Point]) -> float | None:
    """The limit for a point, by what was before it, the newest first; None where that is too little."""
    if rule.deviations is None:
        return rule.threshold
    values = [point.value for point in before[: rule.history] if point.value is not None]
    if len(values) < LEAST_HISTORY:
        return None
    mean = math.fsum(values) / len(values)
    # the exact sums give the same bits on every engine, whatever the order of its rows
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    limit = mean + rule.deviations * sd * (1 if rule.comparison.startswith(">") else -1)
    return round(limit, _DIGITS)  # of like figures mean and limit are that figure, and it is not beyond itself


_DIGITS = 12
"""Behind the point: what a sum of doubles is off by is far smaller."""
