"""A wall of cards as a connector: login, a look round, streams and census."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.base import Census, Counters, Identity, Seen, Stream, Survey
from connectors.http import HttpSettings
from connectors.malformed import guarded
from tests.connectors.extending.gateway import Gateway
from tests.connectors.extending.mapping import KIND
from tests.connectors.extending.pulling import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class CardsSettings:
    """What the config says about one tracker of cards."""

    source_id: str
    url: str
    token: str = field(repr=False)


class CardsConnector:
    """One tracker of cards. See `connectors.base.Connector`."""

    def __init__(self, settings: CardsSettings, http: HttpSettings) -> None:
        self._gateway = Gateway(settings.url, settings.token, http)
        self._pages = Pages(settings.source_id, settings.url, self._gateway)

    @property
    def counters(self) -> Counters:
        """Requests and retries so far."""
        return self._gateway.http.counters

    def identify(self) -> Identity:
        """Prove the login."""
        me = self._gateway.me()
        return Identity(kind=KIND, account=me.id, display_name=me.name, version=None)

    def survey(self) -> Survey:
        """The wall and its lanes; fields need no choice here."""
        wall = self._pages.wall
        lanes = [Seen(what="status", native_id=lane.id, name=lane.name, detail=lane.kind) for lane in wall.lanes]
        return Survey(seen=[Seen(what="project", native_id=wall.key, name=wall.key, detail=wall.name), *lanes])

    def streams(self) -> Sequence[Stream]:
        """What cards refer to, then the cards."""
        return (guarded("walls", self._pages.walls), guarded("issues", self._pages.cards))

    def census(self) -> Census:
        """Who is there, and where those went that are not."""
        return self._pages

    def close(self) -> None:
        """Give back connections."""
        self._gateway.http.close()
