"""No answer leads a login away: redirects are not followed, links give their token only, other origins are refused."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs

import httpx
import pytest
import requests
import respx

from connectors.azure_devops.gateway import paging
from connectors.azure_devops.gateway.organisation import Gateway
from connectors.errors import SourceError, UnexpectedResponse
from connectors.http import HttpSettings, SourceHttp, World
from connectors.http.sdk import HttpxAdapter
from connectors.jira.connector import JiraConnector, JiraSettings
from connectors.jira.gateway.library import open_library
from connectors.jira.pulling.issues import held_by_none

JIRA = "https://acme.atlassian.net"
ADO = "https://dev.azure.com/fab"
EVIL = "https://evil.example"
SETTINGS = HttpSettings(attempts=2, world=World(wait=lambda _bell, _seconds: None))


@pytest.fixture
def router() -> Iterator[respx.Router]:
    """All that is asked; the server elsewhere answers everything."""
    with respx.mock(assert_all_called=False) as made:
        made.route(host="evil.example").mock(return_value=httpx.Response(200, json={"value": [], "count": 0}))
        yield made


def hosts(router: respx.Router) -> set[str]:
    return {call.request.url.host for call in router.calls}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", [EVIL, "http://acme.atlassian.net/x", "//evil.example/x"])
def test_threat_redirect_of_jira_is_refused(router: respx.Router, status: int, to: str) -> None:
    away = httpx.Response(status, headers={"location": to})
    router.route(host="acme.atlassian.net").mock(return_value=away)
    router.route(host="api.atlassian.com").mock(return_value=away)
    jira = JiraConnector(JiraSettings(source_id="acme", url=JIRA, email="bot", token="t0ken"), SETTINGS, held_by_none)
    with pytest.raises(SourceError, match="redirects to"):
        jira.identify()
    jira.close()
    assert {call.request.url.scheme for call in router.calls} == {"https"}
    assert "evil.example" not in hosts(router)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_threat_redirect_of_azure_devops_is_refused_also_to_its_sdk(router: respx.Router, status: int) -> None:
    router.route(host="dev.azure.com").mock(return_value=httpx.Response(status, headers={"location": f"{EVIL}/x"}))
    gateway = Gateway(ADO, "t0ken", SETTINGS)
    for ask in (gateway.projects, gateway.fields, lambda: gateway.teams("p")):
        with pytest.raises(SourceError):
            ask()
    gateway.close()
    assert hosts(router) == {"dev.azure.com"}


def test_threat_next_link_gives_its_token_and_no_address(router: respx.Router) -> None:
    batches = [
        {"values": [], "nextLink": f"{EVIL}/x?continuationToken=T2&api-version=9", "isLastBatch": False},
        {"values": [], "nextLink": f"{EVIL}/x?continuationToken=T3", "isLastBatch": True},
    ]
    router.route(host="dev.azure.com").mock(side_effect=[httpx.Response(200, json=each) for each in batches])
    gateway = Gateway(ADO, "t0ken", SETTINGS)
    tokens = [token for _, token in paging.feed(gateway.pool, gateway.revisions_after(None), None)]
    gateway.close()
    assert tokens == ["T2", "T3"]
    assert hosts(router) == {"dev.azure.com"}
    assert parse_qs(router.calls.last.request.url.query.decode())["continuationToken"] == ["T2"]


@pytest.mark.parametrize("to", [f"{EVIL}/x", "http://acme.atlassian.net/x", "https://acme.atlassian.net:8443/x"])
def test_threat_address_in_an_answer_is_not_asked_by_an_sdk(router: respx.Router, to: str) -> None:
    """Jira's library takes `self` and `next` of what it got; Azure DevOps' takes the templates of its routes."""
    http = SourceHttp(base_url=JIRA, auth=httpx.BasicAuth("bot", "t0ken"), settings=SETTINGS, inspect=lambda _: None)
    library = open_library(http)
    for ask in (lambda: library._session.get(to), lambda: library._session.post(to, json={"token": "t0ken"})):
        with pytest.raises(UnexpectedResponse, match="names an address elsewhere"):
            ask()
    session = requests.Session()
    session.mount("https://", HttpxAdapter(http.client))
    session.mount("http://", HttpxAdapter(http.client))
    with pytest.raises(UnexpectedResponse, match="names an address elsewhere"):
        session.options(to)
    http.close()
    assert not router.calls
