"""A clock that moves when somebody waits, and a tracker in a few lines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from connectors.base import Counters
from connectors.http import HttpSettings, World
from connectors.http.retries import RetryTransport

BEGIN = datetime(2026, 10, 2, 9, tzinfo=UTC)
HOST = "https://tracker.example"

Handler = Callable[[httpx.Request], httpx.Response]


@dataclass
class VirtualTime:
    """Each wait takes its time at once."""

    moment: datetime = BEGIN
    waits: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        return self.moment

    def wait(self, bell: threading.Event, seconds: float) -> None:
        with self._lock:
            if not bell.is_set():
                self.waits.append(seconds)
                self.moment += timedelta(seconds=seconds)

    def world(self) -> World:
        return World(wait=self.wait, now=self.now, jitter=lambda: 0.5)


@dataclass
class StandingTime:
    """Nobody's wait ends by itself: only by its bell. `asleep` is released by each that begins to wait."""

    moment: datetime = BEGIN
    asleep: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def now(self) -> datetime:
        return self.moment

    def wait(self, bell: threading.Event, seconds: float) -> None:  # noqa: ARG002 - the shape of a wait
        self.asleep.release()
        if not bell.wait(30):
            raise AssertionError("nobody rang")

    def world(self) -> World:
        return World(wait=self.wait, now=self.now, jitter=lambda: 0.5)

    def until_asleep(self, how_many: int) -> None:
        for _ in range(how_many):
            assert self.asleep.acquire(timeout=10)


def transport(world: World, handler: Handler, **settings: object) -> RetryTransport:
    """A transport over a tracker that `handler` plays."""
    made = HttpSettings(**{"world": world, **settings})  # type: ignore[arg-type]  # by keyword
    return RetryTransport(httpx.MockTransport(handler), made, Counters())


def get(path: str = "/x", host: str = HOST) -> httpx.Request:
    return httpx.Request("GET", f"{host}{path}")
