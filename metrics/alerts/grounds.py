"""What alert rules may watch: computed tables, their figures, what stands behind each, and what to filter by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Double, Integer, Numeric, String, Table, func

from metrics.alerts.rules import Rule, Wanted
from metrics.periods import GROUPINGS
from warehouse.tables import table


class Shape(Enum):
    """What a row is, and so what an alert is about."""

    ISSUES = "an issue that is not finished"
    BLOCKED = "an issue in progress that is blocked"
    SPRINTS = "a sprint; several in a row make it an alert about their board"
    PERIODS = "a period of a group"
    SUMS = "a period, project, home board and more, which are added up by board"
    SOURCES = "a source"


class Unit(Enum):
    """How a figure is shown."""

    NUMBER = "number"
    SHARE = "share"
    DAYS = "days"
    SECONDS = "seconds"
    HOURS = "hours"


SERIES = frozenset({Shape.SPRINTS, Shape.PERIODS, Shape.SUMS})
"""Shapes whose rows follow one another, so that there are several in a row and a mean of those before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A figure of a table. `of` is None for what has to be counted from the run's now."""

    of: ColumnElement[Any] | None
    words: str
    unit: Unit
    n: ColumnElement[Any] | None = None
    """How many things stand behind it, where that says how much it is worth."""
    least: int = 0
    """Fewest of them for a rule that does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A table that rules may watch."""

    table: Table
    shape: Shape
    measures: Mapping[str, Measure]
    choices: Mapping[str, Collection[str]]
    """Column of a filter → its only possible values."""
    usual: Mapping[str, tuple[Wanted, ...]]
    """What a rule filters by unless it says otherwise."""

    @property
    def filters(self) -> Mapping[str, Column[Any]]:
        """Columns that a rule may filter by."""
        return {
            c.name: c
            for c in self.table.columns
            if isinstance(c.type, (String, Boolean, Integer)) and not c.primary_key and c.name not in _NOT_FILTERED
        }

    @property
    def words(self) -> Collection[str]:
        """Names that a rule may use in place of ids: `project` stands for its key or name, `board` for its name."""
        return ("source",) if self.shape is Shape.SOURCES else ("source", "project", "board")

    def filter_of(self, rule: Rule) -> Mapping[str, tuple[Wanted, ...]]:
        """What a rule filters by; one that names a board or a type without a grouping gets that which has them."""
        usual = dict(self.usual)
        if "grouping" in usual:
            by = "board" if {"board", "board_id"} & set(rule.filter) else str(usual["grouping"][0])
            usual["grouping"] = (f"{by}_type" if "issue_type" in rule.filter else by,)
        return {**usual, **rule.filter}


_NOT_FILTERED = frozenset({"basis", "version_id"})
"""Alerts watch the escape rate by discovery."""

_SHARES = frozenset(
    {
        "rate", "unknown_share", "rate_weighted", "reopen_rate", "flow_efficiency",
        *(f"{name}_{unit}" for name in ("say_do", "completion_rate", "scope_change") for unit in ("points", "issues")),
    }
)  # fmt: skip
_WORDS = {
    "wip_aging.age_days": "in progress for",
    "wip_aging.status_age_days": "in its status for",
    "defect_escape.rate": "escape rate",
    "defect_escape.rate_weighted": "weighted escape rate",
    "defect_escape.unknown_share": "share of defects that no rule classifies",
    "sprint_metrics.say_do_points": "say/do in points",
    "sprint_metrics.say_do_issues": "say/do in issues",
    "daily_flow.issues": "issues at the end of the day",
    "cycle_time_trend.n": "issues finished with a cycle time",
    "cycle_time_trend.mean_days": "mean cycle time",
    **{f"cycle_time_trend.p{percent}_days": f"{percent} % cycle time" for percent in (50, 70, 85, 95)},
}


def unit_of(name: str) -> Unit:
    """How a figure of that name is shown."""
    if name in _SHARES:
        return Unit.SHARE
    ends = {"_days": Unit.DAYS, "_seconds": Unit.SECONDS}
    return next((unit for end, unit in ends.items() if name.endswith(end)), Unit.NUMBER)


def _measures(of: Table, behind: Mapping[str, tuple[ColumnElement[Any], int]]) -> dict[str, Measure]:
    """Every number of the table; `behind` says of some what stands behind them, and how few are too few."""
    found = {}
    for column in of.columns:
        if not isinstance(column.type, (Integer, BigInteger, Double, Numeric)):
            continue
        name = column.name
        n, least = behind.get(name, (None, 0))
        words = _WORDS.get(f"{of.name}.{name}") or name.removesuffix("_days").removesuffix("_seconds").replace("_", " ")
        found[name] = Measure(of=column, words=words, unit=unit_of(name), n=n, least=least)
    return found


_PERIOD = {"period": ("week", "month")}
_BY_MONTH = {"period": ("month",), "grouping": ("project",)}
_FEW = 10


def _cycle_time() -> Ground:
    of = table("cycle_time_trend")
    figures = ("mean_days", "p50_days", "p70_days", "p85_days", "p95_days")
    return Ground(
        table=of,
        shape=Shape.PERIODS,
        measures=_measures(of, dict.fromkeys(figures, (of.c.n, _FEW))),
        choices={**_PERIOD, "grouping": tuple(GROUPINGS)},
        usual=_BY_MONTH,
    )


