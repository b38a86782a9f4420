"""The status tells each stream's last run, and which source is late."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flowmart.config import Config
from flowmart.status import read_status
from flowmart.store import opened
from warehouse.runs import RunEnd, begin_run, end_run, mark_synced
from warehouse.tables.loaded import sources

NOW = datetime.fromisoformat("2026-10-02T06:00:00+00:00")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    source = {"type": "jira", "url": "https://x.example", "token": "t0ken"}
    return Config.model_validate(
        {
            "sources": {"acme": source, "beta": source},
            "schedule": {"run": "15 2 * * *", "max_age": "26h"},
            "calendar": {"timezone": "Europe/Berlin"},
        },
        context={"folder": tmp_path},
    )


@pytest.fixture
def engine(config: Config) -> Engine:
    made = opened(config)
    with made.begin() as connection:
        connection.execute(sources.insert().values(source_id="acme", kind="jira_cloud", url="https://x.example"))
    return made


def a_run(engine: Engine, stream: str, hours_ago: float, **end: object) -> None:
    began = NOW - timedelta(hours=hours_ago)
    with engine.begin() as connection:
        note = begin_run(connection, f"run{hours_ago}", "acme", stream, began)
        if end:
            counts = {"requests": 3, "retries": 1, "rows_read": 10, "rows_written": 10}
            end_run(connection, note, RunEnd(**{**counts, **end}), began + timedelta(seconds=8))  # type: ignore[arg-type]


def test_without_a_warehouse_all_are_late_and_none_is_made(config: Config, tmp_path: Path) -> None:
    status = read_status(config, NOW)
    assert status.revision is None
    assert [each.is_late for each in status.sources] == [True, True]
    assert not status.ok
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("hours", "late"), [(1, False), (26, False), (26.01, True)])
def test_a_source_is_late_after_max_age(config: Config, engine: Engine, hours: float, *, late: bool) -> None:
    with engine.begin() as connection:
        mark_synced(connection, "acme", NOW - timedelta(hours=hours))
    acme, beta = read_status(config, NOW).sources
    assert (acme.is_late, acme.lag_seconds) == (late, hours * 3600)
    assert (beta.is_late, beta.lag_seconds) == (True, None)


def test_of_each_stream_the_last_run_is_shown_in_the_order_of_their_beginning(config: Config, engine: Engine) -> None:
    a_run(engine, "issues", 30, outcome="done")
    a_run(engine, "issues", 5, outcome="failed", error="refused")
    a_run(engine, "sprints", 6, outcome="done")
    a_run(engine, "links", 4)
    acme = read_status(config, NOW).sources[0]
    assert [(s.stream, s.outcome, s.error) for s in acme.streams] == [
        ("sprints", "done", None),
        ("issues", "failed", "refused"),
        ("links", "running", None),
    ]
    assert acme.streams[1].started_at == NOW - timedelta(hours=5)
    assert acme.streams[2].finished_at is None


def test_the_next_run_is_told_by_the_calendars_clock(config: Config) -> None:
    due = read_status(config, NOW).next_runs["run"]
    assert due.isoformat() == "2026-10-03T02:15:00+02:00"


def test_sizes_are_counted_when_asked_for(config: Config, engine: Engine) -> None:
    a_run(engine, "issues", 5, outcome="done")
    assert read_status(config, NOW).sizes is None
    sizes = read_status(config, NOW, with_sizes=True).sizes
    assert sizes is not None
    of_runs = next(one for one in sizes.tables if one.table == "sync_runs")
    assert (of_runs.rows, of_runs.oldest) == (1, NOW - timedelta(hours=5))


def test_without_a_warehouse_there_are_no_sizes(config: Config, tmp_path: Path) -> None:
    assert read_status(config, NOW, with_sizes=True).sizes is None
    assert list(tmp_path.iterdir()) == []
