"""The schedule does one step at a time and ends cleanly on a signal."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from flowmart.cron import Due
from flowmart.scheduling.plan import Attempt, Plan
from flowmart.scheduling.serving import serve

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def send(number: int) -> Callable[..., None]:
    def sender(*_: object) -> None:
        os.kill(os.getpid(), number)

    return sender


class Clock:
    """Time passes in sleep only, an hour for each."""

    def __init__(self) -> None:
        self.now = NOON
        self.asked: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.now += timedelta(hours=1)


def plan_of(clock: Clock, **crons: str) -> Plan:
    made = Plan(clock, lambda *_: None)
    for step, cron in crons.items():
        made.add(step, Due(cron, UTC), None)
    return made


def served(attempt: Attempt, ready: Callable[[], None] = lambda: None, **crons: str) -> Clock:
    clock = Clock()
    serve(plan_of(clock, **crons), attempt, sleep=clock.sleep, ready=ready)
    return clock


def never(_: str, __: datetime) -> bool:
    raise AssertionError("nothing is due")


@pytest.fixture(autouse=True)
def _handlers_of_before() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    yield
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_before_the_first_step_ends_it(number: int) -> None:
    assert served(never, ready=send(number), run="0 0 1 1 *").asked == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait(number: int) -> None:
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        send(number)()
        raise AssertionError("slept on")

    serve(plan_of(clock, run="0 0 1 1 *"), never, sleep=sleep, ready=lambda: None)
    assert clock.asked == [1.0]


def test_no_sleep_is_longer_than_a_second_since_a_machine_may_be_suspended_in_it() -> None:
    def attempt(_: str, __: datetime) -> bool:
        send(signal.SIGTERM)()
        return True

    assert set(served(attempt, run="0 20 * * *").asked) == {1.0}


def test_a_signal_breaks_off_the_step_under_way_and_lets_it_clean_up(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def attempt(step: str, _: datetime) -> bool:
        try:
            done.append(step)
            send(signal.SIGTERM)()
            done.append("went on")
        finally:
            send(signal.SIGTERM)()  # whoever asks twice does not disturb the cleaning up
            done.append("cleaned up")
        return True

    served(attempt, run="0 13 * * *")
    assert done == ["run", "cleaned up"]
    assert "run was broken off; what was committed is kept" in caplog.text


def test_a_step_that_fails_by_a_defect_is_logged_and_the_schedule_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def attempt(step: str, _: datetime) -> bool:
        done.append(step)
        if len(done) == 2:
            send(signal.SIGTERM)()
        raise ValueError("broken")

    served(attempt, sync="0 13 * * *", compute="0 13 * * *")
    assert done == ["sync", "compute"]
    assert [record.getMessage() for record in caplog.records if record.exc_info] == [
        "sync failed by a defect of flowmart"
    ]
