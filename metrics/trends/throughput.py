"""Delivered issues and points of each week and month, at the finest grain, so that sums are right."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from metrics.base import Context, Metric
from metrics.periods import key_of
from metrics.trends.delivered import Delivered, renew
from warehouse.bulk import insert_rows
from warehouse.tables.computed import issue_flow, throughput


def _compute(context: Context) -> None:
    periods = renew(context, throughput, issue_flow.c.points_at_finish)
    insert_rows(context.connection, throughput, throughput.columns.keys(), throughput_rows(periods))


def throughput_rows(periods: Delivered) -> Iterator[tuple[Any, ...]]:
    """Rows of `throughput` from the points that issues had; None for one without an estimate."""
    for (period, start), groups in periods.items():
        for group, points in groups.items():
            total = math.fsum(some for some in points if some is not None)
            yield key_of(period, start, *group), period, start, *group, len(points), total


METRIC = Metric(
    name="throughput",
    tables=(throughput,),
    depends_on=("flow",),
    reads=("calendar.timezone",),
    compute=_compute,
)
"""Fills `throughput`."""
