"""A folder holds the data source of the connection that was last asked for, and never both of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from exports.base import PLAIN, Order, Reach
from exports.catalog import EXPORTERS, choose_tables
from exports.manifest import MANIFEST
from exports.snapshot import snapshot
from exports.tableau.source import DESCRIBED, PACKAGED, Mode, write_tableau
from warehouse.engine import open_warehouse
from warehouse.tables import METADATA

pytest.importorskip("tableauhyperapi", reason="Tableau's Hyper API is not installed: flowmart[tableau]")

LIVE = Order(reach=Reach(way=Mode.LIVE, server="db.acme.example", database="flow"))


@pytest.fixture
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An empty warehouse."""
    engine = open_warehouse(f"sqlite:///{tmp_path_factory.mktemp('warehouse') / 'w.db'}")
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


def left(engine: Engine, folder: Path, order: Order) -> set[str]:
    with snapshot(engine) as connection:
        write_tableau(connection, folder, order)
    return {path.name for path in folder.iterdir()}


def listed(folder: Path) -> set[str]:
    """The files that the manifest tells of."""
    told = json.loads((folder / MANIFEST).read_text("utf-8"))
    return {file["path"] for one in (*told["tables"], {"files": told["documents"]}) for file in one["files"]}


@pytest.mark.thorough
def test_the_file_of_the_other_connection_goes(sqlite: Engine, tmp_path: Path) -> None:
    for order, name in ((LIVE, DESCRIBED), (PLAIN, PACKAGED), (LIVE, DESCRIBED)):
        assert left(sqlite, tmp_path, order) == {name, MANIFEST}
        assert listed(tmp_path) == {name}


def test_a_file_of_that_name_that_no_export_wrote_stays(sqlite: Engine, tmp_path: Path) -> None:
    (tmp_path / PACKAGED).write_text("mine")
    assert left(sqlite, tmp_path, LIVE) == {PACKAGED, DESCRIBED, MANIFEST}
    assert (tmp_path / PACKAGED).read_text() == "mine"


@pytest.mark.thorough
def test_tables_in_other_formats_beside_it_stay(sqlite: Engine, tmp_path: Path) -> None:
    left(sqlite, tmp_path, LIVE)
    with snapshot(sqlite) as connection:
        EXPORTERS["csv"](connection, choose_tables(["projects"]), tmp_path)
    assert left(sqlite, tmp_path, PLAIN) == {PACKAGED, "projects.csv", MANIFEST}
    assert listed(tmp_path) == {PACKAGED, "projects.csv"}
