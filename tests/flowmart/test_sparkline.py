"""Numbers as bars: from zero to the largest."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from flowmart.sparkline import draws_bars, sparkline


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([100, 101], "██"),
        ([5, None, 10], "▅·█"),
        ([-3, 2], "▁█"),
        ([0, 0], ""),
        ([None], ""),
        ([], ""),
    ],
)
def test_bars_begin_at_zero_and_what_is_not_known_is_a_dot(values: list[float | None], bars: str) -> None:
    assert sparkline(values) == bars


@pytest.mark.parametrize(("encoding", "drawn"), [("utf-8", True), ("cp1252", False), ("ascii", False)])
def test_only_a_console_that_has_the_bars_draws_them(encoding: str, *, drawn: bool) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    assert draws_bars(Console(file=file)) is drawn
