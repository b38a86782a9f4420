"""Cycle times of the issues finished in each week and month: mean and percentiles per group."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, func, literal, or_, select

from metrics.base import Context, Metric
from metrics.periods import GROUPINGS, PERIODS, counted, insert_from, joined, percentile, used
from warehouse.bulk import clear
from warehouse.tables.computed import cycle_time_trend, dates, issue_flow

_PERCENTS = (50, 70, 85, 95)
FINISHED = or_(issue_flow.c.exclusion.is_(None), issue_flow.c.exclusion == "skipped_in_progress")
"""Delivered issues: those that skipped in_progress have no cycle time, but they are done."""


def ranked(period: str, grouping: str) -> Select[Any]:
    """Finished issues with period, group, and the place of each cycle time within its group."""
    start = PERIODS[period].label("period_start")
    columns = [used(issue_flow, grouping, name).label(name) for name in ("project_id", "board_id", "issue_type")]
    has_time = issue_flow.c.cycle_days.is_not(None)
    group = [PERIODS[period], *(issue_flow.c[name] for name in GROUPINGS[grouping]), has_time]
    return (
        select(
            start,
            *columns,
            issue_flow.c.cycle_days,
            func.row_number().over(partition_by=group, order_by=issue_flow.c.cycle_days).label("place"),
            func.count(issue_flow.c.cycle_days).over(partition_by=group).label("n"),
        )
        .join(dates, dates.c.day == issue_flow.c.finished_on)
        .where(and_(FINISHED, issue_flow.c.finished_on.is_not(None)))
    )


def _compute(context: Context) -> None:
    clear(context.connection, cycle_time_trend)
    for period in PERIODS:
        for grouping in GROUPINGS:
            rows = ranked(period, grouping).subquery()
            group = (rows.c.period_start, rows.c.project_id, rows.c.board_id, rows.c.issue_type)
            days = rows.c.cycle_days
            values = {
                "cycle_time_trend_id": joined(period, group[0], grouping, *group[1:]),
                "period": literal(period),
                "period_start": group[0],
                "grouping": literal(grouping),
                "project_id": group[1],
                "board_id": group[2],
                "issue_type": group[3],
                "n": func.count(days),
                "mean_days": func.avg(days),
                **{f"p{p}_days": percentile(days, rows.c.place, rows.c.n, p) for p in _PERCENTS},
                "skipped_count": counted(days.is_(None)),
            }
            context.connection.execute(insert_from(cycle_time_trend, values, select(rows).group_by(*group)))


METRIC = Metric(
    name="cycle_time_trend",
    tables=(cycle_time_trend,),
    depends_on=("dates", "flow"),
    reads=("calendar.timezone",),
    compute=_compute,
)
"""Fills `cycle_time_trend`."""
