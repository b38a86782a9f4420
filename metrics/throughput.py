"""Delivered issues and points of each week and month, at the finest grain, so that sums are right."""

from __future__ import annotations

from sqlalchemy import and_, func, literal, select

from metrics.base import Context, Metric
from metrics.cycle_time import FINISHED
from metrics.periods import PERIODS, insert_from, joined
from warehouse.bulk import clear
from warehouse.tables.computed import dates, issue_flow, throughput


def _compute(context: Context) -> None:
    clear(context.connection, throughput)
    group = (issue_flow.c.project_id, issue_flow.c.board_id, issue_flow.c.issue_type)
    for period, start in PERIODS.items():
        values = {
            "throughput_id": joined(period, start, *group),
            "period": literal(period),
            "period_start": start,
            "project_id": group[0],
            "board_id": group[1],
            "issue_type": group[2],
            "finished_issues": func.count(),
            "finished_points": func.coalesce(func.sum(issue_flow.c.points_at_finish), 0),
        }
        rows = (
            select(issue_flow)
            .join(dates, dates.c.day == issue_flow.c.finished_on)
            .where(and_(FINISHED, issue_flow.c.finished_on.is_not(None)))
            .group_by(start, *group)
        )
        context.connection.execute(insert_from(throughput, values, rows))


METRIC = Metric(
    name="throughput",
    tables=(throughput,),
    depends_on=("dates", "flow"),
    reads=("calendar.timezone",),
    compute=_compute,
)
"""Fills `throughput`."""
