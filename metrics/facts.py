"""The one pass over all histories: intervals, flow, and what each issue did to each sprint's scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any

from metrics.base import Context, Finding, Metric
from metrics.boards import SprintCatalogue, read_sprint_catalogue
from metrics.calendar import local_day
from metrics.flow import Flow, exclusion, flow, seconds_between
from metrics.quality.histories import renew_history_findings
from metrics.reading import AnyRow, changes_of, chunks
from metrics.scope import Scope, scope
from metrics.sprint_windows import FUTURE, Window, read_windows
from metrics.stages import IN_PROGRESS, StatusCatalogue, folded, read_catalogue
from metrics.timeline import CANCELLED, FIELDS, IssueState, SprintStay, StatusStay, Timeline, outcomes, replay
from warehouse.bulk import clear, insert_rows
from warehouse.records import native_id
from warehouse.tables.computed import estimates, issue_flow, sprint_memberships, status_intervals
from warehouse.tables.computed_sprints import sprint_issues, sprint_scope_events

_TABLES = (status_intervals, sprint_memberships, estimates, issue_flow, sprint_issues, sprint_scope_events)
_READ = (
    "issue_id",
    "source_id",
    "project_id",
    "issue_type",
    "created_at",
    "status_id",
    "status",
    "resolution",
    "story_points",
    "sprint_ids",
    "area_path",
    "board_id",
    "level",
    "absence",
)
_DAY_SECONDS = 86_400

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the pass needs to know beside the issues."""

    context: Context
    statuses: StatusCatalogue
    sprints: SprintCatalogue
    windows: Mapping[str, Window]
    cancelled: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Source → resolutions of undelivered work, folded."""

    def cancelled_in(self, source_id: str) -> frozenset[str]:
        """The resolutions of a source that mean cancelled."""
        found = self.cancelled.get(source_id)
        return folded(self.context.settings.workflow.cancelled_resolutions) if found is None else found


@dataclass(slots=True)
class _Batch:
    """Rows of a chunk by table, in the order of `_TABLES`."""

    rows: tuple[Rows, ...] = field(default_factory=lambda: tuple([] for _ in _TABLES))

    def write(self, context: Context) -> None:
        for table, rows in zip(_TABLES, self.rows, strict=True):
            if rows:
                insert_rows(context.connection, table, table.columns.keys(), rows)


def _compute(context: Context) -> None:
    connection, settings = context.connection, context.settings
    rules = Rules(
        context=context,
        statuses=read_catalogue(connection, settings),
        sprints=read_sprint_catalogue(connection),
        windows=read_windows(connection, settings, context.now),
        cancelled={
            name: folded(workflow.cancelled_resolutions) for name, workflow in settings.source_workflows.items()
        },
    )
    for table in _TABLES:
        clear(connection, table)
    for chunk in chunks(connection, _READ):
        changes = changes_of(connection, chunk, FIELDS)
        batch = _Batch()
        for issue in chunk:
            if issue.created_at <= context.now:
                _interpret(rules, issue, changes.get(issue.issue_id, ()), batch)
        batch.write(context)
    renew_history_findings(context)


def _interpret(rules: Rules, issue: AnyRow, changes: Sequence[Any], batch: _Batch) -> None:
    timeline = replay(_state(issue), changes, rules.statuses, rules.sprints, rules.context.now)
    issue_id = issue.issue_id
    rules.context.reach.findings.extend(
        Finding(check_name="history_gap", issue_id=issue_id, evidence=gap) for gap in timeline.gaps
    )
    ways = outcomes(timeline, rules.cancelled_in(issue.source_id))
    stays, memberships, points, flows, in_sprints, events = batch.rows
    stays.extend(_status_rows(issue_id, timeline))
    memberships.extend(_membership_rows(issue_id, timeline.sprints))
    points.extend(
        (f"{issue_id}:{place}", issue_id, held.points, held.valid_from, held.valid_to)
        for place, held in enumerate(timeline.estimates)
    )
    flows.append(flow_row(rules, issue, timeline, is_cancelled=ways[-1][1] == CANCELLED))
    if issue.absence is None and issue.level in rules.context.settings.levels:
        for window, part in _parts(rules, timeline, ways):
            in_sprints.append(_sprint_row(rules, issue_id, window, part, timeline.sprints))
            events.extend(
                (f"{window.sprint_id}:{issue_id}:{place}", window.sprint_id, issue_id, *event)
                for place, event in enumerate(part.events)
            )


def _state(issue: AnyRow) -> IssueState:
    return IssueState(
        issue_id=issue.issue_id,
        source_id=issue.source_id,
        project_id=issue.project_id,
        issue_type=issue.issue_type,
        created_at=issue.created_at,
        status_value=native_id(issue.status_id),
        status=issue.status,
        resolution=issue.resolution,
        story_points=issue.story_points,
        sprint_ids=issue.sprint_ids,
        area_path=issue.area_path,
    )


def _status_rows(issue_id: str, timeline: Timeline) -> Iterator[tuple[Any, ...]]:
    for place, (entered_at, left_at, status_id, status, stage, is_waiting, change_id, _) in enumerate(timeline.stays):
        lasted = None if left_at is None else seconds_between(entered_at, left_at)
        yield (
            f"{issue_id}:{place}",
            issue_id,
            status_id,
            status,
            stage,
            is_waiting,
            entered_at,
            left_at,
            lasted,
            change_id,
        )


def _membership_rows(issue_id: str, stays: Sequence[SprintStay]) -> Iterator[tuple[Any, ...]]:
    seen: defaultdict[str, int] = defaultdict(int)
    for sprint_id, entered_at, left_at, change_id in stays:
        yield f"{issue_id}:{sprint_id}:{seen[sprint_id]}", issue_id, sprint_id, entered_at, left_at, change_id
        seen[sprint_id] += 1


def flow_row(rules: Rules, issue: AnyRow, timeline: Timeline, *, is_cancelled: bool) -> tuple[Any, ...]:
    """The issue's row of `issue_flow`."""
    settings, now = rules.context.settings, rules.context.now
    found = flow(timeline.stays)
    why = exclusion(found, issue.absence, is_counted_level=issue.level in settings.levels, is_cancelled=is_cancelled)
    zone = settings.calendar.timezone
    started_at, finished_at = _begin(found.started), _begin(found.finished)
    in_progress = found.stage == IN_PROGRESS
    return (
        issue.issue_id,
        issue.project_id,
        issue.board_id,
        issue.issue_type,
        issue.level,
        found.stage,
        is_cancelled,
        issue.created_at,
        _begin(found.first_started),
        started_at,
        finished_at,
        local_day(issue.created_at, zone),
        started_at and local_day(started_at, zone),
        finished_at and local_day(finished_at, zone),
        *(_cycle(rules, found) if why is None else (None,) * 6),
        finished_at and seconds_between(issue.created_at, finished_at),
        *(None,) * 5,
        seconds_between(started_at, now) if in_progress and started_at else None,
        seconds_between(_status_since(timeline.stays), now) if in_progress else None,
        found.reopened_count,
        found.backward_count,
        finished_at and timeline.points_at(finished_at),
        found.started and found.started.change_id,
        found.finished and found.finished.change_id,
        why,
    )


