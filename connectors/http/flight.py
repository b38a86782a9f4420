"""Several requests in flight: chains of dependent requests that advance side by side on a small thread pool."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from connectors.http.waiting import GivenUp, Scope, current_scope

T = TypeVar("T")
R = TypeVar("R")

_END = object()


def side_by_side(pool: ThreadPoolExecutor, chains: Iterable[Iterator[T]], width: int) -> Iterator[tuple[int, T | None]]:
    """Advance up to `width` chains at once; yields (number of a chain, its next value), and (number, None) at its end.

    Values of one chain come in its order, those of different chains as they arrive. Beside the one that the caller
    works on, at most `width` values are asked for or held. An exception in a chain is raised here, and ends the waits
    of the others.
    """
    waiting = deque(enumerate(chains))
    scope = Scope(current_scope())
    flying: dict[Future[object], tuple[int, Iterator[T]]] = {}
    arrived: deque[tuple[int, Future[object]]] = deque()

    def ask() -> None:
        while waiting and len(flying) + len(arrived) < width:
            number, chain = waiting.popleft()
            flying[pool.submit(scope.run, _step, chain)] = (number, chain)

    try:
        ask()
        while flying or arrived:
            if not arrived:
                wait(flying, return_when=FIRST_COMPLETED)
            go_on = []
            for future in [future for future in flying if future.done()]:
                number, chain = flying.pop(future)
                arrived.append((number, future))
                if future.exception() is None and future.result() is not _END:
                    go_on.append((number, chain))
            waiting.extendleft(reversed(go_on))  # before those that have not begun
            number, future = arrived.popleft()
            ask()
            value = _result(future, scope)
            yield number, None if value is _END else value  # type: ignore[misc]  # what is not _END is a T
    finally:
        _settle(flying, scope)


def in_order(pool: ThreadPoolExecutor, call: Callable[[T], R], items: Iterable[T], ahead: int) -> Iterator[R]:
    """`call` on each item, up to `ahead` at once; results in the order of the items. A failure ends the other waits."""
    scope = Scope(current_scope())
    flying: deque[Future[R]] = deque()
    try:
        for item in items:
            flying.append(pool.submit(scope.run, call, item))
            if len(flying) >= ahead:
                yield _result(flying.popleft(), scope)
        while flying:
            yield _result(flying.popleft(), scope)
    finally:
        _settle(flying, scope)


def _step(chain: Iterator[object]) -> object:
    return next(chain, _END)


def _result(future: Future[R], scope: Scope) -> R:
    """What the future gave; for one that was given up since another failed, that one's failure."""
    try:
        return future.result()
    except GivenUp:
        if scope.failure is None:
            raise
        raise scope.failure from None


def _settle(flying: Iterable[Future[R]], scope: Scope) -> None:
    """Drop what has not begun and wait for what has, so that nothing is sent after the caller has gone on.

    Who waits for the tracker is woken: the answer is not wanted any more. When a person breaks off, nobody waits.
    """
    pending = [future for future in flying if not future.cancel()]
    if pending:
        scope.give_up()
    if isinstance(sys.exception(), Exception | GeneratorExit | None):
        wait(pending)
