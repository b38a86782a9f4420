"""A few lines of true numbers from the warehouse: what the demo ends with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, Row, Select, func, select

from warehouse.tables import table

_SHOWN = 6


class Headline(NamedTuple):
    """A line; `course` are the numbers in it that may be drawn, the oldest first."""

    label: str
    sentence: str
    course: Sequence[float] = ()


def headlines(connection: Connection, today: date) -> list[Headline]:
    """In the order to read them; what has no data yet is left out. `today` is a local day."""
    month = today.replace(day=1)
    return [
        *_loaded(connection),
        *_cycle_time(connection, month),
        *_throughput(connection, today),
        *_in_progress(connection),
        *_velocity(connection),
        *_say_do(connection),
        *_escape_rate(connection, month),
    ]


def eventful_issue(connection: Connection) -> str | None:
    """The key of the delivered issue that went back most often, and of those was in most sprints; worth explaining."""
    issues, flow, members = table("issues"), table("issue_flow"), table("sprint_issues")
    in_sprints = select(func.count()).where(members.c.issue_id == flow.c.issue_id).scalar_subquery()
    statement = (
        select(issues.c.key)
        .join(flow, flow.c.issue_id == issues.c.issue_id)
        .where(flow.c.exclusion.is_(None))
        .order_by(flow.c.reopened_count.desc(), in_sprints.desc(), issues.c.issue_id)
    )
    key: str | None = connection.scalar(statement.limit(1))
    return key


def _loaded(connection: Connection) -> Iterator[Headline]:
    issues, sources = table("issues"), table("sources")
    per_source = connection.execute(
        select(sources.c.source_id, func.count(issues.c.issue_id))
        .join(issues, issues.c.source_id == sources.c.source_id, isouter=True)
        .group_by(sources.c.source_id)
        .order_by(sources.c.source_id)
    ).all()
    changes = connection.execute(select(func.count()).select_from(table("issue_changes"))).scalar_one()
    each = ", ".join(f"{name} {count:,}" for name, count in per_source)
    total = sum(count for _, count in per_source)
    yield Headline("Loaded", f"{total:,} issues ({each}) with {changes:,} changes")


def _cycle_time(connection: Connection, month: date) -> Iterator[Headline]:
    trend = table("cycle_time_trend")
    rows = _latest(
        connection,
        select(trend)
        .where(trend.c.period == "month", trend.c.grouping == "all", trend.c.period_start < month, trend.c.n > 0)
        .order_by(trend.c.period_start.desc()),
    )
    if not rows:
        return
    last = rows[-1]
    yield Headline(
        "Cycle time",
        f"half of the {last.n} issues finished in {last.period_start:%B %Y} took at most {last.p50_days:.1f} days, "
        f"85 % at most {last.p85_days:.1f}",
    )
    months = ", ".join(f"{row.period_start:%b} {row.p85_days:.1f}" for row in rows)
    yield Headline("  85 % within", f"{months} days", [row.p85_days for row in rows])


def _throughput(connection: Connection, today: date) -> Iterator[Headline]:
    weekly, dates = table("throughput"), table("dates")
    this_week = select(dates.c.week_start).where(dates.c.day == today).scalar_subquery()
    rows = _latest(
        connection,
        select(weekly.c.period_start, func.sum(weekly.c.finished_issues).label("issues"))
        .where(weekly.c.period == "week", weekly.c.period_start < this_week)
        .group_by(weekly.c.period_start)
        .order_by(weekly.c.period_start.desc()),
    )
    if rows:
        counts = ", ".join(str(row.issues) for row in rows)
        said = f"{counts} issues finished in the last {len(rows)} full weeks"
        yield Headline("Throughput", said, [row.issues for row in rows])


def _in_progress(connection: Connection) -> Iterator[Headline]:
    ageing = table("wip_aging")
    count, oldest = connection.execute(select(func.count(), func.max(ageing.c.age_days))).one()
    if count:
        yield Headline("In progress", f"{count:,} issues, the oldest for {oldest:.0f} days")


def _velocity(connection: Connection) -> Iterator[Headline]:
    trend, boards = table("velocity_trend"), table("boards")
    for board in connection.execute(select(boards.c.board_id, boards.c.name).order_by(boards.c.name)):
        rows = _latest(
            connection,
            select(trend).where(trend.c.board_id == board.board_id).order_by(trend.c.end_at.desc(), trend.c.sprint_id),
        )
        if not rows:
            continue
        points = ", ".join(f"{row.velocity or 0:g}" for row in rows)
        band = rows[-1]
        ahead = "" if band.next_low is None else f"; next {max(0, band.next_low):.0f} to {band.next_high:.0f} (80 %)"
        yield Headline(f"Velocity {board.name}", f"{points} points{ahead}", [row.velocity or 0.0 for row in rows])


def _say_do(connection: Connection) -> Iterator[Headline]:
    sprints = table("sprint_metrics")
    rows = connection.execute(
        select(sprints.c.say_do_points).where(sprints.c.state == "closed", sprints.c.say_do_points.is_not(None))
    ).scalars()
    ratios = sorted(rows)
    if ratios:
        yield Headline(
            "Say/do",
            f"half of {len(ratios)} closed sprints kept at least {ratios[len(ratios) // 2]:.0%} of their points",
        )


def _escape_rate(connection: Connection, month: date) -> Iterator[Headline]:
    escape = table("defect_escape")
    rows = _latest(
        connection,
        select(escape)
        .where(
            escape.c.basis == "discovery",
            escape.c.period == "month",
            escape.c.grouping == "all",
            escape.c.period_start < month,
            escape.c.rate.is_not(None),
        )
        .order_by(escape.c.period_start.desc()),
    )
    if not rows:
        return
    last = rows[-1]
    yield Headline(
        "Defect escape",
        f"{last.rate:.0%} in {last.period_start:%B %Y} ({last.escaped} of {last.escaped + last.internal} "
        f"classified defects; {last.unknown} more unknown)",
    )
    months = ", ".join(f"{row.period_start:%b} {row.rate:.0%}" for row in rows)
    yield Headline("  by month", months, [row.rate for row in rows])


def _latest(connection: Connection, newest_first: Select[tuple[object, ...]]) -> list[Row[tuple[object, ...]]]:
    return list(connection.execute(newest_first.limit(_SHOWN)).all())[::-1]
