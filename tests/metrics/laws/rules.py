"""Strategies of settings: rules of every kind, and the same with some of them changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from metrics.settings import DEFAULT_CANCELLED, Calendar, DefectRule, Defects, MetricSettings, StageNames, Workflow

ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "UTC", "America/Los_Angeles")]

RULES = (
    DefectRule(name="prod", escaped=True, labels=frozenset({"Prod"})),
    DefectRule(name="shipped", escaped=True, affects_released=True),
    DefectRule(name="caused", escaped=False, link_types=frozenset({"Caused by"}), linked_types=frozenset({"Story"})),
    DefectRule(name="linked", escaped=True, link_types=frozenset({"caused by"})),
    DefectRule(name="grave", escaped=True, field="severity", values=frozenset({"high"})),
    DefectRule(name="kept", escaped=False, field="resolution", values=frozenset({"Fixed"})),
    DefectRule(name="bugs", escaped=False, types=frozenset({"Bug"})),
)

_PARTS: Mapping[str, Sequence[Any]] = {
    "waiting": [frozenset({"Review"}), frozenset()],
    "blocked": [frozenset(), frozenset({"Parked", "in review"})],
    "blocked_labels": [frozenset({"Blocked"}), frozenset()],
    "blocked_by_links": [True, True, False],
    "cancelled_resolutions": [DEFAULT_CANCELLED, frozenset({"fixed"})],
    "stages": [StageNames(), StageNames(done=frozenset({"review"})), StageNames(todo=frozenset({"Parked"}))],
    "types": [{}, {"Bug": StageNames(in_progress=frozenset({"To Do"}))}],
    "projects": [{}, {"OPS": StageNames(done=frozenset({"Dropped"}))}],
    "own": [{}, {"ado": Workflow(waiting=frozenset({"Doing"}))}],
    "grace_hours": [0.0, 6.0],
    "timezone": ZONES,
    "working_hours": [(time(9), time(17)), (time(0), None)],
    "holidays": [None, "DE"],
    "defect_types": [frozenset({"Bug"}), frozenset({"Bug", "Task"})],
    "weights": [{}, {"High": 2.5, "Low": 0.1}],
    "levels": [frozenset({"standard"}), frozenset({"standard"}), frozenset({"standard", "subtask"})],
}


def _settings(parts: Mapping[str, Any]) -> MetricSettings:
    names = ("waiting", "blocked", "blocked_labels", "blocked_by_links", "cancelled_resolutions")
    return MetricSettings(
        workflow=Workflow(
            stages=parts["stages"],
            types=parts["types"],
            projects=parts["projects"],
            **{name: parts[name] for name in names},
        ),
        source_workflows=parts["own"],
        grace_hours=parts["grace_hours"],
        calendar=Calendar(timezone=parts["timezone"], working_hours=parts["working_hours"], holidays=parts["holidays"]),
        defects=Defects(types=parts["defect_types"], rules=parts["rules"], severity_weights=parts["weights"]),
        levels=parts["levels"],
    )


@st.composite
def _rule_lists(draw: st.DrawFn) -> tuple[DefectRule, ...]:
    rules = draw(st.permutations(RULES))[: draw(st.integers(0, len(RULES)))]
    return tuple(rules)


@st.composite
def settings_in_turn(draw: st.DrawFn, count: int) -> list[MetricSettings]:
    """So many settings, one after the other: each is mostly the one before."""
    parts = {name: draw(st.sampled_from(values)) for name, values in _PARTS.items()}
    parts["rules"] = draw(_rule_lists())
    found = [_settings(parts)]
    for _ in range(count - 1):
        if draw(st.integers(0, 3)) == 3:
            for name in draw(st.lists(st.sampled_from([*_PARTS, "rules"]), min_size=1, max_size=2)):
                parts[name] = draw(_rule_lists() if name == "rules" else st.sampled_from(_PARTS[name]))
        found.append(_settings(parts))
    return found


def at_utc(settings: MetricSettings) -> MetricSettings:
    """The same in UTC."""
    return replace(settings, calendar=replace(settings.calendar, timezone=ZoneInfo("UTC")))
