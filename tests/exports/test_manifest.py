"""The manifest tells all that lies in a folder, truly, and comes last."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from exports.base import ExportError, Order
from exports.catalog import EXPORTERS, choose_tables
from exports.manifest import MANIFEST
from exports.snapshot import snapshot

MADE = datetime(2026, 10, 2, 2, 15, tzinfo=UTC)
formats = pytest.mark.parametrize("format_", ["csv", "parquet", "xlsx"])


def export(engine: Engine, folder: Path, format_: str, *names: str, made: datetime = MADE) -> dict[str, Any]:
    order = Order(made_at=made, revision="0007", synced_until=datetime(2026, 10, 1, tzinfo=UTC))
    with snapshot(engine) as connection:
        EXPORTERS[format_](connection, choose_tables(names), folder, order)
    return manifest(folder)


def manifest(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
    return told


def entries(folder: Path) -> list[tuple[str, str, str]]:
    return [(entry["name"], entry["format"], entry["made_at"]) for entry in manifest(folder)["tables"]]


@formats
def test_it_tells_tables_rows_files_checksums_and_of_which_instant(
    filled: Engine, tmp_path: Path, format_: str
) -> None:
    told = export(filled, tmp_path, format_, "issues", "sprints")
    assert told["made_at"] == "2026-10-02T02:15:00Z"
    assert (told["schema_revision"], told["synced_until"], told["since"]) == ("0007", "2026-10-01T00:00:00Z", None)
    assert [(entry["name"], entry["rows"], entry["key"]) for entry in told["tables"]] == [
        ("issues", 40, "issue_id"),
        ("sprints", 40, "sprint_id"),
    ]
    for entry in told["tables"]:
        assert entry["increment"] is None
        (file,) = entry["files"]
        content = (tmp_path / file["path"]).read_bytes()
        assert (file["bytes"], file["rows"]) == (len(content), 40)
        assert file["sha256"] == hashlib.sha256(content).hexdigest()


def test_it_tells_columns_with_their_types_and_meanings(filled: Engine, tmp_path: Path) -> None:
    (issues,) = export(filled, tmp_path, "parquet", "issues")["tables"]
    columns = {column["name"]: column for column in issues["columns"]}
    (table,) = choose_tables(["issues"])
    assert list(columns) == table.columns.keys()
    assert columns["created_at"] == {
        "name": "created_at",
        "type": "instant",
        "arrow": "timestamp[us, tz=UTC]",
        "nullable": False,
        "description": table.c.created_at.comment,
    }
    assert columns["story_points"]["arrow"] == "decimal128(28, 6)"


def test_exports_into_one_folder_keep_each_others_entries(filled: Engine, tmp_path: Path) -> None:
    later = datetime(2026, 10, 3, tzinfo=UTC)
    export(filled, tmp_path, "parquet", "issues", "sprints")
    export(filled, tmp_path, "csv", "issues")
    assert export(filled, tmp_path, "parquet", "sprints", made=later)["made_at"] == "2026-10-03T00:00:00Z"
    assert entries(tmp_path) == [
        ("issues", "csv", "2026-10-02T02:15:00Z"),
        ("issues", "parquet", "2026-10-02T02:15:00Z"),
        ("sprints", "parquet", "2026-10-03T00:00:00Z"),
    ]


def test_a_table_whose_file_somebody_took_away_is_told_no_longer(filled: Engine, tmp_path: Path) -> None:
    export(filled, tmp_path, "csv", "issues")
    (tmp_path / "issues.csv").unlink()
    export(filled, tmp_path, "csv", "sprints")
    assert [name for name, _, _ in entries(tmp_path)] == ["sprints"]


def test_a_new_workbook_takes_the_place_of_all_sheets_of_the_old(filled: Engine, tmp_path: Path) -> None:
    export(filled, tmp_path, "xlsx", "issues", "sprints")
    export(filled, tmp_path, "xlsx", "boards")
    assert [name for name, _, _ in entries(tmp_path)] == ["boards"]


def test_it_gets_its_name_after_all_files(filled: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []
    replace = os.replace

    def note(part: Path, path: Path) -> None:
        named.append(path.name)
        replace(part, path)

    monkeypatch.setattr(os, "replace", note)
    export(filled, tmp_path / "out", "csv", "issues", "sprints")
    assert named == ["issues.csv", "sprints.csv", MANIFEST]


def test_another_programs_manifest_is_left_alone(filled: Engine, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text('{"nodes": {}}')
    with pytest.raises(ExportError, match=r"/manifest\.json: it is no manifest of ours; move it away or name another"):
        export(filled, tmp_path, "csv", "issues")
    assert (tmp_path / MANIFEST).read_text() == '{"nodes": {}}'
    assert not (tmp_path / "issues.csv").exists()


@formats
def test_the_same_now_gives_the_same_manifest(filled: Engine, tmp_path: Path, format_: str) -> None:
    for folder in ("one", "two"):
        export(filled, tmp_path / folder, format_, "issues", "dates")
    assert (tmp_path / "one" / MANIFEST).read_bytes() == (tmp_path / "two" / MANIFEST).read_bytes()
