"""Runs leave the warehouse tidy: old notes are forgotten, and the log of what they wrote is cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import respx
from sqlalchemy import Engine, select

from flowmart.compute import compute
from flowmart.config import Config
from flowmart.progress import LoggedEvents
from flowmart.store import opened
from flowmart.syncing.sync import SyncOptions, sync
from warehouse.runs import begin_run
from warehouse.tables.operational import sync_runs

NOW = datetime(2026, 10, 2, 2, 15, tzinfo=UTC)


def a_config(folder: Path, **sections: object) -> Config:
    source = {"type": "jira", "url": "https://acme.example", "token": "t0ken"}
    return Config.model_validate({"sources": {"acme": source}, **sections}, context={"folder": folder})


def noted(engine: Engine, *days_ago: int) -> None:
    with engine.begin() as connection:
        for days in days_ago:
            begin_run(connection, f"run{days}", "acme", "login", NOW - timedelta(days=days))


def left(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(select(sync_runs.c.run_id)))


@pytest.mark.parametrize(
    ("sections", "kept"),
    [({}, {"run399", "tonight"}), ({"retention": {"sync_runs": "7d"}}, {"tonight"})],
    ids=["by default", "as configured"],
)
@respx.mock
def test_a_sync_forgets_old_notes_even_when_its_source_fails(
    tmp_path: Path, sections: dict[str, object], kept: set[str]
) -> None:
    respx.route().mock(return_value=httpx.Response(401))
    config = a_config(tmp_path, **sections)
    engine = opened(config)
    noted(engine, 399, 401)
    report = sync(config, SyncOptions(), events=LoggedEvents(), now=NOW, run_id="tonight")
    assert not report.ok
    assert left(engine) == kept


def test_a_compute_leaves_no_log_behind_while_somebody_has_the_file_open(tmp_path: Path) -> None:
    config = a_config(tmp_path)
    with opened(config).connect() as reader:
        reader.exec_driver_sql("SELECT 1 FROM issues").all()
        reader.rollback()
        compute(config, now=NOW)
        assert (tmp_path / "flowmart.db-wal").stat().st_size <= LEASE_BYTES


LEASE_BYTES = 100_000
"""The log's length when nothing but the lease was given back after it was cut."""