def _escape() -> Ground:
    of = table("defect_escape")
    classified = of.c.escaped + of.c.internal
    behind = {
        "rate": (classified, _FEW),
        "rate_weighted": (classified, _FEW),
        "unknown_share": (of.c.defects, _FEW),
    }
    measures = _measures(of, behind)
    for name in ("escaped_30d", "escaped_90d"):  # of releases only
        del measures[name]
    choices = {**_PERIOD, "grouping": ("all", "project", "board")}
    return Ground(table=of, shape=Shape.PERIODS, measures=measures, choices=choices, usual=_BY_MONTH)


def _quality() -> Ground:
    of = table("defect_quality")
    stands_on = {
        of.c.done_events: ("reopen_rate",),
        of.c.outflow: ("resolve_mean_days", "resolve_p50_days", "resolve_p85_days"),
        of.c.open_defects: ("open_age_mean_days", "open_age_p50_days"),
        of.c.finished_issues: ("defects_per_10_issues", "defects_per_100_points"),
    }
    behind = {name: (column, _FEW) for column, names in stands_on.items() for name in names}
    return Ground(
        table=of,
        shape=Shape.PERIODS,
        measures=_measures(of, behind),
        choices={**_PERIOD, "grouping": ("all", "project", "board")},
        usual=_BY_MONTH,
    )


def _sprints() -> Ground:
    of, few = table("sprint_metrics"), 5
    behind = {
        f"{name}_{unit}": (column, few)
        for name, column in {
            "say_do": of.c.committed_issues,
            "completion_rate": of.c.final_scope_issues,
            "scope_change": of.c.committed_issues,
        }.items()
        for unit in ("points", "issues")
    }
    say_do = Measure(
        # nothing was committed in points: the team does not estimate, and its issues are counted
        of=func.coalesce(of.c.say_do_points, of.c.say_do_issues, type_=Double()),
        words="say/do",
        unit=Unit.SHARE,
        n=of.c.committed_issues,
        least=few,
    )
    return Ground(
        table=of,
        shape=Shape.SPRINTS,
        measures={"say_do": say_do, **_measures(of, behind)},
        choices={"state": ("active", "closed")},
        usual={"state": ("closed",)},
    )


def _velocity() -> Ground:
    of = table("velocity_trend")
    return Ground(table=of, shape=Shape.SPRINTS, measures=_measures(of, {}), choices={}, usual={})


def _ageing() -> Ground:
    of = table("wip_aging")
    measures = _measures(of, {"percentile_passed": (of.c.compared_count, 20)})
    del measures["compared_count"]
    return Ground(table=of, shape=Shape.ISSUES, measures=measures, choices={}, usual={})


def _flow() -> Ground:
    of = table("issue_flow")
    return Ground(table=of, shape=Shape.ISSUES, measures=_measures(of, {}), choices={}, usual={})


def _blocked() -> Ground:
    days = Measure(of=None, words="blocked for", unit=Unit.DAYS)
    # filtered by what the issue in progress is
    return Ground(table=table("wip_aging"), shape=Shape.BLOCKED, measures={"days": days}, choices={}, usual={})


def _throughput() -> Ground:
    of = table("throughput")
    return Ground(table=of, shape=Shape.SUMS, measures=_measures(of, {}), choices=_PERIOD, usual={"period": ("week",)})


def _days() -> Ground:
    of = table("daily_flow")
    return Ground(
        table=of,
        shape=Shape.SUMS,
        measures=_measures(of, {}),
        choices={"level": ("portfolio", "standard", "subtask")},
        usual={"level": ("standard",)},
    )


def _sources() -> Ground:
    hours = Measure(of=None, words="last synced", unit=Unit.HOURS)
    return Ground(
        table=table("sources"), shape=Shape.SOURCES, measures={"hours_since_sync": hours}, choices={}, usual={}
    )


GROUNDS: Mapping[str, Ground] = {
    "wip_aging": _ageing(),
    "blocked_intervals": _blocked(),
    "issue_flow": _flow(),
    "sprint_metrics": _sprints(),
    "velocity_trend": _velocity(),
    "cycle_time_trend": _cycle_time(),
    "throughput": _throughput(),
    "daily_flow": _days(),
    "defect_escape": _escape(),
    "defect_quality": _quality(),
    "sources": _sources(),
}
"""Table, as a rule's metric names it → what may be watched there."""


def ground_of(rule: Rule) -> Ground:
    """The table that a rule watches; raises `KeyError` for one that there is not."""
    return GROUNDS[rule.metric.partition(".")[0]]


def measure_of(rule: Rule) -> Measure:
    """The figure that a rule watches; raises `KeyError` for one that there is not."""
    return ground_of(rule).measures[rule.metric.partition(".")[2]]


def column_of(measure: Measure) -> ColumnElement[Any]:
    """The figure as an expression. Raises `TypeError` for one that has to be counted from the run's now."""
    if measure.of is None:
        raise TypeError(f"{measure.words}: no column holds it")
    return measure.of
