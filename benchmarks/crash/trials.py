"""One kill after another: a run that is killed at a place, another that goes on from there, and what both leave."""

from __future__ import annotations

import random
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.crash.children import Children
from benchmarks.crash.company import Company
from benchmarks.crash.comparing import Tables, differences, read_tables
from benchmarks.crash.grounds import Ground
from benchmarks.crash.places import Place, draw
from warehouse.engine import open_warehouse

RUN = ("-q", "run")
"""The command that is killed."""
TWICE = 4
"""Of so many points one is killed a second time, before what is left is run to its end."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A run of a company in one state over a warehouse in one state."""

    name: str
    ground: Ground
    children: Children
    begins: str | None
    """The kept copy that each run begins with; None: a new warehouse."""
    expected: Tables
    """What an undisturbed run leaves."""
    places: Sequence[Place]

    def begin(self) -> None:
        """Put the warehouse into the state before the run."""
        if self.begins is None:
            self.ground.empty()
        else:
            self.ground.restore(self.begins)


@dataclass(frozen=True, slots=True)
class Point:
    """Where the first run is killed, and where the second."""

    number: int
    phase: str
    kills: Sequence[Place]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the kills struck, and what is wrong afterwards (nothing, if all is well)."""

    struck: Sequence[str]
    wrong: Sequence[str]


def prepare(name: str, ground: Ground, company: Company, folder: Path, begins: str | None, keeps: str | None) -> Phase:
    """Do the run undisturbed, counting its places; keep what it leaves as `keeps`."""
    children = Children(folder, company.environment(folder, ground.url), RUN)
    phase = Phase(name, ground, children, begins, {}, ())
    phase.begin()
    places = children.recorded()
    expected = read_tables(open_warehouse(ground.url))
    if keeps is not None:
        ground.keep(keeps)
    return Phase(name, ground, children, begins, expected, places)


def points(phase: Phase, count: int, first: int, seed: int) -> list[Point]:
    """So many points of the phase, numbered from `first`; the same seed draws the same ones."""
    chance = random.Random(f"{seed} {phase.name}")
    chosen = draw(phase.places, count, chance)
    made = []
    for number, place in enumerate(chosen, first):
        again = [chance.choice(phase.places)] if number % TWICE == 0 else []
        made.append(Point(number, phase.name, [place, *again]))
    return made


def attempt(phase: Phase, point: Point) -> Outcome:
    """Kill at the point, run again, compare."""
    phase.begin()
    struck = []
    for kill in point.kills:
        code, note = phase.children.killed(kill)
        if code == -signal.SIGKILL and note:
            struck.append(note)
        elif code != 0:
            return Outcome(
                struck, [f"instead of being killed at {kill} it ended with {code}:\n{phase.children.said()}"]
            )
    code = phase.children.undisturbed()
    if code != 0:
        return Outcome(struck, [f"the next run ended with {code}:\n{phase.children.said()}"])
    wrong = [] if struck else [f"{point.kills[0]} was never reached"]
    return Outcome(struck, [*wrong, *differences(read_tables(open_warehouse(phase.ground.url)), phase.expected)])
