"""The schema keeps the rules of the house: records fit tables, everything is described, names say their type."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from sqlalchemy import Boolean, Date, Double, Index, Integer, String, Table
from sqlalchemy.types import TypeEngine

from warehouse.records import RECORD_TABLES, Record
from warehouse.tables import COMPUTED, LOADED, METADATA, OPERATIONAL, loaded_columns, table
from warehouse.types import UtcDateTime

TABLES = list(METADATA.tables.values())
COLUMNS = [column for each in TABLES for column in each.columns]

NAMED_FOR: dict[str, tuple[type[TypeEngine[Any]], ...]] = {
    "_at": (UtcDateTime,),
    "_on": (Date,),
    "_id": (String,),
    "_count": (Integer,),
    "_days": (Double, Integer),
    "_seconds": (Double, Integer),
}
"""End of a column's name → the types it promises."""

NEVER_NONE = frozenset({"content"})
"""Nullable in the schema, since long texts are; always filled by connectors."""

every_table = pytest.mark.parametrize("each", TABLES, ids=lambda each: each.name)


@pytest.mark.parametrize(("record", "name"), RECORD_TABLES.items(), ids=RECORD_TABLES.values())
def test_a_records_fields_are_the_loaded_columns_of_its_table_in_order(record: type[Record], name: str) -> None:
    assert [field.name for field in msgspec.structs.fields(record)] == loaded_columns(table(name))


@pytest.mark.parametrize(("record", "name"), RECORD_TABLES.items(), ids=RECORD_TABLES.values())
def test_a_record_may_lack_exactly_what_its_table_may_lack(record: type[Record], name: str) -> None:
    optional = {f.name for f in msgspec.structs.fields(record) if _takes_none(f.type)}
    lacking = {c.name for c in table(name).columns if c.nullable and c.name in loaded_columns(c.table)}
    assert optional == lacking - NEVER_NONE


def _takes_none(type_: object) -> bool:
    return isinstance(msgspec.inspect.type_info(type_), msgspec.inspect.UnionType)


def test_each_loaded_table_has_one_record_type() -> None:
    assert sorted(RECORD_TABLES.values()) == sorted(each.name for each in LOADED)


def test_every_table_is_loaded_computed_or_operational_and_only_one_of_them() -> None:
    listed = [each.name for each in (*LOADED, *COMPUTED, *OPERATIONAL)]
    assert sorted(listed) == sorted(METADATA.tables)


@every_table
def test_a_table_says_its_grain_and_each_column_what_it_holds(each: Table) -> None:
    assert (each.comment or "").startswith("One row per ")
    assert [c.name for c in each.columns if not c.comment] == []


@every_table
def test_a_table_has_one_primary_key_column_which_comes_first(each: Table) -> None:
    assert [c.name for c in each.primary_key] == [next(iter(each.columns)).name]


@every_table
def test_only_loaded_tables_have_derived_columns(each: Table) -> None:
    assert each in LOADED or loaded_columns(each) == [c.name for c in each.columns]


@every_table
def test_a_columns_name_says_its_type(each: Table) -> None:
    for column in each.columns:
        promised = next((types for end, types in NAMED_FOR.items() if column.name.endswith(end)), ())
        assert not promised or isinstance(column.type, promised), column.name


@every_table
def test_what_is_true_or_false_is_called_so(each: Table) -> None:
    flags = {c.name for c in each.columns if isinstance(c.type, Boolean)} - {"includes_children"}
    assert flags == {c.name for c in each.columns if c.name.startswith("is_")}


def test_a_reference_names_a_column_that_is_a_key() -> None:
    named = {found[1] for column in COLUMNS if (found := re.match(r"(\w+\.\w+_id)\b", column.comment or ""))}
    assert "issues.issue_id" in named
    assert named <= {f"{each.name}.{c.name}" for each in TABLES for c in each.primary_key}


@every_table
def test_indexes_are_named_by_the_convention_so_that_migrations_can_drop_them(each: Table) -> None:
    assert all(isinstance(index, Index) and str(index.name).startswith(f"ix_{each.name}_") for index in each.indexes)
