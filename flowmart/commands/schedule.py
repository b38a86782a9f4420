"""`flowmart schedule`."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import typer
from sqlalchemy import Engine

from flowmart.clock import utc_now
from flowmart.commands.options import session_of
from flowmart.commands.run import explained, night_of, show
from flowmart.config import Config
from flowmart.cron import Due
from flowmart.errors import UsageError
from flowmart.logs import facts
from flowmart.nightly import perform, tell_failure
from flowmart.scheduling.nights import Nights, done_up_to
from flowmart.scheduling.plan import LATEST_START, LOOK_AGAIN, Plan
from flowmart.scheduling.serving import serve
from flowmart.session import Session
from flowmart.status import read_status
from flowmart.store import connected, opened, require_newest
from flowmart.telling.endpoint import listening
from flowmart.text import duration, instant
from warehouse.engine import warehouse_exists
from warehouse.leases import LeaseHeld

_LOG = logging.getLogger(__name__)


def command(context: typer.Context) -> None:
    """Stay and do the nightly job when it is due, until stopped.

    The times are cron expressions under [schedule] in the configuration, in calendar.timezone. Each is done once, by
    whichever process comes first; what could not start when due starts up to 12 hours later. The configuration is read
    anew before each run. SIGTERM and Ctrl-C end it (exit code 0).
    """
    session = session_of(context)
    config = session.config()
    session.begin()
    crons = config.schedule.crons()
    if not crons:
        raise UsageError(f'{session.config_file}: schedule.run: say when, e.g. run = "15 2 * * *"')
    schedule = Schedule(session, config)
    plan = Plan(utc_now, schedule.missed)
    settled = _settled(config)
    for step, cron in crons.items():
        plan.add(step, Due(cron, config.zone), settled.get(step))

    def tell_when() -> None:
        for step, due in plan.next_due().items():
            session.tell(f"{step} is next due {instant(due, config.zone) if due else 'never'}")

    with _telemetry(config):
        serve(plan, schedule.attempt, sleep=time.sleep, ready=tell_when)
    session.tell("stopped")


@dataclass(slots=True)
class Schedule:
    """What the schedule says and does. The same sentence about the same step is said once, not every five minutes."""

    session: Session
    config: Config
    _said: dict[str, str] = field(default_factory=dict)

    def attempt(self, step: str, due: datetime) -> bool:
        """Do the step if nobody has. What a user or the world can cause is a line of the log, and no end."""
        try:
            self.config, now = self.session.config(), self.session.begin()
            nights = Nights(
                opened=partial(_opened, self.config),
                clock=utc_now,
                do=lambda step, due: self._do(step, due, now),
                skipped=self.skipped,
            )
            return nights.attempt(step, due)
        except Exception as error:
            failure = self.session.explain(error)
            if failure is None:
                raise
            text = f"due {self._at(due)} cannot begin: {failure.text}"
            if self._say(logging.ERROR, step, f"{text}; looking again every {_AGAIN}"):
                tell_failure(night_of(self.session, self.config, step, utc_now(), due), text)
            return False

    def missed(self, step: str, due: datetime) -> None:
        """It cannot be done any more."""
        most = duration(LATEST_START.total_seconds())
        _LOG.warning("%s due %s was not done: that is more than %s ago", step, self._at(due), most)

    def skipped(self, step: str, due: datetime, reason: str) -> None:
        """Another process does it, or did: no failure."""
        self._say(logging.INFO, step, f"due {self._at(due)} is skipped here: {reason}")

    def _do(self, step: str, due: datetime, now: datetime) -> None:
        self._said.pop(step, None)
        _LOG.info("%s begins, due %s", step, self._at(due), extra=facts(step=step, due=due))
        night = night_of(self.session, self.config, step, now, due)
        try:
            with self.session.watching() as events:
                perform(night, None, events, partial(show, self.session, self.config))
        except LeaseHeld:
            raise
        except Exception as error:  # noqa: BLE001 - it is noted and told; a night that fails must not end the schedule
            if self.session.explain(error) is None:
                _LOG.exception("%s failed by a defect of flowmart", step, extra=facts(step=step, outcome="failed"))
                return
            _LOG.error("%s: %s", step, explained(self.session, error), extra=facts(step=step, outcome="failed"))
        else:
            _LOG.info("%s is done", step, extra=facts(step=step, outcome="done"))

    def _say(self, level: int, step: str, text: str) -> bool:
        """Whether it was said for the first time."""
        is_new = self._said.get(step) != text
        self._said[step] = text
        _LOG.log(level if is_new else logging.DEBUG, "%s: %s", step, text, extra=facts(step=step))
        return is_new

    def _at(self, moment: datetime) -> str:
        return instant(moment, self.config.zone)


@contextmanager
def _opened(config: Config) -> Iterator[Engine]:
    engine = opened(config)
    try:
        yield engine
    finally:
        engine.dispose()


_AGAIN = duration(LOOK_AGAIN.total_seconds())


def _settled(config: Config) -> dict[str, datetime]:
    """Step → when it was due that was done last; a warehouse that cannot be read now tells nothing."""
    engine = connected(config)
    found: dict[str, datetime] = {}
    try:
        with suppress(Exception):
            if warehouse_exists(engine):
                require_newest(engine)
                known = {step: done_up_to(engine, step) for step in config.schedule.crons()}
                found = {step: moment for step, moment in known.items() if moment is not None}
    finally:
        engine.dispose()
    return found


def _telemetry(config: Config) -> AbstractContextManager[object]:
    address = config.telemetry.address()
    if address is None:
        return nullcontext()
    return listening(address, lambda: read_status(config, utc_now()), config.schedule.max_age_seconds)
