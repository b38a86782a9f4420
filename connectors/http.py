"""The one HTTP client of a source: login, retries, rate limits, typed answers and typed errors."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
import msgspec
import tenacity

from connectors.base import Counters
from connectors.errors import (
    AuthenticationError,
    NotFound,
    PermissionMissing,
    SourceError,
    TrackerUnavailable,
    UnexpectedResponse,
)

T = TypeVar("T")

RETRIED_STATUSES = frozenset({429, 502, 503, 504})
_FIRST_WAIT_SECONDS = 1.0
_LONGEST_BLIND_WAIT_SECONDS = 60.0
_MESSAGE_LENGTH = 300
_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""In JSON text: an escaped backslash, a surrogate pair, or half a pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the client needs of the world outside; tests bring their own."""

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    jitter: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How patient and how parallel a source is."""

    max_in_flight: int = 8
    max_wait_seconds: float = 900.0
    attempts: int = 6
    timeout_seconds: float = 60.0
    world: World = field(default_factory=World)


class SourceHttp:
    """Sends every request of a source, the SDKs' too, and turns what comes back into values or `SourceError`s.

    `inspect` sees each answer first and raises when it is a refused login in disguise.
    """

    def __init__(
        self,
        *,
        base_url: str,
        auth: httpx.Auth,
        settings: HttpSettings,
        inspect: Callable[[httpx.Response], None],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.settings = settings
        self.counters = Counters()
        limits = httpx.Limits(max_connections=settings.max_in_flight, max_keepalive_connections=settings.max_in_flight)
        inner = httpx.HTTPTransport(limits=limits, proxy=proxy_for(self.base_url))
        transport = RetryTransport(inner, settings, self.counters)
        self.client = httpx.Client(
            auth=_OriginAuth(auth, httpx.URL(self.base_url)),
            transport=transport,
            timeout=settings.timeout_seconds,
            headers={"User-Agent": "flowmart", "Accept": "application/json", **(headers or {})},
            event_hooks={"response": [inspect]},
            follow_redirects=False,
        )

    def close(self) -> None:
        """Give back all connections."""
        self.client.close()

    def url(self, path: str) -> str:
        """`path` below the base address, whose own path (context path, collection) is kept; a whole address stays."""
        return path if path.startswith(("http://", "https://")) else f"{self.base_url}/{path.lstrip('/')}"

    def send(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: object = None
    ) -> httpx.Response:
        """One answer of any status; `params` are merged into the query that `path` has. Raises when none came."""
        url = httpx.URL(self.url(path)).copy_merge_params(dict(params or {}))
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            return self.client.request(method, url, content=content, headers=headers)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise unreachable(error, url) from error

    def fetch(
        self,
        method: str,
        path: str,
        type_: type[T],
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
    ) -> T:
        """The body of a successful answer as `type_`; every other answer raises the fitting `SourceError`."""
        response = self.send(method, path, params=params, body=body)
        raise_for_status(response)
        return decode(response, type_)


def proxy_for(url: str) -> str | None:
    """The proxy that the environment (`HTTPS_PROXY`, `NO_PROXY`, …) or the system names for an address, if any.

    A client with a transport of its own does not look there by itself.
    """
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme) or getproxies().get("all")
    return None if proxy is None or proxy_bypass(parts.netloc) else proxy


def decode(response: httpx.Response, type_: type[T]) -> T:
    """The answer's JSON as `type_`; `UnexpectedResponse` when it is none or has another shape.

    Half a surrogate pair, which JSON lets through and Unicode does not, arrives as U+FFFD.
    """
    try:
        return msgspec.json.decode(_without_lone_surrogates(response.content), type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        kind = response.headers.get("content-type", "no content type")
        raise UnexpectedResponse(
            f"{_asked(response)} answered {response.status_code} ({kind}) with a body that cannot be read: {error}",
            status=response.status_code,
        ) from error


def _without_lone_surrogates(body: bytes) -> bytes:
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    return _ESCAPES.sub(lambda found: b"\\ufffd" if found["lone"] else found[0], body)


def raise_for_status(response: httpx.Response) -> None:
    """Raise the `SourceError` that fits an answer other than 2xx."""
    status = response.status_code
    if response.is_success:
        return
    text = f"{_asked(response)} answered {status}: {error_message(response)}"
    if status == 401:  # noqa: PLR2004
        raise AuthenticationError(f"the login is refused: {text}; check the token")
    if status == 403:  # noqa: PLR2004
        raise PermissionMissing(f"the account lacks a permission: {text}")
    if status == 404:  # noqa: PLR2004
        raise NotFound(text)
    if status in RETRIED_STATUSES or status >= 500:  # noqa: PLR2004
        raise TrackerUnavailable(f"{text}; the next run goes on from here", retry_after_seconds=_asked_wait(response))
    raise UnexpectedResponse(text, status=status)


def error_message(response: httpx.Response) -> str:
    """What the tracker says went wrong, in one short line."""
    try:
        body = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        kind = response.headers.get("content-type", "").partition(";")[0]
        return f"no explanation ({kind or 'empty'})"
    said: list[str] = []
    if isinstance(body, dict):
        said += [str(m) for m in body.get("errorMessages") or []]
        said += (
            [f"{k}: {v}" for k, v in (body.get("errors") or {}).items()] if isinstance(body.get("errors"), dict) else []
        )
        said += [str(body["message"])] if body.get("message") else []
    return " ".join("; ".join(said).split())[:_MESSAGE_LENGTH] or "no explanation"


def unreachable(error: httpx.RequestError, url: httpx.URL) -> SourceError:
    """What a failed connection means to a person."""
    reason = " ".join(str(error).split())[:_MESSAGE_LENGTH] or type(error).__name__
    where = f"{url.scheme}://{url.netloc.decode('ascii')}"
    return TrackerUnavailable(f"{where} cannot be reached: {reason}; check the address, the network and the proxy")


def _asked(response: httpx.Response) -> str:
    return f"{response.request.method} {response.request.url.path}"


class _OriginAuth(httpx.Auth):
    """Signs requests to the source's own origin and no other."""

    def __init__(self, inner: httpx.Auth, base: httpx.URL) -> None:
        self._inner = inner
        self._origin = (base.scheme, base.host, base.port)

    def auth_flow(self, request: httpx.Request) -> Any:  # noqa: ANN401 - httpx's generator type
        """httpx's hook."""
        if (request.url.scheme, request.url.host, request.url.port) == self._origin:
            yield from self._inner.auth_flow(request)
        else:
            yield request


