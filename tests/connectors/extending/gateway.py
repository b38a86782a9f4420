"""Talks to a tracker of cards: one method a question, typed answers, and nobody else knows an address."""

from __future__ import annotations

from datetime import datetime

import httpx
import msgspec

from connectors.errors import NotFound
from connectors.http import HttpSettings, SourceHttp, raise_for_status


class Named(msgspec.Struct, frozen=True):
    """A person, or a lane with its kind: `queue`, `work` or `end`."""

    id: str
    name: str
    kind: str = ""


class Wall(msgspec.Struct, frozen=True):
    """All that is set up once."""

    key: str
    name: str
    lanes: list[Named]
    people: list[Named]


class Step(msgspec.Struct, frozen=True):
    """One change of one card; `what` is `lane`, `owner` or `size`."""

    at: datetime
    by: str
    what: str
    old: str | None
    new: str | None


class Card(msgspec.Struct, frozen=True):
    """A card as it is now, with its whole history. `version` is counted over all changes of all cards."""

    number: int
    version: int
    title: str
    lane: str
    owner: str | None
    size: float | None
    created: datetime
    touched: datetime
    history: list[Step]


class Cards(msgspec.Struct, frozen=True):
    """Some cards in the order of their versions, and how many there are from these on."""

    cards: list[Card]
    left: int


class Gateway:
    """Every question that the connector asks."""

    def __init__(self, url: str, token: str, http: HttpSettings) -> None:
        login = httpx.BasicAuth("", token)
        self.http = SourceHttp(base_url=url, auth=login, settings=http, inspect=raise_if_refused)

    def me(self) -> Named:
        """Who the token is."""
        return self.http.fetch("GET", "api/me", Named)

    def wall(self) -> Wall:
        """Lanes and people."""
        return self.http.fetch("GET", "api/wall", Wall)

    def cards(self, after: int) -> Cards:
        """The next cards with a later version."""
        return self.http.fetch("GET", "api/cards", Cards, params={"after": after})

    def card(self, number: str) -> Card | None:
        """One card; None where there is none."""
        try:
            return self.http.fetch("GET", f"api/cards/{number}", Card)
        except NotFound:
            return None

    def numbers(self) -> list[int]:
        """The numbers of all cards that there are now."""
        return self.http.fetch("GET", "api/numbers", list[int])


def raise_if_refused(response: httpx.Response) -> None:
    """This tracker refuses a login honestly, by 401; others do so by a page that says 200, which is told apart here."""
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise_for_status(response)
