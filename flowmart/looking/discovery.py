"""What `init` finds out about a tracker before there is a configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from pydantic import ValidationError

from flowmart import problems
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.looking.look import Connect, SourceLook, connect, look_at_sources

_HOSTED = {"dev.azure.com"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A tracker that a configuration is wanted for. The token is known by the name of its variable only."""

    name: str
    type: str
    url: str
    token_variable: str
    email: str | None = None
    allow_http: bool = False


def source_name(url: str) -> str:
    """A name for the source at this address: `acme` for https://acme.atlassian.net or https://dev.azure.com/acme."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    path = [part for part in parts.path.split("/") if part]
    likely = path[0] if host in _HOSTED and path else host.partition(".")[0]
    return re.sub(r"[^a-z0-9_-]+", "-", likely.lower()).strip("-") or "tracker"


def token_variable(name: str, type_: str) -> str:
    """The variable that would hold the token of a source: `ACME_JIRA_TOKEN`, `CONTOSO_ADO_TOKEN`."""
    tool = "JIRA" if type_ == "jira" else "ADO"
    variable = f"{re.sub(r'[^A-Z0-9]+', '_', name.upper())}_{tool}_TOKEN"
    return f"_{variable}" if variable[0].isdigit() else variable


def discover(
    wanted: Sequence[Wanted], environment: Mapping[str, str], now: datetime, connect: Connect = connect
) -> Iterator[tuple[Wanted, SourceLook | None]]:
    """What each tracker shows, in their order, all asked at once; None for one whose token is not in the environment.

    Raises `UsageError` when something of it is no source that a configuration could hold.
    """
    tokens = {each.name: environment.get(each.token_variable) for each in wanted}
    sources = {each.name: _source(each, token) for each in wanted if (token := tokens[each.name])}
    looks = look_at_sources(_config(sources), now, connect) if sources else iter(())
    for each in wanted:
        yield each, next(looks) if each.name in sources else None


def _source(wanted: Wanted, token: str) -> Mapping[str, object]:
    source = {"type": wanted.type, "url": wanted.url, "token": token, "allow_http": wanted.allow_http}
    return {**source, "email": wanted.email} if wanted.email else source


def _config(sources: Mapping[str, Mapping[str, object]]) -> Config:
    try:
        return Config.model_validate({"sources": sources})
    except ValidationError as error:
        said = [f"{problems.dotted(place)}: {text}" for place, text in problems.lines(error, Config, ())]
        raise UsageError("; ".join(said)) from None
