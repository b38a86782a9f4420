"""Makes a company out of a seed, and lets it live on: the same numbers give the same company, night by night."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from simulator.company import Company, Product
from simulator.life import chores
from simulator.life.births import give_birth
from simulator.life.layout import groups, payments, people, shop
from simulator.life.sprints import LENGTH, keep_calendar
from simulator.life.working import reopen, work
from simulator.life.worktime import DAY, is_workday, last_closed_day, monday, opening
from simulator.life.world import Floor, World, flush

CLOSED_SPRINTS = 14
PREPARATION = timedelta(days=14)
STANDARD_SHARE = 0.78


def make_world(*, seed: int, issues: int, now: int) -> World:
    """A company with so many issues ever created, 14 closed sprints, an active and two future ones, as of `now`."""
    last = last_closed_day(now)
    first = monday(last) - timedelta(days=7) - LENGTH * CLOSED_SPRINTS
    days = [d for d in (first - PREPARATION + timedelta(days=n) for n in range(1000)) if d <= last and is_workday(d)]
    products = (payments(), shop())
    floors = [Floor(product=product, team=team) for product in products for team in product.teams.values()]
    quotas = _quotas(days, first, issues)
    world = World(
        company=Company(seed=seed, now=now, people=people(), products=products, groups=groups()),
        rng=Random(seed),
        floors=floors,
        day=days[0],
        first_day=first,
        nightfall=now,
        quotas=quotas,
        plain_quota=max(2, round(issues / len(days))),
    )
    for floor in floors:
        floor.velocity = max(2, round(issues / 4 * STANDARD_SHARE * 10 / (len(days) + 5)))
    while world.day <= last:
        _live(world)
        flush(world)
        world.day += timedelta(days=1)
    return world


def advance(world: World, nights: int) -> None:
    """Let so many days pass; each brings its work and always some deletion, move, link, label and reopening."""
    for _ in range(nights):
        while True:  # the first nightfall behind the clock
            world.nightfall += DAY
            if world.nightfall > world.company.now:
                break
        world.company.now = world.nightfall
        world.nights += 1
        while world.day <= last_closed_day(world.company.now):
            _live(world)
            _stir(world)
            flush(world)
            world.day += timedelta(days=1)
        flush(world)


def pass_time(world: World, milliseconds: int) -> None:
    """Move the clock. Nothing happens meanwhile, and days that have begun by then bring no work any more.

    So whatever a later night brings is younger than what anybody could see at this clock.
    """
    if milliseconds < 0:
        raise ValueError("time does not run backwards")
    world.company.now += milliseconds
    while opening(world.day) < world.company.now:
        world.day += timedelta(days=1)
    world.company.age += 1


def _quotas(days: list[date], first: date, issues: int) -> dict[date, int]:
    """How many issues each day brings, exactly `issues` in all; the days of preparation bring twice as many."""
    weights = [2 if day < first else 1 for day in days]
    total, passed, given = sum(weights), 0, 0
    quotas: dict[date, int] = {}
    for day, weight in zip(days, weights, strict=True):
        passed += weight
        quotas[day] = issues * passed // total - given
        given += quotas[day]
    return quotas


def _live(world: World) -> None:
    keep_calendar(world)
    if is_workday(world.day):
        _bring_forth(world, world.quotas.get(world.day, world.plain_quota))
        for floor in world.floors:
            work(world, floor)
            chores.do_chores(world, floor)
            chores.run_epics(world, floor)
        for issue, floor in world.hot.items():
            chores.fuss(world, issue, floor)


def _bring_forth(world: World, count: int) -> None:
    first, second = world.company.products
    half = (count + world.day.toordinal() % 2) // 2
    give_birth(world, first, half)
    give_birth(world, second, count - half)


def _stir(world: World) -> None:
    """What a night of the simulator promises, weekend or not."""
    for product in world.company.products:
        floor = _busiest(world, product)
        for deed in (chores.move, chores.remove, chores.link, chores.relabel, reopen):
            deed(world, floor)


def _busiest(world: World, product: Product) -> Floor:
    return max((f for f in world.floors if f.product is product), key=lambda f: len(f.backlog))
