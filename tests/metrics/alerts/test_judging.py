"""A rule holds for the last figures in a row, each against its own limit, and not where too little is known."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from metrics.alerts.judging import Point, judge
from metrics.alerts.rules import Rule

ABOVE = Rule(name="r", severity="low", metric="defect_escape.rate", comparison=">", threshold=0.5)
UNUSUAL = Rule(name="r", severity="low", metric="defect_escape.rate", comparison=">", deviations=2)


def points(*values: float | None, n: int | None = None) -> Sequence[Point]:
    return [Point(value, n) for value in values]


@pytest.mark.parametrize(
    ("comparison", "value", "holds"),
    [(">", 0.5, 0), (">", 0.51, 1), (">=", 0.5, 1), (">=", 0.49, 0), ("<", 0.5, 0), ("<", 0.49, 1), ("<=", 0.5, 1)],
)
def test_the_limit_itself_belongs_to_the_comparisons_that_say_so(comparison: str, value: float, holds: int) -> None:
    rule = Rule(name="r", severity="low", metric="m", comparison=comparison, threshold=0.5)
    assert (judge(rule, points(value)) is not None) == holds


@pytest.mark.parametrize(
    ("values", "holds"),
    [((0.6, 0.7, 0.1), 1), ((0.6, 0.5, 0.9), 0), ((0.5, 0.6), 0), ((0.6,), 0), ((0.6, None), 0), ((), 0)],
)
def test_twice_in_a_row_means_the_last_two(values: Sequence[float | None], holds: int) -> None:
    twice = Rule(name="r", severity="low", metric="m", comparison=">", threshold=0.5, times=2)
    assert (judge(twice, points(*values)) is not None) == holds


@pytest.mark.parametrize(("n", "holds"), [(10, 1), (9, 0), (None, 0)])
def test_a_figure_of_too_few_things_says_nothing(n: int | None, holds: int) -> None:
    rule = Rule(name="r", severity="low", metric="m", comparison=">", threshold=0.5, minimum_n=10)
    assert (judge(rule, points(0.9, n=n)) is not None) == holds


def test_deviations_are_those_of_the_figures_before_alone() -> None:
    verdict = judge(UNUSUAL, points(9.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 100.0))
    assert verdict is not None
    assert verdict.limit == pytest.approx(2 + 2 * (6 / 5) ** 0.5)
    assert verdict.newest.value == 9.0


def test_below_the_mean_counts_the_other_way() -> None:
    low = Rule(name="r", severity="low", metric="m", comparison="<", deviations=1, history=4)
    verdict = judge(low, points(0.0, 1.0, 3.0, 1.0, 3.0))
    assert verdict is not None
    assert verdict.limit == pytest.approx(2 - (4 / 3) ** 0.5)
    assert judge(low, points(1.0, 1.0, 3.0, 1.0, 3.0)) is None


@pytest.mark.parametrize(("before", "holds"), [((1, 1, 1, 1), 1), ((1, None, 1, 1, None, 1), 1), ((1, 1, 1), 0)])
def test_four_figures_before_are_needed(before: Sequence[float | None], holds: int) -> None:
    assert (judge(UNUSUAL, points(9, *before)) is not None) == holds


@pytest.mark.parametrize("value", [0.05, 0.1, 0.35, 0.95])
def test_a_figure_like_all_before_is_at_the_limit_whatever_doubles_make_of_their_sum(value: float) -> None:
    for comparison, holds in ((">", False), ("<", False), (">=", True), ("<=", True)):
        rule = Rule(name="r", severity="low", metric="m", comparison=comparison, deviations=2)
        assert (judge(rule, points(*[value] * 7)) is not None) == holds


def test_in_a_row_each_is_held_against_what_was_before_itself() -> None:
    twice = Rule(name="r", severity="low", metric="m", comparison=">", deviations=2, times=2, history=4)
    assert judge(twice, points(30, 9, 1, 1, 1, 1)) is not None
    assert judge(twice, points(9, 9, 1, 1, 1, 1)) is None  # the first 9 makes the second usual
