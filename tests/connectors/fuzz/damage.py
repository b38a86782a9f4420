"""Damages an answer of a tracker in a few places: other kinds of values, missing ones, too large ones, ones twice."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
"""Keys and places on the way to a value."""
Cut = tuple[int, int]
"""Which of the places (counted round and round), and which damage."""

_DEEP: Any = "deep"
for _ in range(60):
    _DEEP = [_DEEP]

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, 0.1, -1e-9, 1e308,
    "", " ", "0", "-1", "1_0", "nan", "inf", "1e999", "null", "x", "a\0b", "\ud83d",
    "\u202e\u0301", "y" * 300, "z" * 70_000,
    "2026-03-01", "2026-03-01T10:00:00", "2026-02-30T10:00:00.000+0000", "9999-12-31T23:59:59.999-1200",
    "0001-01-01T00:00:00.000+1400", "2026-03-01T10:00:00.000+0000", "10:00", [], {}, [None], [[]], {"id": None},
    {"id": 1},
    {"id": "1"}, {"name": None}, {"value": {}}, {"displayName": 5}, ["a", "a"], [{"id": "1", "name": "x"}], _DEEP,
)  # fmt: skip


def _drop(parent: Any, key: Any) -> None:
    del parent[key]


def _twice(parent: Any, key: Any) -> None:
    if isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
    else:
        parent[f"{key}2"] = copy.deepcopy(parent[key])


def _other_kind(parent: Any, key: Any) -> None:
    value = parent[key]
    if isinstance(value, str):
        parent[key] = int(value) if value.isdecimal() else [value]
    else:
        parent[key] = str(value)


def _cut_short(parent: Any, key: Any) -> None:
    value = parent[key]
    parent[key] = value[: len(value) // 2] if isinstance(value, str | list) else {"was": value}


def _neighbour(parent: Any, key: Any) -> None:
    keys = list(range(len(parent))) if isinstance(parent, list) else list(parent)
    other = keys[(keys.index(key) + 1) % len(keys)]
    parent[key], parent[other] = parent[other], parent[key]


def _put(value: Any) -> Callable[[Any, Any], None]:
    def put(parent: Any, key: Any) -> None:
        parent[key] = copy.deepcopy(value)

    return put


DAMAGES: tuple[Callable[[Any, Any], None], ...] = (
    _drop, _drop, _drop, _twice, _other_kind, _other_kind, _cut_short, _neighbour, *map(_put, VALUES),
)  # fmt: skip


def places(payload: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in it, from the top down; the top itself is none."""
    items = payload.items() if isinstance(payload, dict) else enumerate(payload) if isinstance(payload, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


@dataclass(frozen=True, slots=True)
class Damaged:
    """A damaged payload, and which of its places were hit."""

    payload: Any
    hit: list[Path]


def damage(payload: Any, where: Sequence[Path], cuts: Sequence[Cut]) -> Damaged:
    """Apply the cuts one after the other to `payload`; one whose place an earlier cut took away does nothing."""
    hit = []
    for number, kind in cuts:
        path = where[number % len(where)]
        parent = payload
        try:
            for key in path[:-1]:
                parent = parent[key]
            parent[path[-1]]
        except (LookupError, TypeError):
            continue
        if isinstance(parent, dict | list):
            DAMAGES[kind % len(DAMAGES)](parent, path[-1])
            hit.append(path)
    return Damaged(payload, hit)
