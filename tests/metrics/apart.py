"""Sources computed each in a warehouse of its own and joined again, on SQLite and nothing else."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, or_, select

from metrics.calendar import local_day, rows_since
from metrics.catalog import METRICS, definition_rows
from metrics.crossing.ageing import compared
from metrics.crossing.chunks import chunks
from metrics.crossing.outlines import read_outline, together
from metrics.crossing.own import OF_SOURCES, OWN
from metrics.crossing.pool import Condition, Question, cycle_days
from metrics.crossing.trends import rows_of_all
from metrics.settings import MetricSettings
from metrics.trends.wip_aging import widest
from warehouse.fetching import fetch_rows
from warehouse.tables import table
from warehouse.tables.computed import wip_aging

Rows = Sequence[tuple[Any, ...]]

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    ">=": operator.ge,
    "<=": operator.le,
    "is": lambda column, value: column.is_(value),
    "is not": lambda column, value: column.is_not(value),
}


def asking(engines: Sequence[Engine]) -> Callable[[Question], Iterator[tuple[Any, ...]]]:
    """A pool of these warehouses."""

    def ask(question: Question) -> Iterator[tuple[Any, ...]]:
        of = table(question.table).c

        def holds(condition: Condition) -> ColumnElement[bool]:
            found: ColumnElement[bool] = _OPERATORS[condition[1]](of[condition[0]], condition[2])
            return found

        where = or_(*(and_(*map(holds, alternative)) for alternative in question.where))
        for engine in engines:
            with engine.connect() as connection:
                yield from fetch_rows(connection, select(*(of[name] for name in question.columns)).where(where))

    return ask


def joined(engines: Sequence[Engine], settings: MetricSettings, now: datetime, months: int = 1) -> Mapping[str, Rows]:
    """Computed table → rows of all these computed warehouses, as if they were one; in no order."""
    found: dict[str, list[tuple[Any, ...]]] = {one.name: [] for one in OF_SOURCES}
    outlines = []
    for engine in engines:
        with engine.connect() as connection:
            outlines.append(read_outline(connection))
            for one in OF_SOURCES:
                own = OWN.get(one.name)
                found[one.name] += fetch_rows(connection, select(one) if own is None else select(one).where(own))
    outline, today, ask = together(outlines), local_day(now, settings.calendar.timezone), asking(engines)
    ages = widest(sorted(days for (days,) in ask(cycle_days(today))))
    found[wip_aging.name] = [*compared(found[wip_aging.name], ages)]
    for chunk in chunks(outline, today, months):
        for name, rows in rows_of_all(chunk, ask, outline, settings, now).items():
            found[name] += rows
    found["dates"] = [*rows_since(outline.oldest, settings.calendar, now)]
    found["definitions"] = [tuple(row.values()) for row in definition_rows(METRICS, settings, now)]
    return found


def differences(one: Mapping[str, Rows], other: Mapping[str, Rows]) -> list[str]:
    """Sentences on all that two sets of computed tables do not share."""
    found = [f"only one has {name}" for name in one.keys() ^ other.keys()]
    for name in sorted(one.keys() & other.keys()):
        columns = table(name).columns.keys()
        if len(one[name]) != len(other[name]):
            found.append(f"{name}: {len(one[name])} rows against {len(other[name])}")
        here, there = ({row[0]: row for row in rows[name]} for rows in (one, other))
        for key in sorted({*here, *there}, key=str):
            left, right = here.get(key), there.get(key)
            if left is None or right is None:
                found.append(f"{name}: only {'the other' if left is None else 'the one'} has {left or right}")
            elif left != right:
                unlike = [f"{c} {a!r} ≠ {b!r}" for c, a, b in zip(columns, left, right, strict=True) if a != b]
                found.append(f"{name} {key}: {', '.join(unlike)}")
    return found
