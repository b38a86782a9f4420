"""One call of the command line: its options, where it speaks, what it has loaded."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType

from flowmart import logs
from flowmart.clock import new_run_id, run_now, utc_now
from flowmart.events import SyncEvents
from flowmart.logs import LogContext, LogFormat
from flowmart.secrets import of_environment
from flowmart.speaking import lay, say, tell
from flowmart.text import harmless

if TYPE_CHECKING:
    from flowmart.config import Config
    from flowmart.failures import Failure
    from flowmart.live import LiveEvents, Pause

_LOG = logging.getLogger(__name__)
_PIPE_WIDTH = 10_000
"""Nothing is folded or cut where no person reads it as it comes."""


@dataclass(slots=True, kw_only=True)
class Session:
    """What every command gets. Results go to `out`, all else to `err`."""

    environment: Mapping[str, str]
    out: Console = field(default_factory=lambda: _console(stderr=False))
    err: Console = field(default_factory=lambda: _console(stderr=True))
    context: LogContext = field(default_factory=LogContext)
    config_option: Path | None = None
    verbosity: int = 0
    log_format: LogFormat = LogFormat.TEXT
    loaded: Config | None = None
    """The configuration, once it is read."""
    started_at: datetime | None = None
    live: LiveEvents | None = None
    """The display of a job, while it is shown."""
    run_id: str = ""
    """Name of the run that began at `started_at`."""

    def start_logging(self) -> None:
        """Send logging to `err` in the wanted form."""
        self.context.hide(of_environment(self.environment))
        level = {-1: logging.WARNING, 0: logging.INFO}.get(self.verbosity, logging.DEBUG)
        logs.configure(self.err, self.log_format, level, self.context)

    @property
    def config_file(self) -> Path:
        """The configuration file meant."""
        from flowmart.config import config_path

        return config_path(self.config_option, self.environment)

    def config(self) -> Config:
        """The configuration; its secrets are masked in all output from here on."""
        # here, since a help text needs none: the settings cost more than all else that it takes
        from flowmart.config import load_config

        config = load_config(self.config_file, self.environment)
        self.context.hide(config.secrets())
        self.loaded = config
        return config

    def explain(self, error: BaseException) -> Failure | None:
        """What to tell of a failure, with whoever locks us out; None for a defect of ours."""
        from flowmart.failures import explain, is_lock_timeout  # here, since it knows the errors of every library
        from flowmart.store import lock_holders

        failure = explain(error, None if self.loaded is None else self.loaded.warehouse.shown)
        if failure is None or self.loaded is None or not is_lock_timeout(error):
            return failure
        return replace(failure, text=f"{failure.text}; {lock_holders(self.loaded)}")

    def begin(self) -> datetime:
        """The now of a run that begins here; log lines carry its id."""
        self.started_at = run_now(self.environment)
        self.context.run = self.run_id = new_run_id(self.started_at)
        return self.started_at

    @contextmanager
    def watching(self) -> Iterator[SyncEvents]:
        """Events for a job: live on a terminal, else as log lines."""
        from flowmart.live import LiveEvents
        from flowmart.progress import watching  # here, since most commands show no progress

        live = self.err.is_terminal and not self.err.is_dumb_terminal
        wanted = self.verbosity == 0 and self.log_format is LogFormat.TEXT
        with watching(self.err, self.context, live=live and wanted, pauses=self._pauses) as events:
            self.live = events if isinstance(events, LiveEvents) else None
            try:
                yield events
            finally:
                self.live = None

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Within, no live display is in the way of stdout."""
        with nullcontext() if self.live is None else self.live.aside():
            yield

    def _pauses(self) -> Sequence[Pause]:
        """What trackers ask for now, by the clock of the calendar."""
        from flowmart.live import Pause  # here, as above
        from flowmart.sources import LIMITERS

        now = utc_now()
        zone = None if self.loaded is None else self.loaded.zone
        return [
            Pause(
                host=one.host,
                seconds=seconds,
                until=(now + timedelta(seconds=seconds)).astimezone(zone),
                reason=one.reason,
            )
            for one, seconds in LIMITERS.closed(now.timestamp())
        ]

    def _fit(self, text: str) -> str:
        """Fit to be shown: a tracker's words may be in it."""
        return harmless(self.context.mask(text))

    def print(self, text: str) -> None:
        """A line of the result, or several, folded to the width of a terminal."""
        with self._aside():
            tell(self.out, self._fit(text))

    def show(self, what: RenderableType = "") -> None:
        """A table of the result, or a line with styles; nothing is an empty line."""
        with self._aside():
            lay(self.out, what)

    def put(self, text: str) -> None:
        """A result as it is, also on a terminal: what programs read."""
        with self._aside():
            say(self.out, self._fit(text))

    def fail(self, text: str) -> None:
        """Why the command fails, on stderr: always shown."""
        if self.log_format is LogFormat.JSON:
            _LOG.error(text)
        else:
            tell(self.err, self._fit(text))

    def tell(self, text: str) -> None:
        """A line for the person, on stderr; `-q` leaves it out."""
        if self.log_format is LogFormat.JSON:
            _LOG.info(text)
        elif self.verbosity >= 0:
            tell(self.err, self._fit(text))


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, emoji=False, markup=False)
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return Console(stderr=stderr, highlight=False, emoji=False, markup=False, width=_PIPE_WIDTH)
