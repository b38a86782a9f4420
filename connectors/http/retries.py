"""Sends again what may succeed later, and nothing before the host's limiter allows it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import tenacity

from connectors.base import Counters
from connectors.errors import TrackerUnavailable
from connectors.http import bodies
from connectors.http.certificates import is_distrust
from connectors.http.deadlines import TooSlow, within
from connectors.http.echoes import without_login
from connectors.http.limits import Limiter, Limiters
from connectors.http.rates import RETRIED_STATUSES, read_advice
from connectors.http.waiting import Scope, World, current_scope

_FIRST_WAIT_SECONDS = 1.0
_LONGEST_BLIND_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How patient and how parallel a source is."""

    max_in_flight: int = 8
    max_wait_seconds: float = 900.0
    """The longest wait that a tracker may ask for, and for one request in all."""
    attempts: int = 6
    """How often a request is sent when nobody says how long to wait."""
    timeout_seconds: float = 60.0
    """The longest silence of a tracker that is connected."""
    answer_seconds: float = 600.0
    """The longest that one answer may take, from the request to its last byte."""
    max_answer_bytes: int = 100_000_000
    """The largest body of an answer, unpacked."""
    ca_file: Path | None = None
    """Certificates of authorities that are believed beside the usual ones, in PEM form."""
    world: World = field(default_factory=World)
    limiters: Limiters = field(default_factory=Limiters)
    """Sources that share them share the limit of a host."""


@dataclass(slots=True)
class _Patience:
    """When one request is given up: waits that the tracker asks for count in seconds, blind ones in attempts."""

    settings: HttpSettings
    blind: int = 0
    asked_seconds: float = 0.0

    def wait(self, state: tenacity.RetryCallState) -> float:
        """tenacity's hook, called before `stop`: seconds until the next attempt, beside what the limiter demands."""
        asked = self._asked(state)
        if asked:
            self.asked_seconds += asked
            return 0.0
        self.blind += 1
        if self.blind >= self.settings.attempts:
            return 0.0
        blind = min(_FIRST_WAIT_SECONDS * 2 ** (self.blind - 1), _LONGEST_BLIND_WAIT_SECONDS)
        return float(blind * (0.5 + self.settings.world.jitter()))

    def stop(self, state: tenacity.RetryCallState) -> bool:
        """tenacity's hook: whether this was the last attempt. A single long wait is refused by the limiter."""
        longest, asked = self.settings.max_wait_seconds, self._asked(state)
        return asked <= longest < self.asked_seconds if asked else self.blind >= self.settings.attempts

    def _asked(self, state: tenacity.RetryCallState) -> float | None:
        outcome = state.outcome
        if outcome is None or outcome.failed:
            return None
        return read_advice(outcome.result(), self.settings.world.now()).wait_seconds


