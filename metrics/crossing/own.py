"""Which computed rows are one source's own, and which tell of all sources together."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Table, or_

from warehouse.tables import COMPUTED
from warehouse.tables.computed import cycle_time_trend, dates, definitions
from warehouse.tables.computed_defects import defect_escape, defect_quality

ALL = "(all)"
"""Whose rows those of all sources together are; no source of a configuration has such a name."""
OF_ALL: tuple[Table, ...] = (dates, definitions, cycle_time_trend, defect_escape, defect_quality)
"""The tables that have such rows; of the first two, no source has any other."""
OF_SOURCES: tuple[Table, ...] = tuple(table for table in COMPUTED if table not in {dates, definitions})
"""The tables that have rows of a single source."""


def _placed(table: Table) -> ColumnElement[bool]:
    """The row is about a project or a board. Issues without a home board share one row, whatever their source."""
    return or_(table.c.project_id.is_not(None), table.c.board_id.is_not(None))


OWN: Mapping[str, ColumnElement[bool]] = {
    cycle_time_trend.name: _placed(cycle_time_trend),
    # a version is its source's, and so are the defects that it brought
    defect_escape.name: or_(_placed(defect_escape), defect_escape.c.basis == "release"),
    defect_quality.name: _placed(defect_quality),
}
"""Table → which of the rows computed from one source are true of all; those of other tables are, but for the
comparisons of `wip_aging`, which `ageing` makes good."""
