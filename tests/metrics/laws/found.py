"""A computed company as tests read it: rows by column, grouped by what they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from metrics.settings import MetricSettings
from tests.metrics.laws.lab import Lab
from tests.metrics.laws.scripts import Company

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """What a computation found."""

    company: Company
    settings: MetricSettings
    now: datetime
    lab: Lab

    @cached_property
    def issues(self) -> Sequence[Row]:
        """Those that were there by now."""
        return [issue for issue in self.lab.rows("issues") if issue["created_at"] <= self.now]

    @cached_property
    def stays(self) -> Mapping[str, Sequence[Row]]:
        """Issue → its rows of `status_intervals` in order."""
        return self.by("status_intervals", "issue_id", lambda row: int(row["status_interval_id"].rpartition(":")[2]))

    @cached_property
    def blocked(self) -> Mapping[str, Sequence[Row]]:
        """Issue → its rows of `blocked_intervals` in order."""
        return self.by("blocked_intervals", "issue_id", lambda row: row["entered_at"])

    def by(self, name: str, column: str, key: Any) -> Mapping[str, Sequence[Row]]:
        """Rows of a table by a column, each group in the order of `key`."""
        groups: defaultdict[str, list[Row]] = defaultdict(list)
        for row in sorted(self.lab.rows(name), key=key):
            groups[row[column]].append(row)
        return groups
