"""Access tokens: fetched once, renewed in time, and once after a refusal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest
import respx

from connectors.errors import AuthenticationError, TrackerUnavailable
from connectors.http import HttpSettings, SourceHttp
from connectors.http.logins import AccessToken, BearerLogin, Send
from connectors.http.responses import raise_for_status
from tests.connectors.virtual_time import VirtualTime

URL = "https://tracker.example/base"


@dataclass
class Counter:
    """Fetches tokens t1, t2, …, which last an hour."""

    time: VirtualTime
    fetched: list[str] = field(default_factory=list)
    failure: Exception | None = None

    def __call__(self) -> AccessToken:
        self.fetched.append(f"t{len(self.fetched) + 1}")
        if self.failure is not None:
            raise self.failure
        return AccessToken.lasting(self.fetched[-1], 3600, self.time.now())


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def fetch(time: VirtualTime) -> Counter:
    return Counter(time)


def source(time: VirtualTime, auth: object, inspect: Callable[[httpx.Response], None] = raise_for_status) -> SourceHttp:
    settings = HttpSettings(world=time.world())
    return SourceHttp(base_url=URL, auth=auth, settings=settings, inspect=inspect)  # type: ignore[arg-type]  # either


def only(*tokens: str) -> Callable[[httpx.Request], httpx.Response]:
    """A tracker that takes these tokens."""
    known = {f"Bearer {token}" for token in tokens}
    return lambda request: httpx.Response(200 if request.headers["authorization"] in known else 401, json=1)


@respx.mock
def test_a_token_is_kept_until_shortly_before_it_expires(time: VirtualTime, fetch: Counter) -> None:
    http = source(time, BearerLogin(fetch, time.now))
    route = respx.get(f"{URL}/x").mock(side_effect=only("t1", "t2"))
    for _ in range(3):
        http.fetch("GET", "x", int)
    time.moment += timedelta(seconds=3299)
    http.fetch("GET", "x", int)
    assert fetch.fetched == ["t1"]
    time.moment += timedelta(seconds=1)
    http.fetch("GET", "x", int)
    assert fetch.fetched == ["t1", "t2"]
    assert route.calls.last.request.headers["authorization"] == "Bearer t2"
    http.close()


def test_a_short_lived_token_is_used_for_half_its_life(time: VirtualTime) -> None:
    assert AccessToken.lasting("x", 60, time.now()).renew_at == time.now() + timedelta(seconds=30)


@respx.mock
def test_a_refused_token_is_renewed_once_with_the_request_sent_again(time: VirtualTime, fetch: Counter) -> None:
    http = source(time, BearerLogin(fetch, time.now))
    route = respx.post(f"{URL}/x").mock(side_effect=only("t1"))
    http.fetch("POST", "x", int, body={"a": 1})
    route.mock(side_effect=only("t2"))
    assert http.fetch("POST", "x", int, body={"a": 1}) == 1
    assert [call.request.content for call in route.calls] == [b'{"a":1}'] * 3
    route.mock(return_value=httpx.Response(401))
    with pytest.raises(AuthenticationError, match="answered 401"):
        http.fetch("POST", "x", int)
    assert fetch.fetched == ["t1", "t2", "t3"]
    http.close()


@respx.mock
def test_a_new_token_that_is_refused_is_not_renewed(time: VirtualTime, fetch: Counter) -> None:
    http = source(time, BearerLogin(fetch, time.now))
    respx.get(f"{URL}/x").mock(return_value=httpx.Response(401))
    with pytest.raises(AuthenticationError):
        http.fetch("GET", "x", int)
    assert fetch.fetched == ["t1"]
    http.close()


@respx.mock
def test_threads_that_are_refused_together_renew_once(time: VirtualTime, fetch: Counter) -> None:
    http = source(time, BearerLogin(fetch, time.now))
    respx.get(f"{URL}/x").mock(side_effect=only("t1"))
    http.fetch("GET", "x", int)
    all_refused = threading.Barrier(4, timeout=10)

    def tracker(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer t1":
            all_refused.wait()
        return only("t2")(request)

    respx.get(f"{URL}/y").mock(side_effect=tracker)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: http.fetch("GET", "y", int), range(4))) == [1] * 4
    assert fetch.fetched == ["t1", "t2"]
    http.close()


@respx.mock
def test_a_refused_login_is_not_tried_again(time: VirtualTime, fetch: Counter) -> None:
    fetch.failure = AuthenticationError("no")
    http = source(time, BearerLogin(fetch, time.now))
    for _ in range(2):
        with pytest.raises(AuthenticationError, match="no"):
            http.fetch("GET", "x", int)
    assert fetch.fetched == ["t1"]
    http.close()


@respx.mock
def test_an_outage_of_the_login_is_no_refusal(time: VirtualTime, fetch: Counter) -> None:
    fetch.failure = TrackerUnavailable("later")
    http = source(time, BearerLogin(fetch, time.now))
    with pytest.raises(TrackerUnavailable, match="later"):
        http.fetch("GET", "x", int)
    fetch.failure = None
    respx.get(f"{URL}/x").mock(side_effect=only("t2"))
    assert http.fetch("GET", "x", int) == 1
    http.close()


def test_no_representation_shows_a_token(time: VirtualTime) -> None:
    assert "s3cret" not in repr(AccessToken.lasting("s3cret", 60, time.now()))


@respx.mock
def test_a_login_asks_through_the_source_unsigned_uninspected_and_within_its_limits(time: VirtualTime) -> None:
    login = "https://login.example/token"
    answers = [httpx.Response(429, headers={"Retry-After": "5"}), httpx.Response(200, json="t1")]
    asked = respx.post(login).mock(side_effect=answers)

    class Asking:
        def auth(self, send: Send, now: Callable[[], object]) -> httpx.Auth:
            assert now == time.now
            return BearerLogin(
                lambda: AccessToken.lasting(send("POST", login, data={"a": "b"}).json(), 60, time.now()), time.now
            )

    seen: list[str] = []
    http = source(time, Asking(), inspect=lambda response: seen.append(response.request.url.host))
    respx.get(f"{URL}/x").mock(side_effect=only("t1"))
    assert http.fetch("GET", "x", int) == 1
    assert all("authorization" not in call.request.headers for call in asked.calls)
    assert asked.calls.last.request.content == b"a=b"
    assert (seen, time.waits) == (["tracker.example"], [5])
    respx.post(login).mock(side_effect=httpx.ConnectError("refused"))
    time.moment += timedelta(seconds=60)
    with pytest.raises(TrackerUnavailable, match=r"https://login\.example cannot be reached"):
        http.fetch("GET", "x", int)
    http.close()
