"""Several requests in flight: chains of dependent requests that advance side by side on a small thread pool."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_END = object()


def side_by_side(pool: ThreadPoolExecutor, chains: Iterable[Iterator[T]], width: int) -> Iterator[tuple[int, T | None]]:
    """Advance up to `width` chains at once; yields (number of a chain, its next value), and (number, None) at its end.

    Values of one chain come in its order, those of different chains as they arrive. A chain is asked for its next
    value when the one before is handed over, so that at most two values a chain are held. An exception in a chain
    is raised here.
    """
    waiting = deque(enumerate(chains))
    flying: dict[Future[object], tuple[int, Iterator[T]]] = {}
    try:
        while waiting or flying:
            while waiting and len(flying) < width:
                number, chain = waiting.popleft()
                flying[pool.submit(next, chain, _END)] = (number, chain)
            done, _ = wait(flying, return_when=FIRST_COMPLETED)
            for future in done:
                number, chain = flying.pop(future)
                value = future.result()
                if value is _END:
                    yield number, None
                    continue
                flying[pool.submit(next, chain, _END)] = (number, chain)
                yield number, value  # type: ignore[misc]  # _END is handled above
    finally:
        _settle(flying)


def in_order(pool: ThreadPoolExecutor, call: Callable[[T], R], items: Iterable[T], ahead: int) -> Iterator[R]:
    """`call` on each item, up to `ahead` at once; results in the order of the items."""
    rest = iter(items)
    flying: deque[Future[R]] = deque()
    try:
        for item in rest:
            flying.append(pool.submit(call, item))
            if len(flying) >= ahead:
                yield flying.popleft().result()
        while flying:
            yield flying.popleft().result()
    finally:
        _settle(flying)


def _settle(flying: Iterable[Future[R]]) -> None:
    """Drop what has not begun and wait for what has, so that nothing is sent after the caller has gone on.

    When a person breaks off, nobody waits: a request may be sleeping for as long as the tracker asked.
    """
    pending = [future for future in flying if not future.cancel()]
    if isinstance(sys.exception(), Exception | GeneratorExit | None):
        wait(pending)
