"""What a sync tells whoever watches it: a terminal, a log, a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from connectors.base import Progress


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


class SyncEvents(Protocol):
    """Called by a sync as it goes, from any thread; must not raise and must not be slow."""

    def stream_started(self, source: str, stream: str) -> None:
        """A stream begins."""
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
