"""Kills runs of the console command with SIGKILL at many places, and compares what the next run leaves.

Half of the points lie in a first run over a new warehouse, half in the run some nights later over what the first left.
Some are killed a second time before they may end.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.crash.children import warm_up
from benchmarks.crash.company import Company, company
from benchmarks.crash.grounds import Ground, PostgreSQLGround, SQLiteGround
from benchmarks.crash.trials import RUN, Phase, attempt, points, prepare
from benchmarks.servers import postgresql_server

ENGINES = ("sqlite", "postgresql")
_LAKE = "lake"
_FIRST = "first"
_NIGHTS = 3
_TOLD_EACH = 20
_LAKE_SHARE = 4
_HURRY = ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
"""It is the runs that are killed, not the server."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every point leaves every table as an undisturbed run does, else 1."""
    options = _parser().parse_args(arguments)
    if not hasattr(os, "fork"):
        print("needs a system on which processes can be forked: Linux or macOS")
        return 2
    codes = [_databases(options)] if options.engine != _LAKE else []
    return max([*codes, *([_lake(options)] if options.engine in {_LAKE, "all"} else [])])


def _databases(options: argparse.Namespace) -> int:
    engines = ENGINES if options.engine in {"both", "all"} else (options.engine,)
    began, done = time.monotonic(), Counter[str]()
    half = options.points // 2
    with _grounds(engines) as grounds, company(options.issues) as trackers:
        _warm_up(trackers)
        for name, first, count in ((_FIRST, 1, half), ("later", half + 1, options.points - half)):
            if name != _FIRST:
                trackers.live_on(_NIGHTS)
            for engine, (ground, folder) in grounds.items():
                begins, keeps = (None, _FIRST) if name == _FIRST else (_FIRST, None)
                phase = prepare(f"{engine}, {name} run", ground, trackers, folder, begins, keeps)
                done[engine] += _try(phase, count, first, options)
    wanted = options.points if options.only is None else 1
    told = " and ".join(f"{done[engine]} of {wanted} on {engine}" for engine in engines)
    print(f"{told}: every table as a run leaves it that nothing disturbs ({time.monotonic() - began:.0f} s)")
    return 0 if all(done[engine] == wanted for engine in engines) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev crash", description=__doc__)
    parser.add_argument("--engine", choices=[*ENGINES, "both", _LAKE, "all"], default="all")
    parser.add_argument("--points", type=int, default=200, help="kills on each engine (default %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="another seed, other points")
    parser.add_argument("--issues", type=int, default=60, help="issues of the company (default %(default)s)")
    parser.add_argument("--only", type=int, help="try only the point of this number")
    return parser


def _lake(options: argparse.Namespace) -> int:
    """A quarter of the points: each is two syncs at once, a look, and a third sync."""
    from benchmarks.crash import lakes  # here, since it needs the library of lakes

    began, well, tried = time.monotonic(), 0, 0
    count = max(2, options.points // _LAKE_SHARE) // 2
    with tempfile.TemporaryDirectory(prefix="flowmart-crash-") as name, company(options.issues) as trackers:
        _warm_up(trackers)
        folder = Path(name)
        for phase_name, begins, keeps in ((_FIRST, None, folder / _FIRST), ("later", folder / _FIRST, None)):
            if phase_name != _FIRST:
                trackers.live_on(_NIGHTS)
            phase = lakes.prepare(f"lake, {phase_name} sync", folder / "site", trackers, begins, keeps)
            print(f"{phase.name}: {len(phase.places)} places, {len(phase.by_page)} pages")
            for place in lakes.points(phase, count, options.seed):
                tried += 1
                if options.only not in {None, tried}:
                    continue
                struck, wrong = lakes.attempt(phase, tried, place)
                well += not wrong
                for line in wrong:
                    print(f"{phase.name}: point {tried} of seed {options.seed}, killed at {struck}: {line}", flush=True)
    wanted = tried if options.only is None else 1
    print(
        f"{well} of {wanted} on a lake: both sources as undisturbed syncs leave them ({time.monotonic() - began:.0f} s)"
    )
    return 0 if well == wanted else 1


@contextmanager
def _grounds(engines: Sequence[str]) -> Iterator[Mapping[str, tuple[Ground, Path]]]:
    """Engine → a warehouse on it, and a folder for what its runs need."""
    with ExitStack() as stack:
        made: dict[str, tuple[Ground, Path]] = {}
        for engine in engines:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flowmart-crash-")))
            if engine == "sqlite":
                made[engine] = SQLiteGround(folder), folder
                continue
            ground = PostgreSQLGround(stack.enter_context(postgresql_server(_HURRY)))
            stack.callback(ground.remove)
            made[engine] = ground, folder
        yield made


def _warm_up(trackers: Company) -> None:
    with tempfile.TemporaryDirectory(prefix="flowmart-crash-") as name:
        folder = Path(name)
        warm_up(trackers.environment(folder, SQLiteGround(folder).url), RUN)


def _try(phase: Phase, count: int, first: int, options: argparse.Namespace) -> int:
    """How many points are well; each that is not is told."""
    well, twice, began = 0, 0, time.monotonic()
    sorts = Counter(place.sort for place in phase.places)
    print(f"{phase.name}: {len(phase.places)} places: {', '.join(f'{n} {sort}' for sort, n in sorts.most_common())}")
    for tried, point in enumerate(points(phase, count, first, options.seed), 1):
        if options.only not in {None, point.number}:
            continue
        outcome = attempt(phase, point)
        well += not outcome.wrong
        twice += len(outcome.struck) > 1
        if outcome.wrong or options.only is not None:
            told = "; then ".join(outcome.struck) or str(point.kills[0])
            print(f"{phase.name}: point {point.number} of seed {options.seed}, killed at {told}")
        for line in outcome.wrong:
            print(f"  {line}", flush=True)
        if tried % _TOLD_EACH == 0 or tried == count:
            print(f"{phase.name}: {well} of {tried}, {twice} of them killed twice ({time.monotonic() - began:.0f} s)")
    return well


if __name__ == "__main__":
    sys.exit(main())
