"""Reads what hangs on defects, as far as the rules of escape ask for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from metrics.defects.among import Among
from metrics.defects.defect_facts import AFFECTS, COLUMNS, REPORTER, AskedField, Edit, Link, Version
from metrics.defects.escape_rules import Rules
from warehouse.fetching import AnyTuple, fetch_rows, portions
from warehouse.tables.loaded import (
    fields,
    issue_changes,
    issue_labels,
    issue_links,
    issue_versions,
    issues,
    versions,
)
from warehouse.tables.side import link_events


@dataclass(frozen=True, slots=True)
class Parts:
    """By issue; an issue that has nothing of a kind is not in it. Each in an order that all engines share."""

    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    affects: Mapping[str, Sequence[str]] = field(default_factory=dict)
    links: Mapping[str, Sequence[Link]] = field(default_factory=dict)
    edits: Mapping[str, Sequence[Edit]] = field(default_factory=dict)


def read_asked_fields(connection: Connection, rules: Rules) -> Sequence[AskedField]:
    """The fields that rules name, with what their changes are called.

    A field that plays a role has its changes under the name of the role, whatever name a rule knows it by.
    """
    known: defaultdict[str, list[tuple[str, str, str | None]]] = defaultdict(list)
    if not set(rules.fields) <= set(COLUMNS):
        for row in fetch_rows(connection, select(fields.c.field_id, fields.c.name, fields.c.role)):
            known[row[1].casefold()].append((row[0], row[1], row[2]))
    return [
        AskedField(folded, {COLUMNS[folded]})
        if folded in COLUMNS
        else AskedField(
            folded,
            {spelt, *(name for _, name, _ in known[folded])},
            {field_id: role for field_id, _, role in known[folded] if role},
        )
        for folded, spelt in rules.fields.items()
    ]


def read_parts(
    connection: Connection, among: Among, rules: Rules, asked: Sequence[AskedField], more: Collection[str] = ()
) -> Parts:
    """What the rules ask of these issues. `more` names further fields whose changes are wanted."""
    return Parts(
        labels=_labels(connection, among) if rules.labels else {},
        affects=_affects(connection, among),
        links=_links(connection, among) if rules.links else {},
        edits=_edits(connection, among, {*_changing(rules, asked), *more}),
    )


def read_released(connection: Connection) -> Mapping[str, Version]:
    """The versions that are marked released and have a day."""
    of = versions.c
    statement = select(of.released_on, of.version_id, of.name)
    rows = fetch_rows(connection, statement.where(of.is_released.is_(True), of.released_on.is_not(None)))
    return {row[1]: Version(*row) for row in rows}


def _changing(rules: Rules, asked: Iterable[AskedField]) -> Iterator[str]:
    """Names of the changes that may make the class as of creation another one than that of now."""
    for one in asked:
        yield from one.names
        yield from one.roles.values()
    yield from (name for name, is_asked in (("labels", rules.labels), ("type", rules.types)) if is_asked)
    if rules.affects:
        yield AFFECTS
    if rules.groups:
        yield REPORTER


def _labels(connection: Connection, among: Among) -> Mapping[str, Sequence[str]]:
    of = issue_labels.c
    return _by_issue(fetch_rows(connection, select(of.issue_id, of.label).where(among(of.issue_id))))


def _affects(connection: Connection, among: Among) -> Mapping[str, Sequence[str]]:
    of = issue_versions.c
    statement = select(of.issue_id, of.version_id).where(of.role == "affects", among(of.issue_id))
    return _by_issue(fetch_rows(connection, statement))


def _by_issue(rows: Iterable[AnyTuple]) -> Mapping[str, Sequence[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for issue_id, value in sorted(rows):
        found[issue_id].append(value)
    return found


def _edits(connection: Connection, among: Among, names: Collection[str]) -> Mapping[str, Sequence[Edit]]:
    if not names:
        return {}
    of = issue_changes.c
    statement = select(*(of[name] for name in Edit._fields)).where(of.field.in_(sorted(names)), among(of.issue_id))
    found: defaultdict[str, list[Edit]] = defaultdict(list)
    for row in sorted(fetch_rows(connection, statement), key=lambda row: row[:4]):
        found[row[0]].append(Edit(*row))
    return found


class _Held(NamedTuple):
    """A link of a defect before the type of its other side is known."""

    issue_id: str
    link_id: str
    other_id: str | None
    other_key: str | None
    link: Link


def _links(connection: Connection, among: Among) -> Mapping[str, Sequence[Link]]:
    """The links of issues, told from either side: those of the tables, and those that were there at creation."""
    held = sorted([*_told(connection, among), *_made_with(connection, among)], key=lambda one: one[:2])
    types = _types(connection, issues.c.issue_id, {one.other_id for one in held})
    by_key = _types(connection, issues.c.key, {one.other_key for one in held if one.other_id is None})
    found: defaultdict[str, list[Link]] = defaultdict(list)
    for one in held:
        source_id = one.issue_id.partition(":")[0]
        other = types.get((source_id, one.other_id)) or by_key.get((source_id, one.other_key))
        found[one.issue_id].append(one.link._replace(other_type=other))
    return found


def _told(connection: Connection, among: Among) -> Iterator[_Held]:
    """Links whose two sides have ids; those of Jira that are removed have a key only."""
    of = issue_links.c
    for mine, other in ((of.issue_id, of.other_issue_id), (of.other_issue_id, of.issue_id)):
        statement = select(mine, of.link_id, other, of.link_type, of.created_at, of.removed_at).where(
            of.other_issue_id.is_not(None), among(mine)
        )
        for issue_id, link_id, other_id, link_type, made_at, removed_at in fetch_rows(connection, statement):
            yield _Held(issue_id, link_id, other_id, None, Link(link_type, None, made_at, removed_at))


def _made_with(connection: Connection, among: Among) -> Iterator[_Held]:
    """Links that were there at creation by the issue's own history, which knows removed ones by key."""
    of = link_events.c
    statement = (
        select(of.issue_id, of.happened_at, of.is_made, of.link_event_id, of.other_issue_id, of.other_key, of.link_type)
        .join(issues, issues.c.issue_id == of.issue_id)
        .where(of.happened_at <= issues.c.created_at, of.link_type.is_not(None), among(of.issue_id))
    )
    there: dict[AnyTuple, _Held] = {}
    # of one instant, a removal comes first: an entry may replace a link
    for issue_id, at, is_made, event_id, other_id, other_key, link_type in sorted(fetch_rows(connection, statement)):
        which = (issue_id, link_type, other_id, other_key)
        there.pop(which, None)
        if is_made:
            there[which] = _Held(issue_id, event_id, other_id, other_key, Link(link_type, None, at, then_only=True))
    yield from there.values()


def _types(
    connection: Connection, column: ColumnElement[str], values: Collection[str | None]
) -> dict[tuple[str, str | None], str]:
    """(Source, id or key of an issue) → its type."""
    found: dict[tuple[str, str | None], str] = {}
    for few in portions(sorted(value for value in values if value)):
        statement = select(issues.c.source_id, column, issues.c.issue_type).where(column.in_(few))
        found.update(((row[0], row[1]), row[2]) for row in fetch_rows(connection, statement))
    return found
