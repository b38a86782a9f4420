"""CSV: what is in the warehouse can be read back, and no spreadsheet runs a text."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pytest
from sqlalchemy import Boolean, Column, Date, Engine, Float, Integer, Numeric, Table

from exports.base import Order
from exports.catalog import EXPORTERS, choose_tables
from exports.csv_files import write_csv
from exports.snapshot import snapshot
from warehouse.bulk import insert_rows
from warehouse.types import JsonText, UtcDateTime, utc_text

StoredRows = Callable[[Table], list[dict[str, Any]]]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def instant(cell: str) -> datetime:
    assert utc_text(datetime.fromisoformat(cell)) == cell
    return datetime.fromisoformat(cell)


def number(cell: str) -> float:
    assert re.fullmatch(r"-?\d+(\.\d*[1-9])?", cell)
    return float(cell)


VALUES: dict[type, Callable[[str], Any]] = {
    UtcDateTime: instant,
    Date: date.fromisoformat,
    Boolean: {"true": True, "false": False}.__getitem__,
    Integer: int,
    Float: number,
    Numeric: number,
    JsonText: json.loads,
}


def value_of(column: Column[Any], cell: str) -> object:
    """A cell as its column's type; NULL and an empty text are one to Python's reader."""
    read_as = next((convert for kind, convert in VALUES.items() if isinstance(column.type, kind)), str)
    return read_as(cell) if cell else None


def expected(column: Column[Any], row: Mapping[str, Any]) -> object:
    value = row[column.name]
    if isinstance(column.type, Numeric) and value is not None:
        return float(round(Decimal(value), 6))
    return value or None if isinstance(value, str) else value


def test_every_cell_of_every_table_reads_back_as_it_is_in_the_warehouse(
    filled: Engine, stored: StoredRows, tmp_path: Path
) -> None:
    tables = choose_tables()
    with snapshot(filled) as connection:
        written = write_csv(connection, tables, tmp_path / "out", Order(neutralise_formulas=False))
    for table, file in zip(tables, written, strict=True):
        found = [{c.name: value_of(c, row[c.name]) for c in table.columns} for row in read(file.path)]
        assert found == [{c.name: expected(c, row) for c in table.columns} for row in stored(table)]
        assert file.rows == len(found) > 0


def errors_of_runs(engine: Engine, folder: Path, texts: list[str | None], *, safe: bool = True) -> bytes:
    """The lines that one column of texts gives."""
    (table,) = choose_tables(["sync_runs"])
    with engine.begin() as connection:
        required = [0, 0, 0, 0]
        rows = [
            [f"{n:02}", "r", "a", "s", datetime.fromisoformat("2026-01-01T00:00Z"), "done", *required, text]
            for n, text in enumerate(texts)
        ]
        names = [c.name for c in table.columns if c.name not in {"finished_at", "expected", "received"}]
        insert_rows(connection, table, names, rows)
    with snapshot(engine) as connection:
        (file,) = write_csv(connection, [table], folder, Order(neutralise_formulas=safe))
    return file.path.read_bytes()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(warehouse: Engine, tmp_path: Path, start: str) -> None:
    text = f"{start}cmd|' /C calc'!A0"
    assert errors_of_runs(warehouse, tmp_path, [text]).decode().endswith(f',"\'{text}"\r\n')


def test_other_texts_and_numbers_below_zero_are_left_alone(filled: Engine, tmp_path: Path) -> None:
    (table,) = choose_tables(["issue_changes"])
    with snapshot(filled) as connection:
        (file,) = EXPORTERS["csv"](connection, [table], tmp_path)
    rows = read(file.path)
    assert {row["entry_number"] for row in rows} > {"-5", "-1", "0"}
    assert {row["to_text"] for row in rows} > {"'=cmd|' /C calc'!A0", "'-2", "a=b", " ", "'", "007"}


def test_null_is_nothing_and_an_empty_text_is_a_pair_of_quotes(warehouse: Engine, tmp_path: Path) -> None:
    lines = errors_of_runs(warehouse, tmp_path, [None, ""]).split(b"\r\n")
    assert lines[1].endswith(b",0,0,0,0,,,")
    assert lines[2].endswith(b',0,0,0,0,,,""')
    options = pa.csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
    table = pa.csv.read_csv(tmp_path / "sync_runs.csv", convert_options=options)
    assert table["error"].to_pylist() == [None, ""]


def test_quotes_are_doubled_and_line_breaks_stay_in_their_cell(warehouse: Engine, tmp_path: Path) -> None:
    content = errors_of_runs(warehouse, tmp_path, ['say "no",\nor\r\nso'])
    assert content.endswith(b',0,0,0,0,,,"say ""no"",\nor\r\nso"\r\n')


def test_a_table_without_rows_has_its_header(warehouse: Engine, tmp_path: Path) -> None:
    with snapshot(warehouse) as connection:
        (file,) = write_csv(connection, choose_tables(["issue_labels"]), tmp_path)
    assert file.path.read_bytes() == b'"issue_label_id","issue_id","label"\r\n'
    assert file.rows == 0
