"""What all taken-apart numbers share: lines of issues, and figures that the lines must give again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlalchemy import select

from flowmart.explaining.reading import AnyRow, Source
from flowmart.explaining.shapes import Figure, Line, Listed, Value
from warehouse.fetching import portions
from warehouse.tables.loaded import issues

_ALMOST = 1e-9

Names = Mapping[str, tuple[str, str, str]]
"""Issue id → key, type, summary."""


def names_of_issues(source: Source, ids: Iterable[str]) -> Names:
    """What lines show of issues."""
    found = {}
    of = issues.c
    for some in portions(sorted(set(ids))):
        for row in source.rows(select(of.issue_id, of.key, of.issue_type, of.summary).where(of.issue_id.in_(some))):
            found[row.issue_id] = (row.key, row.issue_type, row.summary)
    return found


def line(names: Names, issue_id: str, *marks: str, **values: Value) -> Line:
    """A line about an issue."""
    key, issue_type, summary = names.get(issue_id, (issue_id, "", ""))
    return Line(issue_id=issue_id, key=key, issue_type=issue_type, summary=summary, values=values, marks=marks)


def listed(name: str, rule: str, lines: Iterable[Line]) -> Listed:
    """A list of issues."""
    return Listed(name=name, rule=rule, lines=tuple(lines))


def figure(name: str, stored: Value, from_issues: Value, formula: str) -> Figure:
    """A stored number beside that of the issues; a row that is not there agrees with nothing to count."""
    return Figure(
        name=name,
        stored=stored,
        from_issues=from_issues,
        formula=formula,
        agrees=same(stored, from_issues) or (stored is None and not from_issues),
    )


def same(one: Value, other: Value) -> bool:
    """Equal, but for what the order of adding floats does."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=_ALMOST, abs_tol=_ALMOST)
    return one == other


def total(lines: Iterable[Line], name: str) -> float:
    """The sum of a value of the lines; none counts as 0."""
    return math.fsum(value for one in lines if isinstance(value := one.values.get(name), int | float))


def mean(values: Sequence[float]) -> float | None:
    """The arithmetic mean; None of nothing."""
    return math.fsum(values) / len(values) if values else None


def ratio(above: float, below: float) -> float | None:
    """The quotient; None where there is a zero below the line."""
    return above / below if below else None


def percentile(values: Sequence[float], percent: int) -> float | None:
    """By linear interpolation between the sorted values, as `percentile_cont`; None of nothing."""
    if not values:
        return None
    below, part = place(len(values), percent)
    above = values[min(below + 1, len(values) - 1)]
    return values[below] + part * (above - values[below])


def place(n: int, percent: int) -> tuple[int, float]:
    """Where a percentile of n sorted values lies: after which one (from 0), and how far towards the next."""
    position = (n - 1) * percent
    return position // 100, position % 100 / 100


def in_points(value: float | None) -> str:
    """`1 point`, `2.5 points`; none is 0."""
    return f"{value or 0:g} point" if value == 1 else f"{value or 0:g} points"


def by_key(row: AnyRow, names: Names) -> tuple[str, int, str]:
    """Sorts rows about issues as people sort keys: PAY-9 before PAY-10."""
    key = names.get(row.issue_id, (row.issue_id, "", ""))[0]
    head = key.rstrip("0123456789")
    return head, int(key[len(head) :] or 0), key


def sorted_by(rows: Iterable[AnyRow], key: Callable[[AnyRow], object]) -> list[AnyRow]:
    """The rows in an order that has None last."""
    return sorted(rows, key=lambda row: ((value := key(row)) is None, value))
