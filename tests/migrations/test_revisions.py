"""The revisions make exactly the tables that the code works with, and take them away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import delete, inspect, select, update

import migrations
from warehouse.dictionary import entries
from warehouse.tables import METADATA
from warehouse.tables.operational import data_dictionary

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_upgrade_leaves_nothing_for_autogenerate_to_find(empty_warehouse: Engine) -> None:
    migrations.upgrade(empty_warehouse)
    with empty_warehouse.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    assert migrations.current(empty_warehouse) == migrations.head()


def test_what_can_have_a_name_has_that_of_the_convention(empty_warehouse: Engine) -> None:
    migrations.upgrade(empty_warehouse)
    inspector = inspect(empty_warehouse)
    for name in METADATA.tables:
        assert inspector.get_pk_constraint(name)["name"] == f"pk_{name}"
        indexes = {index["name"]: "_".join(map(str, index["column_names"])) for index in inspector.get_indexes(name)}
        assert indexes == {f"ix_{name}_{columns}": columns for columns in indexes.values()}
        rules = [*inspector.get_check_constraints(name), *inspector.get_unique_constraints(name)]
        assert [rule["name"] for rule in rules if not str(rule["name"]).startswith(("ck_", "uq_"))] == []
        assert [key for key in inspector.get_foreign_keys(name) if not str(key["name"]).startswith("fk_")] == []


def test_no_name_is_longer_than_postgresql_keeps() -> None:
    names = [str(index.name) for table in METADATA.tables.values() for index in table.indexes] + list(METADATA.tables)
    assert [name for name in names if len(name) > 63] == []


def test_the_names_of_the_files_tell_the_revisions_that_alembic_finds_in_them() -> None:
    scripts = ScriptDirectory.from_config(migrations._config())
    assert migrations.revisions() == [script.revision for script in scripts.walk_revisions()][::-1]
    assert migrations.head() == scripts.get_current_head()


def test_the_revision_of_a_warehouse_is_the_one_that_alembic_noted(empty_warehouse: Engine) -> None:
    assert migrations.current(empty_warehouse) is None
    migrations.upgrade(empty_warehouse)
    with empty_warehouse.connect() as connection:
        assert migrations.current(empty_warehouse) == MigrationContext.configure(connection).get_current_revision()
    migrations.upgrade(empty_warehouse, "base")
    assert migrations.current(empty_warehouse) is None


def test_downgrade_leaves_nothing(empty_warehouse: Engine) -> None:
    migrations.upgrade(empty_warehouse)
    migrations.upgrade(empty_warehouse, "base")
    assert inspect(empty_warehouse).get_table_names() == ["alembic_version"]
    assert migrations.is_empty(empty_warehouse)


def test_upgrading_twice_is_upgrading_once(empty_warehouse: Engine) -> None:
    migrations.upgrade(empty_warehouse)
    migrations.upgrade(empty_warehouse)
    assert set(METADATA.tables) <= set(inspect(empty_warehouse).get_table_names())


def test_every_description_is_a_comment_on_postgresql(empty_warehouse: Engine) -> None:
    if empty_warehouse.dialect.name != "postgresql":
        pytest.skip("SQLite has no comments")
    migrations.upgrade(empty_warehouse)
    inspector = inspect(empty_warehouse)
    for name, table in METADATA.tables.items():
        assert inspector.get_table_comment(name) == {"text": table.comment}
        comments = {column["name"]: column["comment"] for column in inspector.get_columns(name)}
        assert comments == {column.name: column.comment for column in table.columns}


def test_the_dictionary_describes_the_tables_that_are_there(empty_warehouse: Engine) -> None:
    migrations.upgrade(empty_warehouse)
    with empty_warehouse.begin() as connection:
        told = select(data_dictionary.c.table_name, data_dictionary.c.column_name)
        held = {(row.table_name, row.column_name) for row in connection.execute(told)}
        connection.execute(update(data_dictionary).values(description="old"))
        connection.execute(delete(data_dictionary).where(data_dictionary.c.table_name == "issues"))
    inspector = inspect(empty_warehouse)
    tables = set(inspector.get_table_names()) - {"alembic_version"}
    columns = {(table, column["name"]) for table in tables for column in inspector.get_columns(table)}
    assert held == columns | {(table, None) for table in tables}
    migrations.upgrade(empty_warehouse)
    with empty_warehouse.connect() as connection:
        rows = connection.execute(select(data_dictionary).order_by(data_dictionary.c.place))
        assert [tuple(row) for row in rows] == [tuple(entry) for entry in entries()]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_sql_can_be_read_before_it_is_run(dialect: str) -> None:
    sql = migrations.sql(dialect)
    assert "CREATE TABLE issue_changes" in sql
    assert migrations.head() in sql
