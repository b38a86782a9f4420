"""Sites that are reached through Atlassian's gateway: tokens with scopes, service accounts, OAuth 2.0."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import httpx
import pytest

from connectors.errors import AuthenticationError, NotFound
from connectors.http.logins import AccessToken, BearerLogin, Send
from tests.connectors.jira.fake_jira import TOKEN, Connect, FakeJira, issue, pull, refusal
from warehouse.records import Issue

SITE = "https://acme.atlassian.net"
GATEWAY_MYSELF = "GET /ex/jira/1122-33/rest/api/3/myself"


def refused(_: httpx.Request) -> httpx.Response:
    headers = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
    return httpx.Response(401, json={"errorMessages": ["Client must be authenticated"]}, headers=headers)


@pytest.fixture
def scoped(jira: FakeJira) -> FakeJira:
    """A site that takes no token of ours, and tells its cloud id."""
    jira.overrides["GET /rest/api/3/myself"] = refused
    jira.overrides["GET /_edge/tenant_info"] = lambda _: httpx.Response(200, json={"cloudId": "1122-33"})
    return jira


def test_a_token_that_the_site_refuses_is_used_at_the_gateway_and_links_stay_those_of_the_site(
    scoped: FakeJira, connect: Connect
) -> None:
    scoped.issues = [issue(1)]
    connector = connect(url=SITE)
    assert connector.identify().account == "bot"
    pulled = pull(connector)
    assert [row.url for row in pulled.rows(Issue)] == [f"{SITE}/browse/ABC-1"]
    places = [(request.url.host, request.url.path) for request in scoped.sent]
    assert places[:3] == [
        ("acme.atlassian.net", "/rest/api/2/serverInfo"),
        ("acme.atlassian.net", "/rest/api/3/myself"),
        ("acme.atlassian.net", "/_edge/tenant_info"),
    ]
    assert all(host == "api.atlassian.com" and path.startswith("/ex/jira/1122-33/") for host, path in places[3:])
    assert connector.counters.requests == len(scoped.sent)


def test_the_cloud_id_is_asked_for_without_login(scoped: FakeJira, connect: Connect) -> None:
    connect(url=SITE).identify()
    [asked] = [request for request in scoped.sent if request.url.path == "/_edge/tenant_info"]
    assert "authorization" not in asked.headers


def test_a_site_that_shows_nothing_to_the_token_is_reached_by_the_gateway_too(
    scoped: FakeJira, connect: Connect
) -> None:
    scoped.overrides["GET /rest/api/2/serverInfo"] = refused
    assert connect(url=SITE).identify().kind == "jira_cloud"


def test_the_token_of_a_service_account_is_a_bearer(scoped: FakeJira, connect: Connect) -> None:
    connect(url=SITE, email=None).identify()
    assert scoped.sent[-1].url.host == "api.atlassian.com"
    assert scoped.sent[-1].headers["authorization"] == f"Bearer {TOKEN}"


def test_another_gateway_can_be_configured(scoped: FakeJira, connect: Connect) -> None:
    connect(url=SITE, gateway_url="http://127.0.0.1:8080/").identify()
    assert str(scoped.sent[-1].url) == "http://127.0.0.1:8080/ex/jira/1122-33/rest/api/3/myself"


def test_trap_45_a_login_that_both_refuse_names_the_address_for_tokens_with_scopes(
    scoped: FakeJira, connect: Connect
) -> None:
    scoped.overrides[GATEWAY_MYSELF] = lambda _: httpx.Response(401, json={"code": 401, "message": "Unauthorized"})
    with pytest.raises(AuthenticationError, match=r"api\.atlassian\.com/ex/jira/1122-33") as caught:
        connect(url=SITE).identify()
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("told", [{"cloudId": ""}, {"cloudId": "../x"}, {}])
def test_without_a_cloud_id_there_is_no_other_address(scoped: FakeJira, connect: Connect, told: object) -> None:
    scoped.overrides["GET /_edge/tenant_info"] = lambda _: httpx.Response(200, json=told)
    with pytest.raises(AuthenticationError, match="check the e-mail address"):
        connect(url=SITE).identify()
    assert {request.url.host for request in scoped.sent} == {"acme.atlassian.net"}


def test_a_site_elsewhere_is_looked_for_at_a_gateway_that_the_config_names_and_at_no_other(
    scoped: FakeJira, connect: Connect
) -> None:
    with pytest.raises(AuthenticationError):
        connect(url="https://jira.acme.example").identify()
    assert {request.url.host for request in scoped.sent} == {"jira.acme.example"}
    assert connect(url="https://jira.acme.example", gateway_url="http://127.0.0.1:8080").identify().account == "bot"


def test_a_gateway_that_cannot_be_reached_does_not_hide_that_the_site_refused_the_login(
    scoped: FakeJira, connect: Connect
) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there", request=request)

    scoped.overrides[GATEWAY_MYSELF] = broken
    with pytest.raises(AuthenticationError, match=r"check the e-mail address .*is unknown: .*nobody there"):
        connect(url=SITE).identify()


def test_a_server_of_ones_own_is_not_looked_for_at_the_gateway(scoped: FakeJira, connect: Connect) -> None:
    scoped.deployment = "Server"
    scoped.overrides["GET /rest/api/2/myself"] = refused
    with pytest.raises(AuthenticationError):
        connect(url=SITE).identify()
    assert not scoped.asked("/_edge/tenant_info")


def test_a_source_behind_the_gateway_links_to_the_site(jira: FakeJira, connect: Connect) -> None:
    info = {"deploymentType": "Cloud", "versionNumbers": [1001], "baseUrl": SITE}
    jira.overrides["GET /ex/jira/11/rest/api/2/serverInfo"] = lambda _: httpx.Response(200, json=info)
    jira.issues = [issue(1)]
    [row] = pull(connect(url="https://api.atlassian.com/ex/jira/11"), "issues").rows(Issue)
    assert row.url == f"{SITE}/browse/ABC-1"


class Granted:
    """An OAuth 2.0 login whose token was just granted."""

    def auth(self, send: Send, now: Callable[[], datetime]) -> httpx.Auth:  # noqa: ARG002 - the protocol's
        return BearerLogin(lambda: AccessToken.lasting("granted", 3_600, now()), now)


def resources(*sites: str) -> Callable[[httpx.Request], httpx.Response]:
    rows = [{"id": f"cloud-{n}", "url": url, "name": "x", "scopes": []} for n, url in enumerate(sites)]
    return lambda _: httpx.Response(200, json=rows)


def test_an_oauth_login_finds_its_site_among_those_that_it_may_use(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /oauth/token/accessible-resources"] = resources("https://other.atlassian.net", SITE)
    connector = connect(url=SITE, email=None, token=Granted())
    connector.identify()
    jira.issues = [issue(1)]
    assert [row.url for row in pull(connector).rows(Issue)] == [f"{SITE}/browse/ABC-1"]
    assert {request.url.host for request in jira.sent} == {"api.atlassian.com"}
    assert {request.headers["authorization"] for request in jira.sent} == {"Bearer granted"}
    assert all(request.url.path.startswith("/ex/jira/cloud-1/") for request in jira.sent[1:])


def test_an_oauth_login_for_another_site_is_told_which_it_may_use(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /oauth/token/accessible-resources"] = resources("https://other.atlassian.net")
    with pytest.raises(NotFound, match=r"may not use https://acme\.atlassian\.net; .*https://other\.atlassian\.net"):
        connect(url=SITE, email=None, token=Granted()).identify()


def test_an_outage_of_the_site_is_no_refused_login(scoped: FakeJira, connect: Connect) -> None:
    scoped.overrides["GET /_edge/tenant_info"] = lambda _: refusal(500, "down")
    with pytest.raises(AuthenticationError):
        connect(url=SITE).identify()
    assert not [request for request in scoped.sent if request.url.host == "api.atlassian.com"]
