"""Maps history entries to changes: one row per changed field, under one name whatever the entry calls it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from connectors.jira.gateway import answers
from connectors.jira.gateway.values import instant, number_text
from connectors.jira.mapping.fields import SYSTEM_CHANGES, FieldMap
from connectors.people import Disguise, as_told, listed_people
from warehouse.records import IssueChange, qualified_id

STORY_POINTS = "story_points"
_KNOWN_CUSTOM_NAMES = frozenset({"sprint", "flagged", "epic link", "parent link"})
_SYSTEM_IDS = {
    "fix version": "fixversions",
    "version": "versions",
    "component": "components",
    "link": "issuelinks",
    "key": "issuekey",
}
"""What histories call a system field whose id is another word, in lower case."""
_ENTRIES = 2**63
_PEOPLE = frozenset({"assignee", "reporter", "creator"})

Told = tuple[datetime, int, str]
"""A name from history, with the instant and number of the entry that tells it: the newest is the best."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """People, sprints, statuses and issue types that issues and histories speak of, by native id.

    Of each pair the first is what Jira tells of it now; the second only a name, as it was called at some time.
    """

    people: dict[str, answers.Account] = field(default_factory=dict)
    people_names: dict[str, Told] = field(default_factory=dict)
    sprints: dict[str, answers.Sprint] = field(default_factory=dict)
    doubtful_sprints: dict[str, answers.Sprint] = field(default_factory=dict)
    """Of these a text told only the id for certain."""
    sprint_names: dict[str, Told] = field(default_factory=dict)
    statuses: dict[str, answers.Status] = field(default_factory=dict)
    status_names: dict[str, Told] = field(default_factory=dict)
    types: dict[str, answers.IssueType] = field(default_factory=dict)

    def person(self, account: answers.Account | None) -> str | None:
        """Native id of the person, who is noted; None for nobody."""
        if account is None:
            return None
        native = account.account_id or account.native_id
        if not native:
            return None
        shown = self.people.get(native)
        if shown is None or (shown.active is None and account.active is not None):
            self.people[native] = account
        return native


class ItemNames:
    """Answers what an item's field is called here and which field that is."""

    def __init__(self, fields: FieldMap) -> None:
        self._fields = fields
        self._by_id = {**fields.names, **fields.changes()}
        self._points = frozenset(fields.ids(STORY_POINTS))
        self._system = {one.id.casefold(): one.id for one in fields.fields if not one.custom}
        self._known: dict[tuple[str | None, str, str], tuple[str, str | None]] = {}
        self._of_people = fields.of_people | _PEOPLE

    def names_people(self, name: str, native: str | None) -> bool:
        """Whether the field that `of` told holds people."""
        return native in self._of_people or name in self._of_people

    def of(self, item: answers.Item) -> tuple[str, str | None]:
        """(Name of the change, native id of the field if it can be told). Story points go by their field's own name."""
        asked = (item.field_id, item.field, item.fieldtype)
        found = self._known.get(asked)
        if found is None:
            found = self._known[asked] = self._find(*asked)
        return found

    def _find(self, field_id: str | None, name: str, kind: str) -> tuple[str, str | None]:
        folded = name.casefold()
        native = field_id or self._id_of(folded, kind)
        if native:
            ours = None if kind == "custom" else SYSTEM_CHANGES.get(native.casefold())
            known = ours or self._by_id.get(native)
            if known:
                return known, native
        if folded in SYSTEM_CHANGES and (kind != "custom" or folded in _KNOWN_CUSTOM_NAMES):
            return SYSTEM_CHANGES[folded], native
        return name, native

    def _id_of(self, folded: str, kind: str) -> str | None:
        """The field that an item means by its name alone, as all items of Data Center do."""
        if kind != "custom":
            system = self._system.get(_SYSTEM_IDS.get(folded, folded))
            if system or folded in SYSTEM_CHANGES:
                return system
        ids = self._fields.ids_by_name.get(folded, ())
        certain = ids if len(ids) == 1 else tuple(i for i in ids if i in self._points)[:1]
        return certain[0] if certain else None


def points_field(
    candidates: Sequence[str], filled: answers.Json, histories: Iterable[answers.History], names: ItemNames
) -> str | None:
    """The one field that holds an issue's story points: the first filled one, else the first that ever changed."""
    for candidate in candidates:
        if filled.get(candidate) is not None:
            return candidate
    changed = {names.of(item)[1] for history in histories for item in history.items}
    return next((candidate for candidate in candidates if candidate in changed), None)


