"""Shows a sync as it goes: a live display on a terminal, one log line per stream elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

import connectors.base
from flowmart.events import StreamOutcome, SyncEvents, summary
from flowmart.live import LiveEvents, Pauses
from flowmart.logs import LogContext, facts
from flowmart.text import count

_LOG = logging.getLogger(__name__)


@contextmanager
def watching(console: Console, context: LogContext, *, live: bool, pauses: Pauses = tuple) -> Iterator[SyncEvents]:
    """Events to hand to a job; the live display is there while the block runs. `pauses`: what trackers ask for now."""
    if not live:
        yield LoggedEvents()
        return
    with LiveEvents(console, context, pauses=pauses).shown() as events:
        yield events


class LoggedEvents:
    """One line when a stream ends; pages are told at `-v`. A `SyncEvents`."""

    def step(self, text: str) -> None:
        """At `-v`."""
        _LOG.debug("%s", text)

    def stream_started(self, source: str, stream: str, counters: connectors.base.Counters | None = None) -> None:  # noqa: ARG002
        """At `-v`."""
        _LOG.debug("%s %s: begins", source, stream, extra=facts(source=source, stream=stream))

    def page_committed(self, source: str, stream: str, rows: int, progress: connectors.base.Progress | None) -> None:
        """At `-v`."""
        known = {} if progress is None else {"done": progress.done, "total": progress.total}
        of = "" if progress is None else f", {progress.done:,} of {progress.total or '?'}"
        fields = facts(source=source, stream=stream, rows=rows, **known)
        _LOG.debug("%s %s: %s committed%s", source, stream, count(rows, "row"), of, extra=fields)

    def stream_finished(self, source: str, stream: str, outcome: StreamOutcome) -> None:
        """The line."""
        level = logging.INFO if outcome.error is None else logging.ERROR
        fields = facts(
            source=source,
            stream=stream,
            rows_read=outcome.rows_read,
            rows_written=outcome.rows_written,
            requests=outcome.requests,
            retries=outcome.retries,
            seconds=round(outcome.seconds, 3),
            expected=outcome.expected,
            received=outcome.received,
            error=outcome.error,
        )
        _LOG.log(level, "%s %s: %s", source, stream, summary(outcome), extra=fields)

    def note(self, source: str, text: str) -> None:
        """A line."""
        _LOG.info("%s: %s", source, text, extra=facts(source=source))

    def problem(self, source: str, text: str) -> None:
        """A warning."""
        _LOG.warning("%s: %s", source, text, extra=facts(source=source))
