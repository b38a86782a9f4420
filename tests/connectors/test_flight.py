"""Chains side by side, and calls in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import cast

import pytest

from connectors.http.flight import in_order, side_by_side


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as made:
        yield made


def test_each_chain_comes_in_its_order_and_tells_its_end(pool: ThreadPoolExecutor) -> None:
    seen: dict[int, list[str | None]] = {}
    for number, value in side_by_side(pool, (iter(word) for word in ("abc", "", "de")), 2):
        seen.setdefault(number, []).append(value)
    assert seen == {0: ["a", "b", "c", None], 1: [None], 2: ["d", "e", None]}


def test_no_more_chains_than_the_width_are_under_way(pool: ThreadPoolExecutor) -> None:
    open_now: set[int] = set()
    most = 0

    def chain(number: int) -> Iterator[int]:
        nonlocal most
        open_now.add(number)
        most = max(most, len(open_now))
        yield number
        open_now.discard(number)

    assert len(list(side_by_side(pool, map(chain, range(20)), 3))) == 40
    assert most <= 3


class AtOnce:
    """A pool that has done everything as soon as it is asked to."""

    def submit(self, call: Callable[..., object], *arguments: object) -> Future[object]:
        done: Future[object] = Future()
        done.set_result(call(*arguments))
        return done


@pytest.fixture
def at_once() -> ThreadPoolExecutor:
    return cast("ThreadPoolExecutor", AtOnce())


def test_as_many_values_as_the_width_are_ahead_of_the_reader_and_no_more(at_once: ThreadPoolExecutor) -> None:
    asked: list[str] = []

    def chain(name: str) -> Iterator[str]:
        for number in range(3):
            asked.append(f"{name}{number}")
            yield f"{name}{number}"

    reading = side_by_side(at_once, [chain("a"), chain("b")], 2)
    assert next(reading) == (0, "a0")
    assert asked == ["a0", "b0", "a1"]
    assert next(reading) == (1, "b0")
    assert asked == ["a0", "b0", "a1", "a2"]


def test_the_next_chain_begins_before_the_end_of_another_is_told(at_once: ThreadPoolExecutor) -> None:
    begun: list[int] = []

    def chain(number: int) -> Iterator[int]:
        begun.append(number)
        yield number

    reading = side_by_side(at_once, map(chain, range(3)), 2)
    assert [next(reading), next(reading), next(reading)] == [(0, 0), (1, 1), (0, None)]
    assert begun == [0, 1, 2]
    assert [next(reading), next(reading), next(reading)] == [(1, None), (2, 2), (2, None)]


def test_chains_really_run_side_by_side(pool: ThreadPoolExecutor) -> None:
    together = threading.Barrier(3, timeout=10)

    def chain() -> Iterator[int]:
        yield together.wait()

    assert len(list(side_by_side(pool, [chain(), chain(), chain()], 3))) == 6


def test_what_a_chain_raises_is_raised_to_the_reader(pool: ThreadPoolExecutor) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        list(side_by_side(pool, [broken(), iter([1, 2])], 2))


def test_nothing_is_under_way_once_the_reader_has_left(pool: ThreadPoolExecutor) -> None:
    asked: list[int] = []

    def chain() -> Iterator[int]:
        for number in range(1_000):
            asked.append(number)
            yield number

    reading = side_by_side(pool, [chain()], 1)
    next(reading)
    reading.close()
    after = len(asked)
    pool.submit(int).result()
    assert len(asked) == after < 10


def test_results_come_in_the_order_of_the_items(pool: ThreadPoolExecutor) -> None:
    first_may_end = threading.Event()

    def call(item: int) -> int:
        if item == 0:
            first_may_end.wait(10)
        if item == 2:
            first_may_end.set()
        return item * item

    assert list(in_order(pool, call, range(6), 3)) == [0, 1, 4, 9, 16, 25]


def test_what_a_call_raises_is_raised_in_its_place(pool: ThreadPoolExecutor) -> None:
    results = in_order(pool, lambda item: 1 // item, [2, 1, 0, 1], 2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_nobody_waits_when_a_person_breaks_off(pool: ThreadPoolExecutor) -> None:
    may_end = threading.Event()

    def chain() -> Iterator[int]:
        yield 1
        may_end.wait(60)
        yield 2

    reading = side_by_side(pool, [chain()], 1)
    next(reading)
    with pytest.raises(KeyboardInterrupt):
        reading.throw(KeyboardInterrupt)
    assert not may_end.is_set()
    may_end.set()
