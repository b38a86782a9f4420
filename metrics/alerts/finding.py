"""Finds what the rules hold for now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from metrics.alerts.grounds import Shape, ground_of
from metrics.alerts.rules import Rule
from metrics.alerts.scene import Scene
from metrics.alerts.series import of_periods, of_sprints, of_sums
from metrics.alerts.singles import of_blocked, of_issues, of_sources
from warehouse.alerts import Alarm

_FINDERS: Mapping[Shape, Callable[[Scene, Rule], Iterator[Alarm]]] = {
    Shape.ISSUES: of_issues,
    Shape.BLOCKED: of_blocked,
    Shape.SPRINTS: of_sprints,
    Shape.PERIODS: of_periods,
    Shape.SUMS: of_sums,
    Shape.SOURCES: of_sources,
}


def find(scene: Scene, rules: Iterable[Rule]) -> Iterator[Alarm]:
    """An alert for each thing that one of the rules holds for, rule by rule."""
    for rule in rules:
        yield from _FINDERS[ground_of(rule).shape](scene, rule)
