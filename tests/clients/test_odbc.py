"""Over ODBC each table is what the warehouse itself reads: values, types, keys. By the lines that the manual prints."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Engine,
    Integer,
    Numeric,
    String,
    Text,
    select,
)

from tests.clients.odbc import connected, data_source_for, documented_types, odbc_for
from tests.exports.conftest import awkward_rows
from warehouse.bulk import insert_rows
from warehouse.tables import METADATA
from warehouse.types import JsonText, UtcDateTime

TABLES = [METADATA.tables[name] for name in sorted(METADATA.tables)]
KINDS: dict[type, tuple[str, type]] = {
    JsonText: ("JSON", str),
    UtcDateTime: ("instant", datetime),
    Date: ("day", date),
    Boolean: ("flag", bool),
    BigInteger: ("large whole number", int),
    Integer: ("whole number", int),
    Double: ("number, such as days or a share", float),
    Numeric: ("points", Decimal),
    Text: ("long text", str),
    String: ("text or id", str),
}
"""Type of a column → what the manual calls it, and in what a program gets it; the narrower first."""


def kind(column: Column[Any], engine: Engine) -> tuple[str, type]:
    words, python = next(found for type_, found in KINDS.items() if isinstance(column.type, type_))
    return words, float if python is Decimal and engine.dialect.name == "sqlite" else python


def wanted(column: Column[Any], value: Any, engine: Engine) -> object:
    """What a program should get for a value that the warehouse gives."""
    if isinstance(column.type, UtcDateTime) and value is not None:
        return value.replace(tzinfo=None)
    if isinstance(column.type, JsonText) and engine.dialect.name == "sqlite":
        return json.loads(value)
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-14) if engine.dialect.name == "sqlite" else value
    return value


def got(column: Column[Any], value: Any, engine: Engine) -> object:
    if value is None:
        return None
    assert type(value) is kind(column, engine)[1], column
    if isinstance(column.type, JsonText):
        return json.loads(value)
    return float(value) if isinstance(value, Decimal) else value


@pytest.fixture
def full(warehouse: Engine) -> Engine:
    """Each engine with awkward rows in all tables."""
    odbc_for(warehouse)  # before the work, where there is none
    with warehouse.begin() as connection:
        for table in TABLES:
            insert_rows(connection, table, table.columns.keys(), awkward_rows(table))
    return warehouse


def test_every_value_of_every_table_is_the_warehouses_own(full: Engine) -> None:
    with full.connect() as ours, connected(full) as theirs:
        for table in TABLES:
            (key,) = table.primary_key
            rows = {row[0]: row for row in theirs.execute(f"SELECT * FROM {table.name}")}  # noqa: S608
            kept = ours.execute(select(table)).all()
            assert len(kept) == len(rows) == len(awkward_rows(table)), table.name
            for row in kept:
                pairs = zip(table.columns, rows[row._mapping[key]], row, strict=True)
                for column, read, stored in pairs:
                    assert got(column, read, full) == wanted(column, stored, full), column


def test_the_driver_tells_types_keys_and_what_is_never_null(warehouse: Engine) -> None:
    odbc, documented = odbc_for(warehouse), documented_types(warehouse)
    assert set(documented) == {words for words, _ in KINDS.values()}
    with connected(warehouse) as theirs:
        cursor = theirs.cursor()
        schema = {row.table_schem for row in cursor.tables(table="issues", tableType="TABLE")}.pop()
        for table in TABLES:
            told = {row.column_name: row for row in cursor.columns(table=table.name, schema=schema)}
            assert list(told) == table.columns.keys()
            for column in table.columns:
                declared, here = documented[kind(column, warehouse)[0]], told[column.name]
                assert (here.type_name, here.data_type) == (declared.name, getattr(odbc, declared.odbc)), column
                assert bool(here.nullable) == column.nullable, column
            keys = [row.column_name for row in cursor.primaryKeys(table=table.name, schema=schema)]
            assert keys == table.primary_key.columns.keys(), table.name


def test_the_driver_lists_the_tables_and_nothing_else(warehouse: Engine) -> None:
    with connected(warehouse) as theirs:
        cursor = theirs.cursor()
        schema = {row.table_schem for row in cursor.tables(table="issues", tableType="TABLE")}
        found = {(row.table_name, row.table_type) for row in cursor.tables(schema=schema.pop())}
    assert found == {(table.name, "TABLE") for table in TABLES}


def test_the_manuals_data_source_opens_the_warehouse(
    full: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = tmp_path / "odbc.ini"
    sources.write_text(data_source_for(full), encoding="utf-8")
    monkeypatch.setenv("ODBCINI", str(sources))
    monkeypatch.setenv("PGTZ", "America/New_York")
    login = "" if full.dialect.name == "sqlite" else f"Uid={_user(full)};Pwd=none"
    with connected(full, f"DSN=flowmart;{login}") as theirs:
        row = theirs.execute("SELECT is_flagged, created_at FROM issues WHERE issue_id = 'a:10:0'").fetchone()
    assert tuple(row) == (True, datetime(2026, 1, 1, 7, 15, 4))  # noqa: DTZ001 - ODBC has no zones


def _user(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.exec_driver_sql("SELECT current_user").scalar())
