"""Reads what blocks issues beside their own history: links to blockers and those ones' lives, labels, the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection, select

from metrics.base import Context
from metrics.history.blocking import (
    FLAG_FIELD,
    LABELS_FIELD,
    BlockedStay,
    Span,
    blocked,
    flag_spans,
    label_spans,
    link_periods,
    open_periods,
    overlaps,
    status_spans,
)
from metrics.history.blocking_links import BlockingTypes, read_blocked_by, read_links, some
from metrics.history.boards import SprintCatalogue
from metrics.history.stages import StatusCatalogue, folded
from metrics.history.timeline import Change, IssueState, StatusStay, replay
from metrics.settings import MetricSettings
from warehouse.fetching import fetch_rows
from warehouse.records import native_id
from warehouse.tables.loaded import issue_changes, issue_labels, issues, sources, statuses

_STATUS_FIELDS = ("status", "project", "type")
_OWN_FIELDS = frozenset({FLAG_FIELD, LABELS_FIELD})


class BlockedIssue(NamedTuple):
    """What must be known of an issue beside its history."""

    issue_id: str
    source_id: str
    created_at: datetime
    is_flagged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRules:
    """What blocks the issues of a source; names are folded."""

    statuses: frozenset[str]
    status_ids: frozenset[str]
    """Statuses that are called so today."""
    labels: frozenset[str]
    separator: str | None
    """What stands between the labels of a history's text; None: blanks."""

    def is_marked(self, status_id: str | None, name: str) -> bool:
        """Whether a status means blocked, by the name it had then or has today."""
        return status_id in self.status_ids or name.casefold() in self.statuses

    def marked_labels(self, text: str | None) -> frozenset[str]:
        """The labels of a history's text that mean blocked, as they are written there."""
        labels = (label.strip() for label in (text or "").split(self.separator))
        return frozenset(label for label in labels if label.casefold() in self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocking:
    """What blocks issues, as of `now`."""

    now: datetime
    rules: Mapping[str, SourceRules]
    """By source."""
    links: Mapping[str, Sequence[Span]]
    """By issue: when a link to an open blocker was there."""
    labels: Mapping[str, Sequence[str]]
    """By issue: the labels it has today that mean blocked."""

    def of(self, issue_id: str) -> Sequence[Span]:
        """When links to open blockers blocked the issue."""
        return self.links.get(issue_id, ())

    def stays(
        self, issue: BlockedIssue, changes: Iterable[Change], stays: Sequence[StatusStay]
    ) -> tuple[list[BlockedStay], list[str]]:
        """The stretches in which anything blocked the issue, and the fields whose history misses their current value.

        `changes` are those of `fields_for`, in order, among any others; `stays` are the issue's, as of now.
        """
        issue_id, source_id, created_at, is_flagged = issue
        own = [change for change in changes if change[5] in _OWN_FIELDS]
        rules, labels = self.rules[source_id], self.labels.get(issue_id, ())
        spans = list(self.of(issue_id))
        if rules.statuses:
            spans += status_spans(stays, rules.is_marked)
        if rules.labels and (own or labels):
            spans += label_spans(created_at, own, labels, rules.marked_labels, self.now)
        gaps: list[str] = []
        if own or is_flagged:
            flagged, is_gap = flag_spans(created_at, own, is_flagged, self.now)
            spans += flagged
            gaps += [FLAG_FIELD] * is_gap
        return (blocked(created_at, spans) if spans else []), gaps


def fields_for(settings: MetricSettings) -> tuple[str, ...]:
    """The fields whose changes `Blocking.stays` reads, beside those of a timeline."""
    workflows = (settings.workflow, *settings.source_workflows.values())
    return (FLAG_FIELD, LABELS_FIELD) if any(workflow.blocked_labels for workflow in workflows) else (FLAG_FIELD,)


def read_blocking(context: Context, catalogue: StatusCatalogue, issue_ids: Collection[str] | None = None) -> Blocking:
    """What blocks the given issues, or all."""
    connection, settings = context.connection, context.settings
    rules = _read_rules(connection, settings)
    return Blocking(
        now=context.now,
        rules=rules,
        links=_link_spans(context, catalogue, issue_ids),
        labels=_read_labels(connection, rules, issue_ids),
    )


def reached_by(connection: Connection, settings: MetricSettings, blocker_ids: Collection[str]) -> set[str]:
    """The issues whose blocked time may change when these issues do: those that they block by a link, or once did."""
    return read_blocked_by(connection, _blocking_types(connection, settings), blocker_ids)


def _blocking_types(connection: Connection, settings: MetricSettings) -> BlockingTypes:
    names = connection.scalars(select(sources.c.source_id))
    workflows = ((name, settings.workflow_of(name)) for name in names)
    return {name: folded(workflow.blocking_link_types) for name, workflow in workflows if workflow.blocked_by_links}


def _read_rules(connection: Connection, settings: MetricSettings) -> dict[str, SourceRules]:
    kinds = connection.execute(select(sources.c.source_id, sources.c.kind)).all()
    marked = {source_id: folded(settings.workflow_of(source_id).blocked) for source_id, _ in kinds}
    called_so: defaultdict[str, set[str]] = defaultdict(set)
    if any(marked.values()):
        of = statuses.c
        for status_id, source_id, name in connection.execute(select(of.status_id, of.source_id, of.name)):
            if name.casefold() in marked.get(source_id, ()):
                called_so[source_id].add(status_id)
    return {
        source_id: SourceRules(
            statuses=marked[source_id],
            status_ids=frozenset(called_so[source_id]),
            labels=folded(settings.workflow_of(source_id).blocked_labels),
            separator=";" if kind == "azure_devops" else None,
        )
        for source_id, kind in kinds
    }


def _read_labels(
    connection: Connection, rules: Mapping[str, SourceRules], issue_ids: Collection[str] | None
) -> Mapping[str, Sequence[str]]:
    wanted = frozenset[str]().union(*(rule.labels for rule in rules.values()))
    if not wanted:
        return {}
    of = issue_labels.c
    statement = select(of.issue_id, of.label)
    if issue_ids is None:
        names = [name for name in connection.scalars(select(of.label).distinct()) if name.casefold() in wanted]
        rows = [row for few in some(names) for row in fetch_rows(connection, statement.where(of.label.in_(few)))]
    else:
        rows = [row for few in some(issue_ids) for row in fetch_rows(connection, statement.where(of.issue_id.in_(few)))]
    found: defaultdict[str, list[str]] = defaultdict(list)
    for issue_id, label in rows:
        if label.casefold() in rules[issue_id.partition(":")[0]].labels:
            found[issue_id].append(label)
    return found


def _link_spans(
    context: Context, catalogue: StatusCatalogue, issue_ids: Collection[str] | None
) -> Mapping[str, Sequence[Span]]:
    links = read_links(context.connection, _blocking_types(context.connection, context.settings), issue_ids)
    opens = _read_open(context, catalogue, {ends.blocker_id for ends in links})
    spans: defaultdict[str, list[Span]] = defaultdict(list)
    for (blocker_id, blocked_id, _), link in links.items():
        periods = link_periods(link.told, is_current=link.is_current, since=link.since)
        for begin, end in overlaps(periods, opens.get(blocker_id, ())):
            if begin <= context.now:
                lasts = end is None or end > context.now
                spans[blocked_id].append(Span(begin, None if lasts else end, f"link: {blocker_id}"))
    return spans


def _read_open(
    context: Context, catalogue: StatusCatalogue, blocker_ids: Iterable[str]
) -> dict[str, list[tuple[datetime, datetime | None]]]:
    """Issue → when it was neither done nor removed, of those that we hold and that are not absent."""
    connection, now, no_sprints = context.connection, context.now, SprintCatalogue(())
    found = {}
    for few in some(blocker_ids):
        changes = _status_changes(connection, few)
        for state in _states(connection, few, now):
            stays = replay(state, changes.get(state.issue_id, ()), catalogue, no_sprints, now).stays
            found[state.issue_id] = open_periods(stays)
    return found


def _states(connection: Connection, few: Sequence[str], now: datetime) -> Iterable[IssueState]:
    of = issues.c
    statement = select(
        of.issue_id, of.source_id, of.project_id, of.issue_type, of.created_at, of.status_id, of.status
    ).where(of.issue_id.in_(few), of.absence.is_(None), of.created_at <= now)
    for issue_id, source_id, project_id, issue_type, created_at, status_id, status in fetch_rows(connection, statement):
        yield IssueState(issue_id, source_id, project_id, issue_type, created_at, native_id(status_id), status)


def _status_changes(connection: Connection, few: Sequence[str]) -> dict[str, list[Change]]:
    of = issue_changes.c
    statement = (
        select(*(of[name] for name in Change._fields))
        .where(of.issue_id.in_(few), of.field.in_(_STATUS_FIELDS))
        .order_by(of.issue_id, of.changed_at, of.entry_number, of.ordinal)
    )
    rows = map(Change._make, fetch_rows(connection, statement))
    return {issue_id: list(own) for issue_id, own in groupby(rows, key=itemgetter(0))}
