"""The row of an issue in `issue_flow`: its times, where they went, and why it may have no cycle time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Any, NamedTuple

from metrics.calendar import local_day
from metrics.flow import Flow, Spent, exclusion, flow, spent
from metrics.settings import MetricSettings, Workflow
from metrics.stages import IN_PROGRESS
from metrics.timeline import IssueState, StatusStay, Timeline
from metrics.working_time import WorkingTime

_ONE_DAY = timedelta(days=1)

Span = tuple[datetime, datetime | None]


class Placed(NamedTuple):
    """What a row says of an issue beside its history."""

    board_id: str | None
    level: str
    absence: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRules:
    """What the rows need to know beside the issues."""

    settings: MetricSettings
    working_time: WorkingTime
    now: datetime
    with_rules: Mapping[str, bool]
    """Source → whether its config says what waits or blocks; without that there is no efficiency."""


def says_what_waits(workflow: Workflow) -> bool:
    """Whether the rules name statuses or labels of waiting or blocked issues; links and flags alone are no rules."""
    return bool(workflow.waiting or workflow.blocked or workflow.blocked_labels)


def flow_row(
    rules: FlowRules,
    issue: IssueState,
    placed: Placed,
    timeline: Timeline,
    blocked: Sequence[Span],
    *,
    is_cancelled: bool,
) -> tuple[Any, ...]:
    """The row, in the order of the table's columns. `blocked` are the spans in which the issue was blocked."""
    settings, now = rules.settings, rules.now
    zone = settings.calendar.timezone
    found = flow(timeline.stays)
    is_counted = placed.level in settings.levels
    why = exclusion(found, placed.absence, is_counted_level=is_counted, is_cancelled=is_cancelled)
    first, started, finished = found.first_started, found.started, found.finished
    started_at = None if started is None else started[0]
    finished_at = None if finished is None else finished[0]
    in_progress = found.stage == IN_PROGRESS
    started_on = None if started_at is None else local_day(started_at, zone)
    finished_on = None if finished_at is None else local_day(finished_at, zone)
    created_at = issue.created_at
    cycle = _cycle(rules, found, started_on, finished_on) if why is None else _NO_CYCLE
    return (
        issue.issue_id,
        issue.project_id,
        placed.board_id,
        issue.issue_type,
        placed.level,
        found.stage,
        is_cancelled,
        created_at,
        None if first is None else first[0],
        started_at,
        finished_at,
        local_day(created_at, zone),
        started_on,
        finished_on,
        *cycle,
        None if finished_at is None else (finished_at - created_at).total_seconds(),
        *_where_it_went(rules, issue, timeline.stays, blocked, started_at, finished_at or now),
        (now - started_at).total_seconds() if in_progress and started_at else None,
        (now - _status_since(timeline.stays)).total_seconds() if in_progress else None,
        found.reopened_count,
        found.backward_count,
        None if finished_at is None else timeline.points_at(finished_at),
        None if started is None else started[6],
        None if finished is None else finished[6],
        why,
    )


_NO_CYCLE = (None,) * 6


def _cycle(rules: FlowRules, found: Flow, started_on: date | None, finished_on: date | None) -> tuple[Any, ...]:
    """From cycle_seconds to cycle_last_run_seconds, in the order of the columns."""
    if not (found.started and found.finished and found.first_started and found.last_run and started_on and finished_on):
        raise AssertionError("an issue without an exclusion has started and finished")
    started, finished = found.started[0], found.finished[0]
    took = finished - started
    return (
        took.total_seconds(),
        took / _ONE_DAY,
        (finished_on - started_on).days + 1,
        rules.working_time.seconds(started, finished),
        (finished - found.first_started[0]).total_seconds(),
        (finished - found.last_run[0]).total_seconds(),
    )


def _where_it_went(
    rules: FlowRules,
    issue: IssueState,
    stays: Sequence[StatusStay],
    blocked: Sequence[Span],
    started_at: datetime | None,
    until: datetime,
) -> tuple[float | None, float | None, float | None, float | None, str | None]:
    """active_seconds, waiting_seconds, blocked_seconds, flow_efficiency and the reason why that is NULL."""
    if started_at is None:
        return None, None, None, None, "not_started"
    times = spent(stays, blocked, started_at, until)
    efficiency, reason = _efficiency(times, with_rules=rules.with_rules.get(issue.source_id, False))
    return (
        times.active.total_seconds(),
        times.waiting.total_seconds(),
        times.blocked.total_seconds(),
        efficiency,
        reason,
    )


def _efficiency(times: Spent, *, with_rules: bool) -> tuple[float | None, str | None]:
    if not with_rules:
        return None, "no_rules"
    whole = times.active + times.waiting + times.blocked
    return (times.active / whole, None) if whole else (None, "no_time")


def _status_since(stays: Sequence[StatusStay]) -> datetime:
    """When the issue came into its current status; a change from a status to itself leaves it there."""
    same = takewhile(lambda stay: stay[3] == stays[-1][3], reversed(stays))
    return min(stay[0] for stay in same)
