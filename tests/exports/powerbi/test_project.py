"""A project is complete in itself, the same for the same warehouse, and points to where its rows are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, delete

from exports.base import ExportError, Order
from exports.catalog import write
from exports.manifest import MANIFEST
from exports.model import bi_model
from exports.powerbi.project import write_powerbi
from exports.powerbi.source import Source, SourceKind
from exports.snapshot import snapshot
from warehouse.engine import open_warehouse
from warehouse.tables import METADATA

MADE = datetime(2026, 10, 2, 2, 15, tzinfo=UTC)
MODEL = "flowmart.SemanticModel/definition/"


def written(engine: Engine, to: Path, source: Source) -> dict[str, bytes]:
    with snapshot(engine) as connection:
        files = write_powerbi(connection, to, source)
    assert files[0].path == to / "flowmart.pbip"
    return {path.relative_to(to).as_posix(): path.read_bytes() for path in to.rglob("*") if path.is_file()}


def test_with_parquet_the_project_carries_all_rows_and_says_where(filled: Engine, tmp_path: Path) -> None:
    files = written(filled, tmp_path / "out", Source())
    assert {Path(path).stem for path in files if path.startswith("data/")} >= {t.name for t in bi_model().tables}
    assert str(tmp_path / "out" / "data").encode() in files[MODEL + "expressions.tmdl"]
    assert pq.read_table(tmp_path / "out" / "data" / "issue_flow.parquet").num_rows == 40


def test_the_rows_have_a_manifest_of_the_run_and_are_whole_whatever_the_order_says(
    filled: Engine, tmp_path: Path
) -> None:
    order = Order(made_at=MADE, revision="0001", since=MADE, partition="month")
    with snapshot(filled) as connection:
        write(connection, "powerbi", (), tmp_path, order)
    told = json.loads((tmp_path / "data" / MANIFEST).read_text("utf-8"))
    assert (told["made_at"], told["schema_revision"], told["since"]) == ("2026-10-02T02:15:00Z", "0001", None)
    assert {entry["name"] for entry in told["tables"]} == {table.name for table in bi_model().tables}
    assert pq.read_table(tmp_path / "data" / "issue_flow.parquet").num_rows == 40


def test_a_url_is_no_place_for_a_project(warehouse: Engine) -> None:
    with (
        snapshot(warehouse) as connection,
        pytest.raises(ExportError, match=r"^memory://lake: powerbi is written on this machine only; name a folder$"),
    ):
        write(connection, "powerbi", (), "memory://lake")


def test_the_same_warehouse_gives_the_same_bytes(filled: Engine, tmp_path: Path) -> None:
    first = written(filled, tmp_path / "out", Source())
    assert written(filled, tmp_path / "out", Source()) == first


def test_a_folder_that_is_named_is_read_and_no_rows_are_written(warehouse: Engine, tmp_path: Path) -> None:
    files = written(warehouse, tmp_path, Source(folder=r"\\files\bi"))
    assert not any(path.startswith("data/") for path in files)
    assert rb'"\\files\bi"' in files[MODEL + "expressions.tmdl"]


@pytest.mark.usefixtures("postgres_warehouse")
def test_postgresql_is_addressed_as_the_warehouse_is_without_its_login(
    postgres_url: str, postgres_schema: str, tmp_path: Path
) -> None:
    engine = open_warehouse(postgres_url, postgres_schema)
    said = written(engine, tmp_path, Source(kind=SourceKind.DIRECTQUERY))[MODEL + "expressions.tmdl"].decode()
    assert f'expression Database = "{engine.url.database}"' in said
    assert f'expression Schema = "{postgres_schema}"' in said
    assert "expression Server = " in said
    assert not engine.url.username or f"{engine.url.username}@" not in said
    engine.dispose()


@pytest.mark.parametrize("kind", [SourceKind.POSTGRESQL, SourceKind.DIRECTQUERY])
def test_a_warehouse_on_sqlite_needs_addresses_to_read_from_postgresql(tmp_path: Path, kind: SourceKind) -> None:
    engine = open_warehouse(f"sqlite:///{tmp_path / 'w.db'}")
    with pytest.raises(ExportError, match="needs server and database, and this warehouse is not on it"):
        written(engine, tmp_path / "out", Source(kind=kind))
    files = written(engine, tmp_path / "out", Source(kind=kind, server="db", database="flow"))
    assert b'expression Server = "db"' in files[MODEL + "expressions.tmdl"]


def test_a_project_that_was_edited_is_left_alone(warehouse: Engine, tmp_path: Path) -> None:
    source = Source(folder="x")
    written(warehouse, tmp_path, source)
    (tmp_path / MODEL / "tables" / "Issues.tmdl").write_text("mine")
    with pytest.raises(ExportError, match=r"Issues\.tmdl: it was changed since it was exported"):
        written(warehouse, tmp_path, source)


def test_a_project_that_was_edited_is_refused_before_its_rows_are_written(filled: Engine, tmp_path: Path) -> None:
    before = written(filled, tmp_path, Source())
    edited = tmp_path / MODEL / "tables" / "Issues.tmdl"
    edited.write_text("mine")
    with filled.begin() as connection:
        connection.execute(delete(METADATA.tables["issue_flow"]))
    with pytest.raises(ExportError, match=r"Issues\.tmdl: it was changed since it was exported"):
        written(filled, tmp_path, Source())
    after = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == {**before, edited.relative_to(tmp_path).as_posix(): b"mine"}
