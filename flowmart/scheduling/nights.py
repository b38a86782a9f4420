"""Sees to it that what is due is done once, whoever does it: under a lease, and by what the warehouse remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from warehouse.job_runs import JobRun, last_settled
from warehouse.leases import Lease, LeaseHeld, LeaseLost, hold

LEASE = "scheduled run"
"""One for all steps: another process that is at one of them does the others afterwards, or dies and is succeeded."""

_RENEW_SECONDS = 300.0
_TRY_AGAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Nights:
    """Attempts at steps that are due.

    `do` does a step and notes in the warehouse how that ended; it may raise `LeaseHeld`.
    """

    opened: Callable[[], Engine]
    clock: Callable[[], datetime]
    do: Callable[[str, datetime], None]
    skipped: Callable[[str, datetime, str], None]
    """Step, when it was due, and why it is not done here."""

    def attempt(self, step: str, due: datetime) -> bool:
        """Do the step unless it was done meanwhile; whether it is settled: it came to its end, here or elsewhere.

        A step that failed is settled too. It is not while another process has it, and as long as the warehouse cannot
        remember it.
        """
        engine = self.opened()
        try:
            with hold(engine, LEASE, self.clock) as lease, kept(engine, lease, self.clock):
                done = settled_for(engine, step)
                if done is not None and done.due_at is not None and done.due_at >= due:
                    self.skipped(step, due, f"{done.holder} has done it")
                    return True
                self.do(step, due)
                done = settled_for(engine, step)
                return done is not None and done.due_at is not None and done.due_at >= due
        except LeaseHeld as held:
            self.skipped(step, due, str(held))
            return False
        finally:
            engine.dispose()


def settled_for(engine: Engine, step: str) -> JobRun | None:
    """The run of the step that was due last, of those that came to their end."""
    with engine.connect() as connection:
        return last_settled(connection, step)


@contextmanager
def kept(engine: Engine, lease: Lease, clock: Callable[[], datetime]) -> Iterator[None]:
    """Renew the lease every five minutes while the block runs, from a thread of its own: a step may take hours."""
    over = Event()

    def renew() -> None:
        pause = _RENEW_SECONDS
        while not over.wait(pause):
            pause = _TRY_AGAIN_SECONDS
            # a warehouse that is locked or away; whoever took the lease over does the step's writes from then on
            with suppress(SQLAlchemyError, LeaseLost), engine.begin() as connection:
                lease.renew(connection, clock())
                pause = _RENEW_SECONDS

    thread = Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
