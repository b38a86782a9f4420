"""What periods tell of defects: reopenings, time to resolve, what came in, went out and stayed. Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from metrics.defects.open_defects import OpenFigures
from metrics.defects.stage_moves import Move
from metrics.history.stages import DONE, IN_PROGRESS, TODO
from metrics.periods import percentile

PROBATION = timedelta(days=14)
"""An entry into done counts once it is so old, and as reopened when it was left again within this time."""

_DAY_SECONDS = 86_400


class Life(NamedTuple):
    """A defect that is not cancelled. `moves` are its entries into done and removed and the ways out of them.

    They are None where its finish tells all of them.
    """

    created_at: datetime
    created_on: date
    finished_at: datetime | None
    finished_on: date | None
    resolve_seconds: float | None
    moves: Sequence[Move] | None = None


@dataclass(slots=True)
class Tally:
    """Counts of some defects by a period's first day."""

    inflow: Counter[date] = field(default_factory=Counter)
    outflow: Counter[date] = field(default_factory=Counter)
    done_events: Counter[date] = field(default_factory=Counter)
    reopened_events: Counter[date] = field(default_factory=Counter)
    resolved: defaultdict[date, list[float]] = field(default_factory=lambda: defaultdict(list))
    finished_issues: Counter[date] = field(default_factory=Counter)
    """Delivered issues that are no defects."""
    points: defaultdict[date, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Points of all delivered issues, in parts."""

    def add(self, other: Tally) -> None:
        """Count the other's in."""
        for mine, theirs in (
            (self.inflow, other.inflow),
            (self.outflow, other.outflow),
            (self.done_events, other.done_events),
            (self.reopened_events, other.reopened_events),
            (self.finished_issues, other.finished_issues),
        ):
            mine.update(theirs)
        for lists, more in ((self.resolved, other.resolved), (self.points, other.points)):
            for start, values in more.items():
                lists[start].extend(values)


def tally(
    lives: Sequence[Life], start_of: Callable[[date], date], day_of: Callable[[datetime], date], now: datetime
) -> Tally:
    """The counts of defects; `start_of` gives the first day of a day's period, `day_of` the local day of an instant."""
    found = Tally()
    starts = _Starts(start_of)
    found.inflow.update(map(starts.__getitem__, [life[1] for life in lives]))
    finished = [life for life in lives if life[3] is not None]
    ends = [starts[life[3]] for life in finished if life[3] is not None]
    found.outflow.update(ends)
    mature = now - PROBATION
    for life, end in zip(finished, ends, strict=True):
        found.resolved[end].append(life[4] or 0.0)
        if life[5] is None and life[2] is not None and life[2] <= mature:
            found.done_events[end] += 1
    for life in lives:
        for at, is_reopened in done_events(life[5]) if life[5] else ():
            if at <= mature:
                found.done_events[starts[day_of(at)]] += 1
                found.reopened_events[starts[day_of(at)]] += is_reopened
    return found


class _Starts(dict[date, date]):
    """Day → first day of its period, found once."""

    def __init__(self, start_of: Callable[[date], date]) -> None:
        super().__init__()
        self._start_of = start_of

    def __missing__(self, day: date) -> date:
        start = self[day] = self._start_of(day)
        return start


def done_events(moves: Iterable[Move]) -> Iterator[tuple[datetime, bool]]:
    """Each entry into done, and whether it was reopened in time: left for work, not by a move or change of type."""
    entered: datetime | None = None
    for at, stage, by_move in moves:
        if entered is not None:
            yield entered, not by_move and stage in {TODO, IN_PROGRESS} and at - entered <= PROBATION
        entered = at if stage == DONE else None
    if entered is not None:
        yield entered, False


def figures(found: Tally, start: date, opened: OpenFigures) -> tuple[Any, ...]:
    """From `inflow` to `defects_per_100_points`, in the order of the columns of `defect_quality`."""
    inflow, entries, reopened = found.inflow[start], found.done_events[start], found.reopened_events[start]
    issues, points = found.finished_issues[start], math.fsum(found.points.get(start, ()))
    return (
        inflow,
        found.outflow[start],
        entries,
        reopened,
        reopened / entries if entries else None,
        *_days(found.resolved.get(start, ())),
        *opened,
        issues,
        points,
        inflow * 10 / issues if issues else None,
        inflow * 100 / points if points else None,
    )


def _days(seconds: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """Mean, median and 85th percentile in days."""
    if not seconds:
        return None, None, None
    ordered = sorted(seconds)
    mean = math.fsum(ordered) / len(ordered)
    return mean / _DAY_SECONDS, percentile(ordered, 50) / _DAY_SECONDS, percentile(ordered, 85) / _DAY_SECONDS


def starts_between(first: date, last: date, start_of: Callable[[date], date]) -> list[date]:
    """The first days of all periods from the one of `first` to that of `last`."""
    found = [start_of(first)]
    while (following := next_start(found[-1], start_of)) <= last:
        found.append(following)
    return found


def next_start(start: date, start_of: Callable[[date], date]) -> date:
    """The first day of the period after the one that begins then."""
    day = start + timedelta(days=7)
    while start_of(day) == start:
        day += timedelta(days=7)
    return start_of(day)
