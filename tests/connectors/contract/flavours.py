"""A connector for each flavour of tracker, over one simulated company and a clock that waits for nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.azure_devops.connector import AzureDevOpsConnector
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.base import Connector, Held, Page, Recall
from connectors.http import HttpSettings, World
from connectors.jira.connector import JiraConnector
from connectors.jira.pulling.issues import held_by_none
from connectors.jira.settings import JiraSettings
from simulator.server import Running
from tests.connectors.contract.rows import Tables, apply

FLAVOURS = ("jira_cloud", "jira_data_center", "azure_devops", "azure_devops_server")
SOURCE = "acme"


class Clock:
    """Moves on by what is waited."""

    def __init__(self, start: datetime) -> None:
        self.at = start

    def now(self) -> datetime:
        return self.at

    def wait(self, bell: threading.Event, seconds: float) -> None:
        if not bell.is_set():
            self.at += timedelta(seconds=seconds)


def make(
    running: Running,
    flavour: str,
    recall: Recall = lambda _: {},
    *,
    held: Held = held_by_none,
    clock: Clock | None = None,
    **changes: Any,
) -> Connector:
    """The connector of a flavour with everything that its account sees; `changes` go to its settings."""
    about = running.connect[flavour]
    clock = clock or Clock(datetime.fromisoformat(running.connect["now"]))
    world = World(wait=clock.wait, now=clock.now, jitter=lambda: 0.5)
    http = HttpSettings(max_in_flight=4, max_wait_seconds=900, world=world)
    given: dict[str, Any] = {"source_id": SOURCE, "url": about["url"], "token": about["token"], "now": clock.now}
    if flavour.startswith("jira"):
        return JiraConnector(JiraSettings(**{**given, "email": about.get("email"), **changes}), http, held)
    zone = ZoneInfo("Europe/Berlin")
    return AzureDevOpsConnector(AzureDevOpsSettings(**{**given, "time_zone": zone, **changes}), http, recall)


class Warehouse:
    """What pages leave behind, in memory: rows, and the bookmark of each stream."""

    def __init__(self) -> None:
        self.tables: Tables = {}
        self.bookmarks: dict[str, str] = {}
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.pages: list[tuple[str, Page]] = []

    def recall(self, issue_ids: Sequence[str]) -> Mapping[str, str]:
        """See `connectors.base.Recall`."""
        kept = self.tables.get("IssueSnapshot", {})
        return {issue_id: kept[issue_id]["content"] for issue_id in issue_ids if issue_id in kept}

    def sync(
        self, connector: Connector, before_page: Callable[[str, Page], None] | None = None, only: str = ""
    ) -> None:
        """All streams from their bookmarks, or one; `before_page` may look at a page, or break off by an exception."""
        self.pages = []
        for stream in (each for each in connector.streams() if only in {"", each.name}):
            for page in stream.pages(self.bookmarks.get(stream.name)):
                if before_page is not None:
                    before_page(stream.name, page)
                apply(self.tables, page)
                self.problems += page.problems
                self.notes += page.notes
                self.pages.append((stream.name, page))
                if page.bookmark is not None:
                    self.bookmarks[stream.name] = page.bookmark
