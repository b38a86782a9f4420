"""XLSX: each cell reads back typed and equal, no text is run, and what Excel cannot hold is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import Boolean, Column, Date, Engine, Numeric, Table, update

from exports import xlsx
from exports.base import ExportError, Order, Written
from exports.catalog import LEFT_OUT, choose_tables
from exports.cells import CELL_LENGTH, fitting
from exports.snapshot import snapshot
from exports.xlsx import WORKBOOK, write_xlsx
from warehouse.bulk import insert_rows
from warehouse.types import JsonText, UtcDateTime

openpyxl = pytest.importorskip("openpyxl")

FIRST_DAY = datetime(1900, 3, 1)  # noqa: DTZ001 - a cell has no zone
StoredRows = Callable[[Table], list[dict[str, Any]]]


def export(engine: Engine, folder: Path, *names: str, order: Order | None = None) -> list[Written]:
    with snapshot(engine) as connection:
        return write_xlsx(connection, choose_tables(names, "xlsx"), folder, order or Order())


def sheet(folder: Path, name: str) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(folder / WORKBOOK)[name].iter_rows()]


def expected(column: Column[Any], row: Mapping[str, Any]) -> object:
    value = row[column.name]
    if value is None:
        return None
    if isinstance(column.type, UtcDateTime):
        return value.replace(tzinfo=None)
    if isinstance(column.type, JsonText):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    if isinstance(column.type, Numeric):
        return pytest.approx(float(round(Decimal(value), 6)), rel=1e-15)
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-15)  # a cell has 16 digits
    return fitting(value) if isinstance(value, str) else value


def found(column: Column[Any], value: Any) -> object:
    if isinstance(value, datetime) and isinstance(column.type, Date):
        assert value.time() == datetime.min.time()
        return value.date()
    if isinstance(value, datetime):
        return value + timedelta(microseconds=(-value.microsecond) % 1000 if value.microsecond % 1000 > 500 else 0)
    if isinstance(value, str):
        return openpyxl.utils.escape.unescape(value)
    return float(value) if isinstance(value, int) and isinstance(column.type, Numeric) else value


def test_every_cell_reads_back_as_it_is_in_the_warehouse(filled: Engine, stored: StoredRows, tmp_path: Path) -> None:
    export(filled, tmp_path)
    workbook = openpyxl.load_workbook(tmp_path / WORKBOOK)
    tables = choose_tables((), "xlsx")
    assert workbook.sheetnames == ["Contents", "Data dictionary", *(table.name for table in tables)]
    for table in tables:
        head, *rows = workbook[table.name].iter_rows(values_only=True)
        assert list(head) == table.columns.keys()
        values = [{c.name: found(c, v) for c, v in zip(table.columns, row, strict=True)} for row in rows]
        wanted = [{c.name: expected(c, row) for c in table.columns} for row in stored(table)]
        assert values == wanted


def test_cells_are_typed_so_that_excel_counts_and_sorts_them(filled: Engine, tmp_path: Path) -> None:
    export(filled, tmp_path, "issues")
    rows = openpyxl.load_workbook(tmp_path / WORKBOOK)["issues"].iter_rows()
    names = [cell.value for cell in next(rows)]
    first = dict(zip(names, next(rows), strict=True))
    assert (first["created_at"].data_type, first["created_at"].number_format) == ("d", "yyyy-mm-dd hh:mm:ss")
    assert (first["due_on"].data_type, first["due_on"].number_format) == ("d", "yyyy-mm-dd")
    assert first["is_flagged"].data_type == "b"
    assert first["story_points"].data_type == "n"
    assert first["key"].data_type == "s"


def test_the_head_stays_in_sight_and_filters(filled: Engine, tmp_path: Path) -> None:
    export(filled, tmp_path, "throughput")
    shown = openpyxl.load_workbook(tmp_path / WORKBOOK)["throughput"]
    assert (shown.freeze_panes, shown.auto_filter.ref) == ("A2", "A1:H41")
    assert 4 < shown.column_dimensions["C"].width < 16 < shown.column_dimensions["A"].width <= 61
    assert shown["A1"].font.bold


def test_the_first_sheets_say_what_there_is_and_what_it_means(filled: Engine, tmp_path: Path) -> None:
    made = datetime(2026, 10, 2, 2, 15, tzinfo=UTC)
    export(filled, tmp_path, "issues", "sprints", order=Order(made_at=made))
    contents = sheet(tmp_path, "Contents")
    assert contents[0][0] == "made at 2026-10-02 02:15:00 UTC"
    assert contents[1][0].startswith("All instants are UTC.")
    assert [row[:2] for row in contents[3:6]] == [["table", "rows"], ["issues", 40], ["sprints", 40]]
    (issues,) = choose_tables(["issues"])
    told = {(row[0], row[1]): row[3] for row in sheet(tmp_path, "Data dictionary")}
    assert {c.name: told["issues", c.name] for c in issues.columns} == {c.name: c.comment for c in issues.columns}


def of_changes(engine: Engine, folder: Path, texts: list[str]) -> list[Any]:
    """The cells of `to_text` that changes to these texts give."""
    (table,) = choose_tables(["issue_changes"])
    names = ["change_id", "issue_id", "entry_number", "ordinal", "changed_at", "field", "to_text"]
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with engine.begin() as connection:
        insert_rows(connection, table, names, [(f"{n:03}", "a:1", n, 0, at, "x", text) for n, text in enumerate(texts)])
    export(engine, folder, "issue_changes")
    place = table.columns.keys().index("to_text")
    return [row[place] for row in openpyxl.load_workbook(folder / WORKBOOK)["issue_changes"].iter_rows(min_row=2)]


def test_a_text_that_looks_like_a_formula_or_a_link_is_a_text_and_stays_one(warehouse: Engine, tmp_path: Path) -> None:
    texts = [
        "=cmd|' /C calc'!A0",
        "+1",
        "-2",
        "@x",
        "\tq",
        "\uff1d1",
        "{=1}",
        "https://a.example",
        "mailto:a@b.example",
    ]
    cells = of_changes(warehouse, tmp_path, texts)
    assert [cell.value for cell in cells] == texts
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.quotePrefix for cell in cells] == [True] * 6 + [False] * 3
    with ZipFile(tmp_path / WORKBOOK) as workbook:
        text = b"".join(workbook.read(name) for name in workbook.namelist() if name.startswith("xl/worksheets/sheet3"))
    assert b"<f>" not in text
    assert b"hyperlink" not in text


def test_marks_and_control_characters_survive(warehouse: Engine, tmp_path: Path) -> None:
    texts = ["a\r\nb\rc\nd", " begins ", "_x0041_", "bell\x07 escape\x1b", "<b>&amp;</b>", '"', "<r>]]>", "\ufffe"]
    cells = of_changes(warehouse, tmp_path, texts)
    assert [openpyxl.utils.escape.unescape(cell.value) for cell in cells] == texts


def test_a_text_between_the_marks_of_rich_text_gets_a_space_so_that_it_stays_a_text(
    warehouse: Engine, tmp_path: Path
) -> None:
    (cell,) = of_changes(warehouse, tmp_path, ["<r><t>x</t></r>"])
    assert cell.value == "<r><t>x</t></r> "


@pytest.mark.parametrize("unit", ["x", "漢", "🙂"])
def test_a_text_longer_than_a_cell_is_cut_at_the_limit_as_excel_counts(unit: str) -> None:
    cut = fitting(unit * 40_000)
    assert cut.endswith("… [shortened]")
    assert CELL_LENGTH - 1 <= len(cut.encode("utf-16-le")) // 2 <= CELL_LENGTH
    assert set(cut.removesuffix("… [shortened]")) == {unit}


def test_a_text_that_just_fits_is_left_alone_and_one_that_does_not_is_told(warehouse: Engine, tmp_path: Path) -> None:
    cells = of_changes(warehouse, tmp_path, ["y" * 32_767, "z" * 32_768, "🙂" * 16_383])
    assert [len(cell.value.encode("utf-16-le")) // 2 for cell in cells] == [32_767, 32_767, 32_766]
    assert cells[0].value == "y" * 32_767
    assert cells[2].value == "🙂" * 16_383
    note = "issue_changes.to_text: 1 texts longer than a cell of Excel are shortened"
    assert sheet(tmp_path, "Contents")[-1][0] == note
    assert export(warehouse, tmp_path, "issue_changes")[0].notes == (note,)


def test_more_rows_than_a_sheet_has_are_refused_before_anything_is_written(
    filled: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "SHEET_ROWS", 40)
    with pytest.raises(ExportError) as caught:
        export(filled, tmp_path / "out", "issues")
    assert str(caught.value) == (
        "issues: 40 rows are more than the 39 of a sheet of Excel; leave it out (`--table`, `tables`), or write parquet"
    )
    assert list((tmp_path / "out").iterdir()) == []


def test_instants_before_excel_counts_days_rightly_are_texts(warehouse: Engine, tmp_path: Path) -> None:
    (table,) = choose_tables(["days_off"])
    days = [date(1899, 12, 31), date(1900, 2, 28), date(1900, 3, 1)]
    with warehouse.begin() as connection:
        names = ["day_off_id", "sprint_id", "first_on", "last_on"]
        insert_rows(connection, table, names, [(f"{n}", "a:1", day, day) for n, day in enumerate(days)])
    export(warehouse, tmp_path, "days_off")
    place = table.columns.keys().index("first_on")
    assert [row[place] for row in sheet(tmp_path, "days_off")[1:]] == ["1899-12-31", "1900-02-28", FIRST_DAY]


def test_whole_numbers_beyond_what_excel_counts_exactly_are_texts(warehouse: Engine, tmp_path: Path) -> None:
    (table,) = choose_tables(["worklogs"])
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with warehouse.begin() as connection:
        names = ["worklog_id", "issue_id", "started_at", "seconds", "updated_at"]
        insert_rows(connection, table, names, [("1", "a:1", at, 2**53, at), ("2", "a:1", at, 2**53 + 1, at)])
    export(warehouse, tmp_path, "worklogs")
    place = table.columns.keys().index("seconds")
    assert [row[place] for row in sheet(tmp_path, "worklogs")[1:]] == [9007199254740992, "9007199254740993"]


def test_history_and_set_up_are_left_out_unless_they_are_named() -> None:
    assert {"issue_changes", "status_intervals", "data_dictionary"} <= LEFT_OUT["xlsx"]
    assert not {table.name for table in choose_tables((), "xlsx")} & LEFT_OUT["xlsx"]
    assert [table.name for table in choose_tables(["issue_changes"], "xlsx")] == ["issue_changes"]


def test_a_broken_row_leaves_the_old_workbook(filled: Engine, tmp_path: Path) -> None:
    export(filled, tmp_path / "out", "issues")
    before = (tmp_path / "out" / WORKBOOK).read_bytes()
    (table,) = choose_tables(["issues"])
    with filled.begin() as connection:
        connection.execute(update(table).values(story_points=1e25))
    with pytest.raises(ExportError, match=r"^issues\.story_points: a value does not fit its type"):
        export(filled, tmp_path / "out", "issues")
    assert (tmp_path / "out" / WORKBOOK).read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [WORKBOOK, "manifest.json"]


def test_booleans_are_no_numbers(filled: Engine, tmp_path: Path) -> None:
    export(filled, tmp_path, "statuses", "sprint_issues")
    (table,) = choose_tables(["sprint_issues"])
    flags = [place for place, column in enumerate(table.columns) if isinstance(column.type, Boolean)]
    assert {type(row[place]) for row in sheet(tmp_path, "sprint_issues")[1:] for place in flags} <= {bool, type(None)}
    assert flags
