"""Shows a sync as it goes: a live display on a terminal, one log line per stream elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

import connectors.base
from flowmart.events import StreamOutcome, SyncEvents
from flowmart.logs import LogContext, facts
from flowmart.text import count, duration, printable

_LOG = logging.getLogger(__name__)


@contextmanager
def watching(console: Console, context: LogContext, *, live: bool) -> Iterator[SyncEvents]:
    """Events to hand to a sync; the live display is there while the block runs."""
    if not live:
        yield LoggedEvents()
        return
    with LiveEvents(console, context).shown() as events:
        yield events


def summary(outcome: StreamOutcome) -> str:
    """`2,000 rows in 4 s (500/s), 25 requests, 1 retry`, or what went wrong after how many."""
    rate = f" ({outcome.rows_read / outcome.seconds:,.0f}/s)" if outcome.seconds >= 1 and outcome.rows_read else ""
    retries = f", {outcome.retries:,} retr{'y' if outcome.retries == 1 else 'ies'}" if outcome.retries else ""
    took = f"{outcome.seconds:.1f} s" if outcome.seconds < _SHORT_SECONDS else duration(outcome.seconds)
    done = f"{count(outcome.rows_read, 'row')} in {took}{rate}, {count(outcome.requests, 'request')}{retries}"
    return done if outcome.error is None else f"failed after {done}: {outcome.error}"


_SHORT_SECONDS = 10


class LoggedEvents:
    """One line when a stream ends; pages are told at `-v`. A `SyncEvents`."""

    def stream_started(self, source: str, stream: str) -> None:
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


class LiveEvents:
    """A moving line for each stream under way; a plain line stays of each that ended. A `SyncEvents`."""

    def __init__(self, console: Console, context: LogContext) -> None:
        self._console = console
        self._context = context
        self._lock = Lock()
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._display = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            _AmountColumn(markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )

    @contextmanager
    def shown(self) -> Iterator[LiveEvents]:
        """Displays while the block runs."""
        with self._display:
            yield self

    def stream_started(self, source: str, stream: str) -> None:
        """A new moving line."""
        with self._lock:
            task = self._display.add_task(f"{printable(source)} {stream}", total=None, rows=0)
            self._tasks[source, stream] = task

    def page_committed(self, source: str, stream: str, rows: int, progress: connectors.base.Progress | None) -> None:
        """The line moves."""
        with self._lock:
            task = self._tasks[source, stream]
            self._display.update(
                task, rows=self._display.tasks[self._display.task_ids.index(task)].fields["rows"] + rows
            )
            if progress is not None:
                self._display.update(task, completed=progress.done, total=progress.total)

    def stream_finished(self, source: str, stream: str, outcome: StreamOutcome) -> None:
        """The moving line becomes a plain one."""
        with self._lock:
            self._display.remove_task(self._tasks.pop((source, stream)))
        style = "" if outcome.error is None else "red"
        self._say(f"{source} {stream}: {summary(outcome)}", style)

    def note(self, source: str, text: str) -> None:
        """A plain line."""
        self._say(f"{source}: {text}", "dim")

    def problem(self, source: str, text: str) -> None:
        """A line that stands out."""
        self._say(f"{source}: {text}", "yellow")

    def _say(self, line: str, style: str) -> None:
        self._console.print(Text(printable(self._context.mask(line)), style=style), soft_wrap=True)


class _AmountColumn(TextColumn):
    """`2,000 of 8,000 · 9,500 rows · 640/s`."""

    def __init__(self, *, markup: bool) -> None:
        super().__init__("", markup=markup)

    def render(self, task: Task) -> Text:
        of = f"{int(task.completed):,} of {int(task.total):,}, " if task.total else ""
        rows = int(task.fields["rows"])
        rate = f" ({rows / task.elapsed:,.0f}/s)" if task.elapsed and task.elapsed >= 1 else ""
        return Text(f"{of}{count(rows, 'row')}{rate}")
