"""A tracker that repeats in an error what it was sent does not bring a login into messages."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
import requests
import respx

from connectors.errors import SourceError
from connectors.http import HttpSettings, SourceHttp, World
from connectors.http.sdk import HttpxAdapter

URL = "https://tracker.example"
SECRET = 'made"up/s3cret+token'
PACKED = base64.b64encode(f"bot:{SECRET}".encode()).decode()


class Bearer(httpx.Auth):
    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers["Authorization"] = f"Bearer {SECRET}"
        yield request


def source(auth: httpx.Auth) -> SourceHttp:
    settings = HttpSettings(attempts=2, world=World(wait=lambda _bell, _seconds: None))
    return SourceHttp(base_url=URL, auth=auth, settings=settings, inspect=lambda _: None)


@respx.mock
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("form", [SECRET, quote(SECRET, safe=""), PACKED, f"bot:{SECRET}"])
def test_threat_echoed_login_is_not_in_the_message(status: int, form: str) -> None:
    answer = httpx.Response(status, json={"message": f"who is {form}?"}, headers={"RateLimit-Reason": form})
    respx.get(f"{URL}/x").mock(return_value=answer)
    http = source(httpx.BasicAuth("bot", SECRET))
    with pytest.raises(SourceError, match=r"who is \*\*\*\?") as caught:
        http.fetch("GET", "x", int)
    assert form not in str(caught.value)
    http.close()


@respx.mock
def test_a_fetched_token_is_taken_out_too_also_of_what_an_sdk_gets() -> None:
    respx.get(f"{URL}/x").mock(return_value=httpx.Response(400, text=f"Bearer {SECRET}", headers={"x-a": SECRET}))
    http = source(Bearer())
    session = requests.Session()
    session.mount("https://", HttpxAdapter(http.client))
    answer = session.get(f"{URL}/x")
    assert (answer.text, answer.headers["x-a"]) == ("Bearer ***", "***")
    http.close()


@respx.mock
def test_what_a_tracker_holds_is_left_alone() -> None:
    respx.get(f"{URL}/x").mock(return_value=httpx.Response(200, json=f"a title with {SECRET}"))
    http = source(Bearer())
    assert http.fetch("GET", "x", str) == f"a title with {SECRET}"
    http.close()
