"""Data stay across an upgrade from each revision there is, and across one that is made up, in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    MetaData,
    Numeric,
    Table,
    inspect,
    select,
    text,
)

import migrations

if TYPE_CHECKING:
    from sqlalchemy import Engine

LATER = Path(__file__).parent / "later"
FOLDERS = (migrations.VERSIONS, LATER)
WRITTEN_ANEW = {"alembic_version", "data_dictionary"}
ROWS = 3

Rows = Mapping[str, list[Mapping[str, Any]]]


def test_revisions_are_told_oldest_first() -> None:
    assert migrations.revisions()[0] == "0001"
    assert migrations.revisions(FOLDERS)[-2:] == [migrations.head(), "9999"]


@pytest.mark.thorough
@pytest.mark.parametrize("begin", migrations.revisions(FOLDERS))
def test_data_stay_across_an_upgrade_from_each_revision(empty_warehouse: Engine, begin: str) -> None:
    migrations.upgrade(empty_warehouse, begin, FOLDERS)
    before = filled(empty_warehouse)
    migrations.upgrade(empty_warehouse, "head", FOLDERS)
    assert migrations.current(empty_warehouse) == "9999"
    assert kept(before, rows(empty_warehouse))


def test_a_later_column_gets_its_value_in_rows_that_were_there(empty_warehouse: Engine) -> None:
    migrations.upgrade(empty_warehouse)
    filled(empty_warehouse)
    migrations.upgrade(empty_warehouse, "head", FOLDERS)
    assert [row["mood"] for row in rows(empty_warehouse)["issue_flow"]] == ["calm"] * ROWS


def test_a_table_that_is_made_anew_keeps_its_shape(empty_warehouse: Engine) -> None:
    migrations.upgrade(empty_warehouse)
    before = shape(empty_warehouse, "issue_flow")
    migrations.upgrade(empty_warehouse, "head", FOLDERS)
    assert ("ix_issue_flow_mood", ("mood",)) in shape(empty_warehouse, "issue_flow")["indexes"]
    migrations.upgrade(empty_warehouse, migrations.head(), FOLDERS)
    assert shape(empty_warehouse, "issue_flow") == before


def test_data_stay_across_a_downgrade(empty_warehouse: Engine) -> None:
    migrations.upgrade(empty_warehouse)
    before = filled(empty_warehouse)
    migrations.upgrade(empty_warehouse, "head", FOLDERS)
    migrations.upgrade(empty_warehouse, migrations.head(), FOLDERS)
    assert rows(empty_warehouse) == before


def test_a_downgrade_from_a_later_revision_leaves_nothing(empty_warehouse: Engine) -> None:
    migrations.upgrade(empty_warehouse, "head", FOLDERS)
    migrations.upgrade(empty_warehouse, "base", FOLDERS)
    assert inspect(empty_warehouse).get_table_names() == ["alembic_version"]


def test_an_upgrade_that_breaks_off_changes_nothing(empty_warehouse: Engine) -> None:
    migrations.upgrade(empty_warehouse)
    before = filled(empty_warehouse)
    with empty_warehouse.begin() as connection:  # the revision wants to make this index, after it has altered a table
        connection.execute(text("CREATE INDEX ix_issue_flow_mood ON issue_flow (exclusion)"))
    with pytest.raises(Exception, match="already exists"):
        migrations.upgrade(empty_warehouse, "head", FOLDERS)
    assert migrations.current(empty_warehouse) == migrations.head()
    assert rows(empty_warehouse) == before
    with empty_warehouse.begin() as connection:
        connection.execute(text("DROP INDEX ix_issue_flow_mood"))
    migrations.upgrade(empty_warehouse, "head", FOLDERS)
    assert kept(before, rows(empty_warehouse))


def reflected(engine: Engine) -> Iterator[Table]:
    """The tables as they are, whatever this code calls them."""
    held = MetaData()
    held.reflect(engine)
    return (table for table in held.sorted_tables if table.name not in WRITTEN_ANEW)


def filled(engine: Engine) -> Rows:
    """Every column of every table gets a value in each row; gives what is there then."""
    with engine.begin() as connection:
        for table in reflected(engine):
            made = [{column.name: value(column, number) for column in table.columns} for number in range(ROWS)]
            connection.execute(table.insert(), made)
    return rows(engine)


def rows(engine: Engine) -> Rows:
    """Table → its rows, in order of the key."""
    with engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in reflected(engine)
        }


def kept(before: Rows, after: Rows) -> bool:
    """Whether every value is still there, under its own name or the one that the made-up revision gives it."""
    return all(
        old.items() <= {**new, "priority": new.get("urgency", new.get("priority"))}.items()
        for name, olds in before.items()
        for old, new in zip(olds, after[name], strict=True)
    )


def shape(engine: Engine, name: str) -> Mapping[str, Any]:
    """What a table is made of."""
    inspector = inspect(engine)
    indexes = inspector.get_indexes(name)
    return {
        "columns": [(one["name"], str(one["type"]), one["nullable"]) for one in inspector.get_columns(name)],
        "indexes": sorted((one["name"], tuple(one["column_names"])) for one in indexes),
        "conditions": {
            one["name"]: {option: str(said) for option, said in one.get("dialect_options", {}).items()}
            for one in indexes
        },
        "key": inspector.get_pk_constraint(name)["name"],
    }


def value(column: Column[Any], number: int) -> Any:
    """A value that tells its row; by the kind of the column, longest names of kinds first."""
    made: Mapping[type, Any] = {
        Boolean: number % 2 == 0,
        DateTime: datetime(2026, 10, 2, 7, 15, 4, 123_000 + number, tzinfo=UTC),
        Date: date(2026, 10, 1 + number),
        BigInteger: 2**40 + number,
        Integer: number,
        Double: number / 3,
        Numeric: number + 0.5,
        JSON: {"Team": number},
    }
    return next((one for kind, one in made.items() if isinstance(column.type, kind)), f"é {column.name} {number}")
