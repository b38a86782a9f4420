"""Where the pull of issues stands: what was walked, since when, and what an interrupted walk has left to do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from warehouse.records import Record

_VERSION = 2


class Group(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Units of the scope that one query asks for."""

    jql: str
    keys: list[str]
    condition: str = ""
    """What the query asks of the units."""
    is_increment: bool = False
    """Whether all of the units was walked before, so that only changes are asked for."""


class Window(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Part of a group's query: issues created in [since, until), epoch milliseconds; None is open."""

    group: int
    """Number of the group in its walk."""
    since: int | None
    until: int | None
    count: int | None
    """About how many issues it has; None: not asked, because one page may be all of it."""
    attempt: int = 0
    """How often a walk of it, or of the window that it is a half of, ended short."""

    def query(self, jql: str) -> str:
        """The part of a query that the window is."""
        parts = [jql]
        parts += [f"created >= {self.since}"] if self.since is not None else []
        parts += [f"created < {self.until}"] if self.until is not None else []
        return " AND ".join(parts)


class Walk(msgspec.Struct, frozen=True, gc=False):
    """A walk under way."""

    started_at: int
    """Epoch milliseconds; what changes later is found by the next walk."""
    groups: list[Group]
    windows: list[Window]
    done: list[int] = []
    """Numbers of the windows that are complete."""

    def query(self, number: int) -> str:
        """The JQL of a window."""
        return self.windows[number].query(self.group_of(number).jql)

    def group_of(self, number: int) -> Group:
        """The group that a window is a part of."""
        return self.groups[self.windows[number].group]

    @property
    def total(self) -> int:
        """About how many issues there are, as far as they were counted."""
        return sum(window.count or 0 for window in self.windows)

    def in_parts(self, number: int, parts: Sequence[Window]) -> Walk:
        """The walk with a window done, or with parts that are walked in its place."""
        return msgspec.structs.replace(self, windows=[*self.windows, *parts], done=[*self.done, number])

    def apart(self, number: int, groups: Sequence[Group]) -> Walk:
        """The walk with groups of one unit each in the place of a window's group."""
        first, given_up = len(self.groups), self.windows[number].group
        kept = [msgspec.structs.replace(g, keys=[]) if n == given_up else g for n, g in enumerate(self.groups)]
        walk = msgspec.structs.replace(self, groups=[*kept, *groups])
        return walk.in_parts(number, [Window(first + n, None, None, None) for n in range(len(groups))])


class State(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The bookmark of the stream of issues."""

    scope: str
    """Hash of what is pulled; another one makes all that was walked void."""
    v: int = 0
    walked: list[str] = []
    """Units of the scope that were once walked in full: projects, boards, the query."""
    updated_since: int | None = None
    """Start of the last complete walk, epoch milliseconds."""
    walk: Walk | None = None

    def text(self) -> str:
        """As a page carries it."""
        return msgspec.json.encode(self).decode()


def new_state(scope: str) -> State:
    """Nothing walked yet."""
    return State(scope=scope, v=_VERSION)


def read_state(bookmark: str | None, scope: str) -> State:
    """The state that a bookmark tells; nothing walked when it is of another scope or cannot be read."""
    if bookmark is None:
        return new_state(scope)
    try:
        state = msgspec.json.decode(bookmark, type=State)
    except msgspec.DecodeError:
        return new_state(scope)
    return state if state.scope == scope and state.v == _VERSION else new_state(scope)


def remembered_ids(bookmark: str | None) -> frozenset[str]:
    """The native ids that a stream of the site's own things has ever listed."""
    try:
        return frozenset(msgspec.json.decode(bookmark or "[]", type=list[str]))
    except msgspec.DecodeError:
        return frozenset()


def ids_text(ids: frozenset[str]) -> str:
    """The same ids as a bookmark."""
    return msgspec.json.encode(sorted(ids)).decode()


def read_digests(bookmark: str | None) -> dict[str, str]:
    """How rows were found last, by their ids."""
    try:
        return msgspec.json.decode(bookmark or "{}", type=dict[str, str])
    except msgspec.DecodeError:
        return {}


def digests_text(digests: Mapping[str, str]) -> str:
    """The same as a bookmark."""
    return msgspec.json.encode(digests, order="sorted").decode()


def digest(row: Record) -> str:
    """Another one when any value of the row is another one."""
    return hashlib.sha256(msgspec.json.encode(row)).hexdigest()[:12]
