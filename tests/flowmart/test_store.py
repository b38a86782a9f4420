"""New warehouses get their tables, whole or not at all; those of other versions are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, inspect, text

import migrations
from flowmart.config import Config, read_config
from flowmart.store import SchemaMismatch, opened
from tests.flowmart.conftest import JIRA, Call
from warehouse.tables import METADATA


@pytest.fixture
def section(empty_warehouse: Engine, request: pytest.FixtureRequest) -> str:
    """What a configuration says of the empty warehouse."""
    lines = f'[warehouse]\nurl = "{empty_warehouse.url.render_as_string(hide_password=False)}"\n'
    if empty_warehouse.dialect.name == "postgresql":
        lines += f'schema = "{request.getfixturevalue("postgres_schema")}_empty"\n'
    return lines


@pytest.fixture
def config(section: str, tmp_path: Path) -> Config:
    """That configuration."""
    return read_config(JIRA + section, tmp_path / "flowmart.toml", {"ACME_TOKEN": "t"})


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


@contextmanager
def broken_off(when: Callable[[str], bool]) -> Iterator[None]:
    """What is done on any warehouse ends at the first statement of which that holds."""

    def look(_: object, __: object, statement: str, *___: Any) -> None:
        if when(statement):
            raise KeyboardInterrupt

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", look)


@pytest.mark.thorough
@pytest.mark.parametrize("statement", ["CREATE TABLE sprint_days", "INSERT INTO alembic_version", "data_dictionary ("])
def test_an_upgrade_that_breaks_off_leaves_no_table_and_is_done_anew(
    config: Config, empty_warehouse: Engine, statement: str
) -> None:
    with broken_off(lambda said: statement in said), pytest.raises(KeyboardInterrupt):
        opened(config)
    assert tables(empty_warehouse) == set()
    opened(config).dispose()
    assert tables(empty_warehouse) == {*METADATA.tables, "alembic_version"}
    assert migrations.current(empty_warehouse) == migrations.head()


def test_a_downgrade_that_breaks_off_leaves_all_as_it_was(config: Config, empty_warehouse: Engine) -> None:
    opened(config).dispose()
    with broken_off(lambda said: "DROP TABLE issues" in said), pytest.raises(KeyboardInterrupt):
        migrations.upgrade(empty_warehouse, "base")
    assert tables(empty_warehouse) == {*METADATA.tables, "alembic_version"}
    opened(config).dispose()


def test_tables_without_a_revision_are_refused(config: Config, empty_warehouse: Engine) -> None:
    METADATA.create_all(empty_warehouse, [METADATA.tables["issues"]])
    with pytest.raises(SchemaMismatch, match="tables of ours but no schema revision"):
        opened(config)
    assert tables(empty_warehouse) == {"issues"}


@pytest.mark.parametrize("command", ["run", "compute"])
def test_a_warehouse_of_a_newer_version_is_left_alone(
    call: Call, section: str, empty_warehouse: Engine, command: str
) -> None:
    migrations.upgrade(empty_warehouse)
    with empty_warehouse.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("ALTER TABLE issues ADD COLUMN of_the_future TEXT"))
    ended = call(command, more=section)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "flowmart: the warehouse is at schema revision 9999, which this flowmart "
        f"(at {migrations.head()}) does not know; upgrade flowmart\n"
    )
    with empty_warehouse.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sync_runs")).scalar_one() == 0
