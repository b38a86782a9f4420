"""Defect quality of a period taken apart: what came, what was resolved, what was reopened, what stayed open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from sqlalchemy import select

from flowmart.explaining.asking import Ask, Period, require_grouping
from flowmart.explaining.defects import GROUPINGS, defects_where
from flowmart.explaining.reading import AnyRow
from flowmart.explaining.shapes import Figure, Line, Listed, RowPart, Value
from flowmart.explaining.sums import Names, figure, line, listed, mean, names_of_issues, percentile, ratio, total
from metrics.calendar import ONE_DAY, day_start, local_day
from metrics.defects.quality_figures import PROBATION
from metrics.defects.stage_moves import Move, from_text
from metrics.history.stages import DONE, IN_PROGRESS, REMOVED, TODO
from warehouse.tables.computed import issue_flow
from warehouse.tables.computed_defects import defects

_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """The period as instants, half open, and now."""

    period: Period
    begin: datetime
    end: datetime
    now: datetime


def explain_quality(ask: Ask) -> Sequence[RowPart]:
    """The row of the period and group with the defects and the delivered issues behind it."""
    require_grouping("defect_quality", ask.group, GROUPINGS)
    span = _span(ask)
    every = defects_where(ask, defects.c.is_cancelled.is_(False))
    names = names_of_issues(ask.source, (row.issue_id for row in every))
    delivered = _delivered(ask, span.period)
    works = {**names, **names_of_issues(ask.source, (row.issue_id for row in delivered))}
    lists = (
        listed("inflow", "created in the period", _inflow(names, every, span.period)),
        listed("outflow", "finished in the period; days from creation to finish", _outflow(ask, names, every, span)),
        listed(
            "done events",
            "entries into done in the period that are at least 14 days old now",
            _done_events(names, every, span),
        ),
        listed("open", "neither finished nor cancelled at the end of the period, or now", _open(names, every, span)),
        listed(
            "delivered",
            "finished in the period: issues that are no defects count in finished_issues, points of all",
            (
                line(works, row.issue_id, points=row.points_at_finish, is_defect=row.issue_id in names)
                for row in delivered
            ),
        ),
    )
    return [
        RowPart(
            title=f"defect_quality {ask.period_name}, {ask.group.says}",
            figures=tuple(_figures(ask.row_of("defect_quality"), lists)),
            lists=lists,
        )
    ]


def _span(ask: Ask) -> _Span:
    if ask.period is None or ask.source.as_of is None:
        raise AssertionError("defect_quality has periods, and was computed")
    zone, now = ask.source.zone, ask.source.as_of
    end = day_start(ask.period.last_on + ONE_DAY, zone)
    return _Span(period=ask.period, begin=day_start(ask.period.first_on, zone), end=end, now=now)


def _inflow(names: Names, every: Iterable[AnyRow], period: Period) -> Iterable[Line]:
    rows = (row for row in every if period.first_on <= row.created_on <= period.last_on)
    return [line(names, row.issue_id, created_on=row.created_on) for row in rows]


def _outflow(ask: Ask, names: Names, every: Iterable[AnyRow], span: _Span) -> Iterable[Line]:
    first, last = span.period.first_on, span.period.last_on
    zone = ask.source.zone
    rows = [row for row in every if row.finished_at is not None and first <= local_day(row.finished_at, zone) <= last]
    return [
        line(names, row.issue_id, days=row.resolve_seconds / _DAY_SECONDS, finished_at=row.finished_at)
        for row in sorted(rows, key=lambda row: (row.resolve_seconds, row.issue_id))
    ]


def _moves(row: AnyRow) -> list[Move]:
    """The defect's entries into done and removed, and the ways out of them."""
    if row.stage_moves is not None:
        return from_text(row.stage_moves)
    return [] if row.finished_at is None else [Move(row.finished_at, DONE)]


def _done_events(names: Names, every: Iterable[AnyRow], span: _Span) -> Iterable[Line]:
    for row in every:
        moves = _moves(row)
        for move, following in zip_longest(moves, moves[1:]):
            if move.stage == DONE and span.begin <= move.at < span.end and span.now - move.at >= PROBATION:
                back = following.at if _is_reopening(following) else None
                is_soon = back is not None and back - move.at <= PROBATION
                marks = ("reopened within 14 days",) if is_soon else ()
                yield line(names, row.issue_id, *marks, done_at=move.at, reopened_at=back)


def _is_reopening(move: Move | None) -> bool:
    """Left for work, not by a move to another project or type."""
    return move is not None and not move.by_move and move.stage in {TODO, IN_PROGRESS}


def _open(names: Names, every: Iterable[AnyRow], span: _Span) -> list[Line]:
    """What happens exactly at the end has happened; a defect created then belongs to what follows, but not now."""
    until = min(span.end, span.now)
    lines = []
    for row in every:
        is_there = row.created_at < until or row.created_at == until == span.now
        before = [move for move in _moves(row) if move.at <= until]
        if is_there and not (before and before[-1].stage in {DONE, REMOVED}):
            age = (until - row.created_at).total_seconds() / _DAY_SECONDS
            lines.append(line(names, row.issue_id, age_days=age, created_on=row.created_on))
    return sorted(lines, key=lambda one: (-float(str(one.values["age_days"])), one.issue_id))


def _delivered(ask: Ask, period: Period) -> Sequence[AnyRow]:
    of = issue_flow.c
    return ask.source.rows(
        select(of.issue_id, of.points_at_finish)
        .where(
            of.finished_on.between(period.first_on, period.last_on),
            (of.exclusion.is_(None) | (of.exclusion == "skipped_in_progress")),
            *ask.group.where(issue_flow),
        )
        .order_by(of.issue_id)
    )


def _numbers(one: Listed, name: str) -> list[float]:
    return sorted(value for each in one.lines if isinstance(value := each.values[name], int | float))


def _figures(stored: AnyRow | None, lists: Sequence[Listed]) -> Iterable[Figure]:
    inflow, outflow, done, still_open, delivered = lists
    days, ages = _numbers(outflow, "days"), _numbers(still_open, "age_days")
    reopened = sum(bool(one.marks) for one in done.lines)
    issues = sum(not one.values["is_defect"] for one in delivered.lines)
    points = total(delivered.lines, "points")
    came = len(inflow.lines)
    found: list[tuple[str, Value, str]] = [
        ("inflow", came, "defects created in the period"),
        ("outflow", len(outflow.lines), "defects finished in the period"),
        ("done_events", len(done.lines), "entries into done, at least 14 days old now"),
        ("reopened_events", reopened, "of them reopened within 14 days"),
        ("reopen_rate", ratio(reopened, len(done.lines)), f"{reopened} ÷ {len(done.lines)}"),
        ("resolve_mean_days", mean(days), "mean days from creation to finish of the outflow"),
        ("resolve_p50_days", percentile(days, 50), "their median"),
        ("resolve_p85_days", percentile(days, 85), "their 85th percentile"),
        ("open_defects", len(ages), "open at the end of the period, or now"),
        ("open_age_mean_days", mean(ages), "their mean age then"),
        ("open_age_p50_days", percentile(ages, 50), "their median age then"),
        ("finished_issues", issues, "delivered issues that are no defects"),
        ("finished_points", points, "points of all delivered issues"),
        ("defects_per_10_issues", ratio(10 * came, issues), f"10 × {came} ÷ {issues}"),
        ("defects_per_100_points", ratio(100 * came, points), f"100 × {came} ÷ {points:g}"),
    ]
    for name, value, formula in found:
        yield figure(name, None if stored is None else getattr(stored, name), value, formula)
