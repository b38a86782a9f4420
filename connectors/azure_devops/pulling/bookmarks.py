"""Where a reporting feed goes on, as an opaque text."""

from __future__ import annotations

import msgspec

from connectors.typed import ready


class Position(msgspec.Struct, frozen=True):
    """A place in a feed."""

    token: str | None = None
    scope: str = ""
    """What was asked for; a token says nothing about another scope."""
    v: int = 1


def read(bookmark: str | None, scope: str) -> Position:
    """The place that a bookmark names; the beginning when there is none, or one for another scope."""
    if bookmark is not None:
        try:
            found = msgspec.json.decode(bookmark, type=ready(Position))
        except msgspec.MsgspecError:
            found = Position(v=0)
        if found.v == 1 and found.scope == scope:
            return found
    return Position(scope=scope)


def write(token: str | None, scope: str) -> str:
    """The bookmark for the place that a token names."""
    return msgspec.json.encode(Position(token=token, scope=scope)).decode()
