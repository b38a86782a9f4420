"""What a metric's main numbers were in the periods before the one that is taken apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from flowmart.explaining.asking import Ask, Period
from flowmart.explaining.shapes import Trend
from warehouse.tables import table

_SHOWN = 12
_NAMES: Mapping[str, Sequence[str]] = {
    "cycle_time_trend": ("n", "p50_days", "p85_days"),
    "throughput": ("finished_issues", "finished_points"),
    "defect_escape": ("defects", "rate"),
    "defect_quality": ("inflow", "outflow", "open_defects", "reopen_rate"),
}
"""Metric → the columns whose course says most."""
_ADDED_UP = "throughput"
"""Its rows stand at the finest grain, and a period without one had nothing finished."""


def trends_of(metric: str, ask: Ask) -> tuple[Trend, ...]:
    """Each main number in the last twelve periods up to the one asked for, the oldest first; none before the first."""
    names = _NAMES.get(metric, ())
    if ask.period is None or not names:
        return ()
    starts = _starts(ask.period)
    found = {row.period_start: row for row in ask.source.rows(_statement(metric, names, ask, ask.period))}
    known = [start for start in starts if start >= min(found, default=date.max)]
    nothing = 0.0 if metric == _ADDED_UP else None
    values = {name: tuple(_number(getattr(found.get(start), name, nothing)) for start in known) for name in names}
    return tuple(Trend(name=name, periods=tuple(known), values=each) for name, each in values.items())


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _starts(period: Period) -> list[date]:
    """First days of the periods, the oldest first."""

    def back() -> Iterator[date]:
        day = period.first_on
        for _ in range(_SHOWN):
            yield day
            day = day - timedelta(days=7) if period.kind == "week" else (day - timedelta(days=1)).replace(day=1)

    return list(back())[::-1]


def _statement(metric: str, names: Sequence[str], ask: Ask, period: Period) -> Select[Any]:
    of = table(metric)
    within = [of.c.period == period.kind, of.c.period_start.in_(_starts(period))]
    if metric == _ADDED_UP:
        sums = [func.sum(of.c[name]).label(name) for name in names]
        return select(of.c.period_start, *sums).where(*within, *ask.group.where(of)).group_by(of.c.period_start)
    return select(of.c.period_start, *(of.c[name] for name in names)).where(*within, *_group(metric, ask))


def _group(metric: str, ask: Ask) -> Iterator[ColumnElement[bool]]:
    of = table(metric)
    yield of.c.grouping == ask.group.grouping
    for name in ("project_id", "board_id", "issue_type"):
        if name in of.c:
            yield of.c[name].is_not_distinct_from(getattr(ask.group, name))
    if "basis" in of.c:
        yield of.c.basis == "discovery"
