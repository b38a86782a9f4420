"""What the tables by week and month share: periods, groupings, keys and percentiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from metrics.calendar import week_start


def month_start(day: date) -> date:
    """The first day of the day's month."""
    return day.replace(day=1)


STARTS: Mapping[str, Callable[[date], date]] = {"week": week_start, "month": month_start}
"""Period → what gives the first day of the one that a day is in."""

GROUPINGS: Mapping[str, Sequence[str]] = {
    "all": (),
    "project": ("project_id",),
    "project_type": ("project_id", "issue_type"),
    "board": ("board_id",),
    "board_type": ("board_id", "issue_type"),
}
"""Grouping → the columns it uses."""


def key_of(*parts: object) -> str:
    """The parts as one text with colons between; None is an empty part."""
    return ":".join(["" if part is None else str(part) for part in parts])


def percentile(ordered: Sequence[float], percent: int) -> float:
    """A percentile of at least one value, in ascending order, by linear interpolation, as SQL's `percentile_cont`."""
    below, hundredths = divmod((len(ordered) - 1) * percent, 100)
    value = ordered[below]
    return value + (ordered[below + 1] - value) * hundredths / 100 if hundredths else value
