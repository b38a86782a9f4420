"""Computed tables with given rows, and what the rules find in them: a test says only the columns that matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Boolean, Column, Date, Engine, String, Text, insert

from metrics.alerts.finding import find
from metrics.alerts.rules import Rule
from metrics.alerts.scene import Scene
from warehouse.alerts import Alarm
from warehouse.tables import table
from warehouse.types import JsonText, UtcDateTime

NOW = datetime(2026, 10, 2, 2, 15, tzinfo=UTC)
"""A Friday."""


def ago(**time: float) -> datetime:
    """An instant before now."""
    return NOW - timedelta(**time)


def month(back: int) -> date:
    """The first day of the month so many before October."""
    return date(2026, 10 - back, 1)


@dataclass
class Tables:
    """A warehouse to fill and to look at."""

    engine: Engine
    sources: tuple[str, ...] = ("acme",)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    rows: int = 0

    def has(self, name: str, /, **values: Any) -> Tables:
        """One row more; what is required and not given is something that no rule looks at."""
        self.rows += 1
        of = table(name)
        row = {c.name: self._some(c) for c in of.columns if not c.nullable or c.primary_key} | values
        with self.engine.begin() as connection:
            connection.execute(insert(of).values(row))
        return self

    def _some(self, column: Column[Any]) -> Any:
        some: Mapping[type, Any] = {
            UtcDateTime: NOW, Date: NOW.date(), Boolean: False, JsonText: "{}", Text: "", String: f"some {self.rows}",
        }  # fmt: skip
        return next((value for type_, value in some.items() if isinstance(column.type, type_)), 0)

    def has_board(self, number: int = 7, name: str = "Red", project: str = "PAY") -> Tables:
        """A board in its project, whose id is its key."""
        self.has("boards", board_id=f"acme:{number}", source_id="acme", project_id=f"acme:{project}", name=name)
        return self.has("projects", project_id=f"acme:{project}", source_id="acme", key=project, name=f"{project}ments")

    def has_issue(self, number: int, **values: Any) -> Tables:
        """An issue of PAY on the board Red, and its row of `wip_aging`, which `values` are of."""
        place = {"project_id": "acme:PAY", "board_id": "acme:7"} | {
            name: values.pop(name) for name in ("project_id", "board_id") if name in values
        }
        issue_id, key = f"acme:{number}", f"PAY-{number}"
        self.has("issues", issue_id=issue_id, key=key, url=f"https://acme.example/{key}", source_id="acme", **place)
        return self.has("wip_aging", issue_id=issue_id, **place, **values)

    def has_sprint(self, number: int, days_ago: float, board: str | None = "acme:7", **figures: Any) -> Tables:
        """A sprint that was closed so long ago, with 10 committed issues."""
        self.has("sprints", sprint_id=f"acme:{number}", name=f"Sprint {number}", source_id="acme", board_id=board)
        values = {"state": "closed", "end_at": ago(days=days_ago), "committed_issues": 10} | figures
        return self.has("sprint_metrics", sprint_id=f"acme:{number}", board_id=board, **values)

    def has_escape(self, back: int, escaped: int, internal: int, unknown: int = 0, **values: Any) -> Tables:
        """A month of PAY in `defect_escape`."""
        known, defects = escaped + internal, escaped + internal + unknown
        figures = {
            "period": "month", "period_start": month(back), "basis": "discovery", "grouping": "project",
            "project_id": "acme:PAY", "defects": defects, "escaped": escaped, "internal": internal,
            "unknown": unknown, "rate": escaped / known if known else None,
            "unknown_share": unknown / defects if defects else None,
        }  # fmt: skip
        return self.has("defect_escape", **figures | values)

    def finds(self, rule: Rule, **changes: Any) -> list[Alarm]:
        """What the rule, with changes, finds now."""
        with self.engine.connect() as connection:
            return list(find(Scene(connection, NOW, self.zone, self.sources), [replace(rule, **changes)]))

    def messages(self, rule: Rule, **changes: Any) -> list[str]:
        """The sentences of that."""
        return [alarm.message for alarm in self.finds(rule, **changes)]


@pytest.fixture
def tables(warehouse: Engine) -> Tables:
    """Empty tables on each engine in turn."""
    return Tables(warehouse)
