"""Looking round: what is visible, what is refused, and nothing written."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import migrations
from connectors.base import Counters, Identity, Survey
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.looking.look import look_at_source, look_at_sources, look_at_warehouse
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


def test_all_trackers_are_asked_at_once_and_shown_in_order(config: Config, tracker: Any) -> None:
    """Each waits for the other: asked one after the other they would never answer."""
    both = threading.Barrier(2, timeout=120)

    @dataclass
    class Waiting:
        counters: Counters = field(default_factory=Counters)

        def identify(self) -> Identity:
            both.wait()
            self.counters.requests += 1
            identity: Identity = tracker.identify()
            return identity

        def survey(self) -> Survey:
            found: Survey = tracker.survey()
            return found

        def close(self) -> None:
            pass

    two = config.model_copy(update={"sources": dict.fromkeys(("acme", "beta"), config.sources["acme"])})
    looks = list(look_at_sources(two, NOW, lambda *_: Waiting()))  # type: ignore[arg-type,return-value]
    assert [(each.source, each.requests) for each in looks] == [("acme", 1), ("beta", 1)]


def test_a_defect_in_one_source_is_raised_after_the_others_are_shown(config: Config, tracker: Any) -> None:
    broken = replace(tracker, failure=ZeroDivisionError("a bug"))
    two = config.model_copy(update={"sources": dict.fromkeys(("acme", "beta"), config.sources["acme"])})
    looks = look_at_sources(two, NOW, lambda _, name, __: broken if name == "acme" else tracker)
    assert next(looks).source == "beta"
    with pytest.raises(ZeroDivisionError):
        next(looks)


def test_a_source_that_cannot_be_wired_does_not_hide_the_others(config: Config, tracker: Any) -> None:
    def connect(_: Config, name: str, __: datetime) -> Any:
        if name == "acme":
            raise UsageError("sources.acme: not so")
        return tracker

    two = config.model_copy(update={"sources": dict.fromkeys(("acme", "beta"), config.sources["acme"])})
    assert [each.problems for each in look_at_sources(two, NOW, connect)] == [("sources.acme: not so",), ()]


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
