"""When an issue started and finished, how often it went back, and why it has no cycle time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from metrics.history.stages import DONE, IN_PROGRESS, REMOVED, TODO, is_backward
from metrics.history.timeline import StatusStay
from warehouse.fetching import maker


class Flow(NamedTuple):
    """The stays that mark an issue's way; None where it has not been there.

    `started`, `finished` and `last_run` are those of the metric definitions; `stage` is the last known one.
    """

    stage: str | None
    first_started: StatusStay | None
    started: StatusStay | None
    last_run: StatusStay | None
    finished: StatusStay | None
    reopened_count: int
    backward_count: int


_FLOW = maker(Flow)


def flow(stays: Iterable[StatusStay]) -> Flow:
    """Reads an issue's stays in order; those in statuses never known are passed over."""
    stage: str | None = None
    first = started = last_run = finished = None
    reopened = backward = 0
    for stay in stays:
        to = stay[4]
        if to is None or to == stage:
            continue
        own = not stay[7]
        if to == IN_PROGRESS:
            first, started, last_run = first or stay, started or stay, stay
        elif to == TODO and own and stage in {IN_PROGRESS, REMOVED}:
            started = None
        elif to == DONE:
            finished = stay
        if own and is_backward(stage, to):
            backward += 1
            reopened += stage == DONE
        stage = to
    return _FLOW((stage, first, started, last_run, finished if stage == DONE else None, reopened, backward))


def exclusion(found: Flow, absence: str | None, *, is_counted_level: bool, is_cancelled: bool) -> str | None:
    """Why the issue has no cycle time: the first reason that holds, or None."""
    if absence is not None:
        return absence
    if not is_counted_level:
        return "level"
    if is_cancelled:
        return "cancelled"
    if found.finished is None:
        return "not_finished"
    return "skipped_in_progress" if found.started is None else None


class Spent(NamedTuple):
    """Where the time in progress went; the three make up all of it."""

    active: timedelta
    waiting: timedelta
    blocked: timedelta


_SPENT = maker(Spent)


def spent(
    stays: Iterable[Sequence[Any]],
    blocked: Sequence[tuple[datetime, datetime | None]],
    started_at: datetime,
    until: datetime,
) -> Spent:
    """The time in progress within [started_at, until); what is blocked while it waits counts as blocked.

    `started_at` is the begin of a stay, and no stay begins after `until`.
    """
    active = waiting = held_up = _NO_TIME
    for stay in stays:
        if stay[4] != IN_PROGRESS or stay[0] < started_at:
            continue
        end = until if stay[1] is None else stay[1]
        took = end - stay[0]
        if blocked:
            lost = _overlap(blocked, stay[0], end)
            held_up += lost
            took -= lost
        if stay[5]:
            waiting += took
        else:
            active += took
    return _SPENT((active, waiting, held_up))


_NO_TIME = timedelta()


def _overlap(spans: Iterable[tuple[datetime, datetime | None]], begin: datetime, end: datetime) -> timedelta:
    """How much of [begin, end) the spans cover, which do not overlap."""
    covered = _NO_TIME
    for entered_at, left_at in spans:
        last = end if left_at is None else min(left_at, end)
        covered += max(_NO_TIME, last - max(entered_at, begin))
    return covered
