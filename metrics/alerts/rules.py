"""What an alert rule is, and the rules that flowmart has of its own."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
"""For numbers and for columns alike."""

HISTORY = 6
LEAST_HISTORY = 4
"""So many of the periods or sprints before must have a figure, else there is nothing to compare with."""

Wanted = str | bool | int
"""A value that a filter asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A figure that is watched, and from when on it is one for a person.

    The limit is `threshold`, or else lies `deviations` sample standard deviations beyond the mean of the `history`
    periods (or sprints) before: above it for > and >=, below it for < and <=.
    """

    name: str
    severity: str
    metric: str
    """`<table>.<column>`: a table of `GROUNDS` and one of its measures."""
    comparison: str
    threshold: float | None = None
    deviations: float | None = None
    history: int = HISTORY
    times: int = 1
    """In a row: in so many of the last periods, or of the last closed sprints of a board."""
    minimum_n: int = 0
    """No alert on a figure behind which fewer things stand. 0: the figure has no such number, or any will do."""
    filter: Mapping[str, tuple[Wanted, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Column → the values of which one must be there; columns that a table's own filter names are overridden."""

    @property
    def looks_back(self) -> int:
        """How many periods (or sprints) it must see."""
        return self.times + (0 if self.deviations is None else self.history)


OLD_WORK = Rule(
    name="old_work",
    severity="low",
    metric="wip_aging.percentile_passed",
    comparison=">=",
    threshold=85,
    minimum_n=20,
)
LONG_BLOCKED = Rule(
    name="long_blocked", severity="medium", metric="blocked_intervals.days", comparison=">", threshold=5
)
LOW_SAY_DO = Rule(
    name="low_say_do",
    severity="medium",
    metric="sprint_metrics.say_do",
    comparison="<",
    threshold=0.6,
    times=2,
    minimum_n=5,
)
HIGH_ESCAPE_RATE = Rule(
    name="high_escape_rate",
    severity="high",
    metric="defect_escape.rate",
    comparison=">",
    deviations=2,
    minimum_n=10,
)
UNKNOWN_DEFECTS = Rule(
    name="unknown_defects",
    severity="low",
    metric="defect_escape.unknown_share",
    comparison=">",
    threshold=0.2,
    minimum_n=10,
)
STALE_SOURCE = Rule(
    name="stale_source", severity="high", metric="sources.hours_since_sync", comparison=">", threshold=26
)

DEFAULTS: Mapping[str, Rule] = {
    rule.name: rule for rule in (STALE_SOURCE, HIGH_ESCAPE_RATE, LOW_SAY_DO, LONG_BLOCKED, OLD_WORK, UNKNOWN_DEFECTS)
}
"""Name → the rule, in the order of the documentation. The limit of `stale_source` is `schedule.max_age`."""
