"""Defect escape rate: by week and month of discovery, and by the release that introduced the defect."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, select

from metrics.base import Context, Metric
from metrics.defects.escape_rules import ESCAPED, INTERNAL, UNKNOWN
from metrics.periods import STARTS, key_of
from warehouse.bulk import clear, insert_rows
from warehouse.fetching import fetch_as, fetch_rows, portions
from warehouse.tables.computed import issue_flow
from warehouse.tables.computed_defects import defect_escape, defects

_WITHIN = (30, 90)
_READ = (
    "created_on",
    "project_id",
    "board_id",
    "severity",
    "escape_class",
    "introduced_in_version_id",
    "days_after_release",
)


class Found(NamedTuple):
    """A defect that is not cancelled, as far as it matters here."""

    created_on: date
    project_id: str
    board_id: str | None
    severity: str | None
    escape_class: str
    version_id: str | None = None
    days_after_release: int | None = None


Span = tuple[str, date, str, str | None]
"""Period, its first day, basis and version."""
Group = tuple[str, str | None, str | None]
"""Grouping, project and board."""


def spans_of(day: date) -> list[Span]:
    """The week and the month in which a defect was found."""
    return [(period, start(day), "discovery", None) for period, start in STARTS.items()]


def groups_of(project_id: str, board_id: str | None) -> tuple[Group, Group, Group]:
    """The groups that an issue counts in."""
    return ("all", None, None), ("project", project_id, None), ("board", None, board_id)


def escape_rows(
    found: Iterable[Found], weights: Mapping[str, float], wanted: Collection[Span] | None = None
) -> Iterator[tuple[Any, ...]]:
    """Rows of `defect_escape` for the spans of the defects, or for those of `wanted` only.

    Those found before the release of their version count in its row, and not as found within days after it.
    """
    counts: defaultdict[Span, Counter[Any]] = defaultdict(Counter)
    by_day: dict[date, list[Span]] = {}
    alike = Counter(found)  # most defects of a day and place are alike
    for (day, project_id, board_id, severity, kind, version_id, age), count in alike.items():
        spans = by_day.get(day)
        if spans is None:
            spans = by_day[day] = spans_of(day)
        for span in spans:
            counts[span][project_id, board_id, kind, severity, None] += count
        if version_id is not None and age is not None:
            release: Span = ("release", day - timedelta(days=age), "release", version_id)
            counts[release][project_id, board_id, kind, severity, age] += count
    folded = {severity.casefold(): weight for severity, weight in weights.items()}
    for span, in_span in counts.items():
        if wanted is None or span in wanted:
            yield from _rows_of(span, in_span, folded)


class _Sums:
    """What the defects of a group add up to."""

    def __init__(self) -> None:
        self.of_kind: Counter[str] = Counter()
        self.weighted: Counter[tuple[str, float]] = Counter()
        self.within: Counter[int] = Counter()

    def figures(self, *, by_release: bool) -> tuple[Any, ...]:
        """From `defects` to `escaped_90d`, in the order of the columns."""
        escaped, internal, unknown = (self.of_kind[kind] for kind in (ESCAPED, INTERNAL, UNKNOWN))
        total = escaped + internal + unknown
        heavy, light = (
            math.fsum(weight * n for (kind, weight), n in self.weighted.items() if kind == wanted)
            for wanted in (ESCAPED, INTERNAL)
        )
        return (
            total,
            escaped,
            internal,
            unknown,
            escaped / (escaped + internal) if escaped + internal else None,
            unknown / total,
            heavy / (heavy + light) if heavy + light else None,
            *((self.within[days] for days in _WITHIN) if by_release else (None, None)),
        )


def _rows_of(span: Span, counts: Mapping[Any, int], weights: Mapping[str, float]) -> Iterator[tuple[Any, ...]]:
    groups: defaultdict[Group, _Sums] = defaultdict(_Sums)
    for (project_id, board_id, kind, severity, age), count in counts.items():
        weight = weights.get((severity or "").casefold(), 1.0)
        for group in groups_of(project_id, board_id):
            sums = groups[group]
            sums.of_kind[kind] += count
            sums.weighted[kind, weight] += count
            for days in _WITHIN if kind == ESCAPED and age is not None else ():
                sums.within[days] += count if 0 <= age <= days else 0
    for group, sums in groups.items():
        yield key_of(*span, *group), *span, *group, *sums.figures(by_release=span[2] == "release")


def _compute(context: Context) -> None:
    connection, weights = context.connection, context.settings.defects.severity_weights
    of = defects.c
    if context.everything:
        clear(connection, defect_escape)
        rows = escape_rows(_found(connection, of.is_cancelled.is_(False)), weights)
        insert_rows(connection, defect_escape, defect_escape.columns.keys(), rows)
        return
    _renew_discovery(context)
    for few in portions(sorted(context.reach.version_ids)):
        connection.execute(delete(defect_escape).where(defect_escape.c.version_id.in_(few)))
        found = _found(connection, of.introduced_in_version_id.in_(few))
        rows = (row for row in escape_rows(found, weights) if row[3] == "release")
        insert_rows(connection, defect_escape, defect_escape.columns.keys(), rows)


def _renew_discovery(context: Context) -> None:
    """The weeks and months in which the defects of `reach` were found; when that was never changes."""
    connection, weights = context.connection, context.settings.defects.severity_weights
    days: set[date] = set()
    for few in portions(sorted(context.reach.defect_ids)):
        flow = issue_flow.c
        days.update(day for (day,) in fetch_rows(connection, select(flow.created_on).where(flow.issue_id.in_(few))))
    wanted = {span for day in days for span in spans_of(day)}
    if not wanted:
        return
    of, rows_of = defects.c, defect_escape.c
    for period in STARTS:
        starts = sorted(start for name, start, _, _ in wanted if name == period)
        connection.execute(delete(defect_escape).where(rows_of.period == period, rows_of.period_start.in_(starts)))
    first, last = min(start for _, start, _, _ in wanted), max(days) + timedelta(days=31)
    rows = escape_rows(_found(connection, of.created_on.between(first, last)), weights, wanted)
    insert_rows(connection, defect_escape, defect_escape.columns.keys(), rows)


def _found(connection: Connection, where: ColumnElement[bool]) -> Iterator[Found]:
    of = defects.c
    statement = select(*(of[name] for name in _READ)).where(of.is_cancelled.is_(False), where)
    return iter(fetch_as(Found, connection, statement))


METRIC = Metric(
    name="defect_escape",
    tables=(defect_escape,),
    depends_on=("defects",),
    reads=("defects", "calendar.timezone", "levels", "workflow", "source_workflows"),
    compute=_compute,
)
"""Fills `defect_escape`."""
