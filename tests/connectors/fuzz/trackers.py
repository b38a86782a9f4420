"""From the bytes of an answer to a page, by the very code that a sync runs; only the network is left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec

from connectors.azure_devops.connector import AzureDevOpsConnector
from connectors.azure_devops.gateway.answers import Batch, Revision
from connectors.base import Page
from connectors.http import SourceHttp, decode
from connectors.jira.gateway import answers
from connectors.jira.gateway.cloud import CloudDialect
from connectors.jira.gateway.data_center import DataCenterDialect
from connectors.jira.gateway.dialect import Dialect
from connectors.jira.mapping.fields import choose_fields
from connectors.jira.mapping.history import ItemNames
from connectors.jira.mapping.issues import MappingContext, map_page

PAYLOADS = Path(__file__).parent / "payloads"
SOURCE = "acme"

Read = Callable[[Any], Page]
"""A payload → the page."""


@dataclass(slots=True)
class Canned:
    """Answers every request with what is there for its path; one that is asked for anything else gives 404."""

    answers: dict[str, bytes] = field(default_factory=dict)

    def fetch(self, method: str, path: str, type_: type[Any], **_: Any) -> Any:
        """As `SourceHttp` does."""
        request = httpx.Request(method, f"https://acme.example/{path}")
        body = next((body for name, body in self.answers.items() if path.endswith(name)), b"{}")
        return decode(httpx.Response(200, content=body, request=request), type_)


def payload(name: str) -> Any:
    """Answers of a simulated tracker, committed beside this file."""
    return json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))


def written(value: Any) -> bytes:
    """As a tracker writes it."""
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, OverflowError):  # half a surrogate pair, or a number of any length
        return json.dumps(value).encode()


def jira_cloud(fields: list[Any]) -> Read:
    """Reads `{"search": …, "histories": …}`."""
    canned = Canned()
    dialect = CloudDialect(cast("SourceHttp", canned))
    context = _context(fields)

    def read(found: Any) -> Page:
        canned.answers = {"search/jql": written(found.get("search")), "bulkfetch": written(found.get("histories"))}
        return _issues(dialect, context)

    return read


def jira_data_center(fields: list[Any]) -> Read:
    """Reads `{"search": …}`, with histories in the issues."""
    canned, listed = Canned(), msgspec.convert(fields, list[answers.Field])
    dialect = DataCenterDialect(cast("SourceHttp", canned), lambda: listed)
    context = _context(fields)

    def read(found: Any) -> Page:
        canned.answers = {"search": written(found.get("search"))}
        return _issues(dialect, context)

    return read


def _context(fields: list[Any]) -> MappingContext:
    chosen = choose_fields(msgspec.convert(fields, list[answers.Field]), {}, [])
    return MappingContext(source_id=SOURCE, site_url="https://acme.example", fields=chosen, names=ItemNames(chosen))


def _issues(dialect: Dialect, context: MappingContext) -> Page:
    """What the search gives, as one page."""
    pages = [map_page(context, found.issues, found.histories, found.unreadable) for found in dialect.search("x")]
    return Page(
        records=[row for page in pages for row in (*page.records, *page.asides.worklogs, *page.asides.comments)],
        replacements=[part for page in pages for part in page.replacements],
        malformed=[one for page in pages for one in page.malformed],
    )


def azure_devops(connector: AzureDevOpsConnector) -> Read:
    """Reads a batch of the feed of revisions, as the first of a walk."""

    def read(found: Any) -> Page:
        feed = connector._feed(connector._teller())
        request = httpx.Request("GET", "https://dev.azure.com/fab/_apis/wit/reporting/workitemrevisions")
        batch = decode(httpx.Response(200, content=written(found), request=request), Batch[Revision])
        return feed._page(batch, "bookmark")

    return read


def natives(issues: Any) -> dict[str, set[int]]:
    """Native id → places in a list of issues, revisions or histories at which it stands."""
    found: dict[str, set[int]] = {}
    for place, one in enumerate(issues if isinstance(issues, list) else ()):
        if isinstance(one, Mapping):
            native = one.get("id", one.get("issueId"))
            if isinstance(native, str | int) and not isinstance(native, bool):
                found.setdefault(str(native), set()).add(place)
    return found
