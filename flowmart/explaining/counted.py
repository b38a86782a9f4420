"""Why each metric counts an issue or leaves it out, and in which rows of its table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from flowmart.explaining.reading import AnyRow, Source
from flowmart.explaining.shapes import Counted, DefectPart, InSprint
from flowmart.explaining.sums import in_points
from flowmart.text import count
from metrics.periods import GROUPINGS

_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An issue with what was found of it; `why` is its exclusion in words."""

    source: Source
    issue: AnyRow
    flow: AnyRow
    why: str | None
    sprints: Sequence[InSprint]
    defect: DefectPart | None
    defect_row: AnyRow | None

    @property
    def is_delivered(self) -> bool:
        """Finished, and no reason but a skipped stage speaks against it."""
        return self.flow.finished_on is not None and self.flow.exclusion in {None, "skipped_in_progress"}

    @property
    def place(self) -> str:
        """`PAY × PAY board × Story`: the finest group of the issue."""
        project = self.source.projects.get(self.flow.project_id)
        board = self.source.boards.get(self.flow.board_id or "", "no home board")
        return f"{project.key if project else self.flow.project_id} × {board} × {self.flow.issue_type}"

    def why_absent(self) -> str | None:
        """In words, for an issue that is gone."""
        return self.why if self.issue.absence is not None else None

    def why_no_defect(self) -> str:
        """In words, for an issue that has no row in `defects`."""
        types = ", ".join(sorted(self.source.settings.defects.types))
        if not self.issue.is_defect:
            return f"its type {self.issue.issue_type} is none of defects.types ({types})"
        return self.why_absent() or (self.why if self.flow.exclusion == "level" else None) or "it is not computed yet"


def counted(case: Case) -> tuple[Counted, ...]:
    """A line for each metric."""
    return tuple(
        line
        for family in (_cycle_time, _throughput, _sprints, _velocity, _daily, _aging, _escape, _quality)
        for line in family(case)
    )


def starts(day: date) -> dict[str, date]:
    """The first days of a day's week and month."""
    return {"week": date.fromordinal(day.toordinal() - day.weekday()), "month": day.replace(day=1)}


def named(period: str, first: date) -> str:
    """`2026-05`, `2026-W20`: as `--period` takes it."""
    if period == "month":
        return f"{first:%Y-%m}"
    year, week, _ = first.isocalendar()
    return f"{year}-W{week:02}"


def _stored(case: Case, table: str, day: date, **where: object) -> Iterator[tuple[str, AnyRow | None]]:
    """For the week and the month of a day: its name and its row."""
    for period, first in starts(day).items():
        yield named(period, first), case.source.one(table, period=period, period_start=first, **where)


def _not_there(table: str) -> str:
    return f"; {table} has no such row yet: run `flowmart compute`"


def _cycle_time(case: Case) -> Iterator[Counted]:
    metric = "cycle_time_trend"
    if not case.is_delivered:
        yield Counted(metric=metric, is_counted=False, says=case.why or "it is not done now")
        return
    everything = dict.fromkeys(("project_id", "board_id", "issue_type"))
    parts, missing = [], ""
    for name, row in _stored(case, metric, case.flow.finished_on, grouping="all", **everything):
        behind = "" if row is None else f" ({count(row.n, 'issue')}" + f", {row.skipped_count} skipped)"
        parts.append(f"{name}{behind}")
        missing = missing or ("" if row is not None else _not_there(metric))
    where = f"finished on {case.flow.finished_on}: {', '.join(parts)}, in each of the groups {_groups(case)}"
    if case.why is None:
        yield Counted(metric=metric, is_counted=True, says=f"{where}{missing}")
        return
    says = f"{case.why}; only in skipped_count, {where}{missing}"
    yield Counted(metric=metric, is_counted=False, says=says)


def _groups(case: Case) -> str:
    return ", ".join(name.replace("_", " × ") for name in GROUPINGS) + f" of {case.place}"


def _throughput(case: Case) -> Iterator[Counted]:
    metric = "throughput"
    if not case.is_delivered:
        yield Counted(metric=metric, is_counted=False, says=case.why or "it is not done now")
        return
    flow = case.flow
    group = {"project_id": flow.project_id, "board_id": flow.board_id, "issue_type": flow.issue_type}
    parts, missing = [], ""
    for name, row in _stored(case, metric, flow.finished_on, **group):
        behind = "" if row is None else f" ({count(row.finished_issues, 'issue')}, {in_points(row.finished_points)})"
        parts.append(f"{name}{behind}")
        missing = missing or ("" if row is not None else _not_there(metric))
    yield Counted(
        metric=metric,
        is_counted=True,
        says=f"1 issue and {in_points(flow.points_at_finish)} in {', '.join(parts)} of {case.place}{missing}",
    )


