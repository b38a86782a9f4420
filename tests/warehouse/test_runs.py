"""Notes of runs go when they are old, but never the last one of a stream."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from warehouse.runs import begin_run, forget_runs
from warehouse.tables.operational import sync_runs

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

NOW = datetime(2026, 10, 2, 2, 15, tzinfo=UTC)


def noted(connection: Connection, source: str, stream: str, days_ago: int) -> None:
    begin_run(connection, f"run{days_ago}", source, stream, NOW - timedelta(days=days_ago))


def test_old_notes_go_and_of_each_stream_the_last_one_stays(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        for days_ago in (500, 401, 400, 1):
            noted(connection, "acme", "issues", days_ago)
        for days_ago in (900, 800):
            noted(connection, "acme", "boards", days_ago)  # a stream that is pulled no more
        noted(connection, "gone", "issues", 900)  # a source that is configured no more
        assert forget_runs(connection, NOW - timedelta(days=400)) == 3
        left = connection.scalars(select(sync_runs.c.sync_run_id).order_by(sync_runs.c.sync_run_id)).all()
    assert left == ["run1:acme:issues", "run400:acme:issues", "run800:acme:boards", "run900:gone:issues"]


def test_with_nothing_old_nothing_goes(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        noted(connection, "acme", "issues", 2)
        noted(connection, "acme", "issues", 1)
        assert forget_runs(connection, NOW - timedelta(days=400)) == 0
