"""A walk through a search by page tokens, and how it can go wrong on command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from simulator.company import Issue
from simulator.jira.answers import refuse
from simulator.jira.searching import mutate_before
from simulator.jira.site import Site
from simulator.wire import digest, make_token, read_token

_MOST_ISSUES = 10_000_000
_SHARES = (0.6, 1.0, 0.25, 0.9, 0.05)


@dataclass(slots=True, eq=False, kw_only=True)
class Lies:
    """What searches do wrong; pages count from one, and 0 means never.

    `short_pages`: pages of varying size below what was asked. `empty_page`: this page is empty but has a token.
    `repeated_token`: this page gives the token that led to it. `early_last`: the walk claims its end once this share
    of the issues was given.
    """

    short_pages: bool = False
    empty_page: int = 0
    repeated_token: int = 0
    early_last: float = 1.0


def lies_of(request: Request) -> Lies:
    """What searches do wrong now."""
    lies: Lies = request.scope["jira.lies"]
    return lies


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Where a walk stands: the number of its next page, and how many issues it gave so far."""

    owner: str
    number: int = 1
    start: int = 0

    @classmethod
    def read(cls, token: str, *query: Any) -> Walk:  # noqa: ANN401 - whatever makes the query
        """The walk that a token continues; without one a new walk. A token of another query is refused."""
        owner = digest(*query)
        if not token:
            return cls(owner=owner)
        place = read_token(token, owner)
        if place is None:
            raise refuse("The provided next page token is invalid or expired.")
        number, start = divmod(place, _MOST_ISSUES)
        return cls(owner=owner, number=number, start=start)

    def mutate(self, site: Site, jql: str) -> None:
        """Let the company change something before this page, if that was ordered."""
        mutate_before(site, jql, self.number)

    def page(self, found: list[Issue], size: int, lies: Lies) -> tuple[list[Issue], str]:
        """The issues of the page, and the JSON text that ends it: the token to go on with, or that it was the last."""
        if lies.short_pages:
            size = max(1, round(size * _SHARES[self.number % len(_SHARES)]))
        if lies.empty_page == self.number:
            size = 0
        end = min(self.start + size, round(len(found) * lies.early_last))
        page = found[self.start : max(end, self.start)]
        if end >= round(len(found) * lies.early_last) and lies.empty_page != self.number:
            return page, '"isLast":true'
        is_stuck = lies.repeated_token == self.number
        number, start = (self.number, self.start) if is_stuck else (self.number + 1, self.start + len(page))
        return page, f'"nextPageToken":"{make_token(self.owner, number * _MOST_ISSUES + start)}","isLast":false'
