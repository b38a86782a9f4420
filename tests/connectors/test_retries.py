"""Repetitions, waits that everybody keeps, and waits that end early."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from connectors.base import Counters
from connectors.errors import TrackerUnavailable
from connectors.http import HttpSettings, World
from connectors.http.flight import in_order, side_by_side
from connectors.http.limits import Limiters
from connectors.http.retries import RetryTransport
from connectors.http.waiting import GivenUp, Scope
from tests.connectors.virtual_time import BEGIN, StandingTime, VirtualTime, get, transport

FINE = httpx.Response(200)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as made:
        yield made


def busy(retry_after: str | None = None, **headers: str) -> httpx.Response:
    return httpx.Response(429, headers={**({"Retry-After": retry_after} if retry_after else {}), **headers})


def scripted(*answers: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    """A tracker that gives one answer after the other, the last again and again."""
    rest = list(answers)
    return lambda _: rest.pop(0) if len(rest) > 1 else rest[0]


def test_trap_47_blind_waits_grow_have_jitter_and_end() -> None:
    time = VirtualTime()
    wavering = iter([0.0, 1.0, 0.5, 0.25])
    settings = HttpSettings(world=World(wait=time.wait, now=time.now, jitter=lambda: next(wavering)), attempts=5)
    counters = Counters()
    source = RetryTransport(httpx.MockTransport(scripted(httpx.Response(503))), settings, counters)
    assert source.handle_request(get()).status_code == 503
    assert time.waits == pytest.approx([0.5, 3.0, 4.0, 6.0])
    assert (counters.requests, counters.retries) == (5, 4)


def test_trap_46_waits_that_the_tracker_asks_for_are_no_failed_attempts() -> None:
    time = VirtualTime()
    source = transport(time.world(), scripted(*[busy("7")] * 20, FINE), attempts=2)
    assert source.handle_request(get()).status_code == 200
    assert sum(time.waits) == pytest.approx(140)


def test_trap_46_one_request_never_waits_longer_than_allowed_in_all() -> None:
    time = VirtualTime()
    source = transport(time.world(), scripted(busy("100")), max_wait_seconds=900)
    assert source.handle_request(get()).status_code == 429
    assert sum(time.waits) == pytest.approx(900)


def test_trap_46_nothing_is_sent_again_before_a_long_wait_is_over() -> None:
    time = VirtualTime()
    sent: list[str] = []

    def tracker(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path)
        return busy("1847", **{"RateLimit-Reason": "jira-quota-global-based"}) if len(sent) == 1 else FINE

    source = transport(time.world(), tracker)
    told = r"tracker\.example asks to wait 1847 s \(jira-quota-global-based\), .* after 2026-10-02 09:30:47 UTC"
    with pytest.raises(TrackerUnavailable, match=told) as refused:
        source.handle_request(get("/a"))
    assert refused.value.retry_after_seconds == 1847
    time.moment += timedelta(seconds=900)
    with pytest.raises(TrackerUnavailable, match=r"asks to wait 947 s .* after 2026-10-02 09:30:47 UTC"):
        source.handle_request(get("/b"))
    time.moment += timedelta(seconds=947)
    assert source.handle_request(get("/c")).status_code == 200
    assert (sent, time.waits) == (["/a", "/c"], [])


def test_a_good_answer_with_a_long_wait_is_kept_and_the_next_request_refused() -> None:
    source = transport(VirtualTime().world(), scripted(httpx.Response(200, headers={"Retry-After": "1847"}, text="x")))
    assert source.handle_request(get()).read() == b"x"
    with pytest.raises(TrackerUnavailable, match="1847 s"):
        source.handle_request(get())


def test_trap_46_a_long_wait_ends_every_thread_at_once(pool: ThreadPoolExecutor) -> None:
    time = StandingTime()
    arrived, may_answer = threading.Event(), threading.Event()
    sent: list[str] = []

    def tracker(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path)
        if request.url.path == "/last":
            arrived.set()
            assert may_answer.wait(10)
            return busy("1847")
        return busy("60")

    source = transport(time.world(), tracker)
    last = pool.submit(source.handle_request, get("/last"))
    assert arrived.wait(10)
    sleepers = [pool.submit(source.handle_request, get(f"/{number}")) for number in range(3)]
    time.until_asleep(3)
    before = len(sent)
    may_answer.set()
    for each in (last, *sleepers):
        with pytest.raises(TrackerUnavailable, match="asks to wait 1847 s"):
            each.result(10)
    assert len(sent) == before


def test_sources_on_one_host_share_its_limit_and_others_do_not() -> None:
    time, limiters = VirtualTime(), Limiters()
    one = transport(time.world(), scripted(httpx.Response(200, headers={"Retry-After": "30"})), limiters=limiters)
    other = transport(time.world(), scripted(FINE), limiters=limiters)
    one.handle_request(get(host="https://dev.azure.com/contoso"))
    other.handle_request(get(host="https://acme.atlassian.net"))
    assert time.waits == []
    other.handle_request(get(host="https://dev.azure.com/fabrikam"))
    assert time.waits == [30]


def test_a_low_allowance_spaces_requests_and_recovers() -> None:
    time = VirtualTime()
    warned = httpx.Response(200, headers={"X-RateLimit-NearLimit": "true"})
    source = transport(time.world(), scripted(warned, FINE))
    for _ in range(15):
        source.handle_request(get())
    spaced = len(time.waits)
    assert 3 <= spaced < 14
    assert time.waits == sorted(time.waits, reverse=True)
    source.handle_request(get())
    assert len(time.waits) == spaced


def test_no_more_than_max_in_flight_are_under_way_and_as_many_are() -> None:
    together = threading.Barrier(3, timeout=10)
    lock = threading.Lock()
    now, most = 0, 0

    def tracker(_: httpx.Request) -> httpx.Response:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait()
        with lock:
            now -= 1
        return FINE

    source = transport(VirtualTime().world(), tracker, max_in_flight=3)
    with ThreadPoolExecutor(9) as pool:
        list(pool.map(lambda _: source.handle_request(get()), range(9)))
    assert most == 3


def test_closing_the_source_ends_its_waits(pool: ThreadPoolExecutor) -> None:
    time = StandingTime()
    source = transport(time.world(), scripted(busy("60")))
    waiting = [pool.submit(source.handle_request, get()), pool.submit(source.pause, 5)]
    time.until_asleep(2)
    source.close()
    for each in waiting:
        with pytest.raises(GivenUp):
            each.result(10)
    with pytest.raises(GivenUp):
        source.handle_request(get())


def failing_while_others_wait(time: StandingTime) -> Callable[[int], int]:
    """Item 2 fails once items 0 and 1 wait for the tracker."""
    source = transport(time.world(), scripted(busy("60")))

    def call(item: int) -> int:
        if item == 2:
            time.until_asleep(2)
            raise LookupError("for good")
        return source.handle_request(get()).status_code

    return call


def test_a_failure_ends_the_waits_of_calls_before_it_and_is_what_is_raised(pool: ThreadPoolExecutor) -> None:
    with pytest.raises(LookupError, match="for good"):
        list(in_order(pool, failing_while_others_wait(StandingTime()), range(3), 3))


def test_a_failure_ends_the_waits_of_other_chains_and_is_what_is_raised(pool: ThreadPoolExecutor) -> None:
    call = failing_while_others_wait(StandingTime())
    chains = [map(call, [item]) for item in range(3)]
    with pytest.raises(LookupError, match="for good"):
        list(side_by_side(pool, chains, 3))


def test_a_person_who_breaks_off_ends_the_waits_too(pool: ThreadPoolExecutor) -> None:
    time = StandingTime()
    source = transport(time.world(), scripted(busy("60")))
    ended: Future[bool] = Future()

    def waits() -> Iterator[int]:
        try:
            yield source.handle_request(get()).status_code
        except GivenUp:
            ended.set_result(True)
            raise

    reading = side_by_side(pool, [iter([1]), waits()], 2)
    next(reading)
    time.until_asleep(1)
    with pytest.raises(KeyboardInterrupt):
        reading.throw(KeyboardInterrupt)
    assert ended.result(10)


def test_a_flight_within_a_flight_is_given_up_with_it(pool: ThreadPoolExecutor) -> None:
    time = StandingTime()
    source = transport(time.world(), scripted(busy("60")))
    outer = Scope()
    inner = Scope(outer)
    waiting = pool.submit(inner.run, source.handle_request, get())
    time.until_asleep(1)
    outer.give_up()
    with pytest.raises(GivenUp):
        waiting.result(10)


def test_other_flights_of_the_source_go_on() -> None:
    time = VirtualTime()
    source = transport(time.world(), scripted(busy("60"), FINE))
    failed = Scope()
    failed.give_up()
    assert Scope().run(source.handle_request, get()).status_code == 200
    with pytest.raises(GivenUp):
        failed.run(source.handle_request, get())


def test_a_clock_that_is_set_back_does_not_make_a_wait_longer() -> None:
    waits: list[float] = []
    world = World(wait=lambda _, seconds: waits.append(seconds), now=lambda: BEGIN)
    source = transport(world, scripted(busy("60"), FINE))
    assert source.handle_request(get()).status_code == 200
    assert waits == [60]
