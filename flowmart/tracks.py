"""What a source under way has done so far, and what is said of it in one line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rich.cells import cell_len

from connectors.base import Counters, Progress
from flowmart.events import NOTHING, StreamOutcome, summary
from flowmart.text import clipped, count, duration

LASTING_SECONDS = 5.0
"""A stream that took longer stays as a line: whoever looks up later sees where the time went."""
_TELLING_SECONDS = 1.0
"""Rates and remaining times of less are guesses."""
_SEPARATOR = " · "


@dataclass(slots=True)
class Track:
    """A source: the stream that it is at, and what it did so far."""

    stream: str = ""
    began: float = 0.0
    rows: int = 0
    """Of the stream under way."""
    total: StreamOutcome = NOTHING
    """Of the streams that ended."""
    ended: list[str] = field(default_factory=list)
    counters: Counters | None = None
    counted: int = 0
    """What the counters said when the stream began."""
    first: tuple[float, int] | None = None
    last: tuple[float, Progress] | None = None

    def begin(self, stream: str, counters: Counters | None, now: float) -> None:
        """Another stream."""
        self.stream, self.began, self.rows, self.first, self.last = stream, now, 0, None, None
        self.counters, self.counted = counters, 0 if counters is None else counters.requests

    def add(self, rows: int, progress: Progress | None, now: float) -> None:
        """A page."""
        self.rows += rows
        if progress is not None:
            self.first = self.first or (now, progress.done)
            self.last = (now, progress)

    def end(self, outcome: StreamOutcome) -> None:
        """The stream is over."""
        self.ended.append(self.stream)
        self.stream, self.total = "", outcome.after(self.total)

    def sums(self) -> str:
        """`: 4,480 rows in 3.1 s, 24 requests`, to follow the name; empty when a line told it all."""
        done = summary(replace(self.total, error=None))
        if self.stream:
            return f": broken off in {self.stream}; before that {done}"
        if len(self.ended) > 1:
            return f": {'failed after ' if self.total.error else ''}{done}"
        return "" if self.total.error or self.total.seconds >= LASTING_SECONDS else f" {self.ended[0]}: {done}"

    def share(self) -> float | None:
        """How much of the stream is done, 0 to 1; None where the tracker does not tell."""
        if self.last is None or not self.last[1].total:
            return None
        return min(self.last[1].done / self.last[1].total, 1.0)

    def remaining(self, now: float) -> float | None:
        """Seconds that the stream still needs, if it goes on as it did; None where nobody can say."""
        if self.first is None or self.last is None or self.last[1].total is None:
            return None
        (began, base), (at, progress) = self.first, self.last
        if progress.done <= base or at - began < _TELLING_SECONDS:
            return None
        per_second = (progress.done - base) / (at - began)
        return max((self.last[1].total or 0) - progress.done, 0) / per_second - (now - at)

    def facts(self, now: float, width: int) -> str:
        """`63 % · 4,327 rows · 2,697/s · 8 requests · 2 min left`: as much of it as fits."""
        took, share, left = now - self.began, self.share(), self.remaining(now)
        asked = 0 if self.counters is None else self.counters.requests - self.counted
        parts = {
            "share": "" if share is None else f"{int(share * 100)} %",
            "rows": count(self.rows, "row"),
            "rate": f"{self.rows / took:,.0f}/s" if self.rows >= took >= _TELLING_SECONDS else "",
            "requests": count(asked, "request") if asked else "",
            "left": f"{duration(left)} left" if left is not None and left >= 1 else f"{duration(took)}",
        }
        for sacrificed in ("", "requests", "rate", "rows"):
            parts.pop(sacrificed, None)
            told = _SEPARATOR.join(part for part in parts.values() if part)
            if cell_len(told) <= width:
                return told
        return clipped(told, width)
