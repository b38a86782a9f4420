"""Logins: who signs which request, and access tokens that are fetched, kept and renewed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import httpx

from connectors.errors import AuthenticationError, UnexpectedResponse

Flow = Generator[httpx.Request, httpx.Response, None]

_RENEWED_BEFORE_SECONDS = 300.0


class Send(Protocol):
    """Sends a request of a login through the source's client, unsigned; gives an answer of any status.

    It waits, repeats and raises as for every other request, and follows no redirect.
    """

    def __call__(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        json: object = None,
    ) -> httpx.Response:
        """One answer; `data` goes as a form."""
        ...


class Login(Protocol):
    """A login that itself has to ask somebody for its tokens."""

    def auth(self, send: Send, now: Callable[[], datetime]) -> httpx.Auth:
        """What signs the requests of one source."""
        ...


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token and the moment from which it is no longer used."""

    value: str = field(repr=False)
    renew_at: datetime

    @classmethod
    def lasting(cls, value: str, seconds: float, now: datetime) -> AccessToken:
        """One that expires in so many seconds: it is renewed some minutes before."""
        return cls(value, now + timedelta(seconds=seconds - min(_RENEWED_BEFORE_SECONDS, seconds / 2)))


class BearerLogin(httpx.Auth):
    """Signs with an access token that `fetch` gets: for the first request, before it expires, and once after a 401.

    A refused login is remembered, so that threads and later requests do not try it again.
    """

    def __init__(self, fetch: Callable[[], AccessToken], now: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._now = now
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._refused: str | None = None

    def auth_flow(self, request: httpx.Request) -> Flow:
        """httpx's hook."""
        token, is_new = self._current(None)
        response = yield _signed(request, token)
        if response.status_code == httpx.codes.UNAUTHORIZED and not is_new:
            token, _ = self._current(token)
            yield _signed(request, token)

    def _current(self, refused: AccessToken | None) -> tuple[AccessToken, bool]:
        """A token other than `refused`, and whether it was fetched just now. Threads wait for one that fetches."""
        with self._lock:
            if self._refused is not None:
                raise AuthenticationError(self._refused)
            held = self._token
            if held is not None and held is not refused and self._now() < held.renew_at:
                return held, False
            self._token = None
            try:
                self._token = self._fetch()
            except AuthenticationError as error:
                self._refused = str(error)
                raise
            return self._token, True


class GuardedAuth(httpx.Auth):
    """Signs requests to the source's own origin and those that are `trusted`, and inspects what comes back in the end.

    A request to anywhere else is refused before it is sent: only an answer can have named that address.

    The inspection is no event hook of the client, since those see a 401 before the login could renew its token.
    """

    def __init__(
        self,
        inner: httpx.Auth,
        base: httpx.URL,
        inspect: Callable[[httpx.Response], None],
        trusted: Collection[httpx.URL] = (),
    ) -> None:
        self._inner = inner
        self._origins = frozenset(map(origin, (base, *trusted)))
        self._inspect = inspect

    def auth_flow(self, request: httpx.Request) -> Flow:
        """httpx's hook."""
        if origin(request.url) not in self._origins:
            where = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
            raise UnexpectedResponse(f"the tracker names an address elsewhere ({where}), which is not followed")
        self._inspect((yield from _exchanged(self._inner.auth_flow(request))))


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """What two addresses have in common that the same server answers."""
    return url.scheme, url.host, url.port


def _exchanged(
    flow: Generator[httpx.Request, httpx.Response, None],
) -> Generator[httpx.Request, httpx.Response, httpx.Response]:
    """The requests of a flow; returns its last answer."""
    try:
        response = yield next(flow)
        while True:
            try:
                request = flow.send(response)
            except StopIteration:
                return response
            response = yield request
    finally:
        flow.close()


def _signed(request: httpx.Request, token: AccessToken) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token.value}"
    return request
