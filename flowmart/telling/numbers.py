"""The few numbers that a run's summary compares: before it and after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, select

from warehouse.tables import table


@dataclass(frozen=True, slots=True)
class Number:
    """A value in its unit: `issues`, `days`, `points`, or a `share` of one."""

    value: float
    unit: str

    def shown(self) -> str:
        """`41`, `8.8 days`, `12 %`."""
        if self.unit == "share":
            return f"{self.value:.0%}".replace("%", " %")
        return f"{self.value:,.1f} {self.unit}" if self.unit == "days" else f"{self.value:,.10g}"


def read_numbers(connection: Connection, today: date) -> Mapping[str, Number]:
    """Label → number, in the order to show them; `today` is a local day. Periods are those that today is in."""
    return dict([*_flow(connection, today), *_defects(connection, today), *_velocity(connection)])


def _flow(connection: Connection, today: date) -> Iterator[tuple[str, Number]]:
    flow, trend = table("issue_flow"), table("cycle_time_trend")
    ages = select(func.count()).where(flow.c.age_seconds.is_not(None))
    yield "in progress", Number(connection.scalar(ages) or 0, "issues")
    weekly, dates = table("throughput"), table("dates")
    week = select(dates.c.week_start).where(dates.c.day == today).scalar_subquery()
    finished = select(func.sum(weekly.c.finished_issues)).where(
        weekly.c.period == "week", weekly.c.period_start == week
    )
    yield "finished this week", Number(connection.scalar(finished) or 0, "issues")
    p85 = connection.scalar(
        select(trend.c.p85_days).where(
            trend.c.period == "month",
            trend.c.grouping == "all",
            trend.c.period_start == today.replace(day=1),
            trend.c.n > 0,
        )
    )
    if p85 is not None:
        yield f"85 % cycle time, {today:%B}", Number(p85, "days")


def _defects(connection: Connection, today: date) -> Iterator[tuple[str, Number]]:
    escape = table("defect_escape")
    rate = connection.scalar(
        select(escape.c.rate).where(
            escape.c.basis == "discovery",
            escape.c.period == "month",
            escape.c.grouping == "all",
            escape.c.period_start == today.replace(day=1),
        )
    )
    if rate is not None:
        yield f"defect escape, {today:%B}", Number(rate, "share")


def _velocity(connection: Connection) -> Iterator[tuple[str, Number]]:
    """Of each board's last sprint."""
    trend, boards = table("velocity_trend"), table("boards")
    latest = select(trend.c.board_id, func.max(trend.c.end_at).label("end_at")).group_by(trend.c.board_id).subquery()
    rows = connection.execute(
        select(boards.c.name, trend.c.velocity)
        .join(trend, trend.c.board_id == boards.c.board_id)
        .join(latest, (latest.c.board_id == trend.c.board_id) & (latest.c.end_at == trend.c.end_at))
        .order_by(boards.c.name, boards.c.board_id, trend.c.sprint_id)
    )
    for row in rows:
        if row.velocity is not None:
            yield f"velocity of {row.name}", Number(float(row.velocity), "points")