class RetryTransport(httpx.BaseTransport):
    """429, 502, 503, 504 and broken connections are sent again; the last answer is given back, read and unpacked.

    While a tracker asks to wait, nothing is sent to its host. A wait longer than `settings.max_wait_seconds` raises
    `TrackerUnavailable` for every request, sent or not, until it is over. Closing the transport ends all waits.
    """

    def __init__(self, inner: httpx.BaseTransport, settings: HttpSettings, counters: Counters) -> None:
        self._inner = inner
        self._settings = settings
        self._world = settings.world
        self._counters = counters
        self._counting = threading.Lock()
        self._slots = threading.Semaphore(settings.max_in_flight)
        self._source = Scope()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """httpx's hook: one request and its repetitions."""
        limiter, patience = self._settings.limiters.of(request.url), _Patience(self._settings)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass)
            | tenacity.retry_if_result(lambda response: response.status_code in RETRIED_STATUSES),
            stop=patience.stop,
            wait=patience.wait,
            sleep=self._back_off,
            before_sleep=self._count_retry,
            retry_error_callback=_last_outcome,
        )
        response: httpx.Response = retrying(self._send, request, limiter)
        return response

    def pause(self, seconds: float) -> None:
        """Wait for a reason of the caller's; ends early, with `GivenUp`, when nobody wants the result any more."""
        bell = threading.Event()
        scope = self._scope()
        with scope.wake(bell), self._source.wake(bell):
            self._check(scope)
            self._world.pause(seconds, bell)
        self._check(scope)

    def close(self) -> None:
        """httpx's hook: waits end, connections are given back."""
        self._source.give_up()
        self._inner.close()

    def _back_off(self, seconds: float) -> None:
        if seconds:
            self.pause(seconds)

    def _count_retry(self, _: tenacity.RetryCallState) -> None:
        with self._counting:
            self._counters.retries += 1

    def _send(self, request: httpx.Request, limiter: Limiter) -> httpx.Response:
        scope = self._scope()
        while True:
            reached = self._wait_for_turn(limiter, scope)
            with self._slots:
                self._check(scope)
                if limiter.claim(max(self._now(), reached)):  # else somebody was told to wait meanwhile
                    return self._exchange(request, limiter)

    def _exchange(self, request: httpx.Request, limiter: Limiter) -> httpx.Response:
        with self._counting:
            self._counters.requests += 1
        try:
            with within(self._settings.answer_seconds, self._now):
                response = self._read(request)
        except TooSlow:
            raise TrackerUnavailable(
                f"{request.method} {request.url.path} was not answered within {self._settings.answer_seconds:g} s "
                "(network.answer_timeout); the next run goes on from here"
            ) from None
        now = self._world.now()
        limiter.note(read_advice(response, now), now.timestamp())
        return response

    def _read(self, request: httpx.Request) -> httpx.Response:
        """The whole answer: a connection that breaks within the body is sent again too."""
        response = self._inner.handle_request(request)
        try:
            return without_login(bodies.read(response, request, self._settings.max_answer_bytes))
        finally:
            response.close()

    def _wait_for_turn(self, limiter: Limiter, scope: Scope) -> float:
        """The moment at which a request may leave, when it has come.

        A wait that was not cut short has taken its time, even if the clock was set back meanwhile.
        """
        now = self._now()
        if not limiter.delay(now):
            return now
        bell = threading.Event()
        with limiter.bells.wake(bell), scope.wake(bell), self._source.wake(bell):
            while True:
                bell.clear()
                self._check(scope)
                self._refuse_a_long_wait(limiter, now)
                seconds = limiter.delay(now)
                if seconds <= 0:
                    return now
                waited = self._world.pause(seconds, bell)
                now = max(self._now(), now + seconds if waited else now)

    def _refuse_a_long_wait(self, limiter: Limiter, now: float) -> None:
        seconds = limiter.closed_for(now)
        if seconds <= self._settings.max_wait_seconds:
            return
        come_back = datetime.fromtimestamp(now + seconds, UTC)
        reason = f" ({limiter.reason})" if limiter.reason else ""
        raise TrackerUnavailable(
            f"{limiter.host} asks to wait {seconds:.0f} s{reason}, longer than sync.max_wait; "
            f"come back after {come_back:%Y-%m-%d %H:%M:%S} UTC: the next run goes on from here",
            retry_after_seconds=seconds,
        )

    def _scope(self) -> Scope:
        return current_scope() or self._source

    def _check(self, scope: Scope) -> None:
        scope.check()
        self._source.check()

    def _now(self) -> float:
        return self._world.now().timestamp()


def _may_pass(error: BaseException) -> bool:
    """Whether it is worth another try. Who shows the wrong certificate shows it again."""
    return isinstance(error, httpx.TransportError | httpx.DecodingError) and not is_distrust(error)


def _last_outcome(state: tenacity.RetryCallState) -> httpx.Response:
    if state.outcome is None:
        raise AssertionError("tenacity gives up only after an attempt")
    response: httpx.Response = state.outcome.result()
    return response
