"""Which issues a statement is about: all defects, or a few by their ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, select

from warehouse.tables.loaded import issues

Among = Callable[[ColumnElement[str]], ColumnElement[bool]]
"""A column of issue ids → the condition that the issue is one of those meant."""


def all_defects(column: ColumnElement[str]) -> ColumnElement[bool]:
    """All issues of a type of defect."""
    return column.in_(select(issues.c.issue_id).where(issues.c.is_defect.is_(True)))


def those(ids: Sequence[str]) -> Among:
    """The issues of these ids: few enough for one statement."""
    return lambda column: column.in_(ids)
