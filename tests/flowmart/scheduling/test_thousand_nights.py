"""A thousand nights by a clock of their own: whatever happens, each due night comes to its end once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, StaticPool, create_engine, delete, insert

from flowmart.cron import Due
from flowmart.scheduling.nights import LEASE, Nights, done_up_to
from flowmart.scheduling.plan import Plan
from warehouse.job_runs import JobRun, begin_job, end_job, forget_jobs
from warehouse.leases import LEASE_TIME, Lease
from warehouse.tables import METADATA
from warehouse.tables.operational import job_runs, leases

ZONE = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
CRON = "30 2 * * *"
RENEWED = timedelta(minutes=10)


class Stopped(BaseException):
    """SIGTERM: what is open is rolled back, the lease is given back."""


class Killed(BaseException):
    """SIGKILL, or the machine is gone: nothing is given back."""


class UnreachableError(Exception):
    """The warehouse does not answer."""


def due_nights(number: int) -> list[datetime]:
    """02:30 on so many days by the wall clock; where it comes twice the first, where it does not come an hour later."""
    days = (BEGIN.date() + timedelta(days=day + 1) for day in range(number))
    return [datetime(day.year, day.month, day.day, 2, 30, tzinfo=ZONE).astimezone(UTC) for day in days]


@dataclass
class World:
    """Clock, warehouse, and the processes on it: what they do takes time, in which the others go on."""

    engine: Engine
    chance: random.Random
    now: datetime = BEGIN
    away_until: datetime = BEGIN
    """When the warehouse can be reached again."""
    processes: list[Process] = field(default_factory=list)
    held: list[tuple[Engine, Lease]] = field(default_factory=list)
    ended: list[datetime] = field(default_factory=list)
    """When each night was due that came to its own end, well or not."""
    happened: Counter[str] = field(default_factory=Counter)
    runs: int = 0

    def clock(self) -> datetime:
        return self.now

    def minutes(self, most: int) -> timedelta:
        return timedelta(minutes=self.chance.randint(1, most))

    def live(self, until: datetime, busy: frozenset[str] = frozenset()) -> None:
        """Let everybody who is not busy do what is due until then."""
        while True:
            free = [each for each in self.processes if each.name not in busy and each.wakes_at <= until]
            if not free:
                break
            first = min(free, key=lambda each: each.wakes_at)
            self._pass_time(first.wakes_at)
            first.wake(busy)
        self._pass_time(until)

    def _pass_time(self, until: datetime) -> None:
        while self.now + RENEWED < until:
            self.now += RENEWED
            self._renew()
        self.now = max(self.now, until)
        self._renew()

    def _renew(self) -> None:
        for engine, lease in self.held:
            with engine.begin() as connection:
                lease.renew(connection, self.now)

    @contextmanager
    def keep(self, engine: Engine, lease: Lease, _: Callable[[], datetime]) -> Iterator[None]:
        """In place of a thread: the world renews leases when time passes."""
        self.held.append((engine, lease))
        try:
            yield
        finally:
            self.held.remove((engine, lease))

    @contextmanager
    def opened(self) -> Iterator[Engine]:
        if self.now < self.away_until:
            raise UnreachableError
        yield self.engine


@dataclass
class Process:
    """`flowmart schedule` on some machine; it may be down and come back."""

    name: str
    world: World
    wakes_at: datetime = BEGIN
    plan: Plan | None = None
    busy: frozenset[str] = frozenset()

    def wake(self, busy: frozenset[str]) -> None:
        """Start if it is down, else do what is due."""
        world, self.busy = self.world, busy | {self.name}
        try:
            if self.plan is None:
                self.start()
            elif world.chance.random() < 0.01:
                self.end("restarts")
                return
            assert self.plan is not None
            self.wakes_at = max(self.plan.turn(self.attempt) or world.now, world.now + timedelta(seconds=1))
        except (Stopped, Killed) as end:
            self.end(type(end).__name__)

    def start(self) -> None:
        self.plan = Plan(self.world.clock, self.missed)
        self.plan.add("run", Due(CRON, ZONE), done_up_to(self.world.engine, "run"))

    def end(self, why: str) -> None:
        self.world.happened[why] += 1
        self.plan, self.wakes_at = None, self.world.now + self.world.minutes(240)

    def missed(self, step: str, due: datetime) -> None:
        raise AssertionError(f"{step} due {due} was missed")

    def attempt(self, step: str, due: datetime) -> bool:
        world = self.world
        nights = Nights(world.opened, world.clock, self.do, self.skipped, world.keep)
        try:
            return nights.attempt(step, due)
        except UnreachableError:
            world.happened["unreachable"] += 1
            return False
        except Killed:
            dead = {"lease_name": LEASE, "holder": f"{self.name}.example process 1", "acquired_at": world.now}
            with world.engine.begin() as connection:  # what it held stays behind until it expires
                connection.execute(delete(leases))
                connection.execute(insert(leases).values(**dead, expires_at=world.now + LEASE_TIME))
            raise

    def skipped(self, _: str, __: datetime, reason: str) -> None:
        self.world.happened["done by another" if "has done it" in reason else "another is at it"] += 1

    def do(self, step: str, due: datetime) -> None:
        world = self.world
        world.runs += 1
        run = JobRun(run_id=f"r{world.runs}", step=step, due_at=due, holder=self.name, started_at=world.now)
        with world.engine.begin() as connection:
            begin_job(connection, run)
        world.live(world.now + world.minutes(20), self.busy)
        fate = world.chance.random()
        if fate < 0.03:
            raise Killed
        outcome = "interrupted" if fate < 0.06 else "failed" if fate < 0.16 else "done"
        if outcome == "failed" and fate < 0.10:
            world.away_until = world.now + world.minutes(180)  # nobody can note how it ended
            world.happened["could not be noted"] += 1
            return
        with world.engine.begin() as connection:
            end_job(connection, run.run_id, outcome, world.now, error=None, summary=None)
            forget_jobs(connection, world.now - timedelta(days=30))
        if outcome == "interrupted":
            raise Stopped
        world.happened[outcome] += 1
        world.ended.append(due.astimezone(UTC))


@pytest.fixture
def in_memory() -> Iterator[Engine]:
    """A warehouse of one connection: nobody here is within a transaction while others work."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    METADATA.create_all(engine, [leases, job_runs])
    yield engine
    engine.dispose()


@pytest.mark.thorough
def test_of_a_thousand_nights_each_comes_to_its_end_once(in_memory: Engine) -> None:
    """With failures, nights on which the clock is changed, kills, stops, restarts, and two instances."""
    world = World(in_memory, random.Random(7))
    world.processes += [Process("a", world), Process("b", world)]
    nights = due_nights(1_000)
    world.live(nights[-1] + timedelta(hours=13))
    assert world.ended[: len(nights)] == nights
    hours = Counter(due.astimezone(ZONE).strftime("%H:%M") for due in nights)
    assert hours == {"02:30": 997, "03:30": 3}
    wanted = ("done", "failed", "Killed", "Stopped", "restarts", "done by another", "another is at it", "unreachable")
    assert all(world.happened[what] > 10 for what in wanted), world.happened
