"""A configured Jira → its connector and its login."""

from __future__ import annotations

from datetime import date, datetime

from connectors.base import Held
from connectors.http import HttpSettings
from connectors.http.logins import Login
from connectors.jira.connector import JiraConnector
from connectors.jira.gateway.oauth import TOKEN_URL, OAuthApplication
from connectors.jira.pulling.issues import held_by_none
from connectors.jira.settings import GATEWAY, JiraSettings
from connectors.people import Disguise
from flowmart.config import Config
from flowmart.refresh_tokens import RefreshTokenFile
from flowmart.settings.sources import JiraSource


def connector(
    config: Config,
    name: str,
    source: JiraSource,
    http: HttpSettings,
    *,
    held: Held | None,
    now: datetime,
    people: Disguise,
    since: date | None,
) -> JiraConnector:
    """See `flowmart.sources.connector`."""
    settings = JiraSettings(
        source_id=name,
        url=source.url,
        email=source.email,
        token=login(source),
        gateway_url=source.gateway_url or GATEWAY,
        projects=source.projects,
        boards=source.boards,
        jql=source.jql,
        fields=source.fields_.by_role(),
        groups=config.groups_of(name),
        history_since=source.history_since,
        changed_since=since,
        overlap_seconds=config.sync.overlap_seconds,
        people=people,
        lists_people=config.privacy.users != "none",
        stores_text=config.privacy.store_text,
        now=lambda: now,
    )
    return JiraConnector(settings, http, held or held_by_none)


def login(source: JiraSource) -> str | Login:
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
