"""The sentences of alerts, and the commands that take their figures apart."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import date

from metrics.alerts.grounds import Measure, Unit
from metrics.alerts.judging import Point, Verdict
from metrics.alerts.rules import Rule

_BEYOND: Mapping[str, str] = {">": "above", ">=": "at or above", "<": "below", "<=": "at or below"}
_TIMES = {2: "twice"}
_MOST_SHOWN = 3
_HOURS, _DAY_SECONDS = 48, 86_400


def number(value: float) -> str:
    """`12.3`, `1,234`: at most one digit behind the point, two for what is below ten and no whole number."""
    digits = 2 if abs(value) < _SMALL else 1
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_SMALL = 10


def figure(value: float, unit: Unit) -> str:
    """A value as people read it, with its unit."""
    if unit is Unit.SHARE:
        return f"{number(100 * value)} %"
    if unit is Unit.SECONDS:
        return f"{number(value / _DAY_SECONDS)} days"
    if unit is Unit.HOURS:
        return f"{number(value)} hours" if value < _HOURS else f"{number(value / 24)} days"
    return f"{number(value)} days" if unit is Unit.DAYS else number(value)


def beyond(rule: Rule, limit: str) -> str:
    """`above 20 %`."""
    return f"{_BEYOND[rule.comparison]} {limit}"


def of_series(name: str, rule: Rule, measure: Measure, verdict: Verdict, steps: str) -> str:
    """The sentence about the last of the `steps` (periods, sprints) of a series."""
    limit = figure(verdict.limit, measure.unit)
    if rule.deviations is not None:
        sign = "+" if rule.comparison.startswith(">") else "−"
        limit = f"{limit} (mean of the {rule.history} {steps} before {sign} {number(rule.deviations)} sd)"
    if len(verdict.points) == 1:
        (point,) = verdict.points
        return f"{name}: {measure.words} {_point(point, measure)}, {beyond(rule, limit)}"
    times = _TIMES.get(rule.times, f"{rule.times} times")
    shown = verdict.points[:_MOST_SHOWN]
    told = ", then ".join(_point(point, measure) for point in reversed(shown))
    head = "" if len(shown) == len(verdict.points) else "…, "
    return f"{name}: {measure.words} {beyond(rule, limit)} {times} in a row: {head}{told}"


def _point(point: Point, measure: Measure) -> str:
    """`40 % in 2026-05 (n 15)`."""
    where = f" in {point.label}" if point.label else ""
    behind = "" if point.n is None else f" (n {point.n:,})"
    return f"{figure(point.value or 0.0, measure.unit)}{where}{behind}"


def of_one(name: str, rule: Rule, measure: Measure, value: float, n: int | None) -> str:
    """The sentence about a single thing."""
    limit = "" if rule.threshold is None else f", {beyond(rule, figure(rule.threshold, measure.unit))}"
    return f"{name}: {measure.words} {_point(Point(value, n), measure)}{limit}"


def of_age(name: str, age_days: float, line_days: float, percent: int, compared: str) -> str:
    """The sentence about work that is older than most of its like was when it finished."""
    return (
        f"{name}: in progress for {figure(age_days, Unit.DAYS)}; {percent} % of {compared} took at most "
        f"{figure(line_days, Unit.DAYS)}"
    )


def of_source(name: str, rule: Rule, hours: float | None) -> str:
    """The sentence about a source that is out of date."""
    limit = beyond(rule, figure(rule.threshold or 0.0, Unit.HOURS))
    if hours is None:
        return f"{name}: never completely synced"
    return f"{name}: last synced {figure(hours, Unit.HOURS)} ago, {limit}"


def explain(*words: str | None) -> str:
    """`flowmart explain …`, to be pasted into a shell; an option without a value is left out."""
    kept = [word for word in words if word]
    return f"flowmart explain {shlex.join(kept)}"


def option(name: str, value: str | None) -> tuple[str, str] | tuple[()]:
    """`--name value`, or nothing."""
    return () if value is None else (f"--{name}", value)


def period_name(period: str, start: date) -> str:
    """`2026-05`, `2026-W20`, `2026-05-11`, as `explain --period` takes them."""
    if period == "month":
        return f"{start:%Y-%m}"
    return f"{start:%G-W%V}" if period == "week" else f"{start}"
