"""The row of an issue in `issue_flow`: its times, where they went, and why it may have no cycle time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from metrics.calendar import LocalDays
from metrics.facts.flow import Flow, Spent, exclusion, flow, spent
from metrics.history.stages import IN_PROGRESS
from metrics.history.timeline import IssueState, Timeline
from metrics.settings import Workflow
from metrics.working_time import WorkingTime

_ONE_DAY = timedelta(days=1)

Span = tuple[datetime, datetime | None]
Stay = Sequence[Any]
"""A stay in a status, laid out as `StatusStay`; the change that began it is not looked at."""
Ages = tuple[float | None, float | None, float | None, float | None, str | None, float | None, float | None]
"""The values of `AGEING`."""

AGEING = (
    "active_seconds",
    "waiting_seconds",
    "blocked_seconds",
    "flow_efficiency",
    "flow_efficiency_reason",
    "age_seconds",
    "status_age_seconds",
)
"""Columns that change as time goes by, while an issue is in progress."""


class Placed(NamedTuple):
    """What a row says of an issue beside its history."""

    board_id: str | None
    level: str
    absence: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRules:
    """What the rows need to know beside the issues."""

    levels: frozenset[str]
    local_day: LocalDays
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
    board_id, level, absence = placed
    found = flow(timeline.stays)
    stage, first, started, _, finished, reopened, backward = found
    why = exclusion(found, absence, is_counted_level=level in rules.levels, is_cancelled=is_cancelled)
    started_at = None if started is None else started[0]
    finished_at = None if finished is None else finished[0]
    days = _days(rules, issue.created_at, started_at, finished_at)
    is_on = stage == IN_PROGRESS
    went = ages(rules, issue.source_id, timeline.stays, blocked, started_at, finished_at, in_progress=is_on)
    return (
        *(issue.issue_id, issue.project_id, board_id, issue.issue_type, level),
        stage,
        is_cancelled,
        issue.created_at,
        None if first is None else first[0],
        started_at,
        finished_at,
        *days,
        *(_cycle(rules, found, days) if why is None else _NO_CYCLE),
        None if finished_at is None else (finished_at - issue.created_at).total_seconds(),
        *went,
        reopened,
        backward,
        None if finished_at is None else timeline.points_at(finished_at),
        None if started is None else started[6],
        None if finished is None else finished[6],
        why,
    )


_NO_CYCLE = (None,) * 6
_Days = tuple[date, date | None, date | None]


def _days(rules: FlowRules, created_at: datetime, started_at: datetime | None, finished_at: datetime | None) -> _Days:
    """The local days of creation, start and finish."""
    day = rules.local_day
    return (
        day(created_at),
        None if started_at is None else day(started_at),
        None if finished_at is None else day(finished_at),
    )


def _cycle(rules: FlowRules, found: Flow, days: _Days) -> tuple[Any, ...]:
    """From cycle_seconds to cycle_last_run_seconds, in the order of the columns."""
    _, first, start, last_run, finish, *_ = found
    _, started_on, finished_on = days
    if not (first and start and last_run and finish and started_on and finished_on):
        raise AssertionError("an issue without an exclusion has started and finished")
    started, finished = start[0], finish[0]
    took = finished - started
    return (
        took.total_seconds(),
        took / _ONE_DAY,
        (finished_on - started_on).days + 1,
        rules.working_time.seconds(started, finished),
        (finished - first[0]).total_seconds(),
        (finished - last_run[0]).total_seconds(),
    )


def ages(
    rules: FlowRules,
    source_id: str,
    stays: Sequence[Stay],
    blocked: Sequence[Span],
    started_at: datetime | None,
    finished_at: datetime | None,
    *,
    in_progress: bool,
) -> Ages:
    """Where the time in progress went, and how old it and its status are: the columns of `AGEING`."""
    now = rules.now
    age = (now - started_at).total_seconds() if in_progress and started_at else None
    status_age = (now - _status_since(stays)).total_seconds() if in_progress else None
    if started_at is None:
        return None, None, None, None, "not_started", age, status_age
    times = spent(stays, blocked, started_at, finished_at or now)
    efficiency, reason = _efficiency(times, with_rules=rules.with_rules.get(source_id, False))
    active, waiting, held_up = times
    return (
        active.total_seconds(),
        waiting.total_seconds(),
        held_up.total_seconds(),
        efficiency,
        reason,
        age,
        status_age,
    )


def _efficiency(times: Spent, *, with_rules: bool) -> tuple[float | None, str | None]:
    if not with_rules:
        return None, "no_rules"
    active, waiting, held_up = times
    whole = active + waiting + held_up
    return (active / whole, None) if whole else (None, "no_time")


def _status_since(stays: Sequence[Stay]) -> datetime:
    """When the issue came into its current status; a change from a status to itself leaves it there."""
    since: datetime = stays[-1][0]
    for stay in reversed(stays):
        if stay[3] != stays[-1][3]:
            break
        since = stay[0]
    return since
