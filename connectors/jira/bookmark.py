"""Where the pull of issues stands: what was walked, since when, and what an interrupted walk has left to do."""

from __future__ import annotations

import msgspec

_VERSION = 1


class Group(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Units of the scope that one query asks for."""

    jql: str
    keys: list[str]


class Window(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Part of a group's query: issues created in [since, until), epoch milliseconds; None is open."""

    group: int
    """Number of the group in its walk."""
    since: int | None
    until: int | None
    count: int
    """About how many issues it has."""
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
        window = self.windows[number]
        return window.query(self.groups[window.group].jql)


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
