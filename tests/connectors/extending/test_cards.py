"""The worked example of docs/extending.md keeps what every connector promises, and its rows become numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, select

import tests.connectors.contract.test_contract as contract
from connectors.base import Connector
from connectors.http import HttpSettings, World
from flowmart.syncing.sync_source import SourceReport, sync_source
from metrics.catalog import compute
from metrics.settings import MetricSettings
from tests.connectors.contract.flavours import SOURCE, Clock, Warehouse
from tests.connectors.extending import wiring
from tests.connectors.extending.server import Tracker, serving
from tests.connectors.extending.wiring import CardsSource
from tests.flowmart.scripted import NOW, Heard, a_job, a_run
from warehouse.tables.computed import issue_flow
from warehouse.tables.loaded import issues

# each promise is a test of this file too, by the fixtures below
globals().update({name: promise for name, promise in vars(contract).items() if name.startswith("test_")})


@pytest.fixture(scope="module")
def running() -> Iterator[Tracker]:
    with serving(cards=130) as tracker:
        yield tracker


@pytest.fixture
def flavour(running: Tracker) -> Iterator[str]:
    running.clear_faults()
    yield "cards"
    running.clear_faults()


@pytest.fixture
def connect(running: Tracker) -> Iterator[Callable[..., Connector]]:
    made: list[Connector] = []

    def new(_: Warehouse | None = None, **changes: Any) -> Connector:
        made.append(connector(running, **changes))
        return made[-1]

    yield new
    for one in made:
        one.close()


def connector(tracker: Tracker, **changes: Any) -> Connector:
    """As the composition root makes it of a section of the configuration."""
    clock = Clock(NOW)
    http = HttpSettings(max_in_flight=2, world=World(wait=clock.wait, now=clock.now, jitter=lambda: 0.5))
    section = CardsSource.model_validate({"type": "cards", **tracker.connect["cards"], **changes})
    return wiring.connector(SOURCE, section, http)


def sync(engine: Engine, tracker: Tracker, run_id: str) -> SourceReport:
    """As `flowmart sync` does it, with the census; then all metrics."""
    with a_job(engine, Heard(), run_id=run_id) as job, closing(connector(tracker)) as source:
        report = sync_source(job, a_run(census_now=True), source)
    with engine.begin() as connection:
        compute(connection, MetricSettings(), NOW)
    return report


def absences(engine: Engine) -> dict[str, str | None]:
    with engine.connect() as connection:
        return {row.key: row.absence for row in connection.execute(select(issues.c.key, issues.c.absence))}


def test_a_whole_sync_with_its_census_becomes_numbers(warehouse: Engine) -> None:
    with serving(cards=0) as tracker:
        for number, lanes in enumerate((("1", "2", "3", "4"), ("1", "2"), ("1", "4")), 1):
            tracker.add(number, *lanes)
        assert sync(warehouse, tracker, "first").ok
        del tracker.cards[2]
        tracker.add(4, "1", "2", "4", hours=24)
        second = sync(warehouse, tracker, "second")
        assert second.ok
        assert second.census is not None
        assert [(one.key, one.absence) for one in second.census.gone] == [("ART-2", "deleted")]
    assert absences(warehouse) == {"ART-1": None, "ART-2": "deleted", "ART-3": None, "ART-4": None}
    of = issue_flow.c
    with warehouse.connect() as connection:
        found = connection.execute(select(of.issue_id, of.cycle_seconds, of.exclusion).order_by(of.issue_id)).all()
    assert [(issue_id, seconds and seconds / 3600, exclusion) for issue_id, seconds, exclusion in found] == [
        ("acme:1", 20, None),
        ("acme:2", None, "deleted"),
        ("acme:3", None, "skipped_in_progress"),
        ("acme:4", 24, None),
    ]


def test_its_section_is_checked_like_any_other() -> None:
    given = {"type": "cards", "url": "http://cards.example", "token": "made-up"}
    with pytest.raises(ValidationError, match="http:// shows the login to the network"):
        CardsSource.model_validate(given)
    assert "made-up" not in repr(CardsSource.model_validate({**given, "allow_http": True}))
