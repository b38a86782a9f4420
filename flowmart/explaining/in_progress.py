"""What is in progress now, and what was in each status at the end of a day, issue by issue."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, or_, select

from flowmart.explaining.asking import Ask
from flowmart.explaining.reading import AnyRow
from flowmart.explaining.shapes import Line, RowPart
from flowmart.explaining.sums import Names, by_key, figure, line, listed, names_of_issues
from metrics.calendar import ONE_DAY, day_start
from metrics.flow_steps import RANKS
from metrics.history.stages import IN_PROGRESS
from warehouse.tables.computed import daily_flow, issue_flow, status_intervals, wip_aging
from warehouse.tables.loaded import issues, statuses

_Status = tuple[str | None, str]
"""Stage and name of a status."""


def explain_aging(ask: Ask) -> Sequence[RowPart]:
    """Everything that is in progress, the oldest first."""
    rows = ask.source.rows(
        select(wip_aging).where(*ask.group.where(wip_aging)).order_by(wip_aging.c.age_days.desc(), wip_aging.c.issue_id)
    )
    names = names_of_issues(ask.source, (row.issue_id for row in rows))
    counted = [
        row
        for row in ask.source.rows(
            select(issue_flow).where(issue_flow.c.stage == IN_PROGRESS, *ask.group.where(issue_flow))
        )
        if row.exclusion == "not_finished"
    ]
    return [
        RowPart(
            title=f"wip_aging, {ask.group.says}",
            figures=(figure("issues", len(rows), len(counted), "rows of wip_aging, and issues in progress now"),),
            lists=(
                listed(
                    "in progress",
                    "age since started_at; passed: the highest of 50, 70, 85, 95 % of finished issues that took less",
                    (_aging_line(names, row) for row in rows),
                ),
            ),
        )
    ]


def _aging_line(names: Names, row: AnyRow) -> Line:
    return line(
        names,
        row.issue_id,
        *(("blocked",) if row.is_blocked else ()),
        status=row.status,
        age_days=row.age_days,
        status_age_days=row.status_age_days,
        percentile_passed=row.percentile_passed,
        compared_with=row.compared_with,
        compared_count=row.compared_count,
    )


def explain_daily(ask: Ask) -> Sequence[RowPart]:
    """The statuses of a day, each with the issues in it at the end of the day."""
    sums = _stored_sums(ask)
    stays = _at_the_end(ask)
    names = names_of_issues(ask.source, (row.issue_id for row in stays))
    by_status: dict[_Status, list[AnyRow]] = {}
    for row in sorted(stays, key=lambda row: by_key(row, names)):
        by_status.setdefault((row.stage, row.name or row.status), []).append(row)
    figures, lists = [], []
    for stage, status in sorted({*sums, *by_status}, key=lambda one: (RANKS.get(one[0] or "", 9), one[1])):
        rows = by_status.get((stage, status), [])
        title = f"{status} ({stage or 'stage unknown'})"
        figures.append(figure(title, sums.get((stage, status), 0), len(rows), "issues at the end of the day"))
        lines = (line(names, row.issue_id, entered_at=row.entered_at) for row in rows)
        lists.append(listed(title, "in it at the end of the day", lines))
    title = f"daily_flow at the end of {ask.period_name}, {ask.group.says}"
    return [RowPart(title=title, figures=tuple(figures), lists=tuple(lists))]


def _stored_sums(ask: Ask) -> dict[_Status, int]:
    """Status → issues in it, over the rows of the day and group."""
    if ask.period is None:
        raise AssertionError("daily_flow has days")
    of = daily_flow.c
    rows = ask.source.rows(select(daily_flow).where(of.day == ask.period.first_on, *ask.group.where(daily_flow)))
    sums: dict[_Status, int] = {}
    for row in rows:
        if row.issues:
            sums[row.stage, row.status] = sums.get((row.stage, row.status), 0) + row.issues
    return sums


def _at_the_end(ask: Ask) -> Sequence[AnyRow]:
    """The stays that lasted at the end of the day, of issues that are not absent; `name` is the status's of today."""
    if ask.period is None:
        raise AssertionError("daily_flow has days")
    end = day_start(ask.period.first_on + ONE_DAY, ask.source.zone)
    of = status_intervals.c
    return ask.source.rows(
        select(of.issue_id, of.status, of.stage, of.entered_at, statuses.c.name)
        .join(issue_flow, issue_flow.c.issue_id == of.issue_id)
        .join(issues, issues.c.issue_id == of.issue_id)
        .join(statuses, statuses.c.status_id == of.status_id, isouter=True)
        .where(
            and_(of.entered_at < end, or_(of.left_at.is_(None), of.left_at >= end)),
            issues.c.absence.is_(None),
            *ask.group.where(issue_flow),
        )
    )
