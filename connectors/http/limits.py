"""One limiter for each host: when the next request may leave, whichever source of this process sends it."""

from __future__ import annotations

import threading

import httpx

from connectors.http.rates import Advice
from connectors.http.waiting import Bells

_FIRST_SPACING_SECONDS = 0.1
_LONGEST_SPACING_SECONDS = 30.0
_LONGEST_GUESS_SECONDS = 5.0
_NO_SPACING_SECONDS = 0.01
_RECOVERY = 0.75
"""Each answer without a warning brings requests closer together by this factor."""
_SLOWED_AT_MOST_EVERY_SECONDS = 1.0
"""Answers to requests that left together tell the same thing, and count once."""


class Limiter:
    """Moments are seconds since 1970, by the clock of whoever asks."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.bells = Bells()
        """Ring when a longer wait is asked for."""
        self.reason = ""
        """Which limit is used up, in the tracker's word."""
        self._lock = threading.Lock()
        self._resume_at = 0.0
        self._next_at = 0.0
        self._spacing = 0.0
        self._slowed_at = 0.0

    def closed_for(self, now: float) -> float:
        """Seconds that the tracker still asks everybody to wait."""
        return max(0.0, self._resume_at - now)

    def delay(self, now: float) -> float:
        """Seconds until a request may leave: what was asked for, or the spacing."""
        with self._lock:
            return max(0.0, self._resume_at - now, self._next_at - now)

    def claim(self, now: float) -> bool:
        """Whether a request may leave now; it is counted then."""
        with self._lock:
            if now < self._resume_at or now < self._next_at:
                return False
            self._next_at = now + self._spacing
            return True

    def note(self, advice: Advice, now: float) -> None:
        """Heed what an answer says."""
        with self._lock:
            later = now + advice.wait_seconds if advice.wait_seconds else 0.0
            if is_later := later > self._resume_at:
                self._resume_at, self.reason = later, advice.reason
            self._pace(advice, now)
        if is_later:
            self.bells.ring()

    def _pace(self, advice: Advice, now: float) -> None:
        if not advice.slow:
            self._spacing = self._spacing * _RECOVERY if self._spacing > _NO_SPACING_SECONDS else 0.0
            return
        wanted = advice.spacing_seconds
        if wanted is None and advice.wait_seconds:
            wanted = max(self._spacing, _FIRST_SPACING_SECONDS)  # so that not all leave when the wait is over
        elif wanted is None:
            if self._spacing and now - self._slowed_at < _SLOWED_AT_MOST_EVERY_SECONDS:
                return
            wanted = min(max(2 * self._spacing, _FIRST_SPACING_SECONDS), _LONGEST_GUESS_SECONDS)
        self._spacing, self._slowed_at = min(wanted, _LONGEST_SPACING_SECONDS), now
        self._next_at = max(self._next_at, now + self._spacing)


class Limiters:
    """The limiters of a process, or of a test."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_host: dict[tuple[str, int | None], Limiter] = {}

    def forget(self) -> None:
        """Begin anew, for requests to come: no host has asked for anything."""
        with self._lock:
            self._by_host.clear()

    def of(self, url: httpx.URL) -> Limiter:
        """That of the address's host; another port is another host."""
        key = (url.host, url.port)
        with self._lock:
            found = self._by_host.get(key)
            if found is None:
                found = self._by_host[key] = Limiter(url.netloc.decode("ascii"))
            return found

    def closed(self, now: float) -> list[tuple[Limiter, float]]:
        """The limiters whose hosts ask everybody to wait, each with the seconds that are left."""
        with self._lock:
            known = list(self._by_host.values())
        return [(one, seconds) for one in known if (seconds := one.closed_for(now)) > 0]