_OUTCOMES = {
    "completed": "completed",
    "carried_over": "carried over",
    "removed": "removed",
    "cancelled": "cancelled",
    "completed_outside": "completed outside, in no scope",
}


def _sprints(case: Case) -> Iterator[Counted]:
    metric = "sprint_metrics"
    inside = [one for one in case.sprints if one.outcome is not None]
    for one in inside:
        came = "committed" if one.is_committed else "added" if one.added_at is not None else "never in scope"
        points = f"{in_points(one.points_at_start)} at the start, {one.points_at_end or 0:g} at the end"
        is_counted = one.is_committed is True or one.added_at is not None
        outcome = _OUTCOMES.get(one.outcome or "", one.outcome)
        yield Counted(metric=metric, is_counted=is_counted, says=f"{one.name}: {came}, {outcome}; {points}")
    if not inside:
        says = case.sprints[0].why_none if case.sprints else "it was in no sprint"
        yield Counted(metric=metric, is_counted=False, says=case.why_absent() or says or "it was in no sprint")


def _velocity(case: Case) -> Iterator[Counted]:
    done = [one for one in case.sprints if one.outcome == "completed" and one.state == "closed"]
    if done:
        says = ", ".join(f"{in_points(one.points_at_end)} in {one.name}" for one in done)
    else:
        says = "it was completed in no closed sprint"
    yield Counted(metric="velocity_trend", is_counted=bool(done), says=says)


def _daily(case: Case) -> Iterator[Counted]:
    absent = case.why_absent()
    if absent:
        yield Counted(metric="daily_flow", is_counted=False, says=absent)
        return
    says = f"every day since {case.flow.created_on}, in the status that it has at the day's end (all levels count)"
    yield Counted(metric="daily_flow", is_counted=True, says=says)


def _aging(case: Case) -> Iterator[Counted]:
    row = case.source.one("wip_aging", issue_id=case.issue.issue_id)
    if row is not None:
        age = f"{row.age_days:.1f} days old" if row.age_days is not None else "of unknown age"
        passed = "" if row.percentile_passed is None else _passed(row)
        yield Counted(metric="wip_aging", is_counted=True, says=f"in progress, {age}{passed}")
        return
    flow = case.flow
    if case.why_absent():
        says = case.why_absent() or ""
    elif flow.exclusion == "level":
        says = case.why or ""
    elif flow.stage != "in_progress":
        says = "it is not in progress now"
    else:
        says = "wip_aging has no row for it yet: run `flowmart compute`"
    yield Counted(metric="wip_aging", is_counted=False, says=says)


def _passed(row: AnyRow) -> str:
    what = f"{count(row.compared_count, 'finished issue')} ({row.compared_with})"
    if row.percentile_passed == 0:
        return f": younger than half of {what} took"
    return f": older than {row.percentile_passed} % of {what} took"


def _escape(case: Case) -> Iterator[Counted]:
    metric = "defect_escape"
    if case.defect is None or case.defect_row is None:
        yield Counted(metric=metric, is_counted=False, says=case.why_no_defect())
        return
    if case.defect.is_cancelled:
        yield Counted(metric=metric, is_counted=False, says="it was cancelled: such defects count in no rate")
        return
    parts, missing = [], ""
    group = {"basis": "discovery", "grouping": "all"}
    for name, row in _stored(case, metric, case.defect_row.created_on, **group):
        behind = "" if row is None else f" ({row.escaped} escaped, {row.internal} internal, {row.unknown} unknown)"
        parts.append(f"{name}{behind}")
        missing = missing or ("" if row is not None else _not_there(metric))
    says = f"as {case.defect.escape_class}, by discovery on {case.defect_row.created_on}: {', '.join(parts)}"
    if case.defect.introduced_in is not None:
        says += f"; by release: {case.defect.introduced_in}"
    yield Counted(metric=metric, is_counted=True, says=f"{says}{missing}")


def _quality(case: Case) -> Iterator[Counted]:
    metric = "defect_quality"
    flow, row = case.flow, case.defect_row
    finished = ", ".join(named(*one) for one in starts(flow.finished_on).items()) if flow.finished_on else ""
    if row is None:
        if case.is_delivered and not case.issue.is_defect:
            says = f"only as delivered work beside the defects: finished_issues of {finished}"
            yield Counted(metric=metric, is_counted=True, says=says)
        else:
            yield Counted(metric=metric, is_counted=False, says=case.why_no_defect())
        return
    if row.is_cancelled:
        yield Counted(metric=metric, is_counted=False, says="it was cancelled: such defects count nowhere")
        return
    says = f"inflow of {', '.join(named(*one) for one in starts(row.created_on).items())}"
    if finished:
        days = "" if row.resolve_seconds is None else f", resolved after {row.resolve_seconds / _DAY_SECONDS:.1f} days"
        says += f"; outflow of {finished}{days}"
    yield Counted(metric=metric, is_counted=True, says=says)
