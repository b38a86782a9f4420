"""The extract for Tableau, read back with Tableau's own engine."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import fsspec
import pytest
from sqlalchemy import Column, Engine, MetaData, Numeric, Table, Text
from sqlalchemy.exc import DBAPIError

from exports.base import ExportError
from exports.catalog import choose_tables
from exports.manifest import MANIFEST
from exports.model import bi_model
from exports.snapshot import snapshot
from exports.tableau.hyper import EXTRACT, write_hyper
from tests.exports.tableau.conftest import Ask, Opens
from tests.exports.titles import AS_STORED
from warehouse.types import JsonText

StoredRows = Callable[[Table], list[dict[str, Any]]]


def expected(column: Column[Any], row: Mapping[str, Any]) -> object:
    value = row[column.name]
    return round(value, 6) if isinstance(column.type, Numeric) and value is not None else value


def found(column: Column[Any], value: Any) -> object:
    """A cell as Python says it; Tableau's own kinds of dates and instants have as many microseconds."""
    if value is not None and isinstance(column.type, JsonText):
        return json.loads(value)
    if type(value).__name__ == "Timestamp":
        return value.to_datetime().astimezone(UTC)
    return value.to_date() if type(value).__name__ == "Date" else value


def export(engine: Engine, folder: Path, *names: str) -> Path:
    pytest.importorskip("tableauhyperapi", reason="Tableau's Hyper API is not installed: flowmart[tableau]")
    with snapshot(engine) as connection:
        written = write_hyper(connection, choose_tables(names), folder)
    assert {file.path for file in written} == {folder / EXTRACT}
    return folder / EXTRACT


@pytest.mark.thorough
def test_every_cell_of_every_table_reads_back_as_it_is_in_the_warehouse(
    filled: Engine, stored: StoredRows, tmp_path: Path, ask: Opens
) -> None:
    query = ask(export(filled, tmp_path / "out"))
    for table in choose_tables():
        (key,) = table.primary_key
        names = ", ".join(f'"{c.name}"' for c in table.columns)
        rows = query(f'SELECT {names} FROM "Extract"."{table.name}"')  # noqa: S608
        read = [{c.name: found(c, v) for c, v in zip(table.columns, row, strict=True)} for row in rows]
        wanted = [{c.name: expected(c, row) for c in table.columns} for row in stored(table)]
        assert sorted(read, key=lambda row: row[key.name]) == wanted, table.name


def test_titles_are_as_stored(titled: Engine, tmp_path: Path, ask: Opens) -> None:
    query = ask(export(titled, tmp_path, "issues"))
    assert [title for (title,) in query('SELECT summary FROM "Extract".issues ORDER BY issue_id')] == AS_STORED


def test_columns_are_typed_as_tableau_needs_them(filled: Engine, tmp_path: Path, ask: Opens) -> None:
    query = ask(export(filled, tmp_path, "issues", "issue_flow", "statuses"))
    types = {
        (table, column): f"{kind}{' not null' if needed else ''}"
        for table, column, kind, needed in query(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull "
            "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid WHERE a.attnum > 0"
        )
    }
    assert types["issues", "issue_id"] == "text not null"
    assert types["issues", "priority"] == "text"
    assert types["issues", "created_at"] == "timestamptz not null"
    assert types["issues", "due_on"] == "date"
    assert types["issues", "is_flagged"] == "boolean not null"
    assert types["issues", "story_points"] == "double precision"
    assert types["issues", "original_estimate_seconds"] == "bigint"
    assert types["issue_flow", "cycle_days"] == "double precision"


def test_descriptions_of_columns_are_in_the_extract(filled: Engine, tmp_path: Path, ask: Opens) -> None:
    query = ask(export(filled, tmp_path, "issues", "issue_flow"))
    found = query(
        "SELECT c.relname, a.attname, d.description FROM pg_catalog.pg_description d "
        "JOIN pg_catalog.pg_class c ON c.oid = d.objoid "
        "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid"
    )
    said = {(table, column): text for table, column, text in found}
    for table in choose_tables(["issues", "issue_flow"]):
        for column in table.columns:
            assert said.get((table.name, column.name)) == column.comment


