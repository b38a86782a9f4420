"""Fills a lake with generated sources, as syncs of them would."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.history import NOW, History, fill
from lake import outbox
from lake.leases import hold
from lake.opening import Lake
from lake.publishing import Publisher
from warehouse.engine import open_scratch
from warehouse.tables import METADATA


def fill_source(lake: Lake, history: History) -> None:
    """One page with all that the source has."""
    with TemporaryDirectory() as folder:
        engine = open_scratch(Path(folder) / "working.db")
        METADATA.create_all(engine)
        with engine.begin() as connection:
            outbox.prepare(connection)
            fill(connection, history)
        with hold(lake, history.source, lambda: NOW) as standing:
            publisher = Publisher(lake=lake, engine=engine, standing=standing, run_id="generated", clock=lambda: NOW)
            publisher.publish()
            publisher.release()
        engine.dispose()
