"""What the tables by week and month share: periods, groupings, keys and percentiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, String, Table, case, cast, func, insert, literal
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.selectable import Select

from metrics.calendar import week_start
from warehouse.tables.computed import dates


def month_start(day: date) -> date:
    """The first day of the day's month."""
    return day.replace(day=1)


STARTS: Mapping[str, Callable[[date], date]] = {"week": week_start, "month": month_start}
"""Period → what gives the first day of the one that a day is in."""

PERIODS: Mapping[str, ColumnElement[Any]] = {"week": dates.c.week_start, "month": dates.c.month_start}
"""Period → the column of `dates` with its first day."""

GROUPINGS: Mapping[str, Sequence[str]] = {
    "all": (),
    "project": ("project_id",),
    "project_type": ("project_id", "issue_type"),
    "board": ("board_id",),
    "board_type": ("board_id", "issue_type"),
}
"""Grouping → the columns it uses."""


def joined(*parts: ColumnElement[Any] | str) -> ColumnElement[str]:
    """The parts as one text with colons between; NULL is an empty part."""
    texts = [literal(part) if isinstance(part, str) else func.coalesce(cast(part, String), "") for part in parts]
    whole: ColumnElement[str] = texts[0]
    for text in texts[1:]:
        whole = whole.concat(":").concat(text)
    return whole


def used(source: Table, grouping: str, name: str) -> ColumnElement[Any]:
    """The source's column where the grouping uses it, else NULL."""
    return source.c[name] if name in GROUPINGS[grouping] else cast(literal(None), String)


def counted(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows of a group fulfil the condition."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def insert_from(target: Table, values: Mapping[str, ColumnElement[Any]], rows: Select[Any]) -> Insert:
    """INSERT … SELECT of `values` (target column → expression) over what `rows` selects from."""
    return insert(target).from_select(
        list(values), rows.with_only_columns(*values.values(), maintain_column_froms=True)
    )


def key_of(*parts: object) -> str:
    """The parts as one text with colons between; None is an empty part."""
    return ":".join(["" if part is None else str(part) for part in parts])


def percentile(ordered: Sequence[float], percent: int) -> float:
    """A percentile of at least one value, in ascending order, by linear interpolation, as SQL's `percentile_cont`."""
    below, hundredths = divmod((len(ordered) - 1) * percent, 100)
    value = ordered[below]
    return value + (ordered[below + 1] - value) * hundredths / 100 if hundredths else value
