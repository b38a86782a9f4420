"""Cycle times and throughput of a period, taken apart into the issues that finished in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select

from flowmart.explaining.asking import Ask, require_grouping
from flowmart.explaining.numbers import why_excluded
from flowmart.explaining.reading import AnyRow
from flowmart.explaining.shapes import Figure, Line, Listed, RowPart
from flowmart.explaining.sums import (
    Names,
    by_key,
    figure,
    in_points,
    line,
    listed,
    mean,
    names_of_issues,
    percentile,
    place,
    sorted_by,
    total,
)
from flowmart.text import count
from metrics.periods import GROUPINGS
from warehouse.tables.computed import issue_flow, throughput
from warehouse.tables.loaded import issues

PERCENTS = (50, 70, 85, 95)
_SKIPPED = "skipped_in_progress"


def explain_cycle_time(ask: Ask) -> Sequence[RowPart]:
    """The row of the period and group: issues in order of their cycle times, percentile places marked."""
    require_grouping("cycle_time_trend", ask.group, tuple(GROUPINGS))
    finished = _finished(ask)
    names = names_of_issues(ask.source, (row.issue_id for row in finished))
    timed = sorted_by((row for row in finished if row.exclusion is None), lambda row: (row.cycle_days, row.issue_id))
    days = [row.cycle_days for row in timed]
    lines = [_timed(names, row, marks) for row, marks in zip(timed, _marks(days), strict=True)]
    skipped = sorted((row for row in finished if row.exclusion == _SKIPPED), key=lambda row: by_key(row, names))
    others = [row for row in finished if row.exclusion not in {None, _SKIPPED}]
    return [
        RowPart(
            title=f"cycle_time_trend {ask.period_name}, {ask.group.says}",
            figures=tuple(_figures(ask.row_of("cycle_time_trend"), days, len(skipped))),
            lists=(
                listed(
                    "with a cycle time",
                    "in order of cycle_days; p50 = 5 (+30 %): it lies 30 % of the way on to the next",
                    lines,
                ),
                listed(
                    "skipped",
                    "delivered in the period without ever being in progress: in skipped_count, in no percentile",
                    (line(names, row.issue_id, finished_on=row.finished_on) for row in skipped),
                ),
                _left_out(names, others),
            ),
        )
    ]


def _finished(ask: Ask) -> Sequence[AnyRow]:
    """All issues that finished in the period, delivered or not."""
    if ask.period is None:
        raise AssertionError("both metrics have periods")
    within = issue_flow.c.finished_on.between(ask.period.first_on, ask.period.last_on)
    return ask.source.rows(
        select(issue_flow, issues.c.resolution)
        .join(issues, issues.c.issue_id == issue_flow.c.issue_id)
        .where(within, *ask.group.where(issue_flow))
    )


def _timed(names: Names, row: AnyRow, marks: tuple[str, ...]) -> Line:
    values = {"cycle_days": row.cycle_days, "started_on": row.started_on, "finished_on": row.finished_on}
    return line(names, row.issue_id, *marks, **values)


def _left_out(names: Names, rows: Iterable[AnyRow]) -> Listed:
    lines = (
        line(names, row.issue_id, why=why_excluded(row, row.resolution), finished_on=row.finished_on)
        for row in sorted(rows, key=lambda row: (row.exclusion, by_key(row, names)))
    )
    return listed("left out", "done in the period, but not delivered work of a level that counts", lines)


def _marks(days: Sequence[float]) -> list[tuple[str, ...]]:
    """For each of the sorted values the percentiles that lie on it, or between it and the next."""
    marks: list[tuple[str, ...]] = [() for _ in days]
    for percent in PERCENTS if days else ():
        below, part = place(len(days), percent)
        where = f"p{percent} = {percentile(days, percent):.2f}"
        where += f" (+{round(100 * part)} %)" if part else ""
        marks[below] = (*marks[below], where)
    return marks


def _figures(stored: AnyRow | None, days: Sequence[float], skipped: int) -> Iterable[Figure]:
    found = {} if stored is None else stored._mapping  # noqa: SLF001 - SQLAlchemy's own name for it
    yield figure("n", found.get("n"), len(days), "issues with a cycle time")
    yield figure("mean_days", found.get("mean_days"), mean(days), "their sum ÷ n")
    for percent in PERCENTS:
        formula = "interpolated between the two issues at its place"
        yield figure(f"p{percent}_days", found.get(f"p{percent}_days"), percentile(days, percent), formula)
    yield figure("skipped_count", found.get("skipped_count"), skipped, "delivered without ever being in progress")


def explain_throughput(ask: Ask) -> Sequence[RowPart]:
    """The sum of the rows of the period and group, and each row with its issues."""
    if ask.period is None:
        raise AssertionError("throughput has periods")
    of = throughput.c
    rows = ask.source.rows(
        select(throughput)
        .where(of.period == ask.period.kind, of.period_start == ask.period.first_on, *ask.group.where(throughput))
        .order_by(of.throughput_id)
    )
    finished = _finished(ask)
    names = names_of_issues(ask.source, (row.issue_id for row in finished))
    delivered = [row for row in finished if row.exclusion in {None, _SKIPPED}]
    others = [row for row in finished if row.exclusion not in {None, _SKIPPED}]
    by_place: dict[tuple[str | None, ...], list[AnyRow]] = {}
    for row in delivered:
        by_place.setdefault(_place(row), []).append(row)
    lists = [_of_place(ask, names, where, by_place[where]) for where in sorted(by_place, key=str)]
    lines = [one for each in lists for one in each.lines]
    stored: Mapping[str, float] = {
        name: sum(getattr(row, name) or 0 for row in rows) for name in ("finished_issues", "finished_points")
    }
    return [
        RowPart(
            title=f"throughput {ask.period_name}, {ask.group.says}: the sum of {len(rows)} rows",
            figures=(
                figure("finished_issues", stored["finished_issues"], len(lines), "delivered issues, skipped ones too"),
                figure("finished_points", stored["finished_points"], total(lines, "points"), "points as of the finish"),
            ),
            lists=(*lists, _left_out(names, others)),
        )
    ]


def _place(row: AnyRow) -> tuple[str | None, ...]:
    return row.project_id, row.board_id, row.issue_type


def _of_place(ask: Ask, names: Names, where: tuple[str | None, ...], rows: Sequence[AnyRow]) -> Listed:
    project_id, board_id, issue_type = where
    project = ask.source.projects.get(project_id or "")
    board = ask.source.boards.get(board_id or "", "no home board")
    lines = [
        line(
            names,
            row.issue_id,
            *(("skipped in_progress",) if row.exclusion == _SKIPPED else ()),
            points=row.points_at_finish,
            finished_on=row.finished_on,
        )
        for row in sorted(rows, key=lambda row: (row.finished_on, by_key(row, names)))
    ]
    said = f"{project.key if project else project_id} × {board} × {issue_type}"
    return listed(said, f"{count(len(lines), 'issue')}, {in_points(total(lines, 'points'))}", lines)
