"""A day's work on the issues of a sprint: started, reviewed, blocked, finished, and sometimes taken up again."""

from __future__ import annotations

from typing import Any

from simulator.company import DONE, JIRA, TODO, Change, Issue
from simulator.life.births import FIBONACCI
from simulator.life.sprints import put_in
from simulator.life.words import COMMENTS
from simulator.life.worktime import opening
from simulator.life.world import Floor, World, change, edit, log_work, record, remark, someone, status_name

QA_DAYS = 42


def work(world: World, floor: Floor) -> None:
    """Each issue of the sprint may take a step; finished ones leave the board."""
    for issue in floor.board:
        if issue.created_at < opening(world.day):
            _step(world, floor, issue)
    done = [issue for issue in floor.board if floor.product.category(issue) == DONE]
    if done:
        floor.board = [issue for issue in floor.board if floor.product.category(issue) != DONE]
        floor.finished += [issue for issue in done if floor.product.type_of(issue).level == 0]


def _step(world: World, floor: Floor, issue: Issue) -> None:
    if floor.product.category(issue) == TODO:
        if world.chance(0.24):
            _start(world, floor, issue)
        return
    if _is_blocked(issue):
        if world.chance(0.35):
            _block(world, floor, issue, blocked=False)
        return
    if world.chance(0.035):
        _block(world, floor, issue, blocked=True)
    elif world.chance(_pace(floor, issue)):
        _advance(world, floor, issue)
    elif world.chance(0.05):
        log_work(world, floor.product, issue, issue.state.get("assignee") or someone(world, floor))
    elif world.chance(0.05):
        remark(world, floor.product, issue, someone(world, floor), world.rng.choice(COMMENTS))


def _is_blocked(issue: Issue) -> bool:
    return bool(issue.state.get("flagged")) or "Blocked" in issue.state.get("labels", ())


def _pace(floor: Floor, issue: Issue) -> float:
    path = floor.product.type_of(issue).path
    if issue.state["status"] == path[1]:
        return float(1 / (1.1 + 0.4 * (issue.state.get("points") or 2)))
    return 0.55


def _start(world: World, floor: Floor, issue: Issue) -> None:
    """Taken up by somebody; now and then closed at once, or walked on twice by an automation within one entry."""
    path, author = floor.product.type_of(issue).path, someone(world, floor)
    if world.chance(0.03):
        _finish(world, floor, issue, author)
        return
    assignee = change(floor.product, issue, "assignee", author)
    if floor.product.tracker == JIRA and len(path) > 3 and (world.chance(0.02) or world.once("two steps in one entry")):
        names = [status_name(floor.product, number) for number in path[:3]]
        steps = [Change("status", path[n], path[n + 1], names[n], names[n + 1]) for n in range(2)]
        record(world, floor.product, issue, [assignee, *steps], author=author)
        return
    edit(world, floor.product, issue, author=author, assignee=author, status=path[1])


def _advance(world: World, floor: Floor, issue: Issue) -> None:
    path, author = floor.product.type_of(issue).path, issue.state.get("assignee") or someone(world, floor)
    place = path.index(issue.state["status"])
    if place > 1 and world.chance(0.1):
        edit(world, floor.product, issue, author=someone(world, floor), status=path[1])
        return
    following = path[place + 1]
    if floor.product.statuses[following].is_retired and not _is_qa_time(world):
        following = path[place + 2]
    if following == path[-1]:
        _finish(world, floor, issue, author)
    else:
        edit(world, floor.product, issue, author=author, status=following)


def _is_qa_time(world: World) -> bool:
    return (world.day - world.first_day).days < QA_DAYS


def _finish(world: World, floor: Floor, issue: Issue, author: int) -> None:
    product = floor.product
    values: dict[str, Any] = {"status": product.type_of(issue).path[-1]}
    if product.tracker == JIRA:
        values["resolution"] = "Done"
        ahead = [
            v.id for v in product.versions.values() if v.project_id == issue.state["project"] and not v.is_released
        ]
        if ahead and product.type_of(issue).level == 0 and world.chance(0.6):
            values["fix_versions"] = (ahead[0],)
    edit(world, product, issue, author=author, **values)


def _block(world: World, floor: Floor, issue: Issue, *, blocked: bool) -> None:
    author = someone(world, floor)
    if floor.product.tracker == JIRA:
        edit(world, floor.product, issue, author=author, flagged=blocked or None)
        return
    labels = set(issue.state.get("labels", ())) - {"Blocked"} | ({"Blocked"} if blocked else set())
    edit(world, floor.product, issue, author=author, labels=tuple(sorted(labels)))


def reopen(world: World, floor: Floor) -> None:
    """One of the lately finished issues comes back to the board (and into the sprint, if it had left it)."""
    young = [i for i in floor.finished if i.state["project"] == floor.team.project_id]
    if not young:
        return
    issue = world.rng.choice(young[-2 * floor.velocity :])
    floor.finished.remove(issue)
    path = floor.product.type_of(issue).path
    author = someone(world, floor)
    edit(world, floor.product, issue, author=author, status=path[1], resolution=None)
    if floor.sprint is not None:
        put_in(world, floor, issue, floor.sprint)
    floor.board.append(issue)


def re_estimate(world: World, floor: Floor) -> None:
    """Somebody learns more about an issue of the sprint."""
    open_ones = [i for i in floor.board if i.state.get("points")]
    if open_ones:
        issue = world.rng.choice(open_ones)
        edit(world, floor.product, issue, author=someone(world, floor), points=world.rng.choice(FIBONACCI))
