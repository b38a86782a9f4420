"""A connector and the small site that it talks to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
import respx

from connectors.base import Held
from connectors.http import HttpSettings, World
from connectors.jira.connector import JiraConnector, JiraSettings
from connectors.jira.pulling.issues import held_by_none
from tests.connectors.jira import fake_data_center
from tests.connectors.jira.fake_data_center import FakeDataCenter
from tests.connectors.jira.fake_jira import TOKEN, URL, Clock, Connect, FakeJira, Json


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jira() -> Iterator[FakeJira]:
    site = FakeJira()
    with respx.mock(assert_all_called=False) as router:
        router.route().mock(side_effect=site)
        yield site


@pytest.fixture
def connect(jira: FakeJira, clock: Clock) -> Iterator[Connect]:  # noqa: ARG001 - the site answers all the while
    """Makes a connector for the fake site; settings by keyword, and `held`: which issues the warehouse has."""
    yield from _connect(clock, url=URL, email="bot@acme.example")


@pytest.fixture
def data_center() -> Iterator[FakeDataCenter]:
    server = FakeDataCenter()
    with respx.mock(assert_all_called=False) as router:
        router.route().mock(side_effect=server)
        yield server


@pytest.fixture
def connect_dc(data_center: FakeDataCenter, clock: Clock) -> Iterator[Connect]:  # noqa: ARG001 - it answers meanwhile
    """The same for the fake Data Center, with a personal access token."""
    yield from _connect(clock, url=fake_data_center.URL, email=None)


def _connect(clock: Clock, **of_the_site: object) -> Iterator[Connect]:
    made: list[JiraConnector] = []

    def new(**settings: object) -> JiraConnector:
        given: Json = {"source_id": "acme", "token": TOKEN, "now": clock.now, **of_the_site}
        world = World(wait=lambda _, seconds: clock.sleep(seconds), now=clock.now, jitter=lambda: 0.5)
        held = cast("Held", settings.pop("held", held_by_none))
        client = HttpSettings(max_in_flight=3, world=world)
        connector = JiraConnector(JiraSettings(**{**given, **settings}), client, held)
        made.append(connector)
        return connector

    yield new
    for connector in made:
        connector.close()
