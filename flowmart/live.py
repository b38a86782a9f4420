"""The live display of a job on a terminal: what each source is at, how fast, until when, and what has to wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from threading import Event, Lock, Thread

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from connectors.base import Counters, Progress
from flowmart.events import StreamOutcome, summary
from flowmart.logs import LogContext
from flowmart.speaking import tell, turn
from flowmart.text import clipped, duration, printable
from flowmart.tracks import LASTING_SECONDS, Track

_REFRESH_SECONDS = 0.1
_NAME_WIDTH, _STREAM_WIDTH, _BAR_WIDTH, _LEAST_FACTS = 16, 14, 12, 24
_GAPS = 4
"""The spinner, and a blank after each column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A tracker that asks everybody to wait: until when, by the wall clock, and which of its limits is used up."""

    host: str
    seconds: float
    until: datetime
    reason: str

    def told(self) -> str:
        """`acme.atlassian.net asks to wait until 22:15:04, for 38 s (hourly quota)`."""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.host} asks to wait until {self.until:%H:%M:%S}, for {duration(ceil(self.seconds))}{reason}"


Pauses = Callable[[], Sequence[Pause]]


@dataclass(slots=True)
class LiveEvents:
    """A moving line for each source; what went wrong, what took long and the sums stay. A `SyncEvents`."""

    console: Console
    context: LogContext
    pauses: Pauses = tuple
    clock: Callable[[], float] = time.monotonic
    tracks: dict[str, Track] = field(default_factory=dict)
    _step: tuple[str, float] | None = None
    _over: bool = False
    _live: Live | None = None
    _lock: Lock = field(default_factory=Lock)
    _spinner: Spinner = field(default_factory=lambda: Spinner("dots"))

    @contextmanager
    def shown(self) -> Iterator[LiveEvents]:
        """Displays while the block runs; then a line of each source stays."""
        live = Live(console=self.console, get_renderable=self.picture, auto_refresh=False, transient=True)
        over = Event()
        ticking = Thread(target=self._keep_fresh, args=(over,), daemon=True)
        with turn():
            live.start()
        self._live = live
        ticking.start()
        try:
            yield self
        finally:
            over.set()
            ticking.join()
            self._live = None
            with turn():
                live.stop()
            self._tell_sums(last=True)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Within, the display is away: it does not know what others write to the same terminal by stdout."""
        self._tell_sums()
        with turn():
            if self._live is None:
                yield
                return
            self._live.stop()
            try:
                yield
            finally:
                self._live.start()

    def refresh(self) -> None:
        """Draw anew, if it is shown: in its turn, and so not by rich's own thread."""
        with turn():
            if self._live is not None:
                self._live.refresh()

    def stream_started(self, source: str, stream: str, counters: Counters | None = None) -> None:
        """The source's line tells of this stream from now on."""
        with self._lock:
            self.tracks.setdefault(source, Track()).begin(stream, counters, self.clock())

    def page_committed(self, source: str, stream: str, rows: int, progress: Progress | None) -> None:  # noqa: ARG002
        """The line moves."""
        with self._lock:
            self.tracks.setdefault(source, Track()).add(rows, progress, self.clock())

    def stream_finished(self, source: str, stream: str, outcome: StreamOutcome) -> None:
        """A line stays of a stream that failed or took long."""
        with self._lock:
            self.tracks.setdefault(source, Track()).end(outcome)
        if outcome.error is not None:
            self._say(f"{source} {stream}: {summary(outcome)}", "red")
        elif outcome.seconds >= LASTING_SECONDS:
            self._say(f"{source} {stream}: {summary(outcome)}", "")

    def step(self, text: str) -> None:
        """What the job does now; the sources' sums are told before."""
        self._tell_sums()
        with self._lock:
            self._step = (text, self.clock())

    def note(self, source: str, text: str) -> None:
        """A plain line."""
        self._say(f"{source}: {text}", "dim")

    def problem(self, source: str, text: str) -> None:
        """A line that stands out."""
        self._say(f"{source}: {text}", "yellow")

    def picture(self) -> RenderableType:
        """What is to be seen now."""
        now = self.clock()
        with self._lock:
            lines = [self._line(name, track, now) for name, track in self.tracks.items() if track.stream]
            step = None if self._step is None or lines else self._step
        made = Table.grid(padding=(0, 1))
        for each in lines:
            made.add_row(*each)
        said = [self._fit(pause.told(), self.console.width, "yellow") for pause in (self.pauses() if lines else ())]
        if step is not None:
            made.add_row(self._spinner, self._fit(f"{step[0]} {duration(now - step[1])}", self.console.width - 2))
        return Group(made, *said)

    def _keep_fresh(self, over: Event) -> None:
        while not over.wait(_REFRESH_SECONDS):
            self.refresh()

    def _line(self, name: str, track: Track, now: float) -> tuple[RenderableType, ...]:
        """Spinner, source, stream, bar, facts; a narrow terminal has no bar."""
        streams = [one.stream for one in self.tracks.values()]
        names, stream = _widest(self.tracks, _NAME_WIDTH), _widest(streams, _STREAM_WIDTH)
        left = self.console.width - names - stream - _GAPS
        share = track.share()
        cells: list[RenderableType] = [
            self._spinner,
            Text(clipped(printable(name), names)),
            Text(clipped(printable(track.stream), stream)),
        ]
        if left >= _BAR_WIDTH + _LEAST_FACTS:
            left -= _BAR_WIDTH + 1
            cells.append(Text() if share is None else ProgressBar(total=1.0, completed=share, width=_BAR_WIDTH))
        return (*cells, Text(track.facts(now, left), style="dim"))

    def _fit(self, text: str, width: int, style: str = "") -> Text:
        return Text(clipped(printable(self.context.mask(text)), max(width, 1)), style=style)

    def _say(self, line: str, style: str) -> None:
        if not self._over:
            tell(self.console, printable(self.context.mask(line)), style)

    def _tell_sums(self, *, last: bool = False) -> None:
        """Of the sources that are done; the last time of those too that were broken off, and nothing is told any more.

        Threads of a run that was broken off may go on for a while.
        """
        with self._lock:
            told = {name: track for name, track in self.tracks.items() if last or not track.stream}
            self.tracks = {name: track for name, track in self.tracks.items() if name not in told}
        for name, track in told.items():
            if sums := track.sums():
                self._say(f"{name}{sums}", "red" if track.total.error else "")
        self._over = self._over or last


def _widest(texts: Iterable[str], most: int) -> int:
    return min(max(cell_len(printable(text)) for text in texts), most)
