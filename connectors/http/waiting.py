"""How a source waits: by a clock that is handed in, and never longer than somebody still wants the answer."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar

from connectors.errors import TrackerUnavailable

P = ParamSpec("P")
R = TypeVar("R")


class GivenUp(TrackerUnavailable):
    """A wait was ended because nobody wants the answer any more: the source is closed, or its work has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the client needs of the world outside; tests bring their own."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    jitter: Callable[[], float] = random.random
    wait: Callable[[threading.Event, float], object] = threading.Event.wait
    """Waits so many seconds, or until the event is set."""

    def pause(self, seconds: float, bell: threading.Event) -> bool:
        """Wait so long, or until the bell rings; whether the time has passed."""
        self.wait(bell, seconds)
        return not bell.is_set()


class Bells:
    """Those who wait for one thing; `ring` makes each of them look again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bells: set[threading.Event] = set()

    @contextmanager
    def wake(self, bell: threading.Event) -> Iterator[None]:
        """Within, `ring` sets the event."""
        with self._lock:
            self._bells.add(bell)
        try:
            yield
        finally:
            with self._lock:
                self._bells.discard(bell)

    def ring(self) -> None:
        """Wake all who wait now."""
        with self._lock:
            for bell in self._bells:
                bell.set()


class Scope:
    """Requests that are wanted together: all of a source, or those of one flight. They are given up together."""

    def __init__(self, parent: Scope | None = None) -> None:
        self.failure: Exception | None = None
        """What the first call that failed raised, and so why the others were given up."""
        self._parent = parent
        self._bells = Bells()
        self._given_up = False

    def give_up(self) -> None:
        """End every wait of the scope at once, and refuse those to come."""
        self._given_up = True
        self._bells.ring()

    def check(self) -> None:
        """Raise `GivenUp` when this scope or one round it is given up."""
        if self._given_up:
            raise GivenUp("the wait for the tracker was broken off; the next run goes on from here")
        if self._parent is not None:
            self._parent.check()

    @contextmanager
    def wake(self, bell: threading.Event) -> Iterator[None]:
        """Within, giving up this scope or one round it sets the event."""
        with self._bells.wake(bell), nullcontext() if self._parent is None else self._parent.wake(bell):
            yield

    def run(self, call: Callable[P, R], /, *arguments: P.args, **options: P.kwargs) -> R:
        """`call`, whose requests on this thread belong to the scope; when it fails, the scope is given up."""
        before = _current.set(self)
        try:
            return call(*arguments, **options)
        except Exception as error:
            if self.failure is None and not isinstance(error, GivenUp):
                self.failure = error
            self.give_up()
            raise
        finally:
            _current.reset(before)


def current_scope() -> Scope | None:
    """The flight that this thread works for, if any."""
    return _current.get()


_current: ContextVar[Scope | None] = ContextVar("flowmart_scope", default=None)
