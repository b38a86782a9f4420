"""The plan says what is due by any clock: late within limits, once for several times missed, again where unsettled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flowmart.cron import Due
from flowmart.scheduling.plan import LATEST_START, LOOK_AGAIN, Plan

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAILY = Due("15 2 * * *", UTC)
NIGHT = datetime(2026, 11, 25, 2, 15, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Told:
    """A plan by a clock that is set by hand, and what was attempted and missed."""

    now: datetime = NOON
    attempts: list[tuple[str, datetime]] = field(default_factory=list)
    missed: list[tuple[str, datetime]] = field(default_factory=list)
    settles: Callable[[], bool] = lambda: True

    def plan(self, *, since: datetime | None = None, **dues: Due) -> Plan:
        made = Plan(lambda: self.now, lambda step, due: self.missed.append((step, due)))
        for step, due in dues.items():
            made.add(step, due, since)
        return made

    def turn(self, plan: Plan, at: datetime) -> datetime | None:
        self.now = at
        return plan.turn(self.attempt)

    def attempt(self, step: str, due: datetime) -> bool:
        self.attempts.append((step, due))
        return self.settles()


def test_nothing_is_due_before_its_time() -> None:
    told = Told()
    plan = told.plan(run=DAILY)
    assert told.turn(plan, NIGHT - timedelta(seconds=1)) == NIGHT
    assert told.turn(plan, NIGHT) == NIGHT + DAY
    assert told.attempts == [("run", NIGHT)]


def test_trap_86_a_step_that_is_late_runs_once_and_one_that_is_too_late_does_not() -> None:
    """A machine that slept over the hour does the job when it wakes up."""
    told = Told()
    plan = told.plan(run=DAILY)
    told.turn(plan, NIGHT + LATEST_START)
    assert told.attempts == [("run", NIGHT)]
    assert told.turn(plan, NIGHT + DAY + LATEST_START + timedelta(seconds=1)) == NIGHT + 2 * DAY
    assert told.attempts == [("run", NIGHT)]
    assert told.missed == [("run", NIGHT + DAY)]


def test_what_was_due_several_times_is_done_once_for_the_newest() -> None:
    told = Told()
    plan = told.plan(run=Due("*/10 * * * *", UTC))
    assert told.turn(plan, NOON + timedelta(days=40, minutes=5)) == NOON + timedelta(days=40, minutes=10)
    assert told.attempts == [("run", NOON + timedelta(days=40))]


def test_a_plan_begins_with_the_present_or_after_what_was_done_last() -> None:
    told = Told(now=NIGHT + timedelta(hours=1))
    assert told.plan(run=DAILY).turn(told.attempt) == NIGHT + DAY
    assert told.attempts == []
    told.plan(since=NIGHT - DAY, run=DAILY).turn(told.attempt)
    assert told.attempts == [("run", NIGHT)]


def test_a_step_that_is_not_settled_is_looked_at_again_until_it_is_too_late() -> None:
    told = Told(settles=lambda: False)
    plan = told.plan(run=DAILY)
    assert told.turn(plan, NIGHT) == NIGHT + LOOK_AGAIN
    told.turn(plan, NIGHT + LOOK_AGAIN)
    assert told.attempts == [("run", NIGHT)] * 2
    told.turn(plan, NIGHT + LATEST_START + timedelta(minutes=1))
    assert told.missed == [("run", NIGHT)]
    assert len(told.attempts) == 2


def test_of_several_steps_the_one_that_waits_longest_comes_first_and_one_at_a_time() -> None:
    told = Told()
    plan = told.plan(export=Due("30 2 * * *", UTC), run=DAILY)
    late = NIGHT + timedelta(hours=1)
    assert told.turn(plan, late) == NIGHT + timedelta(minutes=15)
    told.turn(plan, late)
    assert [step for step, _ in told.attempts] == ["run", "export"]


def test_what_is_never_due_wakes_nobody() -> None:
    assert Told().plan(run=Due("0 0 31 2 *", UTC)).turn(lambda *_: True) is None
