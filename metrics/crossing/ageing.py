"""Compares the age of work in progress with all cycle times of all sources, where board and project have too few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from metrics.trends.wip_aging import NARROW, Yardstick
from warehouse.tables.computed import wip_aging

_COLUMNS = wip_aging.columns.keys()
_AGE, _PASSED, _WITH, _COUNT = map(_COLUMNS.index, ("age_days", "percentile_passed", "compared_with", "compared_count"))


def compared(rows: Iterable[Sequence[Any]], widest: Yardstick) -> Iterator[tuple[Any, ...]]:
    """The rows of `wip_aging`; those compared with no board or project are compared with `widest` instead."""
    for row in rows:
        if row[_WITH] in NARROW:
            yield tuple(row)
            continue
        values = list(row)
        values[_PASSED] = widest.passed(row[_AGE])
        values[_WITH], values[_COUNT] = widest.compared_with, widest.compared_count
        yield tuple(values)