class RetryTransport(httpx.BaseTransport):
    """Sends again what may succeed later, and makes all threads of the source wait while the tracker asks for it.

    429, 502, 503, 504 and broken connections are sent again, `settings.attempts` times in all; the last answer is given
    back as it is. A wait longer than `settings.max_wait_seconds` raises `TrackerUnavailable`.
    """

    def __init__(self, inner: httpx.BaseTransport, settings: HttpSettings, counters: Counters) -> None:
        self._inner = inner
        self._settings = settings
        self._counters = counters
        self._lock = threading.Lock()
        self._resume_at: datetime | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """httpx's hook: one request and its repetitions."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((httpx.TransportError, httpx.DecodingError))
            | tenacity.retry_if_result(lambda response: response.status_code in RETRIED_STATUSES),
            stop=tenacity.stop_after_attempt(self._settings.attempts),
            wait=self._wait_seconds,
            sleep=self._settings.world.sleep,
            before_sleep=self._count_retry,
            retry_error_callback=_last_outcome,
        )
        response: httpx.Response = retrying(self._send_once, request)
        return response

    def close(self) -> None:
        """httpx's hook."""
        self._inner.close()

    def _send_once(self, request: httpx.Request) -> httpx.Response:
        self._wait_for_others()
        with self._lock:
            self._counters.requests += 1
        response = self._inner.handle_request(request)
        try:
            response.read()  # a connection that breaks within the body is sent again too
        finally:
            response.close()
        self._note_delay(response)
        return response

    def _wait_for_others(self) -> None:
        resume_at = self._resume_at
        if resume_at is None:
            return
        seconds = (resume_at - self._settings.world.now()).total_seconds()
        if seconds > 0:
            self._settings.world.sleep(min(seconds, self._settings.max_wait_seconds))

    def _note_delay(self, response: httpx.Response) -> None:
        seconds = _asked_wait(response, self._settings.world.now())
        if not seconds:
            return
        if seconds > self._settings.max_wait_seconds:
            self._refuse(seconds, response)
        resume_at = datetime.fromtimestamp(self._settings.world.now().timestamp() + seconds, UTC)
        with self._lock:
            self._resume_at = max(self._resume_at or resume_at, resume_at)

    def _refuse(self, seconds: float, response: httpx.Response) -> None:
        come_back = datetime.fromtimestamp(self._settings.world.now().timestamp() + seconds, UTC)
        reason = response.headers.get("RateLimit-Reason")
        raise TrackerUnavailable(
            f"the tracker asks to wait {seconds:.0f} s{f' ({reason})' if reason else ''}, longer than sync.max_wait; "
            f"come back after {come_back:%Y-%m-%d %H:%M:%S} UTC: the next run goes on from here",
            retry_after_seconds=seconds,
        )

    def _wait_seconds(self, state: tenacity.RetryCallState) -> float:
        outcome = state.outcome
        answer = None if outcome is None or outcome.failed else outcome.result()
        if answer is not None and _asked_wait(answer, self._settings.world.now()):
            return 0.0  # the next attempt waits in `_wait_for_others`, as every other thread does
        blind: float = min(_FIRST_WAIT_SECONDS * 2 ** (state.attempt_number - 1), _LONGEST_BLIND_WAIT_SECONDS)
        return blind * (0.5 + self._settings.world.jitter())

    def _count_retry(self, _: tenacity.RetryCallState) -> None:
        with self._lock:
            self._counters.retries += 1


def _last_outcome(state: tenacity.RetryCallState) -> httpx.Response:
    if state.outcome is None:
        raise AssertionError("tenacity gives up only after an attempt")
    response: httpx.Response = state.outcome.result()
    return response


def _asked_wait(response: httpx.Response, now: datetime | None = None) -> float | None:
    """Seconds of the Retry-After header, in either of its forms; None without one (or with one that says nothing)."""
    value = response.headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:  # the other form: a date
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    seconds: float = (moment.astimezone(UTC) - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, seconds)
