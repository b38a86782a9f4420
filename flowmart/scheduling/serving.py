"""Turns a plan until a signal ends it."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import FrameType

from flowmart.scheduling.plan import Attempt, Plan

_LOG = logging.getLogger(__name__)
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LOOK_SECONDS = 1.0
"""Never a longer sleep: a machine that was suspended wakes up with the rest of it still to go."""


class Stop(BaseException):
    """Breaks off the step under way: pages in hand are committed, other open transactions rolled back."""


@dataclass(slots=True)
class _State:
    stopping: bool = False
    may_break: bool = False


def serve(plan: Plan, attempt: Attempt, *, sleep: Callable[[float], None], ready: Callable[[], None]) -> None:
    """Turn the plan until SIGTERM or SIGINT.

    `ready` is called once, when signals are heeded. Steps run in this thread, so that two never overlap and a signal
    breaks one off. A step that raises is logged and settled: it comes again when it is next due.
    """
    state = _State()

    def guarded(step: str, due: datetime) -> bool:
        outcome: list[bool] = []
        if not _breakably(state, lambda: outcome.append(_attempted(attempt, step, due))):
            _LOG.warning("%s was broken off; what was committed is kept, the next start goes on from there", step)
        return any(outcome)

    with _heeding_signals(state):
        ready()
        while not state.stopping:
            wakes_at = plan.turn(guarded)
            rest = _LOOK_SECONDS if wakes_at is None else (wakes_at - plan.clock()).total_seconds()
            if rest > 0:
                _breakably(state, partial(sleep, min(rest, _LOOK_SECONDS)))


def _attempted(attempt: Attempt, step: str, due: datetime) -> bool:
    try:
        return attempt(step, due)
    except Exception:  # noqa: BLE001 - a night that fails must not end the nights after it
        _LOG.exception("%s failed by a defect of flowmart", step)
        return True


def _breakably(state: _State, call: Callable[[], None]) -> bool:
    """Do it unless a signal came, which also breaks it off; returns whether it came to its end."""
    try:
        try:
            state.may_break = True
            if not state.stopping:
                call()
        finally:
            state.may_break = False
    except Stop:
        return False
    return True


@contextmanager
def _heeding_signals(state: _State) -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> None:
        first, state.stopping = not state.stopping, True
        if first and state.may_break:
            raise Stop

    before = {number: signal.signal(number, stop) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
