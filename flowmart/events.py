"""What a sync tells whoever watches it: a terminal, a log, a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from flowmart.text import count, duration

if TYPE_CHECKING:
    from connectors.base import Counters, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOutcome:
    """How one stream of one source ended. `error` is one line, None when it went well.

    `expected` is what the tracker's own count promised, `received` what came of that; None where nobody counts.
    """

    rows_read: int
    rows_written: int
    requests: int
    retries: int
    seconds: float
    expected: int | None = None
    received: int | None = None
    error: str | None = None

    def after(self, earlier: StreamOutcome) -> StreamOutcome:
        """Both together, without what was expected."""
        return StreamOutcome(
            rows_read=earlier.rows_read + self.rows_read,
            rows_written=earlier.rows_written + self.rows_written,
            requests=earlier.requests + self.requests,
            retries=earlier.retries + self.retries,
            seconds=earlier.seconds + self.seconds,
            error=earlier.error or self.error,
        )


NOTHING = StreamOutcome(rows_read=0, rows_written=0, requests=0, retries=0, seconds=0.0)
"""Before the first stream."""
_SHORT_SECONDS = 10


def summary(outcome: StreamOutcome) -> str:
    """`2,000 rows in 4 s (500/s), 25 requests, 1 retry`, or what went wrong after how many."""
    rate = f" ({outcome.rows_read / outcome.seconds:,.0f}/s)" if outcome.seconds >= 1 and outcome.rows_read else ""
    retries = f", {outcome.retries:,} retr{'y' if outcome.retries == 1 else 'ies'}" if outcome.retries else ""
    took = f"{outcome.seconds:.1f} s" if outcome.seconds < _SHORT_SECONDS else duration(outcome.seconds)
    done = f"{count(outcome.rows_read, 'row')} in {took}{rate}, {count(outcome.requests, 'request')}{retries}"
    return done if outcome.error is None else f"failed after {done}: {outcome.error}"


class SyncEvents(Protocol):
    """Called by a sync as it goes, from any thread; must not raise and must not be slow."""

    def step(self, text: str) -> None:
        """What the job turns to when no source is being synced, such as `computing throughput`."""
        ...

    def stream_started(self, source: str, stream: str, counters: Counters | None = None) -> None:
        """A stream begins; the source's counters go on counting while it lasts."""
        ...

    def page_committed(self, source: str, stream: str, rows: int, progress: Progress | None) -> None:
        """A page of `rows` records is in the warehouse; `progress` where the tracker tells how far it is."""
        ...

    def stream_finished(self, source: str, stream: str, outcome: StreamOutcome) -> None:
        """A stream ended, well or with an error."""
        ...

    def note(self, source: str, text: str) -> None:
        """Something that the operator may want to know."""
        ...

    def problem(self, source: str, text: str) -> None:
        """Something configured is missing or failed: the source ends with exit code 1."""
        ...
