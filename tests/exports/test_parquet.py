"""Parquet: every table reads back typed and equal, with its descriptions and statistics."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Column, Engine, Numeric, Table, update

from exports.base import ExportError
from exports.catalog import choose_tables
from exports.parquet import _row_groups, write_parquet
from exports.snapshots import snapshot
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


def export(engine: Engine, folder: Path, *names: str) -> list[Path]:
    with snapshot(engine) as connection:
        return [file.path for file in write_parquet(connection, choose_tables(names), folder)]


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


def batches(count: int, rows: int, text: str) -> list[pa.RecordBatch]:
    return [pa.RecordBatch.from_pydict({"text": [text] * rows}) for _ in range(count)]


def test_row_groups_have_64_000_rows() -> None:
    assert [group.num_rows for group in _row_groups(batches(130, 1_000, ""))] == [64_000, 64_000, 2_000]


def test_row_groups_of_large_rows_are_smaller() -> None:
    groups = [group.num_rows for group in _row_groups(batches(3, 1_000, "x" * 40_000))]
    assert groups == [2_000, 1_000]


def test_more_rows_than_are_read_at_once_all_arrive_in_order(warehouse: Engine, tmp_path: Path) -> None:
    (table,) = choose_tables(["issue_labels"])
    keys = [f"{number:05}" for number in range(2_500)]
    with warehouse.begin() as connection:
        insert_rows(connection, table, ["issue_label_id", "issue_id", "label"], [(k, "a:1", "x") for k in keys[::-1]])
    (path,) = export(warehouse, tmp_path, "issue_labels")
    assert pq.read_table(path)["issue_label_id"].to_pylist() == keys
