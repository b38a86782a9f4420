"""What the rows of all sources are computed from, as questions that any store of computed tables can answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from metrics.crossing.chunks import Chunk
from metrics.trends.wip_aging import WINDOW
from warehouse.tables.computed import issue_flow, throughput
from warehouse.tables.computed_defects import defects

Condition = tuple[str, str, Any]
"""Column, one of `==`, `>=`, `<=`, `is`, `is not`, and a value; None behind the last two."""


@dataclass(frozen=True, slots=True)
class Question:
    """Columns of a table, for the rows that fulfil all conditions of any of the alternatives."""

    table: str
    columns: Sequence[str]
    where: Sequence[Sequence[Condition]]


Pool = Callable[[Question], Iterable[tuple[Any, ...]]]
"""Answers a question with rows of all sources, in any order, as Python values."""


def finished(chunk: Chunk) -> Question:
    """Delivered issues: day, home board, type, days that they took (None: skipped in_progress)."""
    days: list[Condition] = [("finished_on", ">=", chunk.first), ("finished_on", "<=", chunk.until)]
    return Question(
        issue_flow.name,
        ("finished_on", "board_id", "issue_type", "cycle_days"),
        [[*days, ("exclusion", "is", None)], [*days, ("exclusion", "==", "skipped_in_progress")]],
    )


def found(chunk: Chunk) -> Question:
    """Defects that were created then: day, home board, severity, class."""
    days: list[Condition] = [("created_on", ">=", chunk.first), ("created_on", "<=", chunk.until)]
    columns = ("created_on", "board_id", "severity", "escape_class")
    return Question(defects.name, columns, [[("is_cancelled", "==", False), *days]])


def alive(chunk: Chunk) -> Question:
    """Defects that reach into these periods: home board, then what a `Life` has, its moves as text."""
    counted: list[Condition] = [("is_cancelled", "==", False), ("created_on", "<=", chunk.until)]
    columns = ("board_id", "created_at", "created_on", "finished_at", "finished_on", "resolve_seconds", "stage_moves")
    ends: list[Condition] = [
        ("finished_on", "is", None),
        ("finished_on", ">=", chunk.first),
        ("stage_moves", "is not", None),
    ]
    return Question(defects.name, columns, [[*counted, end] for end in ends])


def delivered(chunk: Chunk) -> Question:
    """Sums of delivered issues: home board, period, its first day, type, issues, points."""
    columns = ("board_id", "period", "period_start", "issue_type", "finished_issues", "finished_points")
    days: list[Condition] = [("period_start", ">=", chunk.first), ("period_start", "<=", chunk.last)]
    return Question(throughput.name, columns, [days])


def cycle_days(today: date) -> Question:
    """The cycle times that ages are compared with."""
    since: date = today - WINDOW
    return Question(issue_flow.name, ("cycle_days",), [[("finished_on", ">=", since), ("cycle_days", "is not", None)]])
