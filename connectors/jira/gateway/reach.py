"""How a site is reached: at its own address, or through Atlassian's gateway where a login is good only there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx

from connectors.base import Counters
from connectors.errors import NotFound, SourceError
from connectors.http import HttpSettings, SourceHttp, decode, raise_for_status
from connectors.http.logins import Login
from connectors.jira.gateway import answers
from connectors.jira.gateway.refusals import inspect_answer
from connectors.jira.settings import GATEWAY, JiraSettings

_ENGLISH = {"X-Force-Accept-Language": "true", "Accept-Language": "en"}
"""Names in one language, whatever the account's profile says."""
_ATLASSIAN = (".atlassian.net", ".jira.com")
_CLOUD_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


class Reach:
    """Makes the HTTP clients of a source, one for each address that is tried; they share their counters."""

    def __init__(self, settings: JiraSettings, http: HttpSettings) -> None:
        self._settings = settings
        self._http = http
        self._gateway = settings.gateway_url.rstrip("/")
        self._clients: list[SourceHttp] = []
        self.counters = Counters()

    @property
    def _is_at_gateway(self) -> bool:
        return self._settings.is_at_gateway

    @property
    def is_gateway_only(self) -> bool:
        """Whether the login is one that no site takes (OAuth 2.0), so that the site's cloud id must be found first."""
        return not isinstance(self._settings.token, str) and not self._is_at_gateway

    def at_first(self) -> SourceHttp:
        """The client to begin with; for `is_gateway_only` the gateway, of which `by_resources` finds the right part."""
        return self._client(self._gateway if self.is_gateway_only else self._settings.url)

    def by_resources(self) -> SourceHttp:
        """The gateway to the configured site, among those that the login may use."""
        client = self._clients[0]
        client.base_url = self._gateway
        found = client.fetch("GET", "oauth/token/accessible-resources", list[answers.Resource])
        wanted = httpx.URL(self._settings.url).host
        for resource in found:
            if httpx.URL(resource.url).host == wanted and _CLOUD_ID.fullmatch(resource.id):
                client.base_url = self._site_at_gateway(resource.id)
                return client
        seen = ", ".join(sorted(resource.url for resource in found)) or "none"
        raise NotFound(f"the login may not use {self._settings.url}; sites that it may use: {seen}")

    def by_tenant(self) -> SourceHttp | None:
        """The gateway to the configured site, whose cloud id is asked of the site without login; None if not told.

        A login is shown to Atlassian only if the site is theirs, or if the config names a gateway.
        """
        host = httpx.URL(self._settings.url).host
        is_theirs = host.endswith(_ATLASSIAN) or self._settings.gateway_url != GATEWAY
        if self._is_at_gateway or self.is_gateway_only or not is_theirs:
            return None
        cloud_id = self._cloud_id()
        return self._client(self._site_at_gateway(cloud_id)) if _CLOUD_ID.fullmatch(cloud_id) else None

    def close(self) -> None:
        """Give back all connections."""
        for client in self._clients:
            client.close()

    def _cloud_id(self) -> str:
        client = self._clients[0]
        try:
            response = client.client.get(client.url("_edge/tenant_info"), auth=None)
            raise_for_status(response)
            return decode(response, answers.TenantInfo).cloud_id
        except (SourceError, httpx.HTTPError):
            return ""

    def _site_at_gateway(self, cloud_id: str) -> str:
        return f"{self._gateway}/ex/jira/{cloud_id}"

    def _client(self, url: str) -> SourceHttp:
        client = SourceHttp(
            base_url=url,
            auth=_auth(self._settings),
            settings=self._http,
            inspect=inspect_answer,
            headers=_ENGLISH,
            counters=self.counters,
        )
        self._clients.append(client)
        return client


class _Bearer(httpx.Auth):
    """A token without an e-mail address."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        """httpx's hook."""
        request.headers["Authorization"] = self._header
        yield request


def _auth(settings: JiraSettings) -> httpx.Auth | Login:
    if not isinstance(settings.token, str):
        return settings.token
    return httpx.BasicAuth(settings.email, settings.token) if settings.email else _Bearer(settings.token)