def _entry_number(native: str | int) -> int:
    """The number of a history entry, by which those of one instant are in order."""
    if isinstance(native, str) and not (native.isascii() and native.isdecimal()):
        raise ValueError(f"the id of a history entry is no number: {native[:40]!r}")
    number = int(native)
    if not 0 <= number < _ENTRIES:
        raise ValueError(f"the id of a history entry is out of range: {number}")
    return number


def map_changes(
    source_id: str,
    issue_id: str,
    histories: Iterable[answers.History],
    points_id: str | None,
    names: ItemNames,
    mentions: Mentions,
    people: Disguise = as_told,
) -> list[IssueChange]:
    """One row per item of the entries; entries that come twice count once. Empty texts are NULL."""
    changes: dict[str, IssueChange] = {}
    for history in histories:
        changed_at, entry = when = instant(history.created), _entry_number(history.id)
        author = mentions.person(history.author)
        author_id = None if author is None else qualified_id(source_id, author)
        for ordinal, item in enumerate(history.items):
            name, field_id = names.of(item)
            before, before_text, after, after_text = _halves(item, names, name, field_id, people)
            if field_id is not None and field_id == points_id:
                name = STORY_POINTS
                before = before_text = number_text(before_text or before)
                after = after_text = number_text(after_text or after)
            elif name in _NOTED:
                _note(name, item, when, mentions)
            change_id = f"{source_id}:{entry}:{ordinal}"
            changes[change_id] = IssueChange(
                change_id=change_id,
                issue_id=issue_id,
                entry_number=entry,
                ordinal=ordinal,
                changed_at=changed_at,
                author_id=author_id,
                field=name,
                field_id=field_id and qualified_id(source_id, field_id),
                from_value=before or None,
                from_text=before_text or None,
                to_value=after or None,
                to_text=after_text or None,
            )
    return list(changes.values())


_NOTED = frozenset({"status", "sprint", "assignee", "reporter"})


Halves = tuple[str | None, str | None, str | None, str | None]
"""Value and text before, value and text after."""


def _halves(item: answers.Item, names: ItemNames, name: str, field_id: str | None, people: Disguise) -> Halves:
    """What changed into what; where that names people, with what may be stored of them."""
    accounts = item.tmp_from_account_id, item.tmp_to_account_id
    if people is as_told or not (any(accounts) or names.names_people(name, field_id)):
        return item.from_, item.from_string, item.to, item.to_string
    before = _person(item.from_, item.from_string, accounts[0], people)
    return (*before, *_person(item.to, item.to_string, accounts[1], people))


def _person(
    value: str | None, text: str | None, account: str | None, people: Disguise
) -> tuple[str | None, str | None]:
    if not account:
        return listed_people(value, text, people)
    shown = people(account, text or "")
    return (value, text) if shown.native == account else (shown.native, shown.name)


def _note(name: str, item: answers.Item, when: tuple[datetime, int], mentions: Mentions) -> None:
    at, entry = when
    before, after = item.tmp_from_account_id or item.from_, item.tmp_to_account_id or item.to
    for native, text in ((before, item.from_string), (after, item.to_string)):
        if not native:
            continue
        if name == "sprint":
            for sprint, called in sprints_of(native, text or ""):
                _keep_newest(mentions.sprint_names, sprint, (at, entry, called))
        else:
            where = mentions.status_names if name == "status" else mentions.people_names
            _keep_newest(where, native, (at, entry, text or native))


def _keep_newest(told: dict[str, Told], native: str, new: Told) -> None:
    before = told.get(native)
    if before is None or before < new:
        told[native] = new


@lru_cache(maxsize=4_096)
def sprints_of(ids: str, names: str) -> tuple[tuple[str, str], ...]:
    """The sprints of a history value such as `36, 37`, each with its name.

    Names may hold commas: when ids and names cannot be paired, a sprint is called by its number.
    """
    natives = [native for part in ids.split(",") if (native := part.strip()).isdecimal()]
    if len(natives) == 1 and names:
        return ((natives[0], names),)
    called = names.split(", ")
    if len(called) != len(natives) or not all(called):
        called = [f"Sprint {native}" for native in natives]
    return tuple(zip(natives, called, strict=True))
