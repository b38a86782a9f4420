"""Looking round: what is visible, what is refused, and nothing written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import migrations
from flowmart.config import Config
from flowmart.look import look_at_source, look_at_warehouse
from flowmart.store import opened

NOW = datetime(2026, 10, 2, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    source = {"type": "jira", "url": "https://x.example", "token": "t0ken"}
    return Config.model_validate({"sources": {"acme": source}}, context={"folder": tmp_path})


def test_a_tracker_that_lets_us_in_shows_what_it_has(config: Config, tracker: Any) -> None:
    look = look_at_source(config, "acme", NOW, lambda *_: tracker)
    assert look.identity is not None
    assert look.survey is tracker.found
    assert look.problems == ()
    assert tracker.is_closed


def test_a_tracker_that_refuses_is_a_problem_and_is_closed(config: Config, refusing: Any) -> None:
    look = look_at_source(config, "acme", NOW, lambda *_: refusing)
    assert look.problems == ("the login is refused",)
    assert look.identity is None
    assert refusing.is_closed


def test_a_warehouse_that_is_not_there_is_not_made(config: Config, tmp_path: Path) -> None:
    assert look_at_warehouse(config).revision is None
    assert list(tmp_path.iterdir()) == []


def test_a_warehouse_of_ours_tells_its_revision(config: Config) -> None:
    opened(config).dispose()
    look = look_at_warehouse(config)
    assert (look.revision, look.problem) == (migrations.head(), None)


def test_a_warehouse_of_a_newer_version_is_a_problem(config: Config) -> None:
    engine = opened(config)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    problem = look_at_warehouse(config).problem
    assert problem is not None
    assert "upgrade flowmart" in problem
