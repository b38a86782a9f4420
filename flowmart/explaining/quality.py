"""Defect quality of a period taken apart: what came, what was resolved, what was reopened, what stayed open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from flowmart.explaining.asking import Ask, Period, require_grouping
from flowmart.explaining.defects import GROUPINGS, defects_where
from flowmart.explaining.reading import AnyRow
from flowmart.explaining.shapes import Figure, Line, Listed, RowPart, Value
from flowmart.explaining.sums import Names, figure, line, listed, mean, names_of_issues, percentile, ratio, total
from metrics.calendar import ONE_DAY, day_start, local_day
from metrics.stages import DONE, REMOVED, TODO
from metrics.stages import IN_PROGRESS as PROGRESS
from warehouse.tables.computed import issue_flow, status_intervals
from warehouse.tables.computed_defects import defects

_REOPENED_WITHIN = timedelta(days=14)
_DAY_SECONDS = 86_400
_ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """The period as instants; `until` is its end, or now where that is earlier."""

    period: Period
    begin: datetime
    until: datetime
    now: datetime


def explain_quality(ask: Ask) -> Sequence[RowPart]:
    """The row of the period and group with the defects and the delivered issues behind it."""
    require_grouping("defect_quality", ask.group, GROUPINGS)
    span = _span(ask)
    every = defects_where(ask, defects.c.is_cancelled.is_(False))
    names = names_of_issues(ask.source, (row.issue_id for row in every))
    delivered = _delivered(ask, span.period)
    works = {**names, **names_of_issues(ask.source, (row.issue_id for row in delivered))}
    stays = _stays(ask, [row.issue_id for row in every])
    lists = (
        listed("inflow", "created in the period", _inflow(names, every, span.period)),
        listed("outflow", "finished in the period; days from creation to finish", _outflow(ask, names, every, span)),
        listed(
            "done events",
            "entries into done in the period that are at least 14 days old now",
            _done_events(names, stays, span),
        ),
        listed(
            "open", "neither finished nor cancelled at the end of the period, or now", _open(names, every, stays, span)
        ),
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
    return _Span(period=ask.period, begin=day_start(ask.period.first_on, zone), until=min(end, now), now=now)


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


def _stays(ask: Ask, ids: Sequence[str]) -> dict[str, list[AnyRow]]:
    """Issue → its stays in order."""
    found: dict[str, list[AnyRow]] = {}
    of = status_intervals.c
    for start in range(0, len(ids), _ASKED_AT_ONCE):
        some = ids[start : start + _ASKED_AT_ONCE]
        for row in ask.source.rows(select(status_intervals).where(of.issue_id.in_(some))):
            found.setdefault(row.issue_id, []).append(row)
    for stays in found.values():
        stays.sort(key=lambda row: int(row.status_interval_id.rpartition(":")[2]))
    return found


def _done_events(names: Names, stays: dict[str, list[AnyRow]], span: _Span) -> list[Line]:
    lines = []
    for issue_id, own in stays.items():
        stage: str | None = None
        entered: datetime | None = None
        events: list[list[datetime | None]] = []
        for stay in own:
            if stay.stage is None or stay.stage == stage:
                continue
            if stay.stage == DONE:
                entered = stay.entered_at
                events.append([entered, None])
            elif stage == DONE and stay.stage in {TODO, PROGRESS} and events:
                events[-1][1] = stay.entered_at
            stage = stay.stage
        lines += [_done_line(names, issue_id, at, back) for at, back in events if at is not None and _counts(at, span)]
    return lines


def _counts(entered: datetime, span: _Span) -> bool:
    return span.begin <= entered < span.until and span.now - entered >= _REOPENED_WITHIN


def _done_line(names: Names, issue_id: str, entered: datetime, back: datetime | None) -> Line:
    is_soon = back is not None and back - entered <= _REOPENED_WITHIN
    return line(names, issue_id, *(("reopened within 14 days",) if is_soon else ()), done_at=entered, reopened_at=back)


def _open(names: Names, every: Iterable[AnyRow], stays: dict[str, list[AnyRow]], span: _Span) -> list[Line]:
    lines = []
    for row in every:
        own = [stay for stay in stays.get(row.issue_id, ()) if stay.entered_at < span.until and stay.stage is not None]
        if own and own[-1].stage not in {DONE, REMOVED}:
            age = (span.until - stays[row.issue_id][0].entered_at).total_seconds() / _DAY_SECONDS
            lines.append(line(names, row.issue_id, age_days=age, status=own[-1].status))
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
