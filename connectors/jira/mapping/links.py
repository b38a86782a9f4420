"""Links of issues: those of today, and from history when each was made and which were removed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.jira.gateway import answers
from warehouse.records import IssueChange, IssueLink, LinkEvent, qualified_id

LINK, _KEY = "link", "key"
_OUTWARD, _INWARD = "outward", "inward"
_KEYS = re.compile(r"\b[A-Z][A-Z0-9_]+-[1-9][0-9]*\b")
_Meaning = tuple[str, str]
"""Type and direction."""


class LinkWords:
    """What sentences of history mean: `This issue blocks DEF-7` holds the words of one side of a type.

    The words are the site's own, in whatever language; only those of today are known.
    """

    def __init__(self, types: Iterable[answers.LinkType] = ()) -> None:
        self._types = frozenset(types)
        self._meanings: dict[str, set[_Meaning]] = {}
        for link_type in self._types:
            for direction, words in ((_OUTWARD, link_type.outward), (_INWARD, link_type.inward)):
                if said := _plain(words):
                    self._meanings.setdefault(said, set()).add((link_type.name, direction))
        self._longest_first = sorted(self._meanings, key=lambda text: (-len(text), text))

    def knowing(self, types: Iterable[answers.LinkType]) -> LinkWords:
        """These words and those of the types, which may be newer than the list of the site."""
        new = frozenset(types) - self._types
        return LinkWords(self._types | new) if new else self

    def meaning(self, sentence: str, key: str) -> tuple[str | None, str | None]:
        """(Type, direction); both None when no type has these words, or several do; both ways the same: no direction.

        The longest words win: `is blocked by` holds no `blocks`, but other languages are less kind.
        """
        said = f" {_plain(sentence.replace(key, ' ') if key else sentence)} "
        found = next((words for words in self._longest_first if f" {words} " in said), None)
        found = found or next((words for words in self._longest_first if words in said), None)
        meanings = self._meanings.get(found or "", set())
        types = {name for name, _ in meanings}
        if len(types) != 1:
            return None, None
        directions = {direction for _, direction in meanings}
        return types.pop(), directions.pop() if len(directions) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkContext:
    """What the mapping of links must know of the site."""

    source_id: str
    held_projects: frozenset[str] | None
    """Keys of the projects whose issues are pulled; None when that cannot be told from a key."""
    words: LinkWords


@dataclass(frozen=True, slots=True)
class Links:
    """The links of a page of issues."""

    events: list[LinkEvent] = field(default_factory=list)
    removed: list[IssueLink] = field(default_factory=list)
    current: dict[str, tuple[bool, IssueLink]] = field(default_factory=dict)
    """By link id: whether the issue that the row belongs to tells it itself, and the row."""

    def take(
        self,
        context: LinkContext,
        issue: tuple[str, str],
        told: Iterable[answers.Link],
        changes: Sequence[IssueChange],
    ) -> None:
        """Add the links of an issue (its qualified id and its key), as it tells them now and as its history does."""
        current = list(told)
        if not current and not any(change.field == LINK for change in changes):
            return
        issue_id, key = issue
        words = context.words.knowing(link.type for link in current)
        events = map_link_events(words, changes)
        self.events.extend(events)
        self.removed.extend(_removed(context, issue_id, key, events, changes))
        rows = [row for link in current if (row := map_link(context, issue_id, key, link)) is not None]
        for row in rows:
            if row.issue_id == issue_id:
                twins = sum(1 for other in rows if _is_younger_twin(other, row))
                self.current[row.link_id] = (True, _dated(row, events, twins))
            else:
                self.current.setdefault(row.link_id, (False, row))

    def split(self, here: frozenset[str]) -> tuple[list[IssueLink], list[IssueLink]]:
        """(Rows of issues of this page, which replace what they had; rows of issues of other pages).

        A row of an issue of this page that only the other side tells is left out: its own answer is the newer word.
        """
        own = [row for told_by_owner, row in self.current.values() if told_by_owner and row.issue_id in here]
        others = [row for _, row in self.current.values() if row.issue_id not in here]
        return [*own, *self.removed], others


def map_link(context: LinkContext, issue_id: str, key: str, link: answers.Link) -> IssueLink | None:
    """Both sides of a link give the very same row, so that it does not matter which is read last.

    It is told from the outward issue when that one's project is pulled, else from the inward one.
    """
    source_id = context.source_id
    if link.outward_issue is not None:
        other = link.outward_issue
        doer, doer_key, done_to, done_to_key = issue_id, key, qualified_id(source_id, other.id), other.key
    elif link.inward_issue is not None:
        other = link.inward_issue
        doer, doer_key, done_to, done_to_key = qualified_id(source_id, other.id), other.key, issue_id, key
    else:
        return None
    outward = _is_held(context, doer_key)
    return IssueLink(
        link_id=qualified_id(source_id, link.id),
        issue_id=doer if outward else done_to,
        other_issue_id=done_to if outward else doer,
        other_key=done_to_key if outward else doer_key,
        link_type=link.type.name,
        direction=_OUTWARD if outward else _INWARD,
    )


def map_link_events(words: LinkWords, changes: Iterable[IssueChange]) -> list[LinkEvent]:
    """One row per link that the history of an issue says was made or removed."""
    events = []
    for change in changes:
        if change.field != LINK:
            continue
        halves = ((False, change.from_value, change.from_text), (True, change.to_value, change.to_text))
        told = [(is_made, key or _key_in(text), text) for is_made, key, text in halves if key or text]
        for is_made, key, text in told:
            link_type, direction = words.meaning(text or "", key)
            events.append(
                LinkEvent(
                    link_event_id=change.change_id if is_made or len(told) == 1 else f"{change.change_id}:removed",
                    issue_id=change.issue_id,
                    other_issue_id=None,
                    other_key=key or None,
                    link_type=link_type,
                    direction=direction,
                    happened_at=change.changed_at,
                    is_made=is_made,
                    author_id=change.author_id,
                )
            )
    return events


def _removed(
    context: LinkContext, issue_id: str, key: str, events: Sequence[LinkEvent], changes: Sequence[IssueChange]
) -> Iterable[IssueLink]:
    """Rows of removed links that this issue is the one to tell. Those of unknown type are told by events alone."""
    for event in events:
        if event.is_made or event.link_type is None or event.other_key is None:
            continue
        direction = _teller(context, event, _key_at(key, event.happened_at, changes))
        if direction is not None:
            yield IssueLink(
                link_id=event.link_event_id.replace(":", ":removed:", 1).removesuffix(":removed"),
                issue_id=issue_id,
                other_issue_id=None,
                other_key=event.other_key,
                link_type=event.link_type,
                direction=direction,
                created_at=_made_at(events, event.other_key, event.link_type, event.direction, event.happened_at),
                removed_at=event.happened_at,
            )


def _teller(context: LinkContext, event: LinkEvent, key: str) -> str | None:
    """The direction in which this issue tells a removed link; None when the other side tells it.

    Where both sides say the same words, the one with the lower key of the time is the outward one.
    """
    other = event.other_key or ""
    if event.direction == _OUTWARD:
        return _OUTWARD
    if event.direction == _INWARD:
        return None if _is_held(context, other) else _INWARD
    return _OUTWARD if not _is_held(context, other) or _in_order(key) < _in_order(other) else None


def _is_younger_twin(other: IssueLink, row: IssueLink) -> bool:
    """Whether the other link says the same of the same issues and was made later: ids count up."""
    ends = (row.issue_id, row.other_issue_id, row.link_type, row.direction)
    is_twin = (other.issue_id, other.other_issue_id, other.link_type, other.direction) == ends
    return is_twin and (len(other.link_id), other.link_id) > (len(row.link_id), row.link_id)


def _dated(row: IssueLink, events: Sequence[LinkEvent], younger_twins: int) -> IssueLink:
    """The row with the instant of its making, where the history of its issue tells it."""
    made = _made_at(events, row.other_key or "", row.link_type, row.direction, None, younger_twins)
    if made is None:
        return row
    return IssueLink(
        link_id=row.link_id,
        issue_id=row.issue_id,
        other_issue_id=row.other_issue_id,
        other_key=row.other_key,
        link_type=row.link_type,
        direction=row.direction,
        created_at=made,
    )


def _made_at(
    events: Sequence[LinkEvent],
    other_key: str,
    link_type: str,
    direction: str | None,
    before: datetime | None,
    younger: int = 0,
) -> datetime | None:
    """When the newest such link but so many was made; words that fit no type, or both ways, fit any."""
    made = sorted(
        event.happened_at
        for event in events
        if event.is_made
        and event.other_key == other_key
        and event.link_type in (None, link_type)
        and (direction is None or event.direction in (None, direction))
        and (before is None or event.happened_at <= before)
    )
    return made[-1 - younger] if len(made) > younger else None


def _key_at(key: str, when: datetime, changes: Iterable[IssueChange]) -> str:
    """The key that the issue had, by its history."""
    later = [change for change in changes if change.field == _KEY and change.changed_at > when and change.from_text]
    first = min(later, key=lambda change: (change.changed_at, change.entry_number), default=None)
    return key if first is None or first.from_text is None else first.from_text


def _is_held(context: LinkContext, key: str) -> bool:
    return context.held_projects is None or key.rpartition("-")[0] in context.held_projects


def _in_order(key: str) -> tuple[str, int, str]:
    project, _, number = key.rpartition("-")
    return project, int(number) if number.isdecimal() else 0, key


def _key_in(sentence: str | None) -> str:
    """The key that a sentence ends with or holds, where the entry does not tell it beside."""
    found = _KEYS.findall(sentence or "")
    return found[-1] if found else ""


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
