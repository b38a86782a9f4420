"""What one issue did to the scope of one sprint. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from metrics.history.outcomes import CANCELLED, OPEN

Points = float | None


class ScopeEvent(NamedTuple):
    """Something that changed the scope or its completion. Points are None where not estimated or not in scope."""

    event: str
    at: datetime
    points_before: Points
    points_after: Points


class Scope(NamedTuple):
    """An issue's part in a sprint; in scope at the end if it came into scope and `removed_at` is None."""

    is_committed: bool
    added_at: datetime | None
    removed_at: datetime | None
    points_at_start: Points
    points_at_end: Points
    outcome: str
    events: Sequence[ScopeEvent]


@dataclass(slots=True)
class _Progress:
    """The walk through the sprint so far. All changes of one instant count as one."""

    points: Points
    is_member: bool
    outcome: str
    was_member: bool = False
    in_scope: bool = False
    is_committed: bool = False
    added_at: datetime | None = None
    removed_at: datetime | None = None
    points_at_start: Points = None
    points_at_end: Points = None
    member_outcome: str = OPEN
    events: list[ScopeEvent] = field(default_factory=list)


def scope(
    memberships: Sequence[tuple[datetime, bool]],
    outcomes: Sequence[tuple[datetime, str]],
    estimates: Sequence[tuple[datetime, Points]],
    start: datetime,
    end: datetime,
) -> Scope | None:
    """The issue's part between start and end; None when it was no member in between.

    Each argument is a list of (instant, value from then on) in order of time; of equal instants the last counts. What
    happens exactly at the start was there at the start; exactly at the end, it had happened by the end.
    """
    held: list[Any] = [None, False, OPEN]
    later: list[tuple[datetime, int, Any]] = []
    for kind, steps in enumerate((estimates, memberships, outcomes)):
        for at, value in steps:
            if at <= start:
                held[kind] = value
            elif at <= end:
                later.append((at, kind, value))
    walk = _Progress(*held)
    _begin(walk, start)
    later.sort(key=itemgetter(0))
    for at, changes in groupby(later, key=itemgetter(0)):
        held[:] = walk.points, walk.is_member, walk.outcome
        for _, kind, value in changes:
            held[kind] = value
        points, is_member, outcome = held
        _re_estimate(walk, at, points)
        _move(walk, at, is_member, outcome)
    return _finish(walk) if walk.was_member else None


def _begin(walk: _Progress, start: datetime) -> None:
    if not walk.is_member:
        return
    walk.was_member = True
    walk.member_outcome = walk.outcome
    walk.points_at_start = walk.points_at_end = walk.points
    if walk.outcome == OPEN:
        walk.in_scope = walk.is_committed = True
        walk.events.append(ScopeEvent("committed", start, None, walk.points))


def _re_estimate(walk: _Progress, at: datetime, points: Points) -> None:
    if points != walk.points and walk.in_scope:
        walk.events.append(ScopeEvent("estimate_changed", at, walk.points, points))
    walk.points = points
    if walk.is_member:
        walk.points_at_end = points


def _move(walk: _Progress, at: datetime, is_member: bool, outcome: str) -> None:  # noqa: FBT001 - one step's values
    if walk.in_scope and not is_member:
        walk.events.append(ScopeEvent("removed", at, walk.points, None))
        walk.in_scope, walk.removed_at = False, at
    elif walk.in_scope and outcome != walk.outcome:
        event = "reopened" if outcome == OPEN else "cancelled" if outcome == CANCELLED else "completed"
        walk.events.append(ScopeEvent(event, at, walk.points, walk.points))
    elif is_member and not walk.in_scope and outcome == OPEN:
        _add(walk, at)
    if is_member:
        if not walk.was_member:
            walk.points_at_start = walk.points
        walk.was_member, walk.member_outcome, walk.points_at_end = True, outcome, walk.points
    walk.is_member, walk.outcome = is_member, outcome


def _add(walk: _Progress, at: datetime) -> None:
    walk.events.append(ScopeEvent("added", at, None, walk.points))
    if not walk.is_committed and walk.added_at is None:
        walk.added_at, walk.points_at_start = at, walk.points
    walk.in_scope, walk.removed_at = True, None


def _finish(walk: _Progress) -> Scope:
    if walk.in_scope:
        outcome = {OPEN: "carried_over", CANCELLED: CANCELLED}.get(walk.outcome, "completed")
    elif walk.removed_at is not None and not walk.is_member:
        outcome = "removed"
    else:
        outcome = CANCELLED if walk.member_outcome == CANCELLED else "completed_outside"
    return Scope(
        walk.is_committed,
        walk.added_at,
        walk.removed_at,
        walk.points_at_start,
        walk.points_at_end,
        outcome,
        walk.events,
    )
