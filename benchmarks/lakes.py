"""Fills a lake with generated sources, as syncs of them would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Engine

from benchmarks.history import NOW, History, fill
from lake import outbox
from lake.leases import hold
from lake.opening import Lake
from lake.publishing import Publisher
from lake.working import bring_up
from warehouse.engine import open_scratch
from warehouse.tables import METADATA


def fill_source(lake: Lake, history: History) -> None:
    """One page with all that the source has."""
    with TemporaryDirectory() as folder:
        engine = made_working(Path(folder) / "working.db")
        with engine.begin() as connection:
            outbox.prepare(connection)
            fill(connection, history)
        with hold(lake, history.source, lambda: NOW) as standing:
            publisher = Publisher(lake=lake, engine=engine, standing=standing, run_id="generated", clock=lambda: NOW)
            publisher.publish()
            publisher.release()
        engine.dispose()


def change_source(lake: Lake, source: str, change: Callable[[Connection], None]) -> None:
    """One page with what `change` does to the source, as a sync of the night after `NOW` would bring it."""
    with TemporaryDirectory() as folder, hold(lake, source, lambda: NOW) as standing:
        path = Path(folder) / "working.db"
        bring_up(lake, standing, path, made_working)
        engine = made_working(path)
        with engine.begin() as connection:
            change(connection)
        publisher = Publisher(lake=lake, engine=engine, standing=standing, run_id="generated", clock=lambda: NOW)
        publisher.publish()
        publisher.release()
        engine.dispose()


def made_working(path: Path) -> Engine:
    """An empty warehouse in a file of its own."""
    engine = open_scratch(path)
    METADATA.create_all(engine)
    return engine
