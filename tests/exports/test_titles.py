"""Titles that tracker users may give, loaded as a sync does, in each format: docs/excel.md shows them in a table."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from exports.base import Order
from exports.catalog import write
from exports.cells import fitting
from exports.snapshot import snapshot
from tests.exports.titles import AS_STORED


def exported(engine: Engine, format_: str, folder: Path, order: Order | None = None, *names: str) -> Path:
    with snapshot(engine) as connection:
        files = write(connection, format_, names, folder, order or Order())
    return next(Path(file.path) for file in files if file.table in {"issues", "flowmart"})


def of_csv(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return [row["summary"] for row in csv.DictReader(file, strict=True)]


def test_titles_in_csv_are_as_stored_but_for_an_apostrophe_before_what_would_run(
    titled: Engine, tmp_path: Path
) -> None:
    found = of_csv(exported(titled, "csv", tmp_path, None, "issues"))
    assert found == [f"'{title}" if title[0] in "=+-@\t\n" else title for title in AS_STORED]


def test_titles_in_csv_are_as_stored_where_the_caller_wants_them_so(titled: Engine, tmp_path: Path) -> None:
    assert of_csv(exported(titled, "csv", tmp_path, Order(neutralise_formulas=False), "issues")) == AS_STORED


def test_titles_in_parquet_are_as_stored(titled: Engine, tmp_path: Path) -> None:
    assert pq.read_table(exported(titled, "parquet", tmp_path, None, "issues"))["summary"].to_pylist() == AS_STORED


def test_titles_in_a_power_bi_project_are_as_stored_and_in_its_rows_only(titled: Engine, tmp_path: Path) -> None:
    entrance = exported(titled, "powerbi", tmp_path)
    assert pq.read_table(entrance.parent / "data" / "issues.parquet")["summary"].to_pylist() == AS_STORED
    texts = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "data"]
    assert len(texts) > 40
    assert not any("calc'!A0" in path.read_text("utf-8") for path in texts)


def test_titles_in_a_workbook_are_texts_and_as_stored_but_for_what_a_cell_cannot_hold(
    titled: Engine, tmp_path: Path
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    sheet = openpyxl.load_workbook(exported(titled, "xlsx", tmp_path, None, "issues"))["issues"]
    (column,) = (cells for cells in sheet.iter_cols() if cells[0].value == "summary")
    found = [openpyxl.utils.escape.unescape(cell.value) for cell in column[1:]]
    assert found == [fitting(title) for title in AS_STORED]
    assert [title for title, cell in zip(AS_STORED, found, strict=True) if title != cell] == ["y" * 40_000]
    assert {cell.data_type for cell in column} == {"s"}
