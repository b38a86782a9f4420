"""What all sources of a job share: the warehouse, one writer at a time, the lease, and who watches."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Condition, Lock, Thread
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from connectors.base import Counters
from connectors.errors import SourceError, UnexpectedResponse
from flowmart.clock import utc_now
from flowmart.events import StreamOutcome, SyncEvents
from flowmart.privacy.rules import PrivacyRules
from warehouse.engine import has_one_writer
from warehouse.leases import Lease, LeaseLost
from warehouse.runs import RunEnd, begin_run, end_run

T = TypeVar("T")

_LOOK_SECONDS = 0.2
"""How often the main thread looks up: only there do signals arrive on every system."""
_RENEW_SECONDS = 300.0
_TOO_DEEP = "an answer of the tracker is nested too deeply to be read"
_PATIENCE_SECONDS = 8.0
"""How long pages in hand may take when a person breaks a job off: Docker kills after ten seconds."""


def _nothing() -> None:
    pass


class Shared(Protocol):
    """What sources that are synced side by side have in common; a `Job` is one."""

    def renew(self) -> None:
        """Keep others from it for longer."""

    def break_off(self) -> None:
        """Let what is in hand be committed and nothing else."""


@dataclass(slots=True)
class Tally:
    """What a stream has done so far; `expected` and `received` are in its own units, None where nobody counts."""

    rows_read: int = 0
    rows_written: int = 0
    expected: int | None = None
    received: int | None = None


@dataclass(slots=True)
class Hands:
    """How many pages are being written now; once let go, no further one is taken up."""

    _condition: Condition = field(default_factory=Condition)
    _count: int = 0
    _free: bool = True

    @contextmanager
    def holding(self) -> Iterator[bool]:
        """Whether the page may be written; within, it is in hand."""
        with self._condition:
            taken = self._free
            self._count += taken
        try:
            yield taken
        finally:
            with self._condition:
                self._count -= taken
                self._condition.notify_all()

    def let_go(self, patience_seconds: float) -> None:
        """Take up no further page, and wait until those in hand are written; no longer than a locked warehouse may."""
        with self._condition:
            self._free = False
            self._condition.wait_for(lambda: self._count == 0, patience_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A sync under way. Safe to use from the threads of several sources."""

    engine: Engine
    lease: Lease
    events: SyncEvents
    run_id: str
    now: datetime
    privacy: PrivacyRules
    mask: Callable[[str], str] = str
    """Takes secrets out of what is noted of a failure."""
    committed: Callable[[], None] = _nothing
    """Called after each page's transaction, and now and then in a long wait."""
    _writer: Lock = field(default_factory=Lock)
    _hands: Hands = field(default_factory=Hands)
    _open: dict[str, Callable[[str, str | None], StreamOutcome]] = field(default_factory=dict)
    """Note of each stream under way → what ends it."""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, in which the lease is renewed. Some engines have one writer at a time, who queues here.

        Raises `LeaseLost`, and commits nothing, once the job was given back or is being broken off.
        """
        with self._hands.holding() as taken:
            if not taken:
                raise LeaseLost(self.lease.name)
            with self._transaction() as connection:
                yield connection
            self.committed()

    def renew(self) -> None:
        """Hold the lease for longer: a tracker may keep every source waiting."""
        with self.writing():
            pass

    @contextmanager
    def noted(
        self, source: str, stream: str, counters: Counters, outcomes: list[tuple[str, StreamOutcome]]
    ) -> Iterator[Tally]:
        """Note in `sync_runs` and tell the watcher when a stream begins and how it ends."""
        tally = Tally()
        self.events.stream_started(source, stream, counters)
        with self.writing() as connection:
            note = begin_run(connection, self.run_id, source, stream, utc_now())
        end = self._ender(note, tally, counters)
        self._open[note] = end
        ending, error = "interrupted", None
        try:
            yield tally
            ending = "done"
        except LeaseLost:
            raise
        except SourceError as failure:
            ending, error = "failed", self.mask(str(failure))
            raise
        except RecursionError as failure:
            ending, error = "failed", _TOO_DEEP
            raise UnexpectedResponse(_TOO_DEEP) from failure
        except Exception as failure:
            ending, error = "failed", self.mask(f"{type(failure).__name__}: {failure}").splitlines()[0]
            raise
        finally:
            if self._open.pop(note, None) is not None:
                outcome = end(ending, error)
                outcomes.append((stream, outcome))
                self.events.stream_finished(source, stream, outcome)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._turn(), self.engine.begin() as connection:
            yield connection
            self.lease.renew(connection, utc_now())

    def break_off(self) -> None:
        """Let the pages in hand be committed and no other, and note that the streams under way were interrupted."""
        self._hands.let_go(_PATIENCE_SECONDS)
        for note in list(self._open):
            end = self._open.pop(note, None)
            if end is not None:
                end("interrupted", None)

    def _turn(self) -> AbstractContextManager[object]:
        return self._writer if has_one_writer(self.engine) else nullcontext()

    def _ender(self, note: str, tally: Tally, counters: Counters) -> Callable[[str, str | None], StreamOutcome]:
        began, requests, retries = time.monotonic(), counters.requests, counters.retries

        def end(ending: str, error: str | None) -> StreamOutcome:
            outcome = StreamOutcome(
                rows_read=tally.rows_read,
                rows_written=tally.rows_written,
                requests=counters.requests - requests,
                retries=counters.retries - retries,
                seconds=time.monotonic() - began,
                expected=tally.expected,
                received=tally.received,
                error=error,
            )
            with suppress(SQLAlchemyError, sqlite3.Error, LeaseLost):  # the database may be what failed
                self._note_end(note, ending, outcome)
            return outcome

        return end

    def _note_end(self, note: str, ending: str, outcome: StreamOutcome) -> None:
        end = RunEnd(
            outcome=ending,
            requests=outcome.requests,
            retries=outcome.retries,
            rows_read=outcome.rows_read,
            rows_written=outcome.rows_written,
            expected=outcome.expected,
            received=outcome.received,
            error=self.privacy.line(outcome.error),
        )
        with self._transaction() as connection:
            end_run(connection, note, end, utc_now())


def side_by_side(calls: Sequence[Callable[[], T]], job: Shared) -> list[T]:
    """Each call in a thread of its own; results in the order of the calls.

    What a call raises is raised here when all have ended: of several the first in order. When a person breaks the job
    off, nobody waits for a tracker: pages that are being written are committed, and the streams under way are noted as
    interrupted.
    """
    ended: dict[int, T] = {}
    failed: dict[int, BaseException] = {}

    def work(number: int) -> None:
        try:
            ended[number] = calls[number]()
        except BaseException as failure:  # noqa: BLE001 - raised again in the main thread
            failed[number] = failure

    threads = [Thread(target=work, args=(number,), daemon=True) for number in range(len(calls))]
    try:
        for thread in threads:
            thread.start()
        _wait(threads, job)
    except BaseException:
        job.break_off()
        raise
    for _, failure in sorted(failed.items()):
        raise failure
    return [ended[number] for number in range(len(calls))]


def _wait(threads: Sequence[Thread], job: Shared) -> None:
    """Until all have ended; the lease is renewed, since a tracker may keep every source waiting for long."""
    renewed = time.monotonic()
    for thread in threads:
        while thread.is_alive():
            thread.join(_LOOK_SECONDS)
            if time.monotonic() - renewed > _RENEW_SECONDS:
                renewed = time.monotonic()
                job.renew()
