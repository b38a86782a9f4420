"""Sources of a lake computed by pieces of work equal one warehouse that holds them all; the pieces need no cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, select

from benchmarks.compute import SETTINGS
from benchmarks.history import NOW, History, fill
from metrics.catalog import compute
from tests.metrics.apart import Rows, differences
from warehouse.engine import open_scratch
from warehouse.fetching import fetch_rows
from warehouse.tables import COMPUTED, METADATA

pytest.importorskip("deltalake", reason="deltalake is not installed")

from benchmarks.lakes import fill_source
from flowmart.cluster.job import Report, compute_lake
from flowmart.cluster.shapes import Shared
from flowmart.cluster.works import compute_source
from lake.computed import read
from lake.opening import Lake, open_lake
from metrics.outdated import code_version

HISTORIES = tuple(
    History(issues=count, status_changes=3, seed=seed, source=source)
    for seed, (source, count) in enumerate({"east": 120, "north": 90, "west": 20}.items())
)


@dataclass
class Here:
    """A cluster of this one process. `breaks` is called before each piece of work."""

    breaks: Callable[[Any, Any], None] = lambda _, __: None
    done: list[tuple[str, Any]] = field(default_factory=list)

    def map(self, work: Any, shared: Any, items: Sequence[Any], result: type[Any]) -> Iterator[Any]:
        for item in items:
            self.breaks(work, item)
            self.done.append((work.__name__, item))
            yield msgspec.msgpack.decode(msgspec.msgpack.encode(work(shared, item)), type=result)

    def computed(self) -> list[str]:
        return [item.source_id for name, item in self.done if name == compute_source.__name__]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = open_lake(str(tmp_path / "lake"))
    for history in HISTORIES:
        fill_source(lake, history)
    return lake


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Rows]:
    """Computed table → rows, of one warehouse with all sources."""
    engine = open_scratch(tmp_path_factory.mktemp("alone") / "warehouse.db")
    METADATA.create_all(engine)
    with engine.begin() as connection:
        for history in HISTORIES:
            fill(connection, history)
        compute(connection, SETTINGS, NOW)
    return rows_of(engine)


def rows_of(engine: Engine) -> Mapping[str, Rows]:
    with engine.connect() as connection:
        return {one.name: fetch_rows(connection, select(one)) for one in COMPUTED}


def rows_in(lake: Lake) -> Mapping[str, Rows]:
    return {
        one.name: [tuple(row.values()) for row in read(lake, one.name, columns=one.columns.keys()).to_pylist()]
        for one in COMPUTED
    }


def shared(lake: Lake, **others: Any) -> Shared:
    return replace(Shared(lake=lake, settings=SETTINGS, now=NOW, code_version=code_version()), **others)


def computed(lake: Lake, cluster: Here, *, full: bool = False, **others: Any) -> Report:
    return compute_lake(cluster, shared(lake, **others), full=full)


def test_the_lake_has_the_rows_of_one_warehouse_with_all_sources(lake: Lake, alone: Mapping[str, Rows]) -> None:
    report = computed(lake, Here())
    assert sorted(done.source_id for done in report.computed) == ["east", "north", "west"]
    assert not differences(rows_in(lake), alone)


def test_a_source_without_change_is_not_computed_again_on_the_same_day(lake: Lake) -> None:
    computed(lake, Here())
    cluster = Here()
    report = computed(lake, cluster)
    assert (cluster.done, report.computed, report.unchanged) == ([], [], ["east", "north", "west"])
    fill_source(lake, replace(HISTORIES[2], source="new", seed=9))
    computed(lake, cluster)
    assert cluster.computed() == ["new"]
    again = Here()
    computed(lake, again, now=NOW + timedelta(days=1))
    assert sorted(again.computed()) == ["east", "new", "north", "west"]