def _constraints(query: Ask) -> set[tuple[str, str]]:
    rows = query(
        "SELECT c.relname, o.relname FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid "
        "LEFT JOIN pg_catalog.pg_class o ON o.oid = k.confrelid WHERE k.contype = 'f'"
    )
    return {(table, to) for table, to in rows}


def test_a_relationship_is_a_constraint_only_where_each_value_has_its_row(
    filled: Engine, tmp_path: Path, ask: Opens
) -> None:
    with filled.begin() as connection:
        for name in ("issue_flow", "wip_aging"):
            connection.exec_driver_sql(f"DELETE FROM {name} WHERE issue_id NOT IN (SELECT issue_id FROM issues)")  # noqa: S608
        connection.exec_driver_sql("UPDATE issue_flow SET issue_id = 'nowhere' WHERE issue_id = 'B:1:2'")
    related = _constraints(ask(export(filled, tmp_path, "issues", "issue_flow", "wip_aging")))
    assert ("wip_aging", "issues") in related
    assert ("issue_flow", "issues") not in related
    active = {(one.table, one.to_table) for one in bi_model().relationships if one.is_active}
    assert related <= active


def test_nothing_but_the_extract_and_the_manifest_is_left(
    filled: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, passing = tmp_path / "work", tmp_path / "passing"
    for folder in (work, passing):
        folder.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr("tempfile.tempdir", str(passing))
    path = export(filled, tmp_path / "out", "issues")
    assert sorted(entry.name for entry in path.parent.iterdir()) == [EXTRACT, MANIFEST]
    assert [*work.iterdir(), *passing.iterdir()] == []


def test_the_manifest_tells_the_tables_of_the_extract(filled: Engine, tmp_path: Path) -> None:
    path = export(filled, tmp_path, "sprints", "issues")
    told = json.loads((tmp_path / MANIFEST).read_text("utf-8"))["tables"]
    assert [(one["name"], one["format"], one["rows"]) for one in told] == [
        ("issues", "hyper", 40),
        ("sprints", "hyper", 40),
    ]
    assert {file["sha256"] for one in told for file in one["files"]} == {hashlib.sha256(path.read_bytes()).hexdigest()}


def test_an_extract_goes_to_an_object_store_whole(filled: Engine, tmp_path: Path, ask: Opens) -> None:
    pytest.importorskip("tableauhyperapi", reason="Tableau's Hyper API is not installed: flowmart[tableau]")
    store = fsspec.filesystem("memory")
    store.store.clear()
    with snapshot(filled) as connection:
        (written,) = write_hyper(connection, choose_tables(["issues"]), "memory://lake/bi")
    (tmp_path / EXTRACT).write_bytes(store.cat_file(f"/lake/bi/{EXTRACT}"))
    assert written.path == f"memory://lake/bi/{EXTRACT}"
    assert ask(tmp_path / EXTRACT)('SELECT COUNT(*) FROM "Extract"."issues"') == [[written.rows]]
    store.store.clear()


def test_a_failed_export_leaves_the_extract_of_before(filled: Engine, tmp_path: Path) -> None:
    path = export(filled, tmp_path, "issues")
    before = path.read_bytes()
    missing = Table("nowhere", MetaData(), Column("id", Text, primary_key=True))
    with snapshot(filled) as connection, pytest.raises(DBAPIError, match="nowhere"):
        write_hyper(connection, [*choose_tables(["issues"]), missing], tmp_path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir() if entry.suffix == ".part"] == []


def test_without_the_package_one_line_says_what_to_install(
    filled: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tableauhyperapi", None)
    with snapshot(filled) as connection, pytest.raises(ExportError, match=r"pip install 'flowmart\[tableau\]'"):
        write_hyper(connection, choose_tables(["issues"]), tmp_path)
    assert list(tmp_path.glob("*.hyper")) == []
