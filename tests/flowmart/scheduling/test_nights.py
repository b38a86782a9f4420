"""What is due is done by one process; others skip it, and take it over when that one is dead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert, select

from flowmart.scheduling.nights import LEASE, Nights, done_up_to, renewing
from warehouse.job_runs import JobRun, begin_job, end_job, forget_jobs, last_jobs, take_back_job
from warehouse.leases import LEASE_TIME, LeaseHeld, hold
from warehouse.tables.operational import leases

DUE = datetime(2026, 11, 25, 1, 15, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Site:
    """A schedule on a warehouse; a run ends as `outcome` says, or is not noted at all."""

    engine: Engine
    outcome: str | None = "done"
    now: datetime = DUE
    done: list[datetime] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def attempt(self, due: datetime = DUE, step: str = "run") -> bool:
        nights = Nights(self.opened, lambda: self.now, self.do, lambda *said: self.reasons.append(said[2]))
        return nights.attempt(step, due)

    @contextmanager
    def opened(self) -> Iterator[Engine]:
        yield self.engine

    def do(self, step: str, due: datetime) -> None:
        self.done.append(due)
        if self.outcome is not None:
            note(self.engine, f"{due} {len(self.done)}", step, due, self.outcome)


def note(engine: Engine, run_id: str, step: str, due: datetime | None, outcome: str, at: datetime = DUE) -> None:
    run = JobRun(run_id=run_id, step=step, due_at=due, holder="other process 7", started_at=at)
    with engine.begin() as connection:
        begin_job(connection, run)
        end_job(connection, run_id, outcome, at, error=None, summary=None)


@pytest.fixture
def site(warehouse: Engine) -> Site:
    return Site(warehouse)


@pytest.mark.parametrize("outcome", ["done", "failed"])
def test_a_run_that_came_to_its_end_settles_what_was_due_for_everybody(warehouse: Engine, outcome: str) -> None:
    first, second = Site(warehouse, outcome), Site(warehouse)
    assert first.attempt()
    assert second.attempt()
    assert (first.done, second.done) == ([DUE], [])
    assert second.reasons == ["other process 7 has done it"]
    assert second.attempt(DUE + DAY)
    assert second.done == [DUE + DAY]


@pytest.mark.parametrize("outcome", ["interrupted", None])
def test_a_run_that_was_broken_off_or_not_noted_is_done_again(site: Site, outcome: str | None) -> None:
    site.outcome = outcome
    assert not site.attempt()
    site.outcome = "done"
    assert site.attempt()
    assert site.done == [DUE, DUE]


@pytest.mark.parametrize(("outcomes", "goes_on"), [((), None), (("done", "failed"), 1), (("done", "interrupted"), 0)])
def test_a_schedule_that_starts_goes_on_after_what_was_due_last_and_came_to_its_end(
    site: Site, outcomes: tuple[str, ...], goes_on: int | None
) -> None:
    for number, outcome in enumerate(outcomes):
        note(site.engine, f"r{number}", "run", DUE + number * DAY, outcome)
    assert done_up_to(site.engine, "run") == (None if goes_on is None else DUE + goes_on * DAY)


def test_a_first_night_that_was_broken_off_is_still_to_be_done(site: Site) -> None:
    note(site.engine, "r", "run", DUE, "interrupted")
    found = done_up_to(site.engine, "run")
    assert found is not None
    assert found < DUE


def test_another_step_and_a_run_that_no_schedule_began_settle_nothing(site: Site) -> None:
    note(site.engine, "r-sync", "sync", DUE + DAY, "done")
    note(site.engine, "r-by-hand", "run", None, "done")
    assert site.attempt()
    assert site.done == [DUE]


def test_while_another_process_is_at_it_nothing_is_done_and_when_that_is_dead_it_is_taken_over(site: Site) -> None:
    held = {"lease_name": LEASE, "holder": "other process 7", "acquired_at": DUE, "expires_at": DUE + LEASE_TIME}
    with site.engine.begin() as connection:
        connection.execute(insert(leases).values(held))
    assert not site.attempt()
    assert site.reasons[0].startswith("another scheduled run is under way: other process 7 holds it since ")
    site.now += LEASE_TIME
    assert site.attempt()
    assert site.done == [DUE]


def test_a_run_that_somebody_began_by_hand_is_waited_for(site: Site) -> None:
    def held(_: str, __: datetime) -> None:
        raise LeaseHeld("run", "me", DUE, DUE)

    nights = Nights(site.opened, lambda: DUE, held, lambda *said: site.reasons.append(said[2]))
    assert not nights.attempt("run", DUE)
    assert site.reasons[0].startswith("another run is under way: me holds it")
    with site.engine.connect() as connection:
        assert connection.execute(select(leases)).all() == []


def test_the_lease_of_a_long_step_is_renewed_also_after_the_warehouse_was_away(warehouse: Engine) -> None:
    now, waited = DUE, list[float]()

    def over(seconds: float) -> bool:
        nonlocal now
        now += timedelta(seconds=seconds)
        waited.append(seconds)
        return len(waited) == 4

    def clock() -> datetime:
        if len(waited) == 2:
            with warehouse.connect() as connection:
                connection.exec_driver_sql("SELECT nonsense")
        return now

    with hold(warehouse, LEASE, lambda: DUE) as lease:
        renewing(warehouse, lease, clock, over)
        with warehouse.connect() as connection:
            expires_at = connection.scalar(select(leases.c.expires_at))
    assert waited == [300, 300, 5, 300]
    assert expires_at == DUE + timedelta(seconds=605) + LEASE_TIME


def test_old_notes_of_runs_are_forgotten_but_the_last_of_each_step(warehouse: Engine) -> None:
    note(warehouse, "a", "run", DUE - 3 * DAY, "done", DUE - 3 * DAY)
    note(warehouse, "b", "run", DUE - 2 * DAY, "failed", DUE - 2 * DAY)
    note(warehouse, "c", "sync", None, "done", DUE - 3 * DAY)
    note(warehouse, "d", "sync", None, "done", DUE)
    with warehouse.begin() as connection:
        assert forget_jobs(connection, DUE - DAY) == 2
        assert [run.run_id for run in last_jobs(connection)] == ["d", "b"]
        take_back_job(connection, "d")
        assert [run.run_id for run in last_jobs(connection)] == ["b"]
