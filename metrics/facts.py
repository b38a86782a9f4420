"""The one pass over all histories: intervals, flow, and what each issue did to each sprint's scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, func, select

from metrics.base import Context, Metric
from metrics.blockers import BlockedIssue, Blocking, fields_for, read_blocking
from metrics.blocking import BlockedStay
from metrics.boards import read_sprint_catalogue
from metrics.calendar import local_day
from metrics.daily_flow import steps_for, subtract_stored
from metrics.flow_rows import FlowRules, Placed, flow_row, says_what_waits
from metrics.flow_steps import FlowSteps
from metrics.oddities import oddities
from metrics.quality.histories import renew_history_findings
from metrics.reading import changes_of, chunks
from metrics.renewal import forget, note_differences, what_was
from metrics.sprint_rows import SprintRules, event_rows, membership_rows, parts, sprint_row
from metrics.sprint_windows import read_windows
from metrics.stages import StatusCatalogue, folded, read_catalogue
from metrics.timeline import CANCELLED, FIELDS, Change, IssueState, StatusStay, Timeline, outcomes, replay
from metrics.working_time import WorkingTime
from warehouse.bulk import clear, insert_columns, insert_rows
from warehouse.records import native_id
from warehouse.stale import read_stale
from warehouse.tables.computed import (
    blocked_intervals,
    estimates,
    issue_flow,
    sprint_memberships,
    status_intervals,
)
from warehouse.tables.computed_sprints import sprint_issues, sprint_scope_events
from warehouse.tables.loaded import issues, sources

_TABLES = (
    status_intervals,
    blocked_intervals,
    sprint_memberships,
    estimates,
    issue_flow,
    sprint_issues,
    sprint_scope_events,
)
_STATE = tuple("status_id" if name == "status_value" else name for name in IssueState._fields)
_READ = (*_STATE, *Placed._fields, "is_flagged")
_STATUS_PLACE = _STATE.index("status_id")
_SUFFIXES = tuple(f":{place}" for place in range(1_000))

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What the pass needs to know beside the issues."""

    context: Context
    statuses: StatusCatalogue
    sprints: SprintRules
    flow: FlowRules
    blocking: Blocking
    steps: FlowSteps
    fields: Sequence[str]
    """Fields whose changes are read."""
    cancelled: Mapping[str, frozenset[str]]
    """Source → resolutions of undelivered work, folded; the key `""` is for all others."""

    def cancelled_in(self, source_id: str) -> frozenset[str]:
        """The resolutions of a source that mean cancelled."""
        return self.cancelled.get(source_id, self.cancelled[""])


@dataclass(slots=True)
class _Batch:
    """The rows of a chunk of issues. Stays are kept as they are: most rows are made of them, column by column."""

    stays: list[StatusStay] = field(default_factory=list)
    stay_ids: list[str] = field(default_factory=list)
    stay_issues: list[str] = field(default_factory=list)
    blocked: list[Row] = field(default_factory=list)
    memberships: list[Row] = field(default_factory=list)
    points: list[Row] = field(default_factory=list)
    flows: list[Row] = field(default_factory=list)
    in_sprints: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)

    def write(self, connection: Connection) -> None:
        """Insert them all."""
        if self.stays:
            insert_columns(connection, status_intervals, status_intervals.columns.keys(), self._stay_columns())
        lists = (self.blocked, self.memberships, self.points, self.flows, self.in_sprints, self.events)
        for table, rows in zip(_TABLES[1:], lists, strict=True):
            if rows:
                insert_rows(connection, table, table.columns.keys(), rows)

    def _stay_columns(self) -> list[Sequence[Any]]:
        """The columns of `status_intervals`, in their order."""
        entered, left, *middle, change_ids, _ = zip(*self.stays, strict=True)
        lasted = [
            None if end is None else (end - begin).total_seconds() for begin, end in zip(entered, left, strict=True)
        ]
        return [self.stay_ids, self.stay_issues, *middle, entered, left, lasted, change_ids]


def _compute(context: Context) -> None:
    _renew(context)
    renew_history_findings(context)


def _renew(context: Context) -> None:
    connection = context.connection
    if context.everything and not context.compares:
        rules = _rules(context, None)
        for table in _TABLES:
            clear(connection, table)
        for chunk in chunks(connection, _READ):
            _interpret_all(rules, chunk).write(connection)
        return
    stale = list(connection.scalars(select(issues.c.issue_id))) if context.everything else read_stale(connection)
    context.reach.issue_ids.update(stale)
    rules = _rules(replace(context, everything=False), stale)
    for chunk in chunks(connection, _READ, only=stale):
        ids = [row[0] for row in chunk]
        before = what_was(context, ids)
        subtract_stored(rules.steps, connection, ids)
        forget(connection, _TABLES, ids)
        batch = _interpret_all(rules, chunk)
        batch.write(connection)
        note_differences(context, before, batch.flows, (row[1] for row in batch.in_sprints))


