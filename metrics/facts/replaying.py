"""The one pass over all histories: intervals, flow, and what each issue did to each sprint's scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, select

from metrics.base import Context, Metric
from metrics.calendar import LocalDays, local_day
from metrics.facts.ageing import renew_ages
from metrics.facts.flow_rows import FlowRules, Placed, flow_row, says_what_waits
from metrics.facts.renewal import forget, note_differences, what_was
from metrics.facts.sprint_rows import SprintRules, event_rows, membership_rows, parts, sprint_row
from metrics.flow_steps import FlowSteps
from metrics.history.blockers import BlockedIssue, Blocking, fields_for, read_blocking
from metrics.history.blocking import BlockedStay
from metrics.history.boards import read_sprint_catalogue
from metrics.history.oddities import oddities
from metrics.history.outcomes import CANCELLED, outcomes
from metrics.history.sprint_windows import read_windows
from metrics.history.stages import StatusCatalogue, folded, read_catalogue
from metrics.history.timeline import FIELDS, Change, IssueState, StatusStay, Timeline, replay
from metrics.quality.histories import renew_history_findings
from metrics.reading import changes_of, chunks
from metrics.trends.daily_flow import steps_for, subtract_stored
from metrics.working_time import WorkingTime
from warehouse.bulk import clear, insert_columns, insert_rows
from warehouse.fetching import maker
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
_CREATED_PLACE = _STATE.index("created_at")
_SPRINT_ROWS_AT_ONCE = 5_000
"""So many issues have neighbours in most sprints. Other rows are written while the processor's cache holds them."""
_ASKED, _ISSUE, _PLACED = maker(BlockedIssue), maker(IssueState), maker(Placed)
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
    whole: bool
    """All issues are interpreted: a chunk is a run of ids without a gap."""
    cancelled: Mapping[str, frozenset[str]]
    """Source → resolutions of undelivered work, folded; the key `""` is for all others."""

    def cancelled_in(self, source_id: str) -> frozenset[str]:
        """The resolutions of a source that mean cancelled."""
        return self.cancelled.get(source_id, self.cancelled[""])


@dataclass(slots=True)
class _Batch:
    """Rows to be written. Stays are kept as they are: most rows are made of them, column by column."""

    stays: list[StatusStay] = field(default_factory=list)
    stay_ids: list[str] = field(default_factory=list)
    stay_issues: list[str] = field(default_factory=list)
    blocked: list[Row] = field(default_factory=list)
    points: list[Row] = field(default_factory=list)
    flows: list[Row] = field(default_factory=list)
    memberships: list[Row] = field(default_factory=list)
    in_sprints: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)

    def write(self, connection: Connection, least: int = 0) -> None:
        """Insert the rows and forget them; those about sprints as soon as there are more than `least` of a kind."""
        if self.stays:
            insert_columns(connection, status_intervals, status_intervals.columns.keys(), self._stay_columns())
        _insert_all(connection, {blocked_intervals: self.blocked, estimates: self.points, issue_flow: self.flows})
        for done in (self.stays, self.stay_ids, self.stay_issues, self.blocked, self.points, self.flows):
            done.clear()
        if len(self.memberships) < least:
            return
        # two of the three trees of these tables are in the order of the sprints: neighbours go into one page
        self.in_sprints.sort(key=itemgetter(0))
        self.events.sort(key=itemgetter(0))
        lists = {
            sprint_memberships: self.memberships,
            sprint_issues: self.in_sprints,
            sprint_scope_events: self.events,
        }
        _insert_all(connection, lists)
        for done in lists.values():
            done.clear()

    def _stay_columns(self) -> list[Sequence[Any]]:
        """The columns of `status_intervals`, in their order."""
        entered, left, *middle, change_ids, _ = zip(*self.stays, strict=True)
        lasted = [
            None if end is None else (end - begin).total_seconds() for begin, end in zip(entered, left, strict=True)
        ]
        return [self.stay_ids, self.stay_issues, *middle, entered, left, lasted, change_ids]


def _insert_all(connection: Connection, lists: Mapping[Table, Sequence[Row]]) -> None:
    for table, rows in lists.items():
        if rows:
            insert_rows(connection, table, table.columns.keys(), rows)


def _compute(context: Context) -> None:
    _renew(context)
    renew_history_findings(context)


def _renew(context: Context) -> None:
    connection = context.connection
    if context.everything and not context.compares:
        rules = _rules(context, None)
        for table in _TABLES:
            clear(connection, table)
        batch = _Batch()
        for chunk in chunks(connection, _READ):
            _interpret_all(rules, chunk, batch)
            batch.write(connection, _SPRINT_ROWS_AT_ONCE)
        batch.write(connection)
        return
    stale = list(connection.scalars(select(issues.c.issue_id))) if context.everything else read_stale(connection)
    context.reach.issue_ids.update(stale)
    rules = _rules(replace(context, everything=False), stale)
    if not context.everything:
        renew_ages(connection, rules.flow)
    for chunk in chunks(connection, _READ, only=stale):
        ids = [row[0] for row in chunk]
        before = what_was(context, ids)
        subtract_stored(rules.steps, connection, ids)
        forget(connection, _TABLES, ids)
        batch = _Batch()
        _interpret_all(rules, chunk, batch)
        note_differences(context, before, batch.flows, (row[1] for row in batch.in_sprints))
        batch.write(connection)


