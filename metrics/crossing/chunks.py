"""Shares the weeks and months of all sources out: each chunk is computed on its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from metrics.calendar import ONE_DAY, week_start
from metrics.crossing.outlines import Outline
from metrics.defects.quality_figures import next_start, starts_between
from metrics.periods import STARTS, month_start
from metrics.trends.delivered import Period


class Chunk(NamedTuple):
    """The periods that begin on a day from `first` (of a month) to `last` (of one)."""

    first: date
    last: date

    @property
    def until(self) -> date:
        """The last day that belongs to any of them."""
        return self.last + 6 * ONE_DAY

    def starts(self, period: str) -> list[date]:
        """First days of its weeks or months."""
        return [day for day in starts_between(self.first, self.last, STARTS[period]) if day >= self.first]

    def periods(self) -> frozenset[Period]:
        """All of them."""
        return frozenset((period, start) for period in STARTS for start in self.starts(period))


def chunks(of: Outline, today: date, months: int = 1) -> Iterator[Chunk]:
    """Chunks of so many months that together hold every period with an issue, up to today at least, without a gap."""
    if of.first is None or of.last is None:
        return
    # the week of the first day may begin in the month before
    starts = starts_between(week_start(of.first).replace(day=1), max(of.last, today), month_start)
    for place in range(0, len(starts), months):
        some = starts[place : place + months]
        yield Chunk(some[0], next_start(some[-1], month_start) - ONE_DAY)
