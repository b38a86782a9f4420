"""Entra: an application's token and a machine's, by Microsoft's library over our client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs

import httpx
import pytest
import respx

from connectors.azure_devops.gateway.entra import RESOURCE, EntraApplication, ManagedIdentity
from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.gateway.refusals import OF_ENTRA, refusing_sign_in
from connectors.errors import AuthenticationError, SourceError, TrackerUnavailable, UnexpectedResponse
from connectors.http import HttpSettings, SourceHttp
from connectors.http.logins import Login
from tests.connectors.virtual_time import VirtualTime

URL = "https://dev.azure.com/fab"
TENANT = "11111111-2222-3333-4444-555555555555"
AUTHORITY = f"https://login.microsoftonline.com/{TENANT}"
TOKEN_URL = f"{AUTHORITY}/oauth2/v2.0/token"
MACHINE = "http://169.254.169.254/metadata/identity/oauth2/token"
SECRET = "s3cr3t-value"
LOGIN = EntraApplication(tenant_id=TENANT, client_id="app-id", client_secret=SECRET)


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def router(monkeypatch: pytest.MonkeyPatch) -> Iterator[respx.Router]:
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET", "IMDS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    with respx.mock(assert_all_called=False) as made:
        configuration = {
            "issuer": f"{AUTHORITY}/v2.0",
            "authorization_endpoint": f"{AUTHORITY}/oauth2/v2.0/authorize",
            "token_endpoint": TOKEN_URL,
        }
        made.get(f"{AUTHORITY}/v2.0/.well-known/openid-configuration").mock(
            return_value=httpx.Response(200, json=configuration)
        )
        yield made


def source(time: VirtualTime, login: Login) -> SourceHttp:
    return SourceHttp(
        base_url=URL,
        auth=login,
        settings=HttpSettings(world=time.world(), attempts=2),
        inspect=refusing_sign_in(OF_ENTRA),
    )


def granted(token: str) -> httpx.Response:
    return httpx.Response(200, json={"token_type": "Bearer", "expires_in": 3599, "access_token": token})


def refused(code: str) -> httpx.Response:
    said = f"{code}: Something about {SECRET}. Trace ID: 1"
    return httpx.Response(401, json={"error": "invalid_client", "error_description": said})


def takes(*tokens: str) -> object:
    known = {f"Bearer {token}" for token in tokens}
    return lambda r: httpx.Response(200 if r.headers["authorization"] in known else 401, json=1)


def test_an_application_gets_one_token_for_many_requests(router: respx.Router, time: VirtualTime) -> None:
    asked = router.post(TOKEN_URL).mock(return_value=granted("t1"))
    router.get(f"{URL}/x").mock(side_effect=takes("t1"))
    http = source(time, LOGIN)
    assert [http.fetch("GET", "x", int) for _ in range(3)] == [1, 1, 1]
    assert asked.call_count == 1
    form = parse_qs(asked.calls.last.request.content.decode())
    assert form["scope"] == ["499b84ac-1321-427f-aa17-267ca6975798/.default"]
    assert form["grant_type"] == ["client_credentials"]
    assert "authorization" not in asked.calls.last.request.headers
    assert {call.request.url.host for call in router.calls} == {"dev.azure.com", "login.microsoftonline.com"}
    http.close()


def test_a_token_is_renewed_before_it_expires_and_after_a_401(router: respx.Router, time: VirtualTime) -> None:
    asked = router.post(TOKEN_URL).mock(side_effect=[granted("t1"), granted("t2"), granted("t3")])
    answer = router.get(f"{URL}/x").mock(side_effect=takes("t1"))
    http = source(time, LOGIN)
    http.fetch("GET", "x", int)
    time.moment += timedelta(seconds=3400)
    answer.mock(side_effect=takes("t2"))
    http.fetch("GET", "x", int)
    answer.mock(side_effect=takes("t3"))
    assert http.fetch("GET", "x", int) == 1
    assert asked.call_count == 3
    http.close()


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AADSTS7000215", "the secret's value"),
        ("AADSTS7000222", "has expired"),
        ("AADSTS700016", "check client_id"),
        ("AADSTS9999999", "check tenant_id, client_id and client_secret"),
    ],
)
def test_a_refusal_names_the_code_and_what_to_check_and_no_secret(
    router: respx.Router, time: VirtualTime, code: str, advice: str
) -> None:
    asked = router.post(TOKEN_URL).mock(return_value=refused(code))
    http = source(time, LOGIN)
    for _ in range(2):
        with pytest.raises(AuthenticationError, match=rf"Entra refuses the login \({code}\); .*{advice}") as caught:
            http.fetch("GET", "x", int)
        assert SECRET not in str(caught.value)
    assert asked.call_count == 1
    assert SECRET not in repr(LOGIN)
    http.close()


def test_a_tenant_that_is_none_is_named(router: respx.Router, time: VirtualTime) -> None:
    router.get(f"{AUTHORITY}/v2.0/.well-known/openid-configuration").mock(
        return_value=httpx.Response(400, json={"error": "invalid_tenant"})
    )
    http = source(time, LOGIN)
    with pytest.raises(AuthenticationError, match=f"tenant {TENANT} .*check tenant_id"):
        http.fetch("GET", "x", int)
    http.close()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(503, text="<html>"), TrackerUnavailable),
        (httpx.Response(500, json={}), TrackerUnavailable),
        (httpx.Response(302, headers={"location": "https://evil.example/"}), UnexpectedResponse),
        (httpx.Response(200, text="<html>"), UnexpectedResponse),
        (httpx.Response(400, text="<html>"), UnexpectedResponse),
        (httpx.Response(401, json={"error": SECRET}), AuthenticationError),
        (httpx.Response(200, json={}), AuthenticationError),
    ],
)
def test_other_answers_of_entra_are_told_too(
    router: respx.Router, time: VirtualTime, answer: httpx.Response, kind: type[SourceError]
) -> None:
    router.post(TOKEN_URL).mock(return_value=answer)
    http = source(time, LOGIN)
    with pytest.raises(kind) as caught:
        http.fetch("GET", "x", int)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)
    http.close()


def test_threat_login_server_named_by_an_answer_is_not_shown_the_secret(
    router: respx.Router, time: VirtualTime
) -> None:
    elsewhere = router.post("https://evil.example/token").mock(return_value=httpx.Response(200, json={}))
    router.get(f"{AUTHORITY}/v2.0/.well-known/openid-configuration").mock(
        return_value=httpx.Response(
            200,
            json={
                "issuer": f"{AUTHORITY}/v2.0",
                "authorization_endpoint": f"{AUTHORITY}/oauth2/v2.0/authorize",
                "token_endpoint": "https://evil.example/token",
            },
        )
    )
    http = source(time, LOGIN)
    with pytest.raises(SourceError, match=r"names evil\.example as the server for logins, which is not followed"):
        http.fetch("GET", "x", int)
    assert not elsewhere.called
    http.close()


def test_a_login_server_that_asks_to_wait_is_obeyed(router: respx.Router, time: VirtualTime) -> None:
    router.post(TOKEN_URL).mock(side_effect=[httpx.Response(429, headers={"Retry-After": "17"}), granted("t1")])
    router.get(f"{URL}/x").mock(side_effect=takes("t1"))
    http = source(time, LOGIN)
    assert http.fetch("GET", "x", int) == 1
    assert time.waits == [17]
    http.close()


@pytest.mark.parametrize("client_id", [None, "assigned-id"])
def test_a_machine_logs_in_by_its_identity(router: respx.Router, time: VirtualTime, client_id: str | None) -> None:
    answers = [
        httpx.Response(200, json={"access_token": token, "expires_in": "86399", "resource": RESOURCE})
        for token in ("m1", "m2")
    ]
    asked = router.get(url__startswith=MACHINE).mock(side_effect=answers)
    answer = router.get(f"{URL}/x").mock(side_effect=takes("m1"))
    http = source(time, ManagedIdentity(client_id=client_id))
    assert http.fetch("GET", "x", int) == 1
    sent = asked.calls.last.request
    assert sent.url.params["resource"] == RESOURCE
    assert sent.url.params.get("client_id") == client_id
    assert sent.headers["metadata"] == "true"
    answer.mock(side_effect=takes("m2"))
    assert http.fetch("GET", "x", int) == 1
    http.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            httpx.Response(400, json={"error": "invalid_request", "error_description": "Identity not found"}),
            r"the managed identity refuses the login \(invalid_request\); check that it exists",
        ),
        (httpx.Response(200, json={"access_token": ""}), "the managed identity "),
    ],
)
def test_a_machine_without_an_identity_is_told(
    router: respx.Router, time: VirtualTime, answer: httpx.Response, said: str
) -> None:
    router.get(url__startswith=MACHINE).mock(return_value=answer)
    http = source(time, ManagedIdentity())
    with pytest.raises(AuthenticationError, match=said):
        http.fetch("GET", "x", int)
    http.close()


def test_where_nothing_answers_it_is_asked_whether_this_is_an_azure_machine(
    router: respx.Router, time: VirtualTime
) -> None:
    router.get(url__startswith=MACHINE).mock(side_effect=httpx.ConnectTimeout("timed out"))
    http = source(time, ManagedIdentity())
    with pytest.raises(TrackerUnavailable, match="is this an Azure machine") as caught:
        http.fetch("GET", "x", int)
    assert re.search(r"169\.254\.169\.254 cannot be reached", str(caught.value))
    http.close()


@pytest.mark.parametrize(
    ("login", "advice"), [("a-pat", "make a new personal access token"), (LOGIN, "is a user of the organisation")]
)
def test_trap_02_a_refusal_says_what_fits_the_login(
    router: respx.Router, time: VirtualTime, login: str | Login, advice: str
) -> None:
    router.post(TOKEN_URL).mock(return_value=granted("t1"))
    gateway = Gateway(URL, login, HttpSettings(world=time.world(), attempts=2))
    for answer in (httpx.Response(401), httpx.Response(203, html="<html>Sign in</html>")):
        router.get(url__startswith=f"{URL}/_apis/projects").mock(return_value=answer)
        with pytest.raises(AuthenticationError, match=advice) as caught:
            gateway.projects()
        assert ("personal access token" in str(caught.value)) == (login != LOGIN)
    gateway.close()
