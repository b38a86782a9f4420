"""A name that nobody knows is answered with the nearest one."""

from __future__ import annotations

import pytest

from flowmart.naming import closest, meant

KNOWN = ["PAY board", "PAY support", "Shop Search"]


@pytest.mark.parametrize(
    ("word", "near"),
    [("pay bord", "PAY board"), ("SHOP", "Shop Search"), ("Search", "Shop Search"), ("x", None), ("", None)],
)
def test_the_nearest_name_is_found_in_any_case_and_by_its_beginning(word: str, near: str | None) -> None:
    assert closest(word, KNOWN) == near


def test_few_names_are_listed_after_the_nearest_and_many_only_without_one() -> None:
    many = [f"metric_{number}" for number in range(7)]
    assert meant(["shop"], KNOWN) == "; did you mean Shop Search? there are PAY board, PAY support, Shop Search"
    assert meant(["metric_3x", "metric_4x"], many) == "; did you mean metric_3 or metric_4?"
    assert meant(["x"], many[:2], listing="configured are") == "; configured are metric_0, metric_1"
    assert meant(["x"], []) == "; there are none"
