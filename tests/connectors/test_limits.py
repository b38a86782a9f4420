"""One limiter a host: who may leave when."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import TrackerUnavailable
from connectors.http.limits import Limiter, Limiters
from connectors.http.rates import Advice
from tests.connectors.virtual_time import HOST, VirtualTime, get, transport

SLOW = Advice(slow=True)
FINE = Advice()


def test_a_host_has_one_limiter_whatever_the_path() -> None:
    limiters = Limiters()
    first = limiters.of(httpx.URL("https://dev.azure.com/contoso"))
    assert limiters.of(httpx.URL("https://DEV.azure.com/fabrikam?x=1")) is first
    assert limiters.of(httpx.URL("https://dev.azure.com:8443/")) is not first
    assert limiters.of(httpx.URL("https://acme.atlassian.net/")) is not first


def test_the_hosts_that_ask_to_wait_are_known_with_the_seconds_that_are_left() -> None:
    limiters = Limiters()
    closed, slow = (limiters.of(httpx.URL(f"https://{host}/")) for host in ("acme.atlassian.net", "dev.azure.com"))
    closed.note(Advice(wait_seconds=30, reason="quota"), 100)
    slow.note(SLOW, 100)
    assert limiters.closed(110) == [(closed, 20)]
    assert limiters.closed(130) == []


def test_the_longest_wait_that_was_asked_for_counts() -> None:
    limiter = Limiter("h")
    limiter.note(Advice(wait_seconds=30, reason="long"), 100)
    limiter.note(Advice(wait_seconds=5, reason="short"), 101)
    assert (limiter.delay(101), limiter.reason) == (29, "long")
    assert not limiter.claim(129.9)
    assert limiter.claim(130)


def test_warnings_space_requests_out_and_their_end_brings_them_together() -> None:
    limiter = Limiter("h")
    for second in range(3):
        limiter.note(SLOW, second)
    assert limiter.claim(10)
    assert limiter.delay(10) == pytest.approx(0.4)
    for _ in range(20):
        limiter.note(FINE, 11)
    assert limiter.claim(11)
    assert limiter.delay(11) == 0


def test_warnings_that_come_together_count_once() -> None:
    limiter = Limiter("h")
    for _ in range(8):
        limiter.note(SLOW, 0.5)
    assert limiter.claim(10)
    assert limiter.delay(10) == pytest.approx(0.1)


def test_no_spacing_is_endless() -> None:
    limiter = Limiter("h")
    limiter.note(Advice(slow=True, spacing_seconds=1e9), 0)
    assert limiter.delay(0) == 30


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["int", "date", "reset", "none", "zero"]),
            st.integers(1, 2_000),
            st.sampled_from([200, 404, 429, 503]),
        ),
        max_size=12,
    )
)
def test_trap_46_no_request_leaves_before_the_latest_moment_that_was_asked_for(
    script: list[tuple[str, int, int]],
) -> None:
    time = VirtualTime()
    asked_until: list[datetime] = [time.now()]
    refused: list[float] = []
    answers = iter(script)

    def tracker(_: httpx.Request) -> httpx.Response:
        assert time.now() >= max(asked_until)
        kind, seconds, status = next(answers, ("none", 0, 200))
        until = time.now().replace(microsecond=0) + timedelta(seconds=seconds)
        headers = {
            "int": {"Retry-After": str(seconds)},
            "date": {"Retry-After": until.strftime("%a, %d %b %Y %H:%M:%S GMT")},
            "reset": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(until.timestamp()))},
            "zero": {"Retry-After": "0"},
            "none": {},
        }[kind]
        if kind not in {"none", "zero"}:
            asked_until.append(until)
        return httpx.Response(status, headers=headers)

    client = httpx.Client(transport=transport(time.world(), tracker, max_wait_seconds=900), base_url=HOST)
    for _ in range(len(script) + 1):
        try:
            client.send(get())
        except TrackerUnavailable as refusal:
            seconds = refusal.retry_after_seconds or 0.0
            refused.append(seconds)
            time.moment += timedelta(seconds=seconds)
    assert all(seconds > 900 for seconds in refused if seconds)
    client.close()


def test_those_who_waited_do_not_leave_all_at_once() -> None:
    limiter = Limiter("h")
    limiter.note(Advice(wait_seconds=30, slow=True), 0)
    assert limiter.claim(30)
    assert not limiter.claim(30)
    assert limiter.delay(30) == pytest.approx(0.1)


def test_what_was_asked_can_be_forgotten() -> None:
    limiters, url = Limiters(), httpx.URL(HOST)
    limiters.of(url).note(Advice(wait_seconds=30), 0)
    limiters.forget()
    assert limiters.of(url).claim(0)
