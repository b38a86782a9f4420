"""Does jobs when they are due, one at a time, until told to stop."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from apscheduler.events import EVENT_JOB_SUBMITTED, EVENT_SCHEDULER_STARTED, SchedulerEvent
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.base import BaseTrigger

_LOG = logging.getLogger(__name__)
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

LATEST_START_SECONDS = 12 * 3600
"""A job that could not start when due (the machine slept, another job ran) starts up to this much later, once."""


class Stop(BaseException):
    """Breaks off the job under way: its open transaction is rolled back, its lease is given back."""


@dataclass(slots=True)
class _State:
    stopping: bool = False
    in_job: bool = False


def serve(due: Mapping[str, BaseTrigger], job: Callable[[str], None], ready: Callable[[], None]) -> None:
    """Call `job` with a step's name when its trigger is due; returns after SIGTERM or SIGINT.

    `ready` is called once, when signals are heeded and jobs begin to be due.
    Jobs run in this thread, so that two never overlap and a signal breaks one off. A job that raises is logged, and
    comes again when it is next due.
    """
    scheduler, state = BlockingScheduler(), _State()
    scheduler.add_executor(DebugExecutor())
    for step, trigger in due.items():
        scheduler.add_job(
            _guarded,
            trigger,
            args=(job, step, state),
            name=step,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=LATEST_START_SECONDS,
        )

    def stop_if_told(_: SchedulerEvent) -> None:
        if state.stopping and scheduler.running:
            scheduler.shutdown(wait=False)

    scheduler.add_listener(lambda _: ready(), EVENT_SCHEDULER_STARTED)
    # told after the scheduler has noted the job's next time; a shutdown within the job would take its list away
    scheduler.add_listener(stop_if_told, EVENT_SCHEDULER_STARTED | EVENT_JOB_SUBMITTED)
    with _stopped_by_signals(scheduler, state):
        scheduler.start()


def _guarded(job: Callable[[str], None], step: str, state: _State) -> None:
    state.in_job = True
    try:
        if not state.stopping:
            job(step)
    except Stop:
        _LOG.warning("%s was broken off; what was committed is kept", step)
    except Exception:  # noqa: BLE001 - a night that fails must not end the nights after it
        _LOG.exception("%s failed by a defect of flowmart", step)
    finally:
        state.in_job = False


@contextmanager
def _stopped_by_signals(scheduler: BlockingScheduler, state: _State) -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> None:
        if state.stopping:
            return
        state.stopping = True
        if state.in_job:
            raise Stop
        if scheduler.running:
            scheduler.shutdown(wait=False)

    before = {number: signal.signal(number, stop) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
