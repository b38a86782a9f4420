"""A compute replaces the metric tables in one transaction: readers see all of the old rows or all of the new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, func, literal, select, union_all, update

import migrations
from flowmart.compute import compute
from flowmart.config import Config
from tests.metrics.conftest import NOW, Company, Life, a_sprint, at
from warehouse.leases import LeaseLost
from warehouse.tables import COMPUTED
from warehouse.tables.computed import definitions
from warehouse.tables.operational import leases

_COUNTS = union_all(*(select(literal(table.name), func.count()).select_from(table) for table in COMPUTED))


@pytest.fixture
def config(empty_warehouse: Engine, request: pytest.FixtureRequest) -> Config:
    """The configuration of a warehouse with a small company, of which nothing is computed yet."""
    url = empty_warehouse.url.render_as_string(hide_password=False)
    warehouse = {"url": url}
    if empty_warehouse.dialect.name == "postgresql":
        warehouse["schema"] = f"{request.getfixturevalue('postgres_schema')}_empty"
    migrations.upgrade(empty_warehouse)
    Company(empty_warehouse).holds(
        a_sprint(1, 0, 100),
        Life(1, sprint_ids="1", story_points=3.0).then(5, status="Doing").then(30, status="Done"),
        Life(2, issue_type="Bug", created=3).then(50, status="Doing", flagged="Impediment"),
    )
    return Config.model_validate(
        {"warehouse": warehouse, "sources": {"acme": {"type": "jira", "url": "https://acme.example", "token": "t"}}}
    )


def lives_on(engine: Engine) -> None:
    """Something happens that changes the number of rows of most tables."""
    Company(engine).holds(
        a_sprint(2, 100, 200),
        Life(3, sprint_ids="2", story_points=5.0).then(110, status="Doing").then(150, status="Done"),
        Life(4, issue_type="Bug", created=120).then(130, status="Doing", flagged="Impediment"),
    )


@contextmanager
def at_each_statement(do: Callable[[str], None]) -> Iterator[None]:
    """Do something before each statement, and before each commit, of whoever else uses a warehouse in the block."""
    is_ours = False

    def interrupt(text: str) -> None:
        nonlocal is_ours
        if not is_ours:
            is_ours = True
            do(text)
            is_ours = False

    def at_statement(_: Connection, __: object, statement: str, *___: object) -> None:
        interrupt(statement)

    def at_commit(_: Connection) -> None:
        interrupt("COMMIT")

    event.listen(Engine, "before_cursor_execute", at_statement)
    event.listen(Engine, "commit", at_commit)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", at_statement)
        event.remove(Engine, "commit", at_commit)


def counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {name: count for name, count in connection.execute(_COUNTS)}  # noqa: C416 - pairs of rows


def rows(engine: Engine) -> Mapping[str, list[tuple[Any, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in COMPUTED
        }


@pytest.mark.parametrize("full", [True, False], ids=["full", "increment"])
def test_a_reader_sees_all_of_the_old_rows_until_it_sees_all_of_the_new(
    config: Config, empty_warehouse: Engine, *, full: bool
) -> None:
    compute(config, now=at(NOW))
    lives_on(empty_warehouse)
    before, counted = rows(empty_warehouse), counts(empty_warehouse)
    seen: list[str] = []
    later: list[Any] = []

    def look(statement: str) -> None:
        seen.append(statement)
        commits = seen.count("COMMIT")  # that of taking the lease, that of all tables, that of giving the lease back
        if commits < 2 or (commits, statement) == (2, "COMMIT"):
            assert counts(empty_warehouse) == counted, statement
        else:
            later.append(rows(empty_warehouse))
        if statement == "COMMIT" and commits == 2:
            assert rows(empty_warehouse) == before

    with at_each_statement(look):
        compute(config, now=at(NOW + 24), full=full)
    after = rows(empty_warehouse)
    assert (seen.count("COMMIT"), len(seen) > 50) == (3, True)
    assert later
    assert all(one == after for one in later)
    assert sum(before[table.name] != after[table.name] for table in COMPUTED) > 12
    assert sum(len(before[table.name]) != len(after[table.name]) for table in COMPUTED) > 8
    assert all(counted[name] for name in ("daily_flow", "issue_flow", "sprint_metrics", "defects"))


@pytest.mark.parametrize("empty_warehouse", ["postgresql"], indirect=True)
def test_a_compute_that_another_process_took_over_leaves_everything_as_it_was(
    config: Config, empty_warehouse: Engine
) -> None:
    """On SQLite nobody can: who computes keeps the write lock."""
    compute(config, now=at(NOW))
    lives_on(empty_warehouse)
    before = rows(empty_warehouse)

    def take_over(statement: str) -> None:
        if definitions.name in statement:
            with empty_warehouse.begin() as connection:
                connection.execute(update(leases).values(holder="elsewhere process 7"))

    with pytest.raises(LeaseLost), at_each_statement(take_over):
        compute(config, now=at(NOW + 24))
    assert rows(empty_warehouse) == before


def test_a_compute_tells_which_metric_it_is_at(config: Config) -> None:
    told: list[str] = []
    compute(config, metric_names=["statuses"], now=at(NOW), step=told.append)
    assert told[-1] == f"computing statuses ({len(told)} of {len(told)})"
