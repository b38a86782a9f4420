"""A row of numbers as a row of small bars."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

BARS = "▁▂▃▄▅▆▇█"
_UNKNOWN = "·"


def sparkline(values: Sequence[float | None]) -> str:
    """`▃▇▅▆█▆`: bars from zero to the largest value, a dot where nothing is known; empty without any value above zero.

    Negative values are drawn like zero.
    """
    largest = max((value for value in values if value is not None), default=0.0)
    if largest <= 0:
        return ""
    return "".join(
        _UNKNOWN if value is None else BARS[round(max(value, 0.0) / largest * (len(BARS) - 1))] for value in values
    )


def draws_bars(console: Console) -> bool:
    """Whether the console's encoding has the bars."""
    try:
        BARS.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