def _status_since(stays: Sequence[StatusStay]) -> datetime:
    """When the issue came into its current status; a change from a status to itself leaves it there."""
    same = takewhile(lambda stay: stay.status == stays[-1].status, reversed(stays))
    return min(stay.entered_at for stay in same)


def _begin(stay: Any) -> datetime | None:  # noqa: ANN401 - a stay or None
    return None if stay is None else stay.entered_at


def _cycle(rules: Rules, found: Flow) -> tuple[float, float, int, None, float, float]:
    """From cycle_seconds to cycle_last_run_seconds, in the order of the columns."""
    stays = (found.started, found.finished, found.first_started, found.last_run)
    started, finished, first, last_run = (stay.entered_at for stay in stays if stay is not None)
    zone = rules.context.settings.calendar.timezone
    seconds = seconds_between(started, finished)
    return (
        seconds,
        seconds / _DAY_SECONDS,
        (local_day(finished, zone) - local_day(started, zone)).days + 1,
        None,
        seconds_between(first, finished),
        seconds_between(last_run, finished),
    )


def _parts(rules: Rules, timeline: Timeline, ways: Sequence[tuple[datetime, str]]) -> Iterator[tuple[Window, Scope]]:
    """The sprints that the issue was a member of between their start and end, with its part in each."""
    memberships: defaultdict[str, list[tuple[datetime, bool]]] = defaultdict(list)
    for sprint_id, entered_at, left_at, _ in timeline.sprints:
        if sprint_id in rules.windows:
            memberships[sprint_id].append((entered_at, True))
            if left_at is not None:
                memberships[sprint_id].append((left_at, False))
    points = [(held.valid_from, held.points) for held in timeline.estimates]
    for sprint_id, steps in memberships.items():
        window = rules.windows[sprint_id]
        part = scope(steps, ways, points, window.start_at, window.end_at)
        if part is not None:
            yield window, part


def _sprint_row(
    rules: Rules, issue_id: str, window: Window, part: Scope, stays: Sequence[SprintStay]
) -> tuple[Any, ...]:
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


def _carried_to(rules: Rules, window: Window, stays: Sequence[SprintStay]) -> str | None:
    """The later sprint that the issue was in first after the end; sprints that began before this one do not count."""
    later = [
        (max(stay.entered_at, window.end_at), stay.sprint_id)
        for stay in stays
        if stay.sprint_id != window.sprint_id
        and (stay.left_at is None or stay.left_at > window.end_at)
        and _is_later(rules, stay.sprint_id, window)
    ]
    return min(later)[1] if later else None


def _is_later(rules: Rules, sprint_id: str, window: Window) -> bool:
    other = rules.windows.get(sprint_id)
    if other is not None:
        return other.start_at > window.start_at
    known = rules.sprints.rows.get(sprint_id)
    return known is not None and known.state == FUTURE


METRIC = Metric(
    name="flow",
    tables=_TABLES,
    depends_on=("dates", "issues"),
    reads=("workflow", "source_workflows", "grace_hours", "calendar", "levels"),
    compute=_compute,
)
"""Intervals, `issue_flow`, `sprint_issues` and `sprint_scope_events`, from one reading of all histories."""