def _rules(context: Context, stale: Sequence[str] | None) -> _Rules:
    connection, settings, now = context.connection, context.settings, context.now
    oldest = connection.scalar(select(func.min(issues.c.created_at))) or now
    zone = settings.calendar.timezone
    known_days = local_day(min(oldest, now), zone), local_day(now, zone)
    statuses = read_catalogue(connection, settings)
    context.reach.steps = steps_for(context)
    return _Rules(
        context=context,
        statuses=statuses,
        blocking=read_blocking(context, statuses, stale),
        steps=context.reach.steps,
        fields=(*FIELDS, *fields_for(settings)),
        whole=stale is None,
        sprints=SprintRules(
            catalogue=read_sprint_catalogue(connection), windows=read_windows(connection, settings, now)
        ),
        flow=FlowRules(
            levels=settings.levels,
            local_day=LocalDays(*known_days, zone),
            working_time=WorkingTime(settings.calendar, *known_days),
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


class _Life(NamedTuple):
    """An issue with all that is known of its past."""

    issue: IssueState
    placed: Placed
    changes: Sequence[Change]
    timeline: Timeline
    blocked: Sequence[BlockedStay]
    ways: Sequence[tuple[datetime, str]]


_LIFE = maker(_Life)


def _interpret_all(rules: _Rules, chunk: Sequence[Row], batch: _Batch) -> None:
    """Add the rows of a chunk, one kind after the other: the processor keeps what it needs for a kind at hand."""
    lives = _lives(rules, chunk)
    for life in lives:
        _add_intervals(batch, life)
    batch.flows += [
        flow_row(
            rules.flow,
            life.issue,
            life.placed,
            life.timeline,
            [(stay[0], stay[1]) for stay in life.blocked],
            is_cancelled=life.ways[-1][1] == CANCELLED,
        )
        for life in lives
    ]
    present = [life for life in lives if life.placed.absence is None]
    for issue, placed, _, timeline, _, _ in present:
        rules.steps.add((issue.project_id, placed.board_id, issue.issue_type, placed.level), timeline.stays, 1)
    levels = rules.flow.levels
    for issue, placed, _, timeline, _, ways in present:
        if placed.level in levels:
            for window, part in parts(rules.sprints, timeline, ways):
                batch.in_sprints.append(sprint_row(rules.sprints, issue.issue_id, window, part, timeline.sprints))
                batch.events.extend(event_rows(issue.issue_id, window, part))


def _lives(rules: _Rules, chunk: Sequence[Row]) -> list[_Life]:
    """The issues of a chunk that exist as of now; what is odd in their histories goes to `reach`."""
    now, catalogue, sprints, reach = rules.context.now, rules.statuses, rules.sprints.catalogue, rules.context.reach
    changes = changes_of(rules.context.connection, [row[0] for row in chunk], rules.fields, is_run=rules.whole)
    rows = [row for row in chunk if row[_CREATED_PLACE] <= now]
    issues_ = [_state(row) for row in rows]
    histories = [changes.get(issue.issue_id, ()) for issue in issues_]
    timelines = [replay(issue, own, catalogue, sprints, now) for issue, own in zip(issues_, histories, strict=True)]
    lives = []
    for row, issue, own, timeline in zip(rows, issues_, histories, timelines, strict=True):
        asked = _ASKED((issue[0], issue[1], issue[4], row[-1]))
        blocked, gaps = rules.blocking.stays(asked, own, timeline.stays)
        reach.findings += oddities(issue, own, timeline, gaps, now)
        ways = outcomes(timeline, rules.cancelled_in(issue[1]))
        lives.append(_LIFE((issue, _PLACED(row[len(_STATE) : -1]), own, timeline, blocked, ways)))
    return lives


def _state(row: Row) -> IssueState:
    status_value = native_id(row[_STATUS_PLACE])
    return _ISSUE((*row[:_STATUS_PLACE], status_value, *row[_STATUS_PLACE + 1 : len(_STATE)]))


def _add_intervals(batch: _Batch, life: _Life) -> None:
    issue_id, timeline = life.issue.issue_id, life.timeline
    stays = timeline.stays
    batch.stays += stays
    batch.stay_issues += [issue_id] * len(stays)
    batch.stay_ids += [issue_id + suffix for suffix in _suffixes(len(stays))]
    if timeline.sprints:
        batch.memberships += membership_rows(issue_id, timeline.sprints)
    batch.points += [
        (f"{issue_id}:{place}", issue_id, points, begin, end)
        for place, (points, begin, end) in enumerate(timeline.estimates)
    ]
    if life.blocked:
        batch.blocked += [
            (f"{issue_id}:{place}", issue_id, begin, end, end and (end - begin).total_seconds(), causes)
            for place, (begin, end, causes) in enumerate(life.blocked)
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
