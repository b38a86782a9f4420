"""The composition root of the connectors: a configured source in, its connector out."""

from __future__ import annotations

from datetime import date, datetime

from connectors.azure_devops.connector import AzureDevOpsConnector
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.base import Connector, Recall
from connectors.http import HttpSettings
from connectors.jira.connector import JiraConnector
from connectors.jira.settings import JiraSettings
from flowmart.config import Config
from flowmart.errors import ConfigError
from flowmart.settings.sources import AzureDevOpsSource, JiraSource

NIGHTLY = 6
"""How often a request is tried by a job that nobody waits for: for half a minute, if nothing answers."""
WATCHED = 2
"""The same while a person waits."""


def connector(
    config: Config,
    name: str,
    *,
    recall: Recall,
    now: datetime,
    since: date | None = None,
    attempts: int = NIGHTLY,
    max_in_flight: int | None = None,
) -> Connector:
    """The connector of a configured source; nothing is sent yet.

    `since`: look for changes from that day on. `max_in_flight` goes before the one of the config.
    """
    source = config.sources[name]
    http = HttpSettings(
        max_in_flight=max_in_flight or config.sync.max_in_flight,
        max_wait_seconds=config.sync.max_wait_seconds,
        attempts=attempts,
    )
    if isinstance(source, JiraSource):
        return JiraConnector(_jira(config, name, source, now, since), http)
    return AzureDevOpsConnector(_azure_devops(config, name, source, now, since), http, recall)


def _jira(config: Config, name: str, source: JiraSource, now: datetime, since: date | None) -> JiraSettings:
    return JiraSettings(
        source_id=name,
        url=source.url,
        email=source.email,
        token=source.token.get_secret_value(),
        projects=source.projects,
        boards=source.boards,
        jql=source.jql,
        fields=source.fields_.by_role(),
        history_since=source.history_since,
        changed_since=since,
        overlap_seconds=config.sync.overlap_seconds,
        now=lambda: now,
    )


def _azure_devops(
    config: Config, name: str, source: AzureDevOpsSource, now: datetime, since: date | None
) -> AzureDevOpsSettings:
    if source.token is None:
        raise ConfigError([f"sources.{name}: this version logs in to Azure DevOps by token only; set token"])
    return AzureDevOpsSettings(
        source_id=name,
        url=source.url,
        token=source.token.get_secret_value(),
        projects=source.projects,
        teams=source.teams,
        fields=source.fields_.by_role(),
        history_since=source.history_since,
        changed_since=since,
        time_zone=config.zone,
        now=lambda: now,
    )
