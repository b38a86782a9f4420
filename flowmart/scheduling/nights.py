"""Sees to it that what is due is done once, whoever does it: under a lease, and by what the warehouse remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from warehouse.job_runs import JobRun, last_settled, settled_to
from warehouse.leases import Lease, LeaseHeld, LeaseLost, hold

LEASE = "scheduled run"
"""One for all steps: another process that is at one of them does the others afterwards, or dies and is succeeded."""

_RENEW_SECONDS = 300.0
_TRY_AGAIN_SECONDS = 5.0


@contextmanager
def kept(engine: Engine, lease: Lease, clock: Callable[[], datetime]) -> Iterator[None]:
    """Renew the lease every five minutes while the block runs, from a thread of its own: a step may take hours."""
    over = Event()
    thread = Thread(target=renewing, args=(engine, lease, clock, over.wait), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()


def renewing(engine: Engine, lease: Lease, clock: Callable[[], datetime], over: Callable[[float], bool]) -> None:
    """Renew the lease until `over`, which waits so many seconds, says that it is no longer needed."""
    pause = _RENEW_SECONDS
    while not over(pause):
        pause = _TRY_AGAIN_SECONDS
        # a warehouse that is locked or away; whoever took the lease over does the step's writes from then on
        with suppress(SQLAlchemyError, LeaseLost), engine.begin() as connection:
            lease.renew(connection, clock())
            pause = _RENEW_SECONDS


Keep = Callable[[Engine, Lease, Callable[[], datetime]], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Nights:
    """Attempts at steps that are due.

    `do` does a step and notes in the warehouse how that ended; it may raise `LeaseHeld`.
    """

    opened: Callable[[], AbstractContextManager[Engine]]
    """The warehouse, for one attempt."""
    clock: Callable[[], datetime]
    do: Callable[[str, datetime], None]
    skipped: Callable[[str, datetime, str], None]
    """Step, when it was due, and why it is not done here."""
    keep: Keep = kept
    """Holds on to the lease for as long as a step takes."""

    def attempt(self, step: str, due: datetime) -> bool:
        """Do the step unless it was done meanwhile; whether it is settled: it came to its end, here or elsewhere.

        A step that failed is settled too. It is not while another process has it, and as long as the warehouse cannot
        remember it.
        """
        with self.opened() as engine:
            try:
                with hold(engine, LEASE, self.clock) as lease, self.keep(engine, lease, self.clock):
                    return self._held(engine, step, due)
            except LeaseHeld as held:
                self.skipped(step, due, str(held))
                return False

    def _held(self, engine: Engine, step: str, due: datetime) -> bool:
        done = settled_for(engine, step)
        if done is not None and _covers(done, due):
            self.skipped(step, due, f"{done.holder} has done it")
            return True
        self.do(step, due)
        return _covers(settled_for(engine, step), due)


def _covers(done: JobRun | None, due: datetime) -> bool:
    return done is not None and done.due_at is not None and done.due_at >= due


def done_up_to(engine: Engine, step: str) -> datetime | None:
    """Where a schedule that starts now goes on; None: with the present."""
    with engine.connect() as connection:
        return settled_to(connection, step)


def settled_for(engine: Engine, step: str) -> JobRun | None:
    """The run of the step that was due last, of those that came to their end."""
    with engine.connect() as connection:
        return last_settled(connection, step)
