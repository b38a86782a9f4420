"""The trackers' SDKs send through the one client."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import requests
import respx

from connectors.errors import AuthenticationError
from connectors.http import HttpSettings, SourceHttp, World
from connectors.http.sdk import HttpxAdapter

URL = "https://tracker.example"


def refuse(response: httpx.Response) -> None:
    if response.headers.get("x-lie"):
        raise AuthenticationError("a lie")


@pytest.fixture
def session() -> Iterator[requests.Session]:
    http = SourceHttp(
        base_url=URL,
        auth=httpx.BasicAuth("bot", "ours"),
        settings=HttpSettings(attempts=2, world=World(wait=lambda _bell, _seconds: None)),
        inspect=refuse,
    )
    made = requests.Session()
    made.mount("https://", HttpxAdapter(http.client))
    yield made
    http.close()


@respx.mock
def test_a_request_arrives_with_its_body_and_our_login(session: requests.Session) -> None:
    route = respx.post(f"{URL}/x").mock(return_value=httpx.Response(201, json={"a": 1}, headers={"x-more": "y"}))
    answer = session.post(f"{URL}/x", params={"q": "1"}, json={"b": 2}, auth=("sdk", "theirs"))
    sent = route.calls.last.request
    assert sent.url.params["q"] == "1"
    assert sent.content == b'{"b": 2}'
    assert sent.headers["authorization"] == httpx.BasicAuth("bot", "ours")._auth_header
    assert sent.headers["user-agent"] == "flowmart"
    assert (answer.status_code, answer.json(), answer.headers["x-more"]) == (201, {"a": 1}, "y")


@respx.mock
def test_a_compressed_answer_is_read_once(session: requests.Session) -> None:
    packed = httpx.Response(200, content=b"\x1f\x8b", headers={"content-encoding": "identity"})
    respx.get(f"{URL}/x").mock(return_value=packed)
    answer = session.get(f"{URL}/x")
    assert answer.content == b"\x1f\x8b"
    assert "content-encoding" not in answer.headers


@respx.mock
def test_the_client_and_not_the_sdk_asks_again(session: requests.Session) -> None:
    route = respx.get(f"{URL}/x").mock(side_effect=[httpx.Response(503), httpx.Response(200)])
    assert session.get(f"{URL}/x").status_code == 200
    assert route.call_count == 2


@respx.mock
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (httpx.ReadTimeout("slow"), requests.Timeout),
        (httpx.ProxyError("proxy"), requests.exceptions.ProxyError),
        (httpx.ConnectError("gone"), requests.ConnectionError),
    ],
)
def test_failures_have_the_names_that_an_sdk_knows(
    session: requests.Session, ours: Exception, theirs: type[Exception]
) -> None:
    respx.get(f"{URL}/x").mock(side_effect=ours)
    with pytest.raises(theirs):
        session.get(f"{URL}/x")


@respx.mock
def test_a_refused_login_passes_the_sdk_unchanged(session: requests.Session) -> None:
    respx.get(f"{URL}/x").mock(return_value=httpx.Response(200, headers={"x-lie": "1"}))
    with pytest.raises(AuthenticationError, match="a lie"):
        session.get(f"{URL}/x")


@respx.mock
def test_closing_a_session_leaves_the_shared_client_open(session: requests.Session) -> None:
    respx.get(f"{URL}/x").mock(return_value=httpx.Response(200))
    session.close()
    assert session.get(f"{URL}/x").status_code == 200


@respx.mock
def test_an_sdk_waits_for_the_tracker_as_all_others_do() -> None:
    slept: list[float] = []
    http = SourceHttp(
        base_url=URL,
        auth=httpx.BasicAuth("bot", "ours"),
        settings=HttpSettings(world=World(wait=lambda _, seconds: slept.append(seconds))),
        inspect=refuse,
    )
    made = requests.Session()
    made.mount("https://", HttpxAdapter(http.client))
    respx.get(f"{URL}/x").mock(return_value=httpx.Response(200, json=1, headers={"Retry-After": "30"}))
    http.fetch("GET", "x", int)
    respx.get(f"{URL}/y").mock(return_value=httpx.Response(200))
    assert made.get(f"{URL}/y").status_code == 200
    assert slept == [pytest.approx(30, abs=5)]
    http.close()
