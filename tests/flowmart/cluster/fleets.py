"""A lake with two generated sources, and what one warehouse that holds them all computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine, select

from benchmarks.compute import SETTINGS
from benchmarks.history import NOW, History, fill
from benchmarks.lakes import fill_source
from flowmart.cluster.job import Report, compute_lake
from flowmart.cluster.shapes import Shared
from lake.computed import read
from lake.opening import Lake, open_lake
from metrics.catalog import compute
from metrics.outdated import code_version
from metrics.settings import MetricSettings
from tests.metrics.apart import Rows
from warehouse.engine import open_scratch
from warehouse.fetching import fetch_rows
from warehouse.tables import COMPUTED, METADATA

BEGINS = NOW - timedelta(days=150)
HISTORIES = tuple(
    History(issues=count, status_changes=3, seed=seed, begins=BEGINS, source=source)
    for seed, (source, count) in enumerate({"east": 60, "west": 12}.items())
)


def filled(folder: Path, histories: Sequence[History] = HISTORIES) -> Lake:
    """A lake in the folder, as syncs of these sources leave it."""
    lake = open_lake(str(folder))
    for history in histories:
        fill_source(lake, history)
    return lake


def alone(
    path: Path, histories: Sequence[History] = HISTORIES, settings: MetricSettings = SETTINGS
) -> Mapping[str, Rows]:
    """Computed table → rows, of one warehouse with all sources."""
    engine = open_scratch(path)
    METADATA.create_all(engine)
    with engine.begin() as connection:
        for history in histories:
            fill(connection, history)
        compute(connection, settings, NOW)
    rows = rows_of(engine)
    engine.dispose()
    return rows


def rows_of(engine: Engine) -> Mapping[str, Rows]:
    with engine.connect() as connection:
        return {one.name: fetch_rows(connection, select(one)) for one in COMPUTED}


def rows_in(lake: Lake) -> Mapping[str, Rows]:
    """The same of a lake."""
    return {
        one.name: [tuple(row.values()) for row in read(lake, one.name, columns=one.columns.keys()).to_pylist()]
        for one in COMPUTED
    }


def shared(lake: Lake, **others: Any) -> Shared:
    return replace(Shared(lake=lake, settings=SETTINGS, now=NOW, code_version=code_version()), **others)


@dataclass
class Here:
    """A cluster of this one process. `before` hears of each piece of work that is about to be done."""

    before: Callable[[str, Any], None] = lambda _, __: None
    twice: bool = False
    """Everything is done again, as if the machine had gone away before it could tell."""
    done: list[tuple[str, Any]] = field(default_factory=list)

    def map(self, work: Any, shared: Any, items: Sequence[Any], result: type[Any]) -> Iterator[Any]:
        for item in items:
            self.before(work.__name__, item)
            self.done.append((work.__name__, item))
            if self.twice:
                work(shared, item)
            yield msgspec.msgpack.decode(msgspec.msgpack.encode(work(shared, item)), type=result)

    def computed(self) -> list[str]:
        """The sources that were computed, in order."""
        return [item.source_id for name, item in self.done if name == "compute_source"]


def computed(lake: Lake, cluster: Here | None = None, *, full: bool = False, **others: Any) -> Report:
    return compute_lake(cluster or Here(), shared(lake, **others), full=full)
