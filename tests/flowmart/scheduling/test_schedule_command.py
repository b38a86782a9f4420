"""What the schedule makes of a night: done once, skipped where another has done it, told once where it cannot begin."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from flowmart.commands.schedule import Schedule
from flowmart.session import Session
from flowmart.store import opened
from tests.migrated import migrated
from warehouse.tables.operational import job_runs

DUE = datetime(2026, 11, 25, 1, 15, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path, refusing_tracker: str) -> Path:
    """A site whose tracker refuses everybody."""
    migrated(tmp_path / "flowmart.db").dispose()
    text = f'[sources.acme]\ntype = "jira"\nurl = "{refusing_tracker}"\ntoken = "t"\n[schedule]\nsync = "15 1 * * *"\n'
    (tmp_path / "flowmart.toml").write_text(text, encoding="utf-8")
    return tmp_path / "flowmart.toml"


def schedule(file: Path) -> Schedule:
    session = Session(environment={"FLOWMART_CONFIG": str(file)})
    return Schedule(session, session.config())


def test_a_night_that_failed_is_settled_and_skipped_by_others(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    first, second = schedule(file), schedule(file)
    assert first.attempt("sync", DUE)
    assert second.attempt("sync", DUE)
    said = [record.getMessage() for record in caplog.records if record.name == "flowmart.commands.schedule"]
    assert said[0] == "sync begins, due 2026-11-25 01:15 UTC"
    assert said[1].startswith("sync: acme: the login is refused")
    assert said[2].startswith("sync: due 2026-11-25 01:15 UTC is skipped here: ")
    assert said[2].endswith(" has done it")
    with opened(first.config).connect() as connection:
        (run,) = connection.execute(select(job_runs))
    assert (run.step, run.due_at, run.outcome) == ("sync", DUE, "failed")


def test_what_keeps_a_night_from_beginning_is_told_once_and_it_begins_when_that_is_over(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ours = schedule(file)
    whole = file.read_text("utf-8")
    file.write_text(whole.replace("token", "tokn"), encoding="utf-8")
    assert not ours.attempt("sync", DUE)
    assert not ours.attempt("sync", DUE)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 1
    assert "due 2026-11-25 01:15 UTC cannot begin: " in told[0]
    assert told[0].endswith("; looking again every 5 min")
    file.write_text(whole, encoding="utf-8")
    assert ours.attempt("sync", DUE)


def test_a_night_that_is_too_late_is_a_warning(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    schedule(file).missed("sync", DUE - timedelta(days=1))
    assert caplog.messages == ["sync due 2026-11-24 01:15 UTC was not done: that is more than 12 h 0 min ago"]
