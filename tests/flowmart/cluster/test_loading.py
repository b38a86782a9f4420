"""A lake loaded into a warehouse for BI: it holds what a warehouse that was synced and computed there would."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("deltalake", reason="deltalake is not installed")

from sqlalchemy import Engine, Table

from benchmarks.compute import SETTINGS
from benchmarks.history import NOW, fill
from flowmart.cluster.loading import load_warehouse
from flowmart.config import load_config
from flowmart.errors import JobFailed
from lake.opening import open_lake
from metrics.catalog import compute
from tests.flowmart.cluster.fleets import HISTORIES, computed, filled, rows_of, shared
from tests.flowmart.conftest import Ours
from tests.metrics.apart import differences
from warehouse.copying import stream_rows
from warehouse.engine import open_scratch, open_warehouse
from warehouse.tables import METADATA
from warehouse.tables.loaded import issue_changes, issue_labels, issues, sprints, statuses

SOURCE = '[sources.acme]\ntype = "jira"\nurl = "https://acme.example"\ntoken = "t"\n'


@pytest.fixture(params=["sqlite", "postgresql"])
def section(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Engine]:
    """`[warehouse]` of an empty one on each engine, and the engine."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'bi.db'}"
        return f'[warehouse]\nurl = "{url}"\n', open_warehouse(url)
    ours: Ours = request.getfixturevalue("ours")
    return ours.section(), open_warehouse(ours.engine.url.render_as_string(hide_password=False), ours.schema)


def sorted_rows(engine: Engine, table: Table) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return sorted(stream_rows(connection, table), key=lambda row: str(row[0]))


@pytest.mark.thorough
def test_it_has_the_rows_of_a_warehouse_that_computed_them(section: tuple[str, Engine], tmp_path: Path) -> None:
    (tmp_path / "flowmart.toml").write_text(SOURCE + section[0], encoding="utf-8")
    config, histories = load_config(tmp_path / "flowmart.toml", {}), HISTORIES[1:]
    lake = filled(tmp_path / "lake", histories)
    with pytest.raises(JobFailed, match="nothing was computed yet"):
        load_warehouse(config, shared(lake))
    computed(lake)
    alone = open_scratch(tmp_path / "alone.db")
    METADATA.create_all(alone)
    with alone.begin() as connection:
        for history in histories:
            fill(connection, history)
        compute(connection, SETTINGS, NOW)
    for _ in range(2):  # the second time over the rows of the first
        load_warehouse(config, shared(open_lake(lake.url)))
        assert not differences(rows_of(section[1]), rows_of(alone))
        for table in (issues, issue_changes, issue_labels, sprints, statuses):
            assert sorted_rows(section[1], table) == sorted_rows(alone, table)
    section[1].dispose()
