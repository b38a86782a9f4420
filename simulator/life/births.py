"""How issues come into the world: their kind, their first values and where they are put."""

from __future__ import annotations

from typing import Any

from simulator.company import JIRA, Issue, Product, State
from simulator.life.layout import INTAKE, PAY, SHOP
from simulator.life.words import LABELS, title
from simulator.life.worktime import DAY, WORKDAY, opening
from simulator.life.world import Floor, World, someone

PRIORITIES = ("Highest", "High", "Medium", "Low", "Lowest")
FIBONACCI = (1.0, 2.0, 3.0, 5.0, 8.0, 13.0)
SEVERITIES = {
    True: ("Critical", "Major", "Minor", "Trivial"),
    False: ("1 - Critical", "2 - High", "3 - Medium", "4 - Low"),
}
ENVIRONMENTS = ("Production", "Staging", "Test", None)
_ROLES = {
    True: (("epic", "story", "task", "bug", "subtask"), (2, 46, 10, 23, 19)),
    False: (("epic", "feature", "story", "bug", "subtask"), (1, 3, 46, 26, 24)),
}


def rank(issue: Issue) -> int:
    """Where the issue belongs in a backlog: urgent ones overtake those that are up to a month older."""
    return issue.created_at + PRIORITIES.index(issue.state["priority"]) * 12 * DAY


def give_birth(world: World, product: Product, count: int) -> None:
    """Create so many issues in the course of the day, in turn for each team."""
    floors = [floor for floor in world.floors if floor.product is product]
    times = sorted(opening(world.day) + world.rng.randrange(WORKDAY) for _ in range(count))
    for number, at in enumerate(times):
        create(world, floors[(number + world.day.toordinal()) % len(floors)], at)


def create(world: World, floor: Floor, at: int) -> Issue:
    """One new issue of the team."""
    role = _pick_role(world, floor)
    author = someone(world, floor)
    product, project = floor.product, floor.product.projects[floor.team.project_id]
    kind = product.types[project.types[role]]
    number = product.next_id("issue")
    state: State = {
        "type": kind.id,
        "project": project.id,
        "team": floor.team.id,
        "summary": title(world.rng, number),
        "status": kind.path[0],
        "priority": world.rng.choices(PRIORITIES, (4, 14, 56, 20, 6))[0],
        "reporter": author,
    }
    state |= _details(world, floor, role)
    state["number"] = product.next_id(project.key if state["project"] == project.id else "INTAKE")
    state = {name: value for name, value in state.items() if value not in (None, ())}
    issue = Issue(
        id=number, created_at=at, author=author, initial=dict(state), state=state, touched_at=at, updated_at=at
    )
    product.issues[number] = issue
    product.keys[product.key(issue)] = number
    _place(world, floor, issue, role)
    return issue


def _pick_role(world: World, floor: Floor) -> str:
    is_jira = floor.product.tracker == JIRA
    held = [floor.product.type_of(epic).role for epic in floor.epics]
    if "epic" not in held:
        return "epic"
    if not is_jira and "feature" not in held:
        return "feature"
    roles, weights = _ROLES[is_jira]
    role = world.rng.choices(roles, weights)[0]
    return "story" if role == "subtask" and not open_parents(floor) else role


def open_parents(floor: Floor) -> list[Issue]:
    """The unfinished issues of the sprint that can have sub-tasks."""
    product = floor.product
    return [i for i in floor.board if product.type_of(i).level == 0 and product.category(i) != "done"]


def _details(world: World, floor: Floor, role: str) -> dict[str, Any]:
    """First values beyond those that each issue has."""
    if role in {"epic", "feature"}:
        parents = [e for e in floor.epics if role == "feature" and floor.product.type_of(e).role == "epic"]
        return {"parent": world.rng.choice(parents).id if parents else None}
    if role == "subtask":
        return _subtask_details(world, floor)
    details: dict[str, Any] = {"parent": _parent(world, floor), "labels": _labels(world)}
    details["components"] = _components(world, floor)
    if world.chance(0.12):
        details["points"] = world.rng.choice(FIBONACCI[:5])
    if world.chance(0.08):
        details["due"] = world.day.fromordinal(world.day.toordinal() + world.rng.randrange(7, 60)).isoformat()
    if role == "bug":
        details |= _bug_details(world, floor)
    if floor.sprint and world.chance(0.45 if details.get("found_in") == "Production" else 0.05):
        details["sprints"] = (floor.sprint.id,)
    elif floor.team.project_id == SHOP and world.chance(0.04):
        details |= {"project": INTAKE, "team": None, "parent": None}
    return details


def _subtask_details(world: World, floor: Floor) -> dict[str, Any]:
    parent = world.rng.choice(open_parents(floor))
    hours = world.rng.choice((2, 4, 8, 16))
    details = {"parent": parent.id, "original_estimate": hours * 3600}
    if floor.product.tracker != JIRA:
        details["sprints"] = parent.state.get("sprints", ())
    return details


def _parent(world: World, floor: Floor) -> int | None:
    wanted = "epic" if floor.product.tracker == JIRA else "feature"
    parents = [epic for epic in floor.epics if floor.product.type_of(epic).role == wanted]
    return world.rng.choice(parents).id if parents and world.chance(0.75) else None


def _labels(world: World) -> tuple[str, ...]:
    return tuple(sorted(world.rng.sample(LABELS, world.rng.choice((0, 0, 0, 1, 1, 2)))))


def _components(world: World, floor: Floor) -> tuple[str, ...]:
    names = floor.product.projects[floor.team.project_id].components
    return (world.rng.choice(names),) if names and world.chance(0.5) else ()


def _bug_details(world: World, floor: Floor) -> dict[str, Any]:
    is_jira = floor.product.tracker == JIRA
    found_in = world.rng.choices(ENVIRONMENTS, (32, 26, 20, 22))[0]
    details: dict[str, Any] = {"found_in": found_in}
    details["severity"] = world.rng.choices(SEVERITIES[is_jira], (8, 27, 45, 20))[0]
    if found_in is None and world.chance(0.35):
        details["labels"] = (world.rng.choice(("customer", "escaped")),)
    if not is_jira:
        details["build"] = f"{world.day:%Y.%m}.{world.rng.randrange(1, 40)}"
    released = [v for v in floor.product.versions.values() if v.project_id == floor.team.project_id and v.is_released]
    if released and world.chance(0.5):
        details["affects_versions"] = (released[-1].id,)
    return details


def _place(world: World, floor: Floor, issue: Issue, role: str) -> None:
    if role in {"epic", "feature"}:
        floor.epics.append(issue)
    elif role == "subtask" or issue.state.get("sprints"):
        floor.board.append(issue)
    else:
        floor.backlog.append(issue)
    is_showcase = role == "story" and floor.team.project_id in {PAY, SHOP} and issue.state["project"] != INTAKE
    if is_showcase and world.once(f"hot {floor.product.tracker}"):
        world.hot[issue] = floor
