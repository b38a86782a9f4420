"""Types are looked into once, by one thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Generic, TypeVar

import msgspec

from connectors.typed import ready

T = TypeVar("T")


class _Leaf(msgspec.Struct):
    number: int


class _Tree(msgspec.Struct, Generic[T]):
    leaves: list[T] = []


def test_equal_types_are_one() -> None:
    first = _Tree[_Leaf]
    assert ready(first) is first
    assert ready(_Tree[_Leaf]) is first


def test_many_threads_may_decode_a_new_type_at_once() -> None:
    workers = 8
    for _ in range(50):
        name = msgspec.defstruct("Leaf", [("number", int)])
        tree = msgspec.defstruct("Tree", [("leaves", list[name]), ("more", list[_Leaf], [])])
        start = Barrier(workers)

        def decode(kind: type[msgspec.Struct] = tree, barrier: Barrier = start) -> int:
            barrier.wait()
            return len(msgspec.json.decode(b'{"leaves":[{"number":1}]}', type=ready(kind)).leaves)  # type: ignore[attr-defined]  # made here

        with ThreadPoolExecutor(workers) as pool:
            assert list(pool.map(lambda _: decode(), range(workers))) == [1] * workers
