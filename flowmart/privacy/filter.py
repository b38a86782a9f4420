"""The one place between mappings and loader: every page passes here before anything of it is written. Pure.

Columns that hold ids of people are known here, whichever connector fills them. Values whose meaning only a connector
knows (custom fields, changes of them) come disguised already, by the same rules (`connectors.people`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from connectors.base import Page
from connectors.people import listed_people
from flowmart.privacy.rules import PrivacyRules
from warehouse.records import (
    Capacity,
    Comment,
    DayOff,
    Issue,
    IssueChange,
    LinkEvent,
    Record,
    User,
    UserGroup,
    Worklog,
    native_id,
    qualified_id,
)

Kept = Record | None
_changed = msgspec.structs.replace

_FIELDS_OF_PEOPLE = frozenset({"assignee", "reporter", "creator"})
"""Names that changes have across trackers."""
_TEXT_FIELDS = frozenset(
    {"description", "comment", "system.description", "system.history", "microsoft.vsts.tcm.reprosteps"}
)
"""Fields that `privacy.store_text` is about: by name, or by the tracker's id."""


def filtered(page: Page, rules: PrivacyRules) -> Page:
    """The page with what may be stored of its people and texts."""
    if not rules.hides and rules.stores_text:
        return page
    return replace(
        page,
        records=_all(page.records, rules),
        replacements=[replace(one, records=_all(one.records, rules)) for one in page.replacements],
    )


def _all(records: Iterable[Record], rules: PrivacyRules) -> list[Record]:
    people = _PEOPLE if rules.hides else {}
    texts = {} if rules.stores_text else _TEXTS
    found: list[Record] = []
    for record in records:
        kept: Kept = record
        if (disguise := people.get(type(record))) is not None:
            kept = disguise(record, rules)
        if kept is not None and (wipe := texts.get(type(kept))) is not None:
            kept = wipe(kept)
        if kept is not None:
            found.append(kept)
    return found


def _user(record: Any, rules: PrivacyRules) -> Kept:  # noqa: ANN401 - each of these gets records of one type
    native = native_id(record.user_id)
    shown = rules.people_of(record.source_id)(native, record.display_name)
    if shown.native is None:
        return None
    if shown.native == native and shown.name == record.display_name and rules.users == "names":
        return record  # type: ignore[no-any-return]
    user_id = qualified_id(record.source_id, shown.native)
    return _changed(record, user_id=user_id, display_name=shown.name or shown.native, email=None)  # type: ignore[no-any-return]


def _ids(*columns: str) -> Callable[[Any, PrivacyRules], Kept]:
    """Columns with a person's id become what is stored of it; NULL for nobody."""

    def disguise(record: Any, rules: PrivacyRules) -> Kept:  # noqa: ANN401
        new = {column: rules.stored_id(getattr(record, column)) for column in columns}
        return _changed(record, **new)  # type: ignore[no-any-return]

    return disguise


def _change(record: Any, rules: PrivacyRules) -> Kept:  # noqa: ANN401
    new: dict[str, str | None] = {"author_id": rules.stored_id(record.author_id)}
    if record.field in _FIELDS_OF_PEOPLE:
        people = rules.people_of(record.change_id.partition(":")[0])
        new["from_value"], new["from_text"] = listed_people(record.from_value, record.from_text, people)
        new["to_value"], new["to_text"] = listed_people(record.to_value, record.to_text, people)
    return _changed(record, **new)  # type: ignore[no-any-return]


def _of_a_person(key: Callable[[Any, str], str]) -> Callable[[Any, PrivacyRules], Kept]:
    """A row about a person, whose id is part of the row's own (`key` makes that); nothing for nobody."""

    def disguise(record: Any, rules: PrivacyRules) -> Kept:  # noqa: ANN401
        if record.user_id is None:
            return record  # type: ignore[no-any-return]
        user_id = rules.stored_id(record.user_id)
        if user_id is None:
            return None
        name = type(record).__struct_fields__[0]
        return _changed(record, **{name: key(record, native_id(user_id)), "user_id": user_id})  # type: ignore[no-any-return]

    return disguise


_PEOPLE: Mapping[type[Record], Callable[[Any, PrivacyRules], Kept]] = {
    User: _user,
    UserGroup: _of_a_person(lambda record, native: f"{record.group_id}:{native}"),
    Capacity: _of_a_person(lambda record, native: f"{record.sprint_id}:{native}:{record.activity or ''}"),
    DayOff: _of_a_person(lambda record, native: f"{record.sprint_id}:{native}:{record.first_on}"),
    Issue: _ids("assignee_id", "reporter_id"),
    IssueChange: _change,
    LinkEvent: _ids("author_id"),
    Worklog: _ids("author_id"),
    Comment: _ids("author_id"),
}


def _change_without_text(record: Any) -> Kept:  # noqa: ANN401
    native = native_id(record.field_id) if record.field_id else ""
    if record.field.casefold() not in _TEXT_FIELDS and native.casefold() not in _TEXT_FIELDS:
        return record  # type: ignore[no-any-return]
    return _changed(record, from_value=None, from_text=None, to_value=None, to_text=None)  # type: ignore[no-any-return]


def _comment_without_text(record: Any) -> Kept:  # noqa: ANN401
    return record if record.body is None else _changed(record, body=None)  # type: ignore[no-any-return]


_TEXTS: Mapping[type[Record], Callable[[Any], Kept]] = {
    IssueChange: _change_without_text,
    Comment: _comment_without_text,
}
