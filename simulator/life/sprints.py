"""The rhythm of two weeks: sprints are set up, planned, started, closed, and once in a while thrown away."""

from __future__ import annotations

from datetime import date, timedelta

from simulator.company import JIRA, Issue, Product, Sprint, Version
from simulator.life.births import rank
from simulator.life.words import GOALS
from simulator.life.worktime import HOUR, MINUTE, SECOND, midnight, opening
from simulator.life.world import Floor, World, edit, someone

LENGTH = timedelta(days=14)
FUTURE_SPRINTS = 2


def rhythm(world: World) -> list[list[Floor]]:
    """The teams that share sprints: each Jira team has its own, the Azure DevOps teams share theirs."""
    own = [[floor] for floor in world.floors if floor.product.tracker == JIRA]
    return [*own, [floor for floor in world.floors if floor.product.tracker != JIRA]]


def keep_calendar(world: World) -> None:
    """Versions come out when their day has come; on a boundary Monday sprints close and start."""
    for product in world.company.products:
        if product.tracker == JIRA:
            _keep_versions(world, product)
    due = (world.day - world.first_day).days // LENGTH.days + 1
    is_boundary = due > world.turns  # not "on Mondays": the clock may have skipped one
    world.turns = max(world.turns, due)
    for floors in rhythm(world):
        _keep_future(world, floors)
        if is_boundary:
            _turn(world, floors)
            _keep_future(world, floors)


def put_in(world: World, floor: Floor, issue: Issue, sprint: Sprint | None, at: int | None = None) -> None:
    """Plan the issue into the sprint or out of all; in Jira closed sprints stay in its list."""
    kept: tuple[int, ...] = ()
    if floor.product.tracker == JIRA:
        listed = issue.state.get("sprints") or ()
        kept = tuple(i for i in listed if floor.product.sprints[i].state == "closed")
    sprints = kept if sprint is None else (*kept, sprint.id)
    if sprints != (issue.state.get("sprints") or ()):
        edit(world, floor.product, issue, author=someone(world, floor), at=at, sprints=sprints)


def _turn(world: World, floors: list[Floor]) -> None:
    """Close the active sprint, carry its rest over, plan and start the next one."""
    product, at = floors[0].product, opening(world.day) + 5 * MINUTE
    following = future_sprints(product, floors[0])[0]
    for floor in floors:
        if floor.sprint is not None:
            floor.sprint.completed_at = at
    for floor in floors:
        _carry_over(world, floor, following, at)
        _plan(world, floor, following)
    following.activated_at = opening(world.day) + HOUR
    if product.tracker == JIRA:
        following.activated_at += world.rng.randrange(20 * MINUTE)
    for floor in floors:
        floor.sprint = following
        floor.finished = floor.finished[-3 * floor.velocity :]


def _carry_over(world: World, floor: Floor, following: Sprint, at: int) -> None:
    stays: list[Issue] = []
    for number, issue in enumerate(floor.board):
        if floor.product.type_of(issue).level < 0 and floor.product.tracker == JIRA:
            stays.append(issue)
        elif world.chance(0.88):
            put_in(world, floor, issue, following, at + number % 900)
            stays.append(issue)
        else:
            put_in(world, floor, issue, None, at + number % 900)
            floor.backlog.insert(0, issue)
    floor.board = stays


def _plan(world: World, floor: Floor, sprint: Sprint) -> None:
    """Fill the sprint from the top of the backlog, what was earmarked for it first."""
    standing = sum(1 for issue in floor.board if floor.product.type_of(issue).level == 0)
    room = max(2, round(floor.velocity * world.rng.uniform(0.85, 1.2)) - standing)
    ready = [
        i for i in floor.backlog if i.state["project"] == floor.team.project_id and i.created_at < opening(world.day)
    ]
    ready.sort(key=lambda i: (sprint.id not in (i.state.get("sprints") or ()), rank(i)))
    chosen = ready[:room]
    start = opening(world.day) + 10 * MINUTE
    for number, issue in enumerate(chosen):
        put_in(world, floor, issue, sprint, start + (number * 40 * MINUTE) // len(chosen) + world.rng.randrange(SECOND))
    taken = set(chosen)
    floor.backlog = [issue for issue in floor.backlog if issue not in taken]
    floor.board += chosen


def future_sprints(product: Product, floor: Floor) -> list[Sprint]:
    """The team's sprints that are planned but not started, the next one first."""
    return [
        s for s in product.sprints.values() if s.state == "future" and not s.is_deleted and floor.team.id in s.team_ids
    ]


def _keep_future(world: World, floors: list[Floor]) -> None:
    product = floors[0].product
    passed = (world.day - world.first_day).days // LENGTH.days
    while len(future_sprints(product, floors[0])) < FUTURE_SPRINTS:
        number = product.next_id(f"sprints of {floors[0].team.id}")
        monday = world.first_day + LENGTH * (number - 1)
        sprint_id = product.next_id("sprint")
        is_jira = product.tracker == JIRA
        product.sprints[sprint_id] = Sprint(
            id=sprint_id,
            name=_sprint_name(product.projects[floors[0].team.project_id].key, number),
            team_ids=tuple(floor.team.id for floor in floors),
            goal=GOALS[(number + passed) % len(GOALS)] if is_jira else "",
            created_at=opening(world.day) + number * MINUTE,
            start_at=opening(monday) + HOUR if is_jira else midnight(monday),
            end_at=opening(monday + LENGTH) if is_jira else midnight(monday + timedelta(days=11)),
        )


def _sprint_name(key: str, number: int) -> str:
    if number % 5 == 0:
        return f"{key} Sprint {number}, hardening" if key != "SHOP" else f"Sprint {number}, peak season"
    return f"{key} Sprint {number}" if key != "SHOP" else f"Sprint {number}"


def stage_spike(world: World, floor: Floor) -> None:
    """A sprint that is set up and thrown away on one day: its id stays in the histories of two issues."""
    product, at = floor.product, opening(world.day)
    sprint = Sprint(
        id=product.next_id("sprint"),
        name="Spike, abandoned",
        team_ids=(floor.team.id,),
        goal="",
        created_at=at,
        start_at=at + HOUR,
        end_at=at + 8 * HOUR,
    )
    product.sprints[sprint.id] = sprint
    for issue in floor.backlog[-2:]:
        put_in(world, floor, issue, sprint)
        put_in(world, floor, issue, None)
    sprint.is_deleted = True


def _keep_versions(world: World, product: Product) -> None:
    today = world.day.isoformat()
    for version in product.versions.values():
        version.is_released = version.is_released or version.release_on <= today
    names = {version.name for version in product.versions.values()}
    for project in product.projects.values():
        for months in range(3):
            start, release = _month(world.day, months), _month(world.day, months + 1) - timedelta(days=2)
            name = f"{project.key} {start:%Y.%m}"
            if name in names or release <= world.day:
                continue
            number = product.next_id("version") + 12350
            product.versions[number] = Version(
                id=number,
                project_id=project.id,
                name=name,
                start_on=start.isoformat(),
                release_on=release.isoformat(),
            )


def _month(day: date, ahead: int) -> date:
    months = day.year * 12 + day.month - 1 + ahead
    return date(months // 12, months % 12 + 1, 1)
