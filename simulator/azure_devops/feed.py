"""The order of the reporting feeds: every revision and every link change in the order in which it was written.

A revision's row moves to the end of the feed when the next revision of its item supersedes it, for its RevisedDate
changes then. So a reader who comes back with an old token gets the superseded revision again, beside the new one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simulator.company import Event, Issue, Product


class Row(NamedTuple):
    """A revision in the feed: `watermark` is when (in order) it was written last."""

    watermark: int
    id: int
    rev: int


class LinkRow(NamedTuple):
    """A link that came or went: `source` is the parent, the predecessor, or whoever points."""

    at: int
    rel: str
    source: int
    target: int
    is_active: bool


_RELATIONS = {
    "blocks": "System.LinkTypes.Dependency",
    "relates": "System.LinkTypes.Related",
    "duplicates": "System.LinkTypes.Duplicate",
}
HIERARCHY = "System.LinkTypes.Hierarchy"


@dataclass(slots=True, eq=False)
class Feed:
    """Both feeds of one organisation, brought up to date when the company has changed.

    `parent_makes_revision` is a switch: whether a change of the parent alone makes a revision, as no other link does.
    """

    parent_makes_revision: bool = False
    _had_parents: bool = False
    """The switch as it was when the order was made."""
    _age: int = -1
    _order: dict[tuple[int, int], int] = field(default_factory=dict)
    _instants: list[int] = field(default_factory=list)
    _rows: list[Row] = field(default_factory=list)
    _links: list[LinkRow] = field(default_factory=list)
    _known_links: set[LinkRow] = field(default_factory=set)

    def rows_after(self, age: int, product: Product, place: Row) -> Iterator[Row]:
        """The rows behind that place."""
        self._refresh(age, product)
        return (self._rows[number] for number in range(bisect_right(self._rows, place), len(self._rows)))

    def place_of(self, age: int, product: Product, instant: int) -> Row:
        """The place before everything that was written at or after the instant."""
        self._refresh(age, product)
        return Row(bisect_right(self._instants, instant - 1) + 1, 0, 0)

    def links(self, age: int, product: Product) -> list[LinkRow]:
        """All link changes in the order in which they were written."""
        self._refresh(age, product)
        return self._links

    def revising(self, issue: Issue) -> Iterator[Event]:
        """The events that made a revision of the issue: all but those that changed links alone."""
        links = {"link"} if self.parent_makes_revision else {"link", "parent"}
        return (event for event in issue.events if any(change.field not in links for change in event.changes))

    def facts(self, product: Product) -> dict[str, Any]:
        """How many revisions there are, of live items and of all."""
        live = {issue.id for issue in product.alive()}
        revisions = [(issue.id, 1 + sum(1 for _ in self.revising(issue))) for issue in product.issues.values()]
        return {
            "revisions": sum(count for number, count in revisions if number in live),
            "revisions_with_deleted": sum(count for _, count in revisions),
        }

    def _refresh(self, age: int, product: Product) -> None:
        if age == self._age:
            return
        self._age = age
        if self._had_parents != self.parent_makes_revision:
            self._had_parents = self.parent_makes_revision
            self._order, self._instants = {}, []
        self._append(product)
        self._rows = sorted(self._all_rows(product))
        links = [row for issue in product.issues.values() for row in _hierarchy(issue)]
        links += [row for link in product.links.values() for row in _link_rows(product, link.id)]
        self._links += sorted(row for row in set(links) if row not in self._known_links)
        self._known_links.update(links)

    def _append(self, product: Product) -> None:
        """Give each new revision its place behind all that were there."""
        new: list[tuple[int, int, int]] = []
        for issue in product.issues.values():
            instants = (issue.created_at, *(event.at for event in self.revising(issue)))
            new += [(at, issue.id, rev) for rev, at in enumerate(instants, 1) if (issue.id, rev) not in self._order]
        for at, number, rev in sorted(new):
            self._order[number, rev] = len(self._order) + 1
            self._instants.append(max(at, self._instants[-1]) if self._instants else at)

    def _all_rows(self, product: Product) -> Iterator[Row]:
        for issue in product.issues.values():
            newest = 1 + sum(1 for _ in self.revising(issue))
            for rev in range(1, newest + 1):
                yield Row(self._order[issue.id, min(rev + 1, newest)], issue.id, rev)


def _hierarchy(issue: Issue) -> Iterator[LinkRow]:
    first = issue.initial.get("parent")
    if first:
        yield LinkRow(issue.created_at, HIERARCHY, first, issue.id, is_active=True)
    for event in issue.events:
        for change in event.changes:
            if change.field == "parent" and change.old:
                yield LinkRow(event.at, HIERARCHY, change.old, issue.id, is_active=False)
            if change.field == "parent" and change.new:
                yield LinkRow(event.at, HIERARCHY, change.new, issue.id, is_active=True)


def _link_rows(product: Product, number: int) -> Iterator[LinkRow]:
    link = product.links[number]
    rel = _RELATIONS[link.type]
    yield LinkRow(link.created_at, rel, link.source, link.target, is_active=True)
    if link.removed_at is not None:
        yield LinkRow(link.removed_at, rel, link.source, link.target, is_active=False)
