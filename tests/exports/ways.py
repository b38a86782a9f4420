"""The ways that filters go through a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from exports.model import Relationship


def ways(relationships: Iterable[Relationship]) -> Counter[tuple[str, str]]:
    """(filtering table, filtered table) → in how many ways filters get there."""
    below: dict[str, list[str]] = {}
    for relationship in relationships:
        if relationship.is_active:
            below.setdefault(relationship.to_table, []).append(relationship.table)
    counted: Counter[tuple[str, str]] = Counter()

    def walk(start: str, at: str) -> None:
        for table in below.get(at, ()):
            counted[start, table] += 1
            walk(start, table)

    for start in below:
        walk(start, start)
    return counted
