"""What was known of a defect at an instant: its values of now, with all later changes undone. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple

from metrics.defects.escape_rules import Facts, Membership

AFFECTS, REPORTER = "affects_versions", "reporter"
COLUMNS: Mapping[str, str] = {
    "area_path": "area",
    "found_in": "found_in",
    "issue_type": "type",
    "priority": "priority",
    "resolution": "resolution",
    "severity": "severity",
    "status": "status",
}
"""Columns of `issues` that rules may name → what changes of them are called."""

_SEVERAL = re.compile("[,;]")


class Edit(NamedTuple):
    """A row of `issue_changes`, as far as it matters here."""

    issue_id: str
    changed_at: datetime
    entry_number: int
    ordinal: int
    field: str
    field_id: str | None
    from_value: str | None
    from_text: str | None
    to_value: str | None


class Link(NamedTuple):
    """A link seen from the defect: `made_at` is None where the tracker does not tell."""

    link_type: str
    other_type: str | None
    made_at: datetime | None
    removed_at: datetime | None = None
    then_only: bool = False
    """History tells that it was there at creation, and nothing of what became of it."""


class Version(NamedTuple):
    """A version that is marked released."""

    released_on: date
    version_id: str
    name: str


class AskedField(NamedTuple):
    """A field that a rule names: the names of its changes, and by field id those that go by the field's role."""

    folded: str
    names: Collection[str]
    roles: Mapping[str | None, str] = MappingProxyType({})

    def is_changed_by(self, edit: Edit) -> bool:
        """Whether the change is one of this field."""
        return edit.field in self.names or self.roles.get(edit.field_id) == edit.field


@dataclass(frozen=True, slots=True)
class Subject:
    """A defect as it is now, with what hangs on it. `edits` are in order, of the fields that rules ask for."""

    issue_id: str
    issue_type: str
    created_on: date
    has_tags: bool = False
    """Labels are joined by semicolons and may hold blanks (Azure DevOps)."""
    labels: Sequence[str] = ()
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    affects: Sequence[str] = ()
    """Ids of versions."""
    links: Sequence[Link] = ()
    edits: Sequence[Edit] = ()
    reporter_id: str | None = None


Memberships = Mapping[str, Sequence[Membership]]
"""User → the groups that they are in, of those that rules name. Nobody tells who was in a group before."""


def facts_at(
    subject: Subject,
    moment: datetime,
    asked: Iterable[AskedField],
    released: Mapping[str, Version],
    members: Memberships,
    *,
    at_creation: bool,
) -> Facts:
    """The facts as of an instant; what happens exactly then has happened.

    A link without a known beginning was there always, but not `at_creation`.
    """
    later = [edit for edit in subject.edits if edit.changed_at > moment]
    return Facts(
        _type(subject, later),
        subject.created_on,
        _labels(subject, later),
        _fields(subject, later, asked) if later else subject.fields,
        [(one.name, one.released_on) for one in released_first(affected(subject, later), released)],
        [
            (link.link_type, link.other_type)
            for link in subject.links
            if _was_there(link, moment, at_creation=at_creation)
        ],
        members.get(_reporter(subject, later) or "", ()),
    )


def _was_there(link: Link, moment: datetime, *, at_creation: bool) -> bool:
    if link.then_only:
        return at_creation
    is_made = not at_creation if link.made_at is None else link.made_at <= moment
    return is_made and (link.removed_at is None or link.removed_at > moment)


def affected(subject: Subject, later: Sequence[Edit]) -> Sequence[str]:
    """Ids of its affects-versions before the changes."""
    held = list(subject.affects)
    source_id = subject.issue_id.partition(":")[0]
    for edit in reversed(later):
        if edit.field == AFFECTS:
            if edit.to_value and (added := f"{source_id}:{edit.to_value}") in held:
                held.remove(added)
            if edit.from_value:
                held.append(f"{source_id}:{edit.from_value}")
    return held


def released_first(version_ids: Iterable[str], released: Mapping[str, Version]) -> list[Version]:
    """Those that are released, in the order of their release."""
    return sorted({released[version_id] for version_id in version_ids if version_id in released})


def texts(value: object) -> tuple[str, ...]:
    """The texts of a custom field's value: those of each member of a list; a whole number without a fraction."""
    if isinstance(value, list):
        return tuple([text for one in value for text in texts(one)])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return () if value is None else parts_of_text(str(value))


def parts_of_text(text: str | None) -> tuple[str, ...]:
    """A text and, where commas or semicolons divide it, each of its parts: history tells several values as one text."""
    if not text:
        return ()
    parts = _SEVERAL.split(text)
    return (text,) if len(parts) == 1 else (text, *filter(None, map(str.strip, parts)))


def _type(subject: Subject, later: Sequence[Edit]) -> str:
    first = next((edit for edit in later if edit.field == "type"), None)
    return (first and (first.from_text or first.from_value)) or subject.issue_type


def _reporter(subject: Subject, later: Sequence[Edit]) -> str | None:
    first = next((edit for edit in later if edit.field == REPORTER), None)
    if first is None:
        return subject.reporter_id
    return f"{subject.issue_id.partition(':')[0]}:{first.from_value}" if first.from_value else None


def _labels(subject: Subject, later: Sequence[Edit]) -> Sequence[str]:
    first = next((edit for edit in later if edit.field == "labels"), None)
    if first is None:
        return subject.labels
    return list(_split(first.from_text or "", ";" if subject.has_tags else None))


def _split(joined: str, by: str | None) -> Iterator[str]:
    return filter(None, map(str.strip, joined.split(by)))


def _fields(subject: Subject, later: Sequence[Edit], asked: Iterable[AskedField]) -> Mapping[str, Sequence[str]]:
    before = {
        one.folded: parts_of_text(first.from_text or first.from_value)
        for one in asked
        if (first := next((edit for edit in later if one.is_changed_by(edit)), None)) is not None
    }
    return {**subject.fields, **before}
