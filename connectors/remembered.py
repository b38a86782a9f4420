"""Answers of a tracker that change seldom, kept between runs in a bookmark and asked for again now and then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from connectors.typed import ready

T = TypeVar("T")

LONGEST = timedelta(days=6)
"""A nightly run asks for everything within a week."""
_VERSION = 1


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    asked_at: datetime
    answer: msgspec.Raw


class _Bookmark(msgspec.Struct, frozen=True):
    scope: str = ""
    kept: dict[str, _Kept] = {}
    v: int = _VERSION


class Remembered:
    """Gives an answer of an earlier run while it is young, else asks; `text` is what a bookmark holds.

    Answers of another `scope` (what is pulled, and from where) are forgotten, and so is what was not asked for in a
    run. Without a bookmark (a first or a full sync) everything is asked for.
    """

    def __init__(self, scope: str, now: datetime) -> None:
        self._scope = scope
        self._now = now
        self._old: dict[str, _Kept] = {}
        self._used: dict[str, _Kept] = {}

    def load(self, bookmark: str | None) -> None:
        """Take in what an earlier run kept; what cannot be read counts as nothing."""
        try:
            found = msgspec.json.decode(bookmark or "{}", type=ready(_Bookmark))
        except msgspec.DecodeError:
            return
        if found.scope == self._scope and found.v == _VERSION:
            self._old = dict(found.kept)

    def ask(self, name: str, type_: type[T], fetch: Callable[[], T], longest: timedelta = LONGEST) -> T:
        """The answer of that name; `fetch` is called when there is none, or one that is older than `longest`."""
        kept = self._used.get(name) or self._old.get(name)
        if kept is not None and timedelta() <= self._now - kept.asked_at < longest:
            try:
                answer = msgspec.json.decode(kept.answer, type=ready(type_))
            except msgspec.DecodeError:  # kept by another version
                pass
            else:
                self._used[name] = kept
                return answer
        answer = fetch()
        self._used[name] = _Kept(self._now, msgspec.Raw(msgspec.json.encode(answer)))
        return answer

    def text(self) -> str:
        """What this run used, as a bookmark."""
        return msgspec.json.encode(_Bookmark(self._scope, self._used)).decode()
