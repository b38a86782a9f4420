"""The working file of a source: is it what the lake has, or is it to be filled from there?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path

from sqlalchemy import Engine

from lake import outbox
from lake.opening import Lake
from lake.pages import Entry, Standing
from lake.restoring import restore
from warehouse.engine import open_warehouse


class Stands(Enum):
    """How a working file stands to the lake."""

    LEVEL = "it holds the lake's last page, and what it may have committed since"
    AHEAD = "the page that it had begun was committed after all"
    STRANGE = "another machine has published since, or there is no such file"


def bring_up(
    lake: Lake,
    standing: Standing,
    path: Path,
    make: Callable[[Path], Engine],
    tick: Callable[[], None] = lambda: None,
) -> bool:
    """Make the file a working file of the source that goes on from its last page; returns whether it was filled anew.

    `make` opens the warehouse of a file at the newest schema revision, and gives a new one its tables; `tick` is called
    now and then while rows come. What a file holds that is strange to the lake is given up: the lake has the say. Call
    it with the lease in hand.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    stands = _stand(path, standing.page)
    if stands is Stands.STRANGE:
        _fill(lake, standing, path, make, tick)
        return standing.page is not None
    engine = make(path)
    with engine.begin() as connection:
        state = outbox.read_state(connection)
        if stands is Stands.AHEAD and state is not None and state.pending is not None and state.upto is not None:
            outbox.settle(connection, state.pending, state.upto)
        outbox.prepare(connection)
    engine.dispose()
    return False


def _stand(path: Path, page: Entry | None) -> Stands:
    if not path.exists():
        return Stands.STRANGE
    engine = open_warehouse(f"sqlite:///{path}")
    with engine.connect() as connection:
        state = outbox.read_state(connection)
    engine.dispose()
    if state is None:
        return Stands.STRANGE
    last = (None, None) if page is None else (page.content, page.work)
    if (state.page, state.origin) == last:
        return Stands.LEVEL
    return Stands.AHEAD if page is not None and (state.pending, state.work) == last else Stands.STRANGE


def _fill(lake: Lake, standing: Standing, path: Path, make: Callable[[Path], Engine], tick: Callable[[], None]) -> None:
    """Under another name first, so that whoever breaks this off leaves no half of it."""
    fresh = path.with_name(f"{path.name}.new")
    _remove(fresh)
    engine = make(fresh)
    if standing.page is not None:
        restore(lake, standing.source_id, engine, standing.page.page, tick=tick)
    with engine.begin() as connection:
        outbox.prepare(
            connection,
            page=None if standing.page is None else standing.page.content,
            origin=None if standing.page is None else standing.page.work,
        )
    engine.dispose()
    _remove(path)
    fresh.replace(path)


def _remove(path: Path) -> None:
    """The file, then SQLite's log beside it: a log alone is removed before any other file gets the name."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        with suppress(FileNotFoundError):
            path.with_name(name).unlink()
