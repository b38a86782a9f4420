"""What happens beside the work: refinement, scope changes, links, moves, cancellations, deletions and small edits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.company import DONE, IN_PROGRESS, JIRA, REMOVED, TODO, Issue, Product, Project
from simulator.life.births import FIBONACCI
from simulator.life.layout import INTAKE, PAY, SHOP
from simulator.life.sprints import future_sprints, put_in, stage_spike
from simulator.life.words import LABELS
from simulator.life.working import re_estimate, reopen
from simulator.life.world import Floor, World, change, connect, delete, disconnect, edit, log_work, record, someone

SPIKE_DAY = 30
CANCELLED = ("Won't Do", "Duplicate", "Cannot Reproduce")


def do_chores(world: World, floor: Floor) -> None:
    """A working day's share of each chore."""
    refine(world, floor)
    for chore, rate in _CHORES:
        for _ in range(world.share(floor, rate)):
            chore(world, floor)
    if floor.team.project_id == PAY and (world.day - world.first_day).days > SPIKE_DAY and world.once("spike"):
        stage_spike(world, floor)


def refine(world: World, floor: Floor) -> None:
    """The top of the backlog gets its estimates; ideas of Intake that are to be done move over."""
    for issue in floor.backlog[: 2 * floor.velocity]:
        if issue.state["project"] == INTAKE and world.chance(0.2):
            _take_in(world, floor, issue)
        elif issue.state.get("points") is None and world.chance(0.22):
            edit(world, floor.product, issue, author=someone(world, floor), points=world.rng.choice(FIBONACCI[:5]))


def _take_in(world: World, floor: Floor, issue: Issue) -> None:
    author = someone(world, floor)
    edit(world, floor.product, issue, author=author, project=SHOP, team=floor.team.id)


def _pull_in(world: World, floor: Floor) -> None:
    """Added in mid-sprint."""
    ready = [i for i in floor.backlog if i.state["project"] == floor.team.project_id]
    if floor.sprint is not None and ready:
        issue = world.rng.choice(ready)
        put_in(world, floor, issue, floor.sprint)
        floor.backlog.remove(issue)
        floor.board.append(issue)


def _push_out(world: World, floor: Floor) -> None:
    """Removed in mid-sprint."""
    product = floor.product
    waiting = [i for i in floor.board if product.type_of(i).level == 0 and product.category(i) == TODO]
    if waiting:
        issue = world.rng.choice(waiting)
        put_in(world, floor, issue, None)
        floor.board.remove(issue)
        floor.backlog.append(issue)


def _earmark(world: World, floor: Floor) -> None:
    """Planned ahead into the next sprint."""
    ready = [i for i in floor.backlog[: floor.velocity] if i.state["project"] == floor.team.project_id]
    ahead = future_sprints(floor.product, floor)
    if ready and ahead:
        put_in(world, floor, world.rng.choice(ready), ahead[0])


def _cancel(world: World, floor: Floor) -> None:
    product = floor.product
    if not floor.backlog:
        return
    issue = world.rng.choice(floor.backlog)
    kind, author = product.type_of(issue), someone(world, floor)
    reason = world.rng.choice(CANCELLED)
    if kind.removed is not None:
        edit(world, product, issue, author=author, status=kind.removed)
    else:
        edit(world, product, issue, author=author, status=kind.path[-1], resolution=reason)
    floor.backlog.remove(issue)
    if reason == "Duplicate" and floor.board:
        connect(world, product, "duplicates", issue, world.rng.choice(floor.board), author)


def is_alone(issue: Issue) -> bool:
    """No links, and never in a sprint, hence no children: nobody else's data names the issue."""
    was_planned = any(change.field == "sprints" for event in issue.events for change in event.changes)
    return not (issue.links or was_planned or issue.state.get("sprints") or issue.initial.get("sprints"))


def _loner(world: World, pile: list[Issue]) -> Issue | None:
    for issue in world.rng.sample(pile, min(len(pile), 12)):
        if issue not in world.hot and is_alone(issue):
            return issue
    return None


def move(world: World, floor: Floor) -> None:
    """An issue of the backlog goes to the other Jira project, or to Intake or the other team."""
    issue = _loner(world, floor.backlog)
    if issue is None:
        return
    product, author = floor.product, someone(world, floor)
    floor.backlog.remove(issue)
    other = next(f for f in world.floors if f.product is product and f is not floor)
    if product.tracker == JIRA:
        _move_project(world, floor, other, issue, author)
    elif world.chance(0.3) and issue.state["project"] == SHOP:
        edit(world, product, issue, author=author, project=INTAKE, team=None, parent=None, sprints=())
    else:
        edit(world, product, issue, author=author, project=SHOP, team=other.team.id)
    other.backlog.append(issue)


def _move_project(world: World, floor: Floor, other: Floor, issue: Issue, author: int) -> None:
    product, target = floor.product, floor.product.projects[other.team.project_id]
    edit(world, product, issue, author=author, **values_of_move(product, issue, target, other.team.id))
    product.keys[product.key(issue)] = issue.id


