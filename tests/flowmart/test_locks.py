"""Who keeps a PostgreSQL warehouse locked is told to whoever cannot wait any longer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

import migrations
from tests.flowmart.conftest import Call, Ours, one_line
from warehouse.engine import open_warehouse
from warehouse.postgresql import MIGRATION_LOCK


@contextmanager
def holding(engine: Engine, lock: str) -> Iterator[int]:
    """Another session that has a lock; gives its number."""
    with engine.connect() as other, other.begin():
        other.execute(text("SET LOCAL application_name = 'somebody else'"))
        other.execute(text(lock))
        yield other.scalar(text("SELECT pg_backend_pid()"))
    engine.dispose()


def test_who_holds_what_we_wait_for_is_told(call: Call, ours: Ours) -> None:
    migrations.upgrade(ours.engine)
    with holding(ours.engine, "LOCK TABLE issues IN ACCESS EXCLUSIVE MODE") as process:
        said = one_line(call("compute", more=ours.section('lock_timeout = "0.2s"')))
    assert said.startswith("another session keeps a lock too long; end it, or run this again later: what was committed")
    assert f"; process {process} (" in said
    assert "somebody else, idle in transaction, since 20" in said
    assert said.endswith(" UTC) holds issues")


def test_a_reader_keeps_a_migration_waiting_and_is_told(call: Call, ours: Ours) -> None:
    migrations.upgrade(ours.engine)
    with holding(ours.engine, "SELECT FROM issue_flow") as process:
        said = one_line(call("migrate", "--to", "base", more=ours.section('lock_timeout = "0.2s"')))
    assert f"; process {process} (" in said
    assert said.endswith(" holds issue_flow")
    assert migrations.current(ours.engine) == migrations.head()


def test_migrations_of_two_schemas_do_not_wait_for_each_other(call: Call, ours: Ours, postgres_url: str) -> None:
    with holding(open_warehouse(postgres_url), f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"):
        assert call("migrate", more=ours.section('lock_timeout = "0.2s"')).code == 0


def test_two_migrations_do_not_run_at_once(call: Call, ours: Ours) -> None:
    with holding(ours.engine, f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})") as process:
        said = one_line(call("migrate", more=ours.section('lock_timeout = "0.2s"')))
    assert f"; process {process} (" in said
    assert said.endswith(" holds the lock of migrations")


def test_a_statement_that_takes_too_long_is_one_line(call: Call, ours: Ours) -> None:
    migrations.upgrade(ours.engine)
    with holding(ours.engine, "LOCK TABLE issues IN ACCESS EXCLUSIVE MODE"):
        said = one_line(call("compute", more=ours.section('statement_timeout = "0.2s"')))
    assert said.startswith("a statement took longer than warehouse.statement_timeout, or was cancelled; ")
