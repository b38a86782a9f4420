"""Parquet: every table reads back typed and equal, with its descriptions and statistics."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Column, Engine, Numeric, Table, update

from exports.base import PLAIN, ExportError, Order
from exports.catalog import choose_tables
from exports.parquet import MONTH_OF, write_parquet
from exports.snapshot import snapshot
from warehouse.bulk import insert_rows
from warehouse.types import JsonText

StoredRows = Callable[[Table], list[dict[str, Any]]]


def expected(column: Column[Any], row: Mapping[str, Any]) -> object:
    value = row[column.name]
    if isinstance(column.type, Numeric) and value is not None:
        return Decimal(repr(value)).quantize(Decimal("0.000001"))
    return value


def found(column: Column[Any], row: Mapping[str, Any]) -> object:
    value = row[column.name]
    return json.loads(value) if isinstance(column.type, JsonText) else value


def export(engine: Engine, folder: Path, *names: str, order: Order = PLAIN) -> list[Path]:
    with snapshot(engine) as connection:
        return [Path(file.path) for file in write_parquet(connection, choose_tables(names), folder, order)]


def test_every_cell_of_every_table_reads_back_as_it_is_in_the_warehouse(
    filled: Engine, stored: StoredRows, tmp_path: Path
) -> None:
    for table, path in zip(choose_tables(), export(filled, tmp_path), strict=True):
        rows = [{c.name: found(c, row) for c in table.columns} for row in pq.read_table(path).to_pylist()]
        assert rows == [{c.name: expected(c, row) for c in table.columns} for row in stored(table)]


def test_columns_are_typed_as_tools_need_them(filled: Engine, tmp_path: Path) -> None:
    (path,) = export(filled, tmp_path, "issues")
    schema = pq.read_schema(path)
    assert schema.field("issue_id").type == pa.string()
    assert schema.field("created_at").type == pa.timestamp("us", "UTC")
    assert schema.field("due_on").type == pa.date32()
    assert schema.field("is_flagged").type == pa.bool_()
    assert schema.field("story_points").type == pa.decimal128(28, 6)
    assert schema.field("original_estimate_seconds").type == pa.int64()
    assert pq.read_schema(export(filled, tmp_path, "issue_flow")[0]).field("cycle_days").type == pa.float64()
    assert [schema.field(name).nullable for name in ("issue_id", "created_at", "due_on")] == [False, False, True]


def test_descriptions_travel_with_the_file(filled: Engine, tmp_path: Path) -> None:
    (table,) = choose_tables(["issues"])
    (path,) = export(filled, tmp_path, "issues")
    schema = pq.read_schema(path)
    assert schema.metadata[b"comment"].decode() == table.comment
    assert schema.metadata[b"primary_key"] == b"issue_id"
    assert {f.name: f.metadata[b"comment"].decode() for f in schema} == {c.name: c.comment for c in table.columns}


def test_files_are_zstd_with_statistics(filled: Engine, tmp_path: Path) -> None:
    (path,) = export(filled, tmp_path, "issues")
    group = pq.ParquetFile(path).metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    assert {column.compression for column in columns} == {"ZSTD"}
    assert all(column.is_stats_set for column in columns)


def test_files_say_their_order_and_where_each_page_begins(filled: Engine, tmp_path: Path) -> None:
    (path,) = export(filled, tmp_path, "issues")
    group = pq.ParquetFile(path).metadata.row_group(0)
    assert [(c.column_index, c.descending) for c in group.sorting_columns] == [(0, False)]
    assert all(group.column(n).has_column_index and group.column(n).has_offset_index for n in range(group.num_columns))


def test_json_has_one_form_on_both_engines(filled: Engine, tmp_path: Path) -> None:
    (path,) = export(filled, tmp_path, "issues")
    texts = set(pq.read_table(path, columns=["custom_fields"])["custom_fields"].to_pylist())
    assert texts == {'{"Größe":"=1","a":[1,2.5,null,true],"z":{}}'}


def test_a_table_without_rows_keeps_its_columns(warehouse: Engine, tmp_path: Path) -> None:
    (path,) = export(warehouse, tmp_path, "defects")
    (table,) = choose_tables(["defects"])
    assert pq.read_table(path).num_rows == 0
    assert pq.read_schema(path).names == [c.name for c in table.columns]


def test_points_too_large_for_any_tool_are_named(filled: Engine, tmp_path: Path) -> None:
    (table,) = choose_tables(["issues"])
    with filled.begin() as connection:
        connection.execute(update(table).values(story_points=1e25))
    with pytest.raises(ExportError, match=r"^issues\.story_points: a value does not fit its type: .*overflow"):
        export(filled, tmp_path, "issues")
    assert list(tmp_path.glob("*.parquet")) == []


MONTHLY = Order(partition="month")


def moments(engine: Engine, *texts: str) -> None:
    """Changes of one issue at these instants, their keys in the opposite order."""
    (table,) = choose_tables(["issue_changes"])
    names = ["change_id", "issue_id", "entry_number", "ordinal", "changed_at", "field"]
    rows = [(f"{100 - n}", "a:1", n, 0, datetime.fromisoformat(text), "x") for n, text in enumerate(texts)]
    with engine.begin() as connection:
        insert_rows(connection, table, names, rows)


def test_a_table_that_grows_becomes_a_folder_of_months_in_utc_each_in_the_order_of_time(
    warehouse: Engine, tmp_path: Path
) -> None:
    moments(
        warehouse, "2026-05-31T23:59:59.999999Z", "2026-06-01T00:30+02:00", "2026-06-01T00:00Z", "2025-12-31T00:00Z"
    )
    files = export(warehouse, tmp_path, "issue_changes", order=MONTHLY)
    assert [file.relative_to(tmp_path).as_posix() for file in files] == [
        f"issue_changes/month={month}/issue_changes.parquet" for month in ("2025-12", "2026-05", "2026-06")
    ]
    assert [pq.ParquetFile(file).read(["change_id"])["change_id"].to_pylist() for file in files] == [
        ["97"],
        ["99", "100"],
        ["98"],
    ]
    group = pq.ParquetFile(files[1]).metadata.row_group(0)
    names = pq.read_schema(files[1]).names
    assert [names[c.column_index] for c in group.sorting_columns] == ["changed_at", "change_id"]
    assert "month" not in names


def test_all_months_together_are_the_whole_table(filled: Engine, tmp_path: Path) -> None:
    whole, months = tmp_path / "whole", tmp_path / "months"
    export(filled, whole, *MONTH_OF)
    export(filled, months, *MONTH_OF, order=MONTHLY)
    for name in MONTH_OF:
        files = sorted((months / name).glob("month=*/*.parquet"))
        (key,) = (column.name for column in choose_tables([name])[0].primary_key)
        together = pa.concat_tables([pq.ParquetFile(file).read() for file in files])
        assert together.sort_by(key) == pq.read_table(whole / f"{name}.parquet").sort_by(key)
        assert len(files) > 1


def test_each_column_whose_month_decides_is_always_there() -> None:
    for name, column in MONTH_OF.items():
        (table,) = choose_tables([name])
        assert not table.c[column].nullable


def test_tables_that_grow_little_stay_one_file(filled: Engine, tmp_path: Path) -> None:
    assert export(filled, tmp_path, "sprints", order=MONTHLY) == [tmp_path / "sprints.parquet"]


def test_a_month_that_has_no_rows_any_more_goes_and_what_is_not_ours_stays(warehouse: Engine, tmp_path: Path) -> None:
    moments(warehouse, "2026-05-01T00:00Z", "2026-06-01T00:00Z")
    may, june = export(warehouse, tmp_path, "issue_changes", order=MONTHLY)
    theirs = tmp_path / "issue_changes" / "notes.txt"
    theirs.touch()
    (table,) = choose_tables(["issue_changes"])
    with warehouse.begin() as connection:
        connection.execute(table.delete().where(table.c.change_id == "100"))
    assert export(warehouse, tmp_path, "issue_changes", order=MONTHLY) == [june]
    assert not may.parent.exists()
    assert export(warehouse, tmp_path, "issue_changes") == [tmp_path / "issue_changes.parquet"]
    assert not june.parent.exists()
    assert theirs.exists()


def test_another_engine_skips_months_and_reads_the_types(warehouse: Engine, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    moments(warehouse, "2026-05-01T00:00Z", "2026-06-01T00:00Z", "2026-06-02T00:00Z")
    export(warehouse, tmp_path, "issue_changes", order=MONTHLY)
    files = f"'{tmp_path}/issue_changes/**/*.parquet', hive_partitioning=true, hive_types={{'month': VARCHAR}}"
    changes = duckdb.sql(f"SELECT * FROM read_parquet({files})")  # noqa: S608 - a path of ours
    assert changes.aggregate("month, count(*)").order("month").fetchall() == [("2026-05", 1), ("2026-06", 2)]
    types = dict(zip(changes.columns, map(str, changes.types), strict=True))
    assert types["changed_at"] == "TIMESTAMP WITH TIME ZONE"


def test_more_rows_than_are_read_at_once_all_arrive_in_order(warehouse: Engine, tmp_path: Path) -> None:
    (table,) = choose_tables(["issue_labels"])
    keys = [f"{number:05}" for number in range(2_500)]
    with warehouse.begin() as connection:
        insert_rows(connection, table, ["issue_label_id", "issue_id", "label"], [(k, "a:1", "x") for k in keys[::-1]])
    (path,) = export(warehouse, tmp_path, "issue_labels")
    assert pq.read_table(path)["issue_label_id"].to_pylist() == keys
