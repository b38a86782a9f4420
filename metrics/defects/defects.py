"""One row per defect: whether it escaped by the rules, as of now and as of its creation, and what introduced it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, delete, or_, select, true

from metrics.base import Context, Metric
from metrics.defects.among import Among, all_defects, those
from metrics.defects.defect_facts import (
    AFFECTS,
    COLUMNS,
    AskedField,
    Memberships,
    Subject,
    Version,
    affected,
    facts_at,
    parts_of_text,
    released_first,
    texts,
)
from metrics.defects.defect_parts import Parts, read_asked_fields, read_parts, read_released
from metrics.defects.escape_rules import Facts, Rules, Verdict, make_ready
from metrics.defects.members import read_members
from metrics.defects.stage_moves import Move, as_text, read_moves
from metrics.history.blocking_links import read_linked
from metrics.history.stages import DONE
from metrics.outdated import inputs_known, remember
from warehouse.bulk import clear, insert_rows
from warehouse.fetching import AnyTuple, fetch_rows, portions
from warehouse.records import native_id
from warehouse.tables.computed import issue_flow
from warehouse.tables.computed_defects import defects
from warehouse.tables.loaded import issue_changes, issue_versions, issues, sources

_AZURE_DEVOPS = "azure_devops"
_FIELDS, _MEMBERS = "defects:fields", "defects:members"
_AS_A_WHOLE = 10_000
"""So many issues to renew cost more one by one than all defects together."""


class _Defect(NamedTuple):
    """A defect as `issues` and `issue_flow` tell it; behind it the columns that rules ask for."""

    issue_id: str
    project_id: str
    board_id: str | None
    created_at: datetime
    created_on: date
    is_cancelled: bool
    finished_at: datetime | None
    finished_on: date | None
    resolve_seconds: float | None
    source_id: str
    issue_type: str
    reporter_id: str | None
    severity: str | None
    is_ahead: bool
    """Something of it changed after now."""


_WIDTH = len(_Defect._fields)
_TYPE, _REPORTER, _SEVERITY = map(_Defect._fields.index, ("issue_type", "reporter_id", "severity"))


@dataclass(frozen=True, slots=True)
class _Rules:
    """All that decides on rows beside the defects themselves."""

    context: Context
    rules: Rules
    asked: Sequence[AskedField]
    released: Mapping[str, Version]
    members: Memberships
    tagged: frozenset[str]
    """Sources whose labels are tags, and whose defects may be of any level: those of Azure DevOps."""

    names: Sequence[str]
    """Folded names of the fields that rules name, those that are columns first."""
    in_columns: int
    """How many are columns."""

    @property
    def columns(self) -> list[ColumnElement[Any]]:
        """What to read of `issues` for the fields that rules name."""
        own: list[ColumnElement[Any]] = [issues.c[name] for name in self.names[: self.in_columns]]
        return own if len(own) == len(self.names) else [*own, issues.c.custom_fields]


def _compute(context: Context) -> None:
    connection = context.connection
    rules = make_ready(context.settings.defects.rules)
    known = _read_rules(context, rules)
    others = [_note_fields(connection, known.asked), _note_members(connection, known.members)]
    whole = any(others) or context.everything
    ids = [] if whole else _reached(context, rules)
    whole |= len(ids) > _AS_A_WHOLE
    groups: list[Among] = [all_defects] if whole else [those(few) for few in portions(ids)]
    now = {row[0]: row for among in groups for row in _rows(known, among)}
    if context.everything and not context.compares:
        clear(connection, defects)
        insert_rows(connection, defects, defects.columns.keys(), now.values())
        return
    before = {row[0]: row for among in ([_any] if whole else groups) for row in _before(connection, among)}
    _renew(context, before, now)


def _note_fields(connection: Connection, asked: Iterable[AskedField]) -> bool:
    """Whether the fields that rules name had other names or roles in the last compute."""
    return _note(
        connection, _FIELDS, [(one.folded, sorted(one.names), sorted(one.roles.items(), key=str)) for one in asked]
    )


def _note_members(connection: Connection, members: Memberships) -> bool:
    """Whether other people were in the groups that rules name in the last compute: any defect may be theirs."""
    return _note(connection, _MEMBERS, sorted(members.items()))


def _note(connection: Connection, what: str, told: object) -> bool:
    """Whether an input of all defects is another one than in the last compute."""
    current = {what: hashlib.sha256(msgspec.json.encode(told)).hexdigest()}
    known = inputs_known(connection, (what,))
    remember(connection, (what,), current)
    return known != current


def _read_rules(context: Context, rules: Rules) -> _Rules:
    connection = context.connection
    tagged = select(sources.c.source_id).where(sources.c.kind == _AZURE_DEVOPS)
    names = sorted(rules.fields, key=lambda name: (name not in COLUMNS, name))
    return _Rules(
        context=context,
        rules=rules,
        asked=read_asked_fields(connection, rules),
        released=read_released(connection),
        members=read_members(connection) if rules.groups else {},
        tagged=frozenset(connection.scalars(tagged)),
        names=names,
        in_columns=sum(name in COLUMNS for name in names),
    )


def _renew(context: Context, before: Mapping[str, AnyTuple], now: Mapping[str, AnyTuple]) -> None:
    """Write the rows that differ, and tell which defects and versions they reach."""
    differing = sorted(issue_id for issue_id in {*before, *now} if before.get(issue_id) != now.get(issue_id))
    for few in portions(differing):
        context.connection.execute(delete(defects).where(defects.c.issue_id.in_(few)))
    rows = [now[issue_id] for issue_id in differing if issue_id in now]
    insert_rows(context.connection, defects, defects.columns.keys(), rows)
    place = defects.columns.keys().index("introduced_in_version_id")
    both = (*rows, *(before[issue_id] for issue_id in differing if issue_id in before))
    context.reach.defect_ids.update(differing)
    context.reach.version_ids.update(row[place] for row in both if row[place] is not None)


def _reached(context: Context, rules: Rules) -> list[str]:
    """The issues that are renewed, their neighbours by links, and those that have, or had, versions that differ."""
    connection = context.connection
    found = set(context.reach.issue_ids)
    if rules.links:  # the rules look at the types of the other issues
        found |= read_linked(connection, found)
    for few in portions(sorted(context.reach.version_ids)):
        of = issue_versions.c
        found.update(connection.scalars(select(of.issue_id).where(of.role == "affects", of.version_id.in_(few))))
        if rules.affects:
            was = issue_changes.c
            natives = [native_id(version_id) for version_id in few]
            found.update(
                connection.scalars(select(was.issue_id).where(was.field == AFFECTS, was.from_value.in_(natives)))
            )
    return sorted(found)


def _any(_: ColumnElement[str]) -> ColumnElement[bool]:
    return true()


def _before(connection: Connection, among: Among) -> list[AnyTuple]:
    return fetch_rows(connection, select(*defects.columns).where(among(defects.c.issue_id)))


def _rows(known: _Rules, among: Among) -> Iterator[AnyTuple]:
    """The rows of these issues, as far as they are defects, in the order of the table's columns."""
    connection = known.context.connection
    found = fetch_rows(connection, _select(known, among))
    if not found:
        return
    more = {"severity", AFFECTS} if any(row[_WIDTH - 1] for row in found) else ()
    parts = read_parts(connection, among, known.rules, known.asked, more)
    moves = read_moves(connection, among)
    special = {*parts.affects, *parts.links, *parts.edits, *moves}
    alike: dict[AnyTuple, Verdict] = {}
    for row in found:
        issue_id, fields = row[0], _fields(known, row[_WIDTH:])
        if issue_id in special:
            yield _special(known, _Defect._make(row[:_WIDTH]), fields, parts, moves.get(issue_id))
            continue
        # most defects are alike in all that rules ask for, then and now
        labels, groups = parts.labels.get(issue_id, ()), known.members.get(row[_REPORTER], ())
        key = (row[_TYPE], fields, groups, *labels)
        decided = alike.get(key)
        if decided is None:
            named = dict(zip(known.names, fields, strict=True))
            facts = Facts(row[_TYPE], row[4], labels, named, groups=groups)
            decided = alike[key] = known.rules.verdict(facts)
        yield (*row[:5], row[_SEVERITY], *decided, decided[0], row[5], None, None, *row[6:9], None)


