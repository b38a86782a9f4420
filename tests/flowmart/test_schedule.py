"""The scheduler does one job at a time and ends cleanly on a signal."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.date import DateTrigger

from flowmart.schedule import LATEST_START_SECONDS, serve

AT_ONCE = DateTrigger()


def send(number: int) -> Callable[..., None]:
    def sender(*_: object) -> None:
        os.kill(os.getpid(), number)

    return sender


def never(_: str) -> None:
    raise AssertionError("nothing is due")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait(number: int) -> None:
    far = DateTrigger(datetime(2999, 1, 1, tzinfo=UTC))
    serve({"run": far}, never, ready=send(number))


def test_the_handlers_of_before_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    serve({}, never, ready=send(signal.SIGTERM))
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_a_signal_breaks_off_the_job_under_way_and_lets_it_clean_up() -> None:
    done: list[str] = []

    def job(step: str) -> None:
        try:
            done.append(step)
            send(signal.SIGTERM)()
            done.append("went on")
        finally:
            done.append("cleaned up")

    serve({"run": AT_ONCE}, job, ready=lambda: None)
    assert done == ["run", "cleaned up"]


def test_a_job_that_fails_does_not_end_the_schedule(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def job(step: str) -> None:
        done.append(step)
        if len(done) == 2:
            send(signal.SIGTERM)()
        raise ValueError("broken")

    serve({"sync": AT_ONCE, "compute": DateTrigger()}, job, ready=lambda: None)
    assert sorted(done) == ["compute", "sync"]
    assert [record.getMessage() for record in caplog.records if record.exc_info] == [
        f"{done[0]} failed by a defect of flowmart"
    ]


def test_jobs_that_are_due_together_do_not_overlap() -> None:
    under_way: list[str] = []
    most: list[int] = []

    def job(step: str) -> None:
        under_way.append(step)
        most.append(len(under_way))
        under_way.pop()
        if len(most) == 2:
            send(signal.SIGTERM)()

    serve({"sync": AT_ONCE, "compute": DateTrigger()}, job, ready=lambda: None)
    assert most == [1, 1]


def test_trap_86_a_job_that_is_late_runs_once_and_one_that_is_too_late_does_not() -> None:
    """A machine that slept over the hour does the job when it wakes up."""
    now, done = datetime.now(UTC), list[str]()

    def job(step: str) -> None:
        done.append(step)
        if step == "export":
            send(signal.SIGTERM)()

    due = {
        "run": DateTrigger(now - timedelta(minutes=10)),
        "sync": DateTrigger(now - timedelta(seconds=LATEST_START_SECONDS + 60)),
        "export": AT_ONCE,
    }
    serve(due, job, ready=lambda: None)
    assert done == ["run", "export"]
