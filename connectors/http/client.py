"""The one HTTP client of a source: puts login, limits, retries and proxies together, and gives typed answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import httpx
import msgspec

from connectors.base import Counters
from connectors.errors import TrackerUnavailable
from connectors.http.bodies import PACKINGS
from connectors.http.certificates import trusted as certificates
from connectors.http.deadlines import heed_deadlines
from connectors.http.logins import GuardedAuth, Login
from connectors.http.proxies import RoutedTransport
from connectors.http.responses import decode, raise_for_status, unreachable
from connectors.http.retries import HttpSettings, RetryTransport

T = TypeVar("T")
_READ = httpx.ByteStream(b"")


class SourceHttp:
    """Sends every request of a source, the SDKs' too, and turns what comes back into values or `SourceError`s.

    `inspect` sees each answer first and raises when it is a refused login in disguise. Answers to requests with
    `auth=None` are not inspected. The login is shown to the server at `base_url`, and to those `trusted` beside it; a
    request with login to any other is refused, since its address came from an answer.
    """

    def __init__(
        self,
        *,
        base_url: str,
        auth: httpx.Auth | Login,
        settings: HttpSettings,
        inspect: Callable[[httpx.Response], None],
        headers: Mapping[str, str] | None = None,
        counters: Counters | None = None,
        trusted: Sequence[str] = (),
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.settings = settings
        self.counters = counters or Counters()
        limits = httpx.Limits(max_connections=settings.max_in_flight, max_keepalive_connections=settings.max_in_flight)
        authorities = certificates(settings.ca_file)

        def made(proxy: str | None) -> httpx.HTTPTransport:
            try:
                return heed_deadlines(httpx.HTTPTransport(verify=authorities, limits=limits, proxy=proxy))
            except (ImportError, ValueError, httpx.InvalidURL):  # ImportError: of SOCKS
                raise TrackerUnavailable(
                    "the proxy of the environment cannot be used; set HTTPS_PROXY to http://HOST:PORT, or NO_PROXY"
                ) from None

        inner = RoutedTransport(made)
        self._transport = RetryTransport(inner, settings, self.counters)
        signer = auth if isinstance(auth, httpx.Auth) else auth.auth(self._send_unsigned, settings.world.now)
        self.client = httpx.Client(
            auth=GuardedAuth(signer, httpx.URL(self.base_url), inspect, [httpx.URL(each) for each in trusted]),
            transport=self._transport,
            timeout=settings.timeout_seconds,
            headers={
                "User-Agent": "flowmart",
                "Accept": "application/json",
                "Accept-Encoding": PACKINGS,
                **(headers or {}),
            },
            follow_redirects=False,
        )

    def close(self) -> None:
        """Give back all connections; requests that wait for the tracker end at once."""
        self.client.close()

    def pause(self, seconds: float) -> None:
        """Wait before asking again; ends early, with `GivenUp`, when the source is closed or its work has failed."""
        self._transport.pause(seconds)

    def url(self, path: str) -> str:
        """`path` below the base address, whose own path (context path, collection) is kept; a whole address stays."""
        return path if path.startswith(("http://", "https://")) else f"{self.base_url}/{path.lstrip('/')}"

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One answer of any status; `params` are merged into the query that `path` has. Raises when none came."""
        url = httpx.URL(self.url(path)).copy_merge_params(dict(params or {}))
        content = None if body is None else msgspec.json.encode(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        try:
            response = self.client.request(method, url, content=content, headers={**kind, **(headers or {})})
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise unreachable(error, url) from error
        response.stream = _READ  # it holds the response, which would stay in memory until the collector comes by
        return response

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

    def _send_unsigned(self, method: str, url: str, **what: Any) -> httpx.Response:  # noqa: ANN401 - as `Send` says
        try:
            return self.client.request(method, url, auth=None, **what)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise unreachable(error, httpx.URL(url)) from error
