"""A warehouse to fill with made-up companies, one after the other, and to compare with another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, select

from metrics.catalog import classify, compute
from metrics.settings import MetricSettings
from tests.metrics.laws.world import Load
from warehouse.bulk import clear
from warehouse.census import mark_absent
from warehouse.fetching import fetch_rows
from warehouse.loader import Loader
from warehouse.tables import COMPUTED, METADATA, table
from warehouse.tables.operational import data_quality

Rows = Sequence[tuple[Any, ...]]

_COLUMNS: Mapping[str, Sequence[str]] = {
    **{one.name: tuple(one.columns.keys()) for one in COMPUTED},
    "data_quality": tuple(column.name for column in data_quality.columns if column.name != "found_at"),
    "issues": ("issue_id", "stage", "is_defect", "epic_id", "board_id", "sprint_id"),
    "statuses": ("status_id", "stage"),
    "sprints": ("sprint_id", "start_at", "end_at", "state"),
}
"""What `compute` fills: table → columns."""


@dataclass(frozen=True)
class Lab:
    """A warehouse of one engine."""

    engine: Engine

    def emptied(self) -> Lab:
        """Itself, with nothing in it."""
        with self.engine.begin() as connection:
            for one in reversed(METADATA.sorted_tables):
                clear(connection, one)
        return self

    def loads(self, load: Load) -> Lab:
        """Write what a sync found."""
        with self.engine.begin() as connection:
            loader = Loader(connection)
            for replacement in load.replacements:
                loader.replace(replacement)
            loader.upsert(load.records)
            mark_absent(connection, load.absences, datetime.fromisoformat("2026-12-31T12:00:00+00:00"))
        return self

    def computes(self, settings: MetricSettings, now: datetime, *names: str, full: bool = False) -> Lab:
        """Compute what is named, or all."""
        with self.engine.begin() as connection:
            compute(connection, settings, now, names, full=full)
        return self

    def classifies(self, settings: MetricSettings, now: datetime) -> Lab:
        """Do what a sync ends with."""
        with self.engine.begin() as connection:
            classify(connection, settings, now)
        return self

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table by column."""
        source = table(name)
        columns = source.columns.keys()
        with self.engine.connect() as connection:
            return [dict(zip(columns, row, strict=True)) for row in fetch_rows(connection, select(source))]

    def snapshot(self) -> Mapping[str, Rows]:
        """All that `compute` fills: table → rows in the order of their first column."""
        with self.engine.connect() as connection:
            return {name: _ordered(connection, table(name), columns) for name, columns in _COLUMNS.items()}


def _ordered(connection: Connection, source: Table, columns: Sequence[str]) -> Rows:
    return sorted(fetch_rows(connection, select(*(source.c[name] for name in columns))), key=lambda row: str(row[0]))


def differences(one: Mapping[str, Rows], other: Mapping[str, Rows]) -> list[str]:
    """Sentences on all that two snapshots do not share; floats are compared bit by bit."""
    found = []
    for name, columns in _COLUMNS.items():
        here, there = ({row[0]: row for row in snapshot[name]} for snapshot in (one, other))
        for key in sorted({*here, *there}, key=str):
            left, right = here.get(key), there.get(key)
            if left is None or right is None:
                found.append(f"{name}: only {'the other' if left is None else 'the one'} has {left or right}")
            elif left != right:
                unlike = [
                    f"{column} {a!r} ≠ {b!r}" for column, a, b in zip(columns, left, right, strict=True) if a != b
                ]
                found.append(f"{name} {key}: {', '.join(unlike)}")
    return found
