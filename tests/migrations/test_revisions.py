"""The revisions make exactly the tables that the code works with, and take them away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

import migrations
from warehouse.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_upgrade_leaves_nothing_for_autogenerate_to_find(empty_warehouse: Engine) -> None:
    migrations.upgrade(empty_warehouse)
    with empty_warehouse.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    assert migrations.current(empty_warehouse) == migrations.head()


def test_downgrade_leaves_nothing(empty_warehouse: Engine) -> None:
    migrations.upgrade(empty_warehouse)
    migrations.upgrade(empty_warehouse, "base")
    assert inspect(empty_warehouse).get_table_names() == ["alembic_version"]
    assert migrations.is_empty(empty_warehouse)


def test_upgrading_twice_is_upgrading_once(empty_warehouse: Engine) -> None:
    migrations.upgrade(empty_warehouse)
    migrations.upgrade(empty_warehouse)
    assert set(METADATA.tables) <= set(inspect(empty_warehouse).get_table_names())


def test_comments_reach_postgresql(empty_warehouse: Engine) -> None:
    if empty_warehouse.dialect.name != "postgresql":
        pytest.skip("SQLite has no comments")
    migrations.upgrade(empty_warehouse)
    inspector = inspect(empty_warehouse)
    assert inspector.get_table_comment("issues") == {"text": METADATA.tables["issues"].comment}
    comments = {column["name"]: column["comment"] for column in inspector.get_columns("issues")}
    assert comments["key"] == METADATA.tables["issues"].c.key.comment


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_sql_can_be_read_before_it_is_run(dialect: str) -> None:
    sql = migrations.sql(dialect)
    assert "CREATE TABLE issue_changes" in sql
    assert migrations.head() in sql
