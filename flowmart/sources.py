"""The composition root of the connectors: a configured source in, its connector out."""

from __future__ import annotations

from datetime import date, datetime

from connectors.azure_devops.connector import AzureDevOpsConnector
from connectors.azure_devops.gateway.entra import EntraApplication, ManagedIdentity
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.base import Connector, Held, Recall
from connectors.http import HttpSettings
from connectors.http.limits import Limiters
from connectors.http.logins import Login
from connectors.jira.connector import JiraConnector
from connectors.jira.gateway.oauth import TOKEN_URL, OAuthApplication
from connectors.jira.pulling.issues import held_by_none
from connectors.jira.settings import GATEWAY, JiraSettings
from flowmart.config import Config
from flowmart.refresh_tokens import RefreshTokenFile
from flowmart.settings.sources import AzureDevOpsSource, JiraSource

NIGHTLY = 6
"""How often a request is tried by a job that nobody waits for: for half a minute, if nothing answers."""
WATCHED = 2
"""The same while a person waits."""
LIMITERS = Limiters()
"""For the whole process: a tracker that asked for a pause gets it from later runs of `schedule` too."""


def connector(
    config: Config,
    name: str,
    *,
    recall: Recall,
    held: Held = held_by_none,
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
        limiters=LIMITERS,
    )
    if isinstance(source, JiraSource):
        return JiraConnector(_jira(config, name, source, now, since), http, held)
    return AzureDevOpsConnector(_azure_devops(config, name, source, now, since), http, recall)


def _jira(config: Config, name: str, source: JiraSource, now: datetime, since: date | None) -> JiraSettings:
    return JiraSettings(
        source_id=name,
        url=source.url,
        email=source.email,
        token=jira_login(source),
        gateway_url=source.gateway_url or GATEWAY,
        projects=source.projects,
        boards=source.boards,
        jql=source.jql,
        fields=source.fields_.by_role(),
        groups=config.groups_of(name),
        history_since=source.history_since,
        changed_since=since,
        overlap_seconds=config.sync.overlap_seconds,
        now=lambda: now,
    )


def _azure_devops(
    config: Config, name: str, source: AzureDevOpsSource, now: datetime, since: date | None
) -> AzureDevOpsSettings:
    return AzureDevOpsSettings(
        source_id=name,
        url=source.url,
        token=azure_devops_login(source),
        projects=source.projects,
        teams=source.teams,
        fields=source.fields_.by_role(),
        groups=config.groups_of(name),
        history_since=source.history_since,
        changed_since=since,
        time_zone=config.zone,
        now=lambda: now,
    )


def jira_login(source: JiraSource) -> str | Login:
    """The token, or what fetches tokens."""
    if source.token is not None:
        return source.token.get_secret_value()
    if source.client_id is None or source.client_secret is None or source.refresh_token_file is None:
        raise AssertionError("the configuration has either login")
    return OAuthApplication(
        client_id=source.client_id,
        client_secret=source.client_secret.get_secret_value(),
        store=RefreshTokenFile(source.refresh_token_file),
        token_url=source.token_url or TOKEN_URL,
    )


def azure_devops_login(source: AzureDevOpsSource) -> str | Login:
    """The token, or what fetches tokens."""
    if source.managed_identity:
        return ManagedIdentity(client_id=source.client_id)
    if source.token is not None:
        return source.token.get_secret_value()
    if source.tenant_id is None or source.client_id is None or source.client_secret is None:
        raise AssertionError("the configuration has one of the logins")
    return EntraApplication(
        tenant_id=source.tenant_id,
        client_id=source.client_id,
        client_secret=source.client_secret.get_secret_value(),
    )