def _rules(context: Context, stale: Sequence[str] | None) -> _Rules:
    connection, settings, now = context.connection, context.settings, context.now
    oldest = connection.scalar(select(func.min(issues.c.created_at))) or now
    zone = settings.calendar.timezone
    statuses = read_catalogue(connection, settings)
    context.reach.steps = steps_for(context)
    return _Rules(
        context=context,
        statuses=statuses,
        blocking=read_blocking(context, statuses, stale),
        steps=context.reach.steps,
        fields=(*FIELDS, *fields_for(settings)),
        sprints=SprintRules(
            catalogue=read_sprint_catalogue(connection), windows=read_windows(connection, settings, now)
        ),
        flow=FlowRules(
            settings=settings,
            working_time=WorkingTime(settings.calendar, local_day(oldest, zone), local_day(now, zone)),
            now=now,
            with_rules={name: says_what_waits(settings.workflow_of(name)) for name in _source_ids(connection)},
        ),
        cancelled={
            "": folded(settings.workflow.cancelled_resolutions),
            **{name: folded(flow.cancelled_resolutions) for name, flow in settings.source_workflows.items()},
        },
    )


def _source_ids(connection: Connection) -> Sequence[str]:
    return list(connection.scalars(select(sources.c.source_id)))


def _interpret_all(rules: _Rules, chunk: Sequence[Row]) -> _Batch:
    changes = changes_of(rules.context.connection, [row[0] for row in chunk], rules.fields)
    batch, now = _Batch(), rules.context.now
    for row in chunk:
        state = (*row[:_STATUS_PLACE], native_id(row[_STATUS_PLACE]), *row[_STATUS_PLACE + 1 : len(_STATE)])
        issue = IssueState._make(state)
        if issue.created_at <= now:
            placed = Placed._make(row[len(_STATE) : -1])
            _interpret(rules, issue, placed, changes.get(issue.issue_id, ()), batch, is_flagged=row[-1])
    return batch


def _interpret(
    rules: _Rules, issue: IssueState, placed: Placed, changes: Sequence[Change], batch: _Batch, *, is_flagged: bool
) -> None:
    issue_id = issue.issue_id
    timeline = replay(issue, changes, rules.statuses, rules.sprints.catalogue, rules.context.now)
    own = BlockedIssue(issue_id, issue.source_id, issue.created_at, is_flagged)
    blocked, gaps = rules.blocking.stays(own, changes, timeline.stays)
    rules.context.reach.findings += oddities(issue, changes, timeline, gaps, rules.context.now)
    ways = outcomes(timeline, rules.cancelled_in(issue.source_id))
    _add_intervals(batch, issue_id, timeline, blocked)
    is_cancelled = ways[-1][1] == CANCELLED
    spans = [(stay[0], stay[1]) for stay in blocked]
    row = flow_row(rules.flow, issue, placed, timeline, spans, is_cancelled=is_cancelled)
    batch.flows.append(row)
    if placed.absence is not None:
        return
    rules.steps.add((issue.project_id, placed.board_id, issue.issue_type, placed.level), timeline.stays, 1)
    if placed.level in rules.flow.settings.levels:
        for window, part in parts(rules.sprints, timeline, ways):
            batch.in_sprints.append(sprint_row(rules.sprints, issue_id, window, part, timeline.sprints))
            batch.events.extend(event_rows(issue_id, window, part))


def _add_intervals(batch: _Batch, issue_id: str, timeline: Timeline, blocked: Sequence[BlockedStay]) -> None:
    stays = timeline.stays
    batch.stays += stays
    batch.stay_issues += [issue_id] * len(stays)
    batch.stay_ids += [issue_id + suffix for suffix in _suffixes(len(stays))]
    batch.memberships.extend(membership_rows(issue_id, timeline.sprints))
    batch.points += [
        (f"{issue_id}:{place}", issue_id, points, begin, end)
        for place, (points, begin, end) in enumerate(timeline.estimates)
    ]
    batch.blocked += [
        (f"{issue_id}:{place}", issue_id, begin, end, None if end is None else (end - begin).total_seconds(), causes)
        for place, (begin, end, causes) in enumerate(blocked)
    ]


def _suffixes(count: int) -> Sequence[str]:
    return _SUFFIXES[:count] if count <= len(_SUFFIXES) else [f":{place}" for place in range(count)]


METRIC = Metric(
    name="flow",
    tables=_TABLES,
    depends_on=("dates", "issues"),
    reads=("workflow", "source_workflows", "grace_hours", "calendar", "levels"),
    compute=_compute,
)
"""Intervals, `issue_flow`, `sprint_issues` and `sprint_scope_events`, from one reading of all histories."""
