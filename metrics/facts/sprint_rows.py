"""What an issue did to sprints, as rows: its memberships, its part in each sprint, and the events of the scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from metrics.facts.scope import Scope, scope
from metrics.history.boards import SprintCatalogue
from metrics.history.sprint_windows import FUTURE, Window
from metrics.history.timeline import SprintStay, Timeline

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SprintRules:
    """The sprints that there are, and the windows of those that are active or closed."""

    catalogue: SprintCatalogue
    windows: Mapping[str, Window]


def membership_rows(issue_id: str, stays: Sequence[SprintStay]) -> Iterator[Row]:
    """Rows of `sprint_memberships`."""
    seen: defaultdict[str, int] = defaultdict(int)
    for sprint_id, entered_at, left_at, change_id in stays:
        yield f"{issue_id}:{sprint_id}:{seen[sprint_id]}", issue_id, sprint_id, entered_at, left_at, change_id
        seen[sprint_id] += 1


def parts(rules: SprintRules, timeline: Timeline, ways: Sequence[tuple[datetime, str]]) -> list[tuple[Window, Scope]]:
    """The sprints that the issue was a member of between their start and end, with its part in each."""
    memberships: dict[str, list[tuple[datetime, bool]]] = {}
    for sprint_id, entered_at, left_at, _ in timeline.sprints:
        if sprint_id in rules.windows:
            steps = memberships.setdefault(sprint_id, [])
            steps.append((entered_at, True))
            if left_at is not None:
                steps.append((left_at, False))
    if not memberships:
        return []
    points = [(held[1], held[0]) for held in timeline.estimates]
    found = []
    for sprint_id, steps in memberships.items():
        window = rules.windows[sprint_id]
        part = scope(steps, ways, points, window.start_at, window.end_at)
        if part is not None:
            found.append((window, part))
    return found


def sprint_row(rules: SprintRules, issue_id: str, window: Window, part: Scope, stays: Sequence[SprintStay]) -> Row:
    """The row of `sprint_issues`."""
    return (
        f"{window.sprint_id}:{issue_id}",
        window.sprint_id,
        issue_id,
        part.is_committed,
        part.added_at,
        part.removed_at,
        part.points_at_start,
        part.points_at_end,
        part.outcome,
        _carried_to(rules, window, stays) if part.outcome == "carried_over" else None,
    )


def event_rows(issue_id: str, window: Window, part: Scope) -> Iterator[Row]:
    """Rows of `sprint_scope_events`."""
    prefix = f"{window.sprint_id}:{issue_id}:"
    for place, event in enumerate(part.events):
        yield f"{prefix}{place}", window.sprint_id, issue_id, *event


def _carried_to(rules: SprintRules, window: Window, stays: Sequence[SprintStay]) -> str | None:
    """The later sprint that the issue was in first after the end; sprints that began before this one do not count."""
    later = [
        (max(stay.entered_at, window.end_at), stay.sprint_id)
        for stay in stays
        if stay.sprint_id != window.sprint_id
        and (stay.left_at is None or stay.left_at > window.end_at)
        and _is_later(rules, stay.sprint_id, window)
    ]
    return min(later)[1] if later else None


def _is_later(rules: SprintRules, sprint_id: str, window: Window) -> bool:
    other = rules.windows.get(sprint_id)
    if other is not None:
        return other.start_at > window.start_at
    known = rules.catalogue.rows.get(sprint_id)
    return known is not None and known.state == FUTURE
