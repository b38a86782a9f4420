"""What the tables by week and month share: periods, groupings, keys and percentiles as portable SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, Table, case, cast, func, insert, literal
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.selectable import Select

from warehouse.tables.computed import dates

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


def percentile(
    value: ColumnElement[Any], rank: ColumnElement[int], count: ColumnElement[int], percent: int
) -> ColumnElement[Any]:
    """The percentile of a group by linear interpolation between order statistics, as SQL's `percentile_cont`.

    `rank` is each value's place from 1, `count` the number of values, the same in all rows of the group. Whole-number
    arithmetic finds the places, so that every engine takes the same two values.
    """
    position = (func.max(count) - 1) * percent
    below, above = (func.max(case((rank == (count - 1) * percent // 100 + place, value))) for place in (1, 2))
    return below + (position % 100) / 100.0 * (func.coalesce(above, below) - below)