def _select(known: _Rules, among: Among) -> Select[Any]:
    of, flow = issues.c, issue_flow.c
    return (
        select(
            of.issue_id,
            flow.project_id,
            flow.board_id,
            flow.created_at,
            flow.created_on,
            flow.is_cancelled,
            flow.finished_at,
            flow.finished_on,
            flow.lead_seconds,
            of.source_id,
            of.issue_type,
            of.reporter_id,
            of.severity,
            (of.updated_at > known.context.now).label("is_ahead"),
            *known.columns,
        )
        .join(issue_flow, flow.issue_id == of.issue_id)
        .where(
            of.is_defect.is_(True),
            of.absence.is_(None),
            or_(of.level.in_(sorted(known.context.settings.levels)), of.source_id.in_(sorted(known.tagged))),
            *([] if among is all_defects else [among(of.issue_id)]),
        )
    )


def _special(
    known: _Rules, defect: _Defect, fields: Sequence[Sequence[str]], parts: Parts, moves: Sequence[Move] | None
) -> tuple[Any, ...]:
    """The row of a defect that has versions, links or a history that matters."""
    issue_id, now = defect.issue_id, known.context.now
    subject = Subject(
        issue_id,
        defect.issue_type,
        defect.created_on,
        defect.source_id in known.tagged,
        parts.labels.get(issue_id, ()),
        dict(zip(known.names, fields, strict=True)),
        parts.affects.get(issue_id, ()),
        parts.links.get(issue_id, ()),
        parts.edits.get(issue_id, ()),
        defect.reporter_id,
    )
    later = [edit for edit in subject.edits if edit.changed_at > now]
    introduced = next(iter(released_first(affected(subject, later), known.released)), None)
    decided, then = _verdicts(known, subject, defect.created_at)
    only_finished = moves is None or moves == [(defect.finished_at, DONE, False)]
    return (
        issue_id,
        defect.project_id,
        defect.board_id,
        defect.created_at,
        defect.created_on,
        next((edit.from_text for edit in later if edit.field == "severity"), defect.severity),
        *decided,
        then.escape_class,
        defect.is_cancelled,
        introduced and introduced.version_id,
        introduced and (defect.created_on - introduced.released_on).days,
        defect.finished_at,
        defect.finished_on,
        defect.resolve_seconds,
        None if moves is None or only_finished else as_text(moves),
    )


def _verdicts(known: _Rules, subject: Subject, created_at: datetime) -> tuple[Verdict, Verdict]:
    """Those of now and of creation."""
    now, told = known.context.now, (known.asked, known.released, known.members)
    return (
        known.rules.verdict(facts_at(subject, now, *told, at_creation=False)),
        known.rules.verdict(facts_at(subject, created_at, *told, at_creation=True)),
    )


def _fields(known: _Rules, values: Sequence[Any]) -> tuple[Sequence[str], ...]:
    """The texts of the fields that rules name, in the order of `known.names`, from what was read for them."""
    if not values:
        return ()
    found = tuple([parts_of_text(value) for value in values[: known.in_columns]])
    if len(found) == len(known.names):
        return found
    stored = values[-1]
    custom = msgspec.json.decode(stored) if isinstance(stored, str) else stored
    by_name = {name.casefold(): value for name, value in custom.items()}
    return (*found, *(texts(by_name.get(name)) for name in known.names[known.in_columns :]))


METRIC = Metric(
    name="defects",
    tables=(defects,),
    depends_on=("issues", "flow"),
    reads=("defects.types", "defects.rules", "calendar.timezone", "levels", "workflow", "source_workflows"),
    compute=_compute,
)
"""Fills `defects`."""
