"""What came into each status and left it, day by day: the steps whose sums are `daily_flow`. Pure.

**The monotone variant.** What was taken back later never happened: read from today, an issue never goes back. The
stages rank todo 0 < in_progress 1 < done 2 < removed 3. Walking an issue's stays from the last to the first, the floor
is the first stay, so far, of the lowest rank that the walk has met:

- a stay of a rank that is not above the floor's becomes the floor (so of equal ranks each counts as itself);
- a stay above the floor, which was taken back, counts as the floor for as long as it lasted;
- a stay whose stage was never known counts as the floor too, which is what the stay after it counts as. With no known
  stay after it, it counts as itself, and as beyond all stages.

So an issue's rank never falls, it is in one status at a time, and at any instant it is never further than it truly was.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from warehouse.fetching import maker

RANKS: Mapping[str, int] = {"todo": 0, "in_progress": 1, "done": 2, "removed": 3}
"""Stage → how far it is."""

Place = tuple[str, str | None, str, str]
"""Where an issue counts: project_id, board_id, issue_type, level."""


class Group(NamedTuple):
    """What `daily_flow` has a row a day of."""

    project_id: str
    board_id: str | None
    issue_type: str
    level: str
    stage: str | None
    status: str


class DayStep(NamedTuple):
    """What happened to a group on a day. `day` counts from 0; `gained` is the net gain of the monotone variant."""

    day: int
    arrivals: int
    departures: int
    gained: int


class Standing(NamedTuple):
    """How a group stands at the end of a day, and what happened on it."""

    day: int
    issues: int
    arrivals: int
    departures: int
    issues_monotone: int


_STEP, _STANDING = maker(DayStep), maker(Standing)


def standings(steps: Iterable[DayStep], first: int, end: int, issues: int = 0, monotone: int = 0) -> Iterator[Standing]:
    """The days of [first, end) on which anything is not 0, for a group that stood at `issues` before them.

    Steps of other days count for nothing. Fed with differences instead of numbers, it gives the differences.
    """
    by_day = {step[0]: step for step in steps}
    for day in range(first, end):
        step = by_day.get(day)
        arrivals = departures = 0
        if step is not None:
            _, arrivals, departures, gained = step
            issues += arrivals - departures
            monotone += gained
        if issues or monotone or arrivals or departures:
            yield _STANDING((day, issues, arrivals, departures, monotone))


_Counts = defaultdict[int, int]
"""Number of the day, from 1 → how many."""
_Way = tuple[dict[Any, Any], list[int] | None, bool]
"""From one status to the next: the ways from there, how many took it on each day (None: both statuses are one), and
whether an issue that takes it may look different in the monotone variant."""


@dataclass(slots=True, eq=False)
class _Cell:
    """A status and stage at one place."""

    status: str
    stage: str | None
    rank: int | None
    ways: dict[Any, _Way] = field(default_factory=dict)
    corrections: _Counts = field(default_factory=lambda: defaultdict(int))
    """What the monotone variant gains on a day, apart from arrivals − departures."""


@dataclass(slots=True, eq=False)
class _Room:
    """A place: its cells, the ways from nowhere into them, and the moves between them."""

    ways: dict[Any, _Way] = field(default_factory=dict)
    cells: dict[tuple[str, str | None], _Cell] = field(default_factory=dict)
    moves: list[tuple[_Cell | None, _Cell, list[int]]] = field(default_factory=list)

    def cell(self, status: str, stage: str | None) -> _Cell:
        found = self.cells.get((status, stage))
        if found is None:
            rank = None if stage is None else RANKS[stage]
            found = self.cells[status, stage] = _Cell(status, stage, rank)
        return found


class FlowSteps:
    """Adds up the steps of issues.

    `starts` are the first instants, in UTC, of the days from `first_day` on; no instant may lie before the first or
    after the end of the last of these days. `names` is status_id → today's name. `is_whole` says whether what is added
    are all issues of a warehouse, or only differences: an issue as it was (sign −1) and as it is (sign +1).
    """

    def __init__(
        self, first_day: date, starts: Sequence[datetime], names: Mapping[str, str], *, is_whole: bool
    ) -> None:
        self.is_whole = is_whole
        self.days = [first_day + timedelta(days=number) for number in range(len(starts))]
        self._names = names
        self._starts = [*starts, datetime.max.replace(tzinfo=UTC)]
        # a day of UTC → how many local days have begun at its first instant: the search begins there
        first, last = starts[0].toordinal(), starts[-1].toordinal()
        self._begun = {
            ordinal: bisect_right(starts, datetime.fromordinal(ordinal).replace(tzinfo=UTC))
            for ordinal in range(first, last + 3)
        }
        self._rooms: dict[Place, _Room] = {}

    def add(self, place: Place, stays: Sequence[Sequence[Any]], sign: int) -> None:
        """Add an issue's life, or take it away: its stays in order, laid out as `StatusStay`, instants in UTC."""
        room = self._rooms.get(place)
        if room is None:
            room = self._rooms[place] = _Room()
        ways, begun, starts, may_differ = room.ways, self._begun, self._starts, False
        before = None
        for stay in stays:
            status_id = stay[2]
            # the name of a status that has an id is left out: as a text of its own in each history it costs a hash
            key = (None, stay[4], stay[3]) if status_id is None else (status_id, stay[4])
            way = ways.get(key)
            if way is None:
                way = ways[key] = self._way(room, before, stay)
            ways, counts, is_odd = way
            if counts is not None:
                at = stay[0]
                day = begun[at.toordinal()]
                while at >= starts[day]:
                    day += 1
                counts[day] += sign
                if is_odd:
                    may_differ = True
            before = stay
        if may_differ:
            self._correct(room, stays, sign)

    def groups(self) -> Iterator[tuple[Group, list[DayStep]]]:
        """Each group that anything happened to on balance, with its days in order."""
        for place, room in self._rooms.items():
            arrivals: dict[_Cell, _Counts] = {cell: defaultdict(int) for cell in room.cells.values()}
            departures: dict[_Cell | None, _Counts] = {cell: defaultdict(int) for cell in (None, *arrivals)}
            for left, entered, counts in room.moves:
                came, went = arrivals[entered], departures[left]
                for day, count in enumerate(counts):
                    if count:
                        came[day] += count
                        went[day] += count
            for cell, came in arrivals.items():
                steps = list(_steps(came, departures[cell], cell.corrections))
                if steps:
                    yield Group(*place, cell.stage, cell.status), steps

    def _cell(self, room: _Room, stay: Sequence[Any]) -> _Cell:
        return room.cell(self._names.get(stay[2], stay[3]), stay[4])

    def _way(self, room: _Room, before: Sequence[Any] | None, stay: Sequence[Any]) -> _Way:
        """The way from a stay to the one after it, or from nowhere."""
        left = None if before is None else self._cell(room, before)
        entered = self._cell(room, stay)
        if entered is left:
            return entered.ways, None, False
        counts = [0] * len(self._starts)  # a third of a dict's memory: more of it stays in the processor's cache
        room.moves.append((left, entered, counts))
        is_back = left is not None and left.rank is not None and entered.rank is not None and entered.rank < left.rank
        return entered.ways, counts, is_back or entered.rank is None

    def _correct(self, room: _Room, stays: Sequence[Sequence[Any]], sign: int) -> None:
        """Move the issue, for the monotone variant only, to where it counts."""
        cells, names, begun, starts = room.cells, self._names, self._begun, self._starts
        floor: _Cell | None = None
        floor_rank = max(RANKS.values())
        until = 0
        for stay in reversed(stays):
            cell = cells[names.get(stay[2], stay[3]), stay[4]]
            rank, at = cell.rank, stay[0]
            day = begun[at.toordinal()]
            while at >= starts[day]:
                day += 1
            if rank is not None and rank <= floor_rank:
                floor, floor_rank = cell, rank
            elif floor is not None and floor is not cell and day < until:
                floor.corrections[day] += sign
                cell.corrections[day] -= sign
                floor.corrections[until] -= sign
                cell.corrections[until] += sign
            until = day


def _steps(came: _Counts, went: _Counts, corrections: _Counts) -> Iterator[DayStep]:
    for day in sorted({*came, *went, *corrections}):
        arrivals, departures, more = came.get(day, 0), went.get(day, 0), corrections.get(day, 0)
        if arrivals or departures or more:
            yield _STEP((day - 1, arrivals, departures, arrivals - departures + more))
