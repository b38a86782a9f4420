"""An issue's sprints: how it came in and left, what of it was counted, at which estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from flowmart.explaining.reading import AnyRow, Source, names_of
from flowmart.explaining.shapes import Change, Held, InSprint, Member, ScopeEvent
from warehouse.tables.computed_sprints import sprint_metrics
from warehouse.tables.loaded import sprints


def sprints_of(source: Source, issue_id: str, changes: Mapping[str, Change], level: str) -> tuple[InSprint, ...]:
    """Every sprint that it ever was a member of, in order of their start."""
    stays = sorted(source.of("sprint_memberships", issue_id=issue_id), key=lambda row: row.entered_at)
    parts = {row.sprint_id: row for row in source.of("sprint_issues", issue_id=issue_id)}
    events = source.of("sprint_scope_events", issue_id=issue_id)
    ids = sorted({*(row.sprint_id for row in stays), *parts})
    known = {row.sprint_id: row for row in source.rows(select(sprints).where(sprints.c.sprint_id.in_(ids)))}
    of = sprint_metrics.c
    windows = {row.sprint_id: row for row in source.rows(select(sprint_metrics).where(of.sprint_id.in_(ids)))}
    carried = names_of(source, (row.carried_to_sprint_id for row in parts.values()), sprints, "name")
    found = [
        _part(
            source,
            sprint_id,
            known.get(sprint_id),
            windows.get(sprint_id),
            parts.get(sprint_id),
            _members([row for row in stays if row.sprint_id == sprint_id], changes),
            level,
        )
        for sprint_id in ids
    ]
    with_events = [_with_events(one, parts.get(one.sprint_id), events, carried) for one in found]
    return tuple(sorted(with_events, key=_order))


def _order(one: InSprint) -> tuple[datetime, str]:
    joined = min((stay.entered_at for stay in one.memberships), default=None)
    begin = one.start_at or joined
    if begin is None:
        raise AssertionError("a sprint without times comes from a membership")
    return begin, one.sprint_id


def _members(stays: Sequence[AnyRow], changes: Mapping[str, Change]) -> tuple[Member, ...]:
    return tuple(
        Member(entered_at=row.entered_at, left_at=row.left_at, change=changes.get(row.entered_by_change_id or ""))
        for row in stays
    )


def _part(
    source: Source,
    sprint_id: str,
    sprint: AnyRow | None,
    window: AnyRow | None,
    part: AnyRow | None,
    members: tuple[Member, ...],
    level: str,
) -> InSprint:
    times = window if window is not None else sprint
    board_id = None if sprint is None else sprint.board_id
    return InSprint(
        sprint_id=sprint_id,
        name=sprint_id if sprint is None else sprint.name,
        board=source.boards.get(board_id or "", board_id),
        state="unknown" if sprint is None else sprint.state,
        start_at=None if times is None else times.start_at,
        end_at=None if times is None else times.end_at,
        memberships=members,
        is_committed=None if part is None else part.is_committed,
        added_at=None if part is None else part.added_at,
        removed_at=None if part is None else part.removed_at,
        points_at_start=None if part is None else part.points_at_start,
        points_at_end=None if part is None else part.points_at_end,
        outcome=None if part is None else part.outcome,
        why_none=None if part is not None else _why_none(source, window, sprint, level),
    )


def _why_none(source: Source, window: AnyRow | None, sprint: AnyRow | None, level: str) -> str:
    if level not in source.settings.levels:
        return f"sprints count {' and '.join(sorted(source.settings.levels))} issues only; this is a {level}"
    if window is None:
        state = "is unknown" if sprint is None else "has no start" if sprint.start_at is None else f"is {sprint.state}"
        return f"the sprint {state}: it has no figures"
    return "it was no member at any time between start and end"


def _with_events(one: InSprint, part: AnyRow | None, events: Sequence[AnyRow], carried: Mapping[str, str]) -> InSprint:
    own = sorted((row for row in events if row.sprint_id == one.sprint_id), key=event_order)
    to = None if part is None else part.carried_to_sprint_id
    return InSprint(
        **{name: getattr(one, name) for name in InSprint.__dataclass_fields__ if name not in {"events", "carried_to"}},
        carried_to=carried.get(to or "", to),
        events=tuple(
            ScopeEvent(event=row.event, at=row.at, points_before=row.points_before, points_after=row.points_after)
            for row in own
        ),
    )


def event_order(row: AnyRow) -> tuple[str, int]:
    """The order of one issue's events in one sprint: their ordinals, at the end of their ids."""
    return row.issue_id, int(row.sprint_scope_event_id.rpartition(":")[2])


def estimates_of(source: Source, issue_id: str, changes: Sequence[Change]) -> tuple[Held, ...]:
    """The issue's estimates, oldest first, with the change that made each."""
    rows = sorted(source.of("estimates", issue_id=issue_id), key=lambda row: int(row.estimate_id.rpartition(":")[2]))
    by_instant = {change.at: change for change in changes if change.field == "story_points"}
    return tuple(
        Held(
            points=row.points,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            change=by_instant.get(row.valid_from),
        )
        for row in rows
    )
