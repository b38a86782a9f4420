"""The one HTTP client: whom it signs for, what it sends again and when, and what an answer means."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
import respx

from connectors.errors import (
    AuthenticationError,
    NotFound,
    PermissionMissing,
    SourceError,
    TrackerUnavailable,
    UnexpectedResponse,
)
from connectors.http import HttpSettings, SourceHttp, World, proxy_for
from connectors.http.proxies import RoutedTransport

URL = "https://tracker.example/base"
BEGIN = datetime(2026, 10, 2, 9, tzinfo=UTC)


@dataclass
class Clock:
    """Time that passes only when somebody sleeps."""

    moment: datetime = BEGIN
    slept: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def http(clock: Clock) -> Iterator[SourceHttp]:
    made = source(clock)
    yield made
    made.close()


def source(clock: Clock, base_url: str = URL, **settings: float) -> SourceHttp:
    world = World(wait=lambda _, seconds: clock.sleep(seconds), now=clock.now, jitter=lambda: 0.5)
    return SourceHttp(
        base_url=base_url,
        auth=httpx.BasicAuth("bot", "made-up-secret"),
        settings=HttpSettings(world=world, **settings),  # type: ignore[arg-type]
        inspect=lambda _: None,
    )


def limited(retry_after: str | None = None, status: int = 429) -> httpx.Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return httpx.Response(status, headers={**headers, "content-type": "text/html"}, text="<html>busy</html>")


FINE = httpx.Response(200, json=1)


@respx.mock
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_trap_47_a_busy_tracker_is_asked_again_after_growing_waits(http: SourceHttp, clock: Clock, status: int) -> None:
    respx.get(f"{URL}/x").mock(side_effect=[limited(None, status)] * 3 + [FINE])
    assert http.fetch("GET", "x", int) == 1
    assert clock.slept == [1.0, 2.0, 4.0]
    assert (http.counters.requests, http.counters.retries) == (4, 3)


@respx.mock
def test_trap_47_a_page_of_html_is_told_as_an_outage_in_one_line(http: SourceHttp) -> None:
    respx.get(f"{URL}/x").mock(return_value=limited(None, 503))
    with pytest.raises(TrackerUnavailable, match=r"GET /base/x answered 503: no explanation \(text/html\)"):
        http.fetch("GET", "x", int)
    assert http.counters.requests == HttpSettings().attempts


@respx.mock
def test_trap_46_no_request_is_sent_before_the_time_that_the_tracker_asks_for(clock: Clock) -> None:
    patient = source(clock, max_wait_seconds=3_600)
    times: list[datetime] = []

    def answer(_: httpx.Request) -> httpx.Response:
        times.append(clock.now())
        return limited("1847") if len(times) == 1 else FINE

    respx.get(f"{URL}/x").mock(side_effect=answer)
    assert patient.fetch("GET", "x", int) == 1
    assert (times[1] - times[0]).total_seconds() >= 1_847
    patient.close()


@respx.mock
def test_trap_46_a_longer_wait_than_allowed_ends_the_source(http: SourceHttp, clock: Clock) -> None:
    quota = limited("1847")
    quota.headers["RateLimit-Reason"] = "jira-quota-global-based"
    respx.get(f"{URL}/x").mock(return_value=quota)
    with pytest.raises(TrackerUnavailable, match=r"1847 s \(jira-quota-global-based\).* 09:30:47 UTC") as caught:
        http.fetch("GET", "x", int)
    assert caught.value.retry_after_seconds == 1_847
    assert clock.slept == []


@respx.mock
def test_trap_48_a_date_is_waited_for(http: SourceHttp, clock: Clock) -> None:
    respx.get(f"{URL}/x").mock(side_effect=[limited(format_datetime(BEGIN + timedelta(seconds=90), usegmt=True)), FINE])
    http.fetch("GET", "x", int)
    assert sum(clock.slept) == 90


@respx.mock
@pytest.mark.parametrize("said", ["0", "soon", format_datetime(BEGIN - timedelta(days=1), usegmt=True)])
def test_a_wait_of_nothing_is_not_taken_at_its_word(http: SourceHttp, clock: Clock, said: str) -> None:
    respx.get(f"{URL}/x").mock(side_effect=[limited(said), limited(said), FINE])
    http.fetch("GET", "x", int)
    assert clock.slept == [1.0, 2.0]


@respx.mock
def test_trap_78_a_delay_on_a_good_answer_slows_the_next_request(http: SourceHttp, clock: Clock) -> None:
    respx.get(f"{URL}/x").mock(side_effect=[httpx.Response(200, json=1, headers={"Retry-After": "4"}), FINE])
    http.fetch("GET", "x", int)
    assert clock.slept == []
    http.fetch("GET", "x", int)
    assert clock.slept == [4.0]


@respx.mock
def test_all_threads_wait_when_one_is_told_to(http: SourceHttp, clock: Clock) -> None:
    respx.get(f"{URL}/x").mock(return_value=httpx.Response(200, json=1, headers={"Retry-After": "30"}))
    times: list[datetime] = []

    def answer(_: httpx.Request) -> httpx.Response:
        times.append(clock.now())
        return FINE

    respx.get(f"{URL}/y").mock(side_effect=answer)
    http.fetch("GET", "x", int)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: http.fetch("GET", "y", int), range(3)))
    assert min(times) >= BEGIN + timedelta(seconds=30)


@respx.mock
def test_a_broken_connection_is_tried_again_and_then_told(http: SourceHttp) -> None:
    respx.get(f"{URL}/x").mock(side_effect=[httpx.ReadError("reset"), FINE])
    assert http.fetch("GET", "x", int) == 1
    respx.get(f"{URL}/y").mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(TrackerUnavailable, match=r"https://tracker\.example cannot be reached: refused; check"):
        http.fetch("GET", "y", int)


@respx.mock
def test_a_body_that_is_cut_or_garbled_is_asked_for_again(http: SourceHttp) -> None:
    garbled = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip"))
    respx.get(f"{URL}/x").mock(side_effect=[garbled, FINE])
    assert http.fetch("GET", "x", int) == 1


@respx.mock
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, UnexpectedResponse),
        (401, AuthenticationError),
        (403, PermissionMissing),
        (404, NotFound),
        (410, UnexpectedResponse),
        (302, UnexpectedResponse),
        (500, TrackerUnavailable),
    ],
)
def test_what_will_not_change_is_not_asked_again(http: SourceHttp, status: int, kind: type[SourceError]) -> None:
    body = {"errorMessages": ["It says\nwhy."], "errors": {"jql": "odd"}}
    respx.get(f"{URL}/x").mock(return_value=httpx.Response(status, json=body))
    with pytest.raises(kind, match=f"GET /base/x answered {status}: It says why.; jql: odd") as caught:
        http.fetch("GET", "x", int)
    assert "\n" not in str(caught.value)
    assert http.counters.requests == 1


@respx.mock
def test_an_error_shows_neither_query_nor_login(http: SourceHttp) -> None:
    respx.get(f"{URL}/x").mock(return_value=httpx.Response(400, json={}))
    with pytest.raises(UnexpectedResponse) as caught:
        http.fetch("GET", "x", int, params={"token": "hidden"})
    assert "hidden" not in str(caught.value)
    assert "made-up-secret" not in str(caught.value)


@respx.mock
@pytest.mark.parametrize("body", [b"<html>", b'{"a": 1}', b"\xff", b"", b"[" * 100_000])
def test_a_success_with_another_body_is_unexpected(http: SourceHttp, body: bytes) -> None:
    respx.get(f"{URL}/x").mock(return_value=httpx.Response(200, content=body))
    with pytest.raises(UnexpectedResponse, match=r"GET /base/x answered 200 .* cannot be read"):
        http.fetch("GET", "x", list[int])


@respx.mock
@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'"a\ud800b"', "a\N{REPLACEMENT CHARACTER}b"),
        (rb'"\udc00\ud83d\ude00"', "\N{REPLACEMENT CHARACTER}\N{GRINNING FACE}"),
        (rb'"\uD800\u0041"', "\N{REPLACEMENT CHARACTER}A"),
        (rb'"\\ud800"', r"\ud800"),
        (rb'"\u0000"', "\0"),
    ],
)
def test_trap_90_half_a_surrogate_pair_does_not_spoil_the_page(http: SourceHttp, body: bytes, text: str) -> None:
    respx.get(f"{URL}/x").mock(return_value=httpx.Response(200, content=body))
    assert http.fetch("GET", "x", str) == text


@respx.mock
def test_trap_62_parameters_are_merged_into_the_query_of_an_address(http: SourceHttp) -> None:
    route = respx.get(url__startswith=f"{URL}/x").mock(return_value=FINE)
    http.fetch("GET", f"{URL}/x?continuationToken=8;3;1", int, params={"api-version": "7.1"})
    assert dict(route.calls.last.request.url.params) == {"continuationToken": "8;3;1", "api-version": "7.1"}


@respx.mock
def test_trap_56_a_path_of_the_base_address_is_kept(http: SourceHttp) -> None:
    route = respx.get(f"{URL}/rest/x").mock(return_value=FINE)
    http.fetch("GET", "/rest/x", int)
    http.fetch("GET", "rest/x", int)
    assert route.call_count == 2


@respx.mock
@pytest.mark.parametrize(
    "address", ["https://elsewhere.example/x", "http://tracker.example/x", "https://tracker.example:8443/x"]
)
def test_the_login_goes_to_the_source_and_nothing_is_sent_elsewhere(http: SourceHttp, address: str) -> None:
    own, other = respx.get(f"{URL}/x").mock(return_value=FINE), respx.get(address).mock(return_value=FINE)
    http.fetch("GET", "x", int)
    with pytest.raises(
        UnexpectedResponse, match=r"the tracker names an address elsewhere \(.*\), which is not followed"
    ):
        http.fetch("GET", address, int)
    assert "authorization" in own.calls.last.request.headers
    assert not other.called


@respx.mock
def test_the_inspection_sees_every_answer_first(clock: Clock) -> None:
    def inspect(response: httpx.Response) -> None:
        if response.headers.get("x-lie"):
            raise AuthenticationError("a lie")

    http = SourceHttp(base_url=URL, auth=httpx.BasicAuth("a", "b"), settings=HttpSettings(), inspect=inspect)
    respx.get(f"{URL}/x").mock(return_value=httpx.Response(200, json=1, headers={"x-lie": "1"}))
    with pytest.raises(AuthenticationError, match="a lie"):
        http.fetch("GET", "x", int)
    assert clock.slept == []
    http.close()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"https_proxy": "http://proxy.example:3128"}, "http://proxy.example:3128"),
        ({"all_proxy": "http://proxy.example:3128"}, "http://proxy.example:3128"),
        ({"https_proxy": "http://proxy.example:3128", "no_proxy": "acme.example"}, None),
        ({"http_proxy": "http://proxy.example:3128"}, None),
    ],
)
def test_the_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str | None
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for("https://acme.example/jira") == expected


def test_this_machine_and_its_own_identity_are_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    assert proxy_for("http://169.254.169.254/metadata") is None
    for host in ("127.0.0.1", "[::1]", "localhost"):  # what goes there in plain text must not leave the machine
        assert proxy_for(f"http://{host}:8080/") is None
    assert proxy_for("http://tracker.example/") == "http://proxy.example:3128"


def test_each_host_is_reached_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "tracker.example")
    made: list[str | None] = []

    def make(proxy: str | None) -> httpx.MockTransport:
        made.append(proxy)
        return httpx.MockTransport(lambda _: httpx.Response(200, text=str(proxy)))

    with httpx.Client(transport=RoutedTransport(make)) as client:
        ways = [client.get(f"https://{host}.example/").text for host in ("tracker", "login", "other", "tracker")]
    assert ways == ["None", "http://proxy.example:3128", "http://proxy.example:3128", "None"]
    assert made == [None, "http://proxy.example:3128"]


@respx.mock
def test_trap_55_a_captcha_is_a_refused_login_and_never_asked_again(http: SourceHttp) -> None:
    denied = {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://tracker.example/login.jsp"}
    respx.get(f"{URL}/x").mock(return_value=httpx.Response(403, headers=denied))
    with pytest.raises(AuthenticationError, match=r"until a CAPTCHA is solved: .* log in once with the browser"):
        http.fetch("GET", "x", int)
    assert http.counters.requests == 1


@respx.mock
def test_the_reason_of_a_limit_is_named(http: SourceHttp) -> None:
    answer = httpx.Response(429, headers={"RateLimit-Reason": "jira-burst-based", "X-RateLimit-Remaining": "0"})
    respx.get(f"{URL}/x").mock(return_value=answer)
    with pytest.raises(TrackerUnavailable, match=r"answered 429: .* \(jira-burst-based\); the next run goes on"):
        http.fetch("GET", "x", int)


@respx.mock
def test_a_request_without_login_is_not_inspected(clock: Clock) -> None:
    seen: list[str] = []
    http = SourceHttp(
        base_url=URL,
        auth=httpx.BasicAuth("a", "b"),
        settings=HttpSettings(world=World(wait=lambda _, seconds: clock.sleep(seconds), now=clock.now)),
        inspect=lambda response: seen.append(response.request.url.path),
    )
    respx.get(url__startswith=URL).mock(return_value=FINE)
    http.client.get(f"{URL}/open", auth=None)
    http.client.get(f"{URL}/x")
    assert seen == ["/base/x"]
    http.close()


@respx.mock
def test_a_pause_goes_by_the_sources_clock(http: SourceHttp, clock: Clock) -> None:
    http.pause(5)
    assert clock.slept == [5]


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "1")
        self.end_headers()
        self.wfile.write(b"x")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        thread.join()


def test_the_body_of_an_answer_goes_with_its_last_user(clock: Clock, address: str) -> None:
    http = source(clock, address)
    gc.disable()  # who waits for the collector holds megabytes
    try:
        answer = weakref.ref(http.send("GET", address))
        assert answer() is None
    finally:
        gc.enable()
        http.close()
