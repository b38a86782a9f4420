"""The moment by which an answer must be there, whole: a server that sends a byte now and then keeps nobody for ever.

A read time-out begins anew with each byte. So the socket itself is asked for no longer than is left.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx


class _Deadline:
    def __init__(self, seconds: float, now: Callable[[], float]) -> None:
        self._now = now
        self._ends = now() + seconds
        self.is_over = False

    def left(self) -> float:
        left = self._ends - self._now()
        self.is_over = self.is_over or left <= 0
        return left


_current: ContextVar[_Deadline | None] = ContextVar("flowmart_deadline", default=None)


class TooSlow(Exception):  # noqa: N818 - a state, as the house names them
    """The answer was not complete in time."""


@contextmanager
def within(seconds: float, now: Callable[[], float]) -> Iterator[None]:
    """What this thread reads from its sockets in the block must come within so many seconds, by the clock `now`.

    Raises `TooSlow` in place of whatever the time-out was turned into.
    """
    deadline = _Deadline(seconds, now)
    before = _current.set(deadline)
    try:
        yield
    except httpx.TimeoutException as error:
        if deadline.is_over:
            raise TooSlow from error
        raise
    finally:
        _current.reset(before)


def heed_deadlines(transport: httpx.HTTPTransport) -> httpx.HTTPTransport:
    """The same transport; its sockets heed `within`."""
    transport._pool._network_backend = _Network()  # noqa: SLF001 - httpcore takes one, httpx has no door to it
    return transport


class _Network(httpcore.NetworkBackend):
    """The usual one, with other streams."""

    def __init__(self) -> None:
        self._usual = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._usual.connect_tcp(host, port, timeout, local_address, socket_options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._usual.connect_unix_socket(path, timeout, socket_options))

    def sleep(self, seconds: float) -> None:
        self._usual.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """Reads no longer than the deadline of its thread allows."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        deadline = _current.get()
        if deadline is None:
            return self._stream.read(max_bytes, timeout)
        left = deadline.left()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer takes too long")
        try:
            return self._stream.read(max_bytes, left if timeout is None else min(timeout, left))
        finally:
            deadline.left()  # notes that it is over, if that is why the read ended

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the library's shape
        return self._stream.get_extra_info(info)