def values_of_move(product: Product, issue: Issue, target: Project, team: int | None) -> dict[str, Any]:
    """What an issue of Jira is after it went to another project, with a number of its own there."""
    kind = product.types[target.types[product.type_of(issue).role]]
    listed = issue.state.get("sprints") or ()
    values: dict[str, Any] = {
        "project": target.id,
        "number": product.next_id(target.key),
        "type": kind.id,
        "status": kind.path[0],
        "team": team,
        "parent": None,
        "sprints": tuple(i for i in listed if product.sprints[i].state == "closed"),
        "components": (),
        "fix_versions": (),
        "affects_versions": (),
    }
    return {name: value for name, value in values.items() if value or issue.state.get(name)}


def retype(world: World, floor: Floor) -> None:
    """What was called a bug or a task turns out to be a story."""
    wanted = {"task", "bug"} if floor.product.tracker == JIRA else {"bug"}
    odd = [i for i in floor.backlog if floor.product.type_of(i).role in wanted]
    if odd:
        issue = world.rng.choice(odd)
        story = floor.product.projects[issue.state["project"]].types["story"]
        edit(world, floor.product, issue, author=someone(world, floor), type=story)


def link(world: World, floor: Floor) -> None:
    """One issue of the sprint turns out to block or concern another one."""
    pile = floor.board if len(floor.board) > 1 else floor.backlog
    if len(pile) > 1:
        source, target = world.rng.sample(pile, 2)
        kind = world.rng.choice(("blocks", "blocks", "relates"))
        connect(world, floor.product, kind, source, target, someone(world, floor))


def _unlink(world: World, floor: Floor) -> None:
    numbers = [n for i in floor.board for n in i.links if floor.product.links[n].removed_at is None]
    if numbers:
        disconnect(world, floor.product, floor.product.links[world.rng.choice(numbers)], someone(world, floor))


def relabel(world: World, floor: Floor) -> None:
    """A label comes or goes."""
    pile = floor.board or floor.backlog
    if pile:
        issue = world.rng.choice(pile)
        labels = set(issue.state.get("labels", ())) ^ {world.rng.choice(LABELS)}
        edit(world, floor.product, issue, author=someone(world, floor), labels=tuple(sorted(labels)))


def _hand_over(world: World, floor: Floor) -> None:
    if floor.board:
        issue = world.rng.choice(floor.board)
        edit(world, floor.product, issue, author=someone(world, floor), assignee=someone(world, floor))


def _reprioritise(world: World, floor: Floor) -> None:
    if floor.backlog:
        issue = world.rng.choice(floor.backlog)
        priority = world.rng.choice(("High", "Medium", "Low"))
        edit(world, floor.product, issue, author=someone(world, floor), priority=priority)


def _rank(world: World, floor: Floor) -> None:
    pile = floor.backlog[: floor.velocity]
    if pile:
        issue = world.rng.choice(pile)
        edit(world, floor.product, issue, author=someone(world, floor), rank=world.rng.randrange(10_000))


def _reparent(world: World, floor: Floor) -> None:
    wanted = "epic" if floor.product.tracker == JIRA else "feature"
    parents = [e for e in floor.epics if floor.product.type_of(e).role == wanted]
    ready = [i for i in floor.backlog if i.state["project"] == floor.team.project_id]
    if ready and parents:
        issue = world.rng.choice(ready)
        edit(world, floor.product, issue, author=someone(world, floor), parent=world.rng.choice(parents).id)


def remove(world: World, floor: Floor) -> None:
    """Created by mistake, deleted for good."""
    issue = _loner(world, floor.backlog)
    if issue is not None:
        delete(world, floor.product, issue, someone(world, floor))


def run_epics(world: World, floor: Floor) -> None:
    """Epics and features start, and after some weeks end."""
    product = floor.product
    for epic in list(floor.epics):
        path = product.type_of(epic).path
        if product.category(epic) == TODO and world.chance(0.15):
            edit(world, product, epic, author=someone(world, floor), status=path[1])
        elif product.category(epic) == IN_PROGRESS and len(floor.epics) > 4 and world.chance(0.03):
            done: dict[str, Any] = {"status": path[-1], "resolution": "Done" if product.tracker == JIRA else None}
            edit(world, product, epic, author=someone(world, floor), **done)
            floor.epics.remove(epic)


def fuss(world: World, issue: Issue, floor: Floor) -> None:
    """The issue that everybody edits every day: three entries, and time booked every other day."""
    product, author = floor.product, someone(world, floor)
    for _ in range(2):
        labels = set(issue.state.get("labels", ())) ^ {world.rng.choice(LABELS)}
        edit(world, product, issue, author=author, labels=tuple(sorted(labels)))
    swap = [change(product, issue, "summary", f'Checklist of {world.day:%d %B}, "final"')]
    if product.category(issue) not in {DONE, REMOVED} and world.chance(0.2):
        swap.append(change(product, issue, "assignee", someone(world, floor)))
    record(world, product, issue, swap, author=author)
    if world.day.toordinal() % 2:
        log_work(world, product, issue, author)


_CHORES: tuple[tuple[Callable[[World, Floor], None], float], ...] = (
    (_pull_in, 0.012),
    (_push_out, 0.008),
    (_earmark, 0.03),
    (_cancel, 0.007),
    (reopen, 0.01),
    (re_estimate, 0.012),
    (move, 0.004),
    (retype, 0.003),
    (link, 0.015),
    (_unlink, 0.006),
    (relabel, 0.03),
    (_hand_over, 0.025),
    (_reprioritise, 0.02),
    (_rank, 0.1),
    (_reparent, 0.01),
    (remove, 0.002),
)
