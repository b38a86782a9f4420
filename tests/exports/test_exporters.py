"""What holds for every format: the same bytes for the same rows, one instant for all tables, hostile texts survive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import Engine, MetaData, delete, func, select

from exports.base import ExportError
from exports.catalog import EXPORTERS, INTERNAL, choose_tables
from exports.manifest import MANIFEST
from exports.rows import record_batches
from exports.snapshot import snapshot
from exports.xlsx import WORKBOOK
from warehouse.engine import open_warehouse
from warehouse.loader import Loader
from warehouse.records import IssueChange
from warehouse.tables import METADATA

TABLES = ["issues", "issue_changes", "issue_flow", "dates"]

formats = pytest.mark.parametrize("format_", sorted(set(EXPORTERS) - {"hyper"}))
"""All but the one whose bytes an engine of Tableau's makes, differently each time; it has tests of its own."""


def exported(engine: Engine, format_: str, folder: Path) -> dict[str, bytes]:
    with snapshot(engine) as connection:
        files = EXPORTERS[format_](connection, choose_tables(TABLES), folder)
    return {path.name: path.read_bytes() for path in {*(Path(file.path) for file in files), folder / MANIFEST}}


@formats
def test_the_same_rows_give_the_same_bytes_whatever_order_they_came_in(
    warehouse: Engine, fill: Callable[..., None], tmp_path: Path, format_: str
) -> None:
    tables = choose_tables(TABLES)
    fill(warehouse, tables)
    first = exported(warehouse, format_, tmp_path / "first")
    with warehouse.begin() as connection:
        for table in tables:
            connection.execute(delete(table))
    fill(warehouse, tables, backwards=True)
    assert exported(warehouse, format_, tmp_path / "second") == first


@pytest.fixture
def two_warehouses(empty_postgres: Engine, tmp_path: Path) -> Iterator[list[Engine]]:
    """One on each engine, with the tables of this test."""
    engines = [open_warehouse(f"sqlite:///{tmp_path / 'w.db'}"), empty_postgres]
    wanted = MetaData()
    for table in choose_tables(TABLES):
        table.to_metadata(wanted)
    for engine in engines:
        wanted.create_all(engine)
    yield engines
    engines[0].dispose()


@formats
def test_both_engines_give_the_same_bytes(
    two_warehouses: list[Engine], fill: Callable[..., None], tmp_path: Path, format_: str
) -> None:
    for engine in two_warehouses:
        fill(engine, choose_tables(TABLES))
    sqlite, postgresql = (exported(e, format_, tmp_path / e.dialect.name) for e in two_warehouses)
    assert sqlite == postgresql


@formats
def test_a_new_export_takes_the_place_of_the_old_and_leaves_nothing_else(
    filled: Engine, tmp_path: Path, format_: str
) -> None:
    exported(filled, format_, tmp_path / "out")
    exported(filled, format_, tmp_path / "out")
    files = [WORKBOOK] if format_ == "xlsx" else [f"{name}.{format_}" for name in TABLES]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted([*files, MANIFEST])


@formats
def test_what_no_engine_stores_arrives_replaced(warehouse: Engine, tmp_path: Path, format_: str) -> None:
    change = IssueChange(
        change_id="a:1:0",
        issue_id="a:1",
        entry_number=1,
        ordinal=0,
        changed_at=datetime(2026, 3, 1, tzinfo=UTC),
        author_id=None,
        field="summary",
        field_id=None,
        from_value=None,
        from_text=None,
        to_value=None,
        to_text="nul\0 lone\ud800",
    )
    with warehouse.begin() as connection:
        Loader(connection).upsert([change])
    files = exported(warehouse, format_, tmp_path)
    if format_ == "xlsx":
        with ZipFile(tmp_path / WORKBOOK) as workbook:
            files = {name: workbook.read(name) for name in workbook.namelist()}
    assert any("nul\ufffd lone\ufffd".encode() in content for content in files.values())


def test_all_tables_of_an_export_are_of_one_instant(filled: Engine) -> None:
    (table,) = choose_tables(["issue_labels"])
    count = select(func.count()).select_from(table)
    with snapshot(filled) as connection:
        before = connection.execute(count).scalar_one()
        with filled.begin() as other:
            other.execute(delete(table))
        assert sum(batch.num_rows for batch in record_batches(connection, table)) == before > 0
    with filled.connect() as connection:
        assert connection.execute(count).scalar_one() == 0


def test_without_names_an_export_has_all_tables_but_the_internal_ones() -> None:
    assert {table.name for table in choose_tables()} == set(METADATA.tables) - INTERNAL
    assert set(METADATA.tables) >= INTERNAL


def test_named_tables_come_in_their_order_each_once_internal_ones_too() -> None:
    assert [t.name for t in choose_tables(["issues", "bookmarks", "issues"])] == ["issues", "bookmarks"]


def test_an_unknown_table_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ExportError, match=r"^isues: there is no such table; did you mean issues"):
        choose_tables(["isues"])
    with pytest.raises(ExportError, match=r"there are: .*issues"):
        choose_tables(["qqq"])
