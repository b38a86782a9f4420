"""Two syncs of two sources into one lake at once; one is killed, looked at from without, and followed by another."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.crash.children import Children, forked
from benchmarks.crash.company import Company
from benchmarks.crash.comparing import Tables, differences, read_tables
from benchmarks.crash.places import Place, draw
from lake.opening import open_lake
from lake.reading import committed
from lake.restoring import restore
from migrations import upgrade
from warehouse.engine import open_warehouse

KILLED, BESIDE = "acme", "contoso"
_LAKE = """
[lake]
url = "{lake}"
work = "{work}"
page_rows = 100
page_every = "1h"
"""
"""Small pages, by rows alone: so every run of the same begins has the same ones."""
_PARTS = ("lake", f"{KILLED}/work", f"{BESIDE}/work")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where one source is synced; the other source has a machine of its own."""

    source: str
    folder: Path
    children: Children

    @property
    def work(self) -> Path:
        """The folder of its working file."""
        return self.folder / "work"


@dataclass(frozen=True, slots=True)
class Phase:
    """Syncs of a company in one state into a lake in one state."""

    name: str
    folder: Path
    template: Path
    """An empty warehouse in a file."""
    killed: Machine
    beside: Machine
    begins: Path | None
    """A copy of the folder that each attempt begins with; None: an empty lake."""
    expected: Mapping[str, Tables]
    """Source → what an undisturbed sync leaves."""
    by_page: Sequence[Tables]
    """What the killed source has after each of its pages, those that it begins with among them."""
    places: Sequence[Place]

    def begin(self) -> None:
        """Put lake and working files into the state before the syncs."""
        for name in _PARTS:
            shutil.rmtree(self.folder / name, ignore_errors=True)
        if self.begins is not None:
            _copy(self.begins, self.folder)

    def read(self, *sources: str) -> dict[str, tuple[int, Tables]]:
        """Source → how many pages it has, and all its tables, as somebody reads them from without."""
        return {source: (len(found), found[-1]) for source, found in self._read(sources, last=True).items()}

    def read_pages(self, source: str) -> list[Tables]:
        """Its tables as of each page."""
        return self._read((source,), last=False)[source]

    def _read(self, sources: Sequence[str], *, last: bool) -> dict[str, list[Tables]]:
        """In a child: a process that has asked the library for anything cannot be forked."""
        to = self.folder / "read"
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir()
        said = self.folder / "read.txt"
        if forked(lambda: _restore_all(self.folder / "lake", self.template, to, sources, last=last), said) != 0:
            raise RuntimeError(f"the lake cannot be read:\n{said.read_text(encoding='utf-8')}")
        found: dict[str, list[Tables]] = {}
        for path in sorted(to.glob("*.db")):
            source, number = path.stem.split()
            before = found.setdefault(source, [{}] * (int(number) if last else 0))
            before.append(read_tables(open_warehouse(f"sqlite:///{path}")))
        return found


def machine(source: str, folder: Path, company: Company) -> Machine:
    """A configuration for the source, in a folder of its own."""
    home = folder / source
    home.mkdir(parents=True, exist_ok=True)
    environment = company.environment(home, "sqlite:///unused.db")
    with Path(environment["FLOWMART_CONFIG"]).open("a", encoding="utf-8") as file:
        file.write(_LAKE.format(lake=folder / "lake", work=home / "work"))
    return Machine(source, home, Children(home, environment, ("-q", "sync", source)))


def _restore_all(folder: Path, template: Path, to: Path, sources: Sequence[str], *, last: bool) -> int:
    """Each source as of each page, or as of the last, in a file that is named for both."""
    lake = open_lake(str(folder))
    for source, pages in committed(lake).items():
        if sources and source not in sources:
            continue
        for number, page in enumerate(pages):
            if last and page != pages[-1]:
                continue
            path = to / f"{source} {number:04}.db"
            shutil.copyfile(template, path)
            engine = open_warehouse(f"sqlite:///{path}")
            restore(lake, source, engine, page)
            engine.dispose()
    return 0


def prepare(name: str, folder: Path, company: Company, begins: Path | None, keeps: Path | None) -> Phase:
    """Sync both sources undisturbed, counting the places of the one; keep what they leave as `keeps`."""
    folder.mkdir(exist_ok=True)
    template = folder / "empty.db"
    if not template.exists():
        upgrade(open_warehouse(f"sqlite:///{template}"))
    machines = [machine(source, folder, company) for source in (KILLED, BESIDE)]
    phase = Phase(name, folder, template, machines[0], machines[1], begins, {}, (), ())
    phase.begin()
    places = phase.killed.children.recorded()
    if phase.beside.children.undisturbed() != 0:
        raise RuntimeError(f"the undisturbed sync fails:\n{phase.beside.children.said()}")
    by_page = phase.read_pages(KILLED)
    if keeps is not None:
        _copy(folder, keeps)
    expected = {source: tables for source, (_, tables) in phase.read().items()}
    return replace(phase, expected=expected, by_page=by_page, places=places)


def points(phase: Phase, count: int, seed: int) -> list[Place]:
    """Where to kill; the same seed draws the same places."""
    return draw(phase.places, count, random.Random(f"{seed} {phase.name}"))


def attempt(phase: Phase, number: int, place: Place) -> tuple[str, list[str]]:
    """Kill the sync there while the other one runs, look, sync again, compare; what it was at, and what is wrong.

    After every other kill the machine is lost with its working file, and another one goes on.
    """
    phase.begin()
    wait = phase.beside.children.beside()
    code, struck = phase.killed.children.killed(place)
    beside = wait()
    if code != -signal.SIGKILL or not struck:
        return struck, [f"instead of being killed at {place} it ended with {code}:\n{phase.killed.children.said()}"]
    if beside != 0:
        return struck, [f"the sync beside it ended with {beside}:\n{phase.beside.children.said()}"]
    wrong = [f"a reader sees half a page: {line}" for line in _half_a_page(phase)]
    if number % 2:
        shutil.rmtree(phase.killed.work, ignore_errors=True)
    if (code := phase.killed.children.undisturbed()) != 0:
        return struck, [*wrong, f"the next sync ended with {code}:\n{phase.killed.children.said()}"]
    found = phase.read()
    for source, expected in phase.expected.items():
        wrong += [f"{source}: {line}" for line in differences(found[source][1] if source in found else {}, expected)]
    return struck, wrong


def _half_a_page(phase: Phase) -> Iterator[str]:
    """What of the killed source is not as an undisturbed sync had it after as many pages."""
    pages, found = phase.read(KILLED).get(KILLED, (0, {}))
    if pages:
        yield from differences(found, phase.by_page[pages - 1], with_log=False)


def _copy(folder: Path, to: Path) -> None:
    for name in _PARTS:
        if (folder / name).exists():
            shutil.copytree(folder / name, to / name)
