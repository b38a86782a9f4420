"""A configured Azure DevOps → its connector and its login."""

from __future__ import annotations

from datetime import date, datetime

from connectors.azure_devops.connector import AzureDevOpsConnector
from connectors.azure_devops.gateway.entra import EntraApplication, ManagedIdentity
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.base import Recall
from connectors.http import HttpSettings
from connectors.http.logins import Login
from connectors.people import Disguise
from flowmart.config import Config
from flowmart.settings.sources import AzureDevOpsSource


def connector(
    config: Config,
    name: str,
    source: AzureDevOpsSource,
    http: HttpSettings,
    *,
    recall: Recall,
    now: datetime,
    people: Disguise,
    since: date | None,
) -> AzureDevOpsConnector:
    """See `flowmart.sources.connector`."""
    settings = AzureDevOpsSettings(
        source_id=name,
        url=source.url,
        token=login(source),
        projects=source.projects,
        teams=source.teams,
        fields=source.fields_.by_role(),
        groups=config.groups_of(name),
        history_since=source.history_since,
        changed_since=since,
        time_zone=config.zone,
        people=people,
        stores_text=config.privacy.store_text,
        now=lambda: now,
    )
    return AzureDevOpsConnector(settings, http, recall)


def login(source: AzureDevOpsSource) -> str | Login:
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
