"""Which way a request takes: directly, or through the proxy that the environment names for its host."""

from __future__ import annotations

import threading
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from connectors.addresses import is_loopback


def proxy_for(url: str) -> str | None:
    """The proxy that the environment (`HTTPS_PROXY`, `NO_PROXY`, …) or the system names for an address, if any.

    A client with a transport of its own does not look there by itself.
    """
    parts = urlsplit(url)
    if _is_of_this_machine(parts.hostname or ""):
        return None
    proxy = getproxies().get(parts.scheme) or getproxies().get("all")
    return None if proxy is None or proxy_bypass(parts.netloc) else proxy


def _is_of_this_machine(host: str) -> bool:
    """A loopback or link-local address, such as that of a cloud machine's identity, means another one to a proxy."""
    try:
        return is_loopback(host) or ip_address(host).is_link_local
    except ValueError:
        return False


class RoutedTransport(httpx.BaseTransport):
    """Sends each request the way that its host needs; connections are kept per way."""

    def __init__(self, make: Callable[[str | None], httpx.BaseTransport]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._by_origin: dict[tuple[str, str, int | None], httpx.BaseTransport] = {}
        self._by_proxy: dict[str | None, httpx.BaseTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """httpx's hook."""
        return self._way(request.url).handle_request(request)

    def close(self) -> None:
        """httpx's hook."""
        with self._lock:
            for transport in self._by_proxy.values():
                transport.close()

    def _way(self, url: httpx.URL) -> httpx.BaseTransport:
        origin = (url.scheme, url.host, url.port)
        with self._lock:
            if origin not in self._by_origin:
                proxy = proxy_for(str(url))
                if proxy not in self._by_proxy:
                    self._by_proxy[proxy] = self._make(proxy)
                self._by_origin[origin] = self._by_proxy[proxy]
            return self._by_origin[origin]
