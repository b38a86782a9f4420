"""Cycle times of the issues finished in each week and month: mean and percentiles per group."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from metrics.base import Context, Metric
from metrics.periods import GROUPINGS, key_of, percentile
from metrics.trends.delivered import Delivered, Group, renew
from warehouse.bulk import insert_rows
from warehouse.tables.computed import cycle_time_trend, issue_flow

_PERCENTS = (50, 70, 85, 95)
_GROUP = ("project_id", "board_id", "issue_type")


def _compute(context: Context) -> None:
    periods = renew(context, cycle_time_trend, issue_flow.c.cycle_days)
    insert_rows(context.connection, cycle_time_trend, cycle_time_trend.columns.keys(), trend_rows(periods))


def trend_rows(periods: Delivered) -> Iterator[tuple[Any, ...]]:
    """Rows of `cycle_time_trend` from the days that issues took; None for one that skipped in_progress."""
    for (period, start), groups in periods.items():
        known: dict[Sequence[Group], tuple[float | None, ...]] = {}
        for grouping, used in GROUPINGS.items():
            for group, members in _gathered(groups, used).items():
                # a project with one board is the same issues twice
                if members not in known:
                    known[members] = _figures([days for member in members for days in groups[member]])
                yield key_of(period, start, grouping, *group), period, start, grouping, *group, *known[members]


def _gathered(groups: Iterable[Group], used: Collection[str]) -> Mapping[tuple[str | None, ...], tuple[Group, ...]]:
    """The groups that differ in nothing that is used, by what is; None in the places that are not."""
    found: defaultdict[tuple[str | None, ...], list[Group]] = defaultdict(list)
    is_used = [name in used for name in _GROUP]
    for group in groups:
        found[tuple([part if use else None for part, use in zip(group, is_used, strict=True)])].append(group)
    return {group: tuple(members) for group, members in found.items()}


def _figures(days: Sequence[float | None]) -> tuple[float | None, ...]:
    """From n to skipped_count, in the order of the columns."""
    times = sorted([time for time in days if time is not None])
    n = len(times)
    if n == 0:
        return 0, *(None for _ in ("mean", *_PERCENTS)), len(days)
    return n, math.fsum(times) / n, *[percentile(times, percent) for percent in _PERCENTS], len(days) - n


METRIC = Metric(
    name="cycle_time_trend",
    tables=(cycle_time_trend,),
    depends_on=("flow",),
    reads=("calendar.timezone",),
    compute=_compute,
)
"""Fills `cycle_time_trend`."""
