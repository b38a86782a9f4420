"""What somebody does to one issue on command, at the company's now: edits, moves, links, worklogs, comments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from simulator.company import DONE, JIRA, Issue, Product, Worklog
from simulator.life.chores import values_of_move
from simulator.life.layout import BOT
from simulator.life.lookup import find_issue, find_person, find_project, find_sprint, find_status, find_type
from simulator.life.piles import settle
from simulator.life.worktime import SECOND
from simulator.life.world import World, connect, disconnect, edit, remark

Given = dict[str, Any]
_PLAIN = ("summary", "priority", "severity", "found_in", "rank", "resolution")


def moment_of(world: World, *issues: Issue) -> int:
    """The company's now, or just after what happened to the issues last: history never stands still."""
    return max(world.company.now, *(issue.touched_at + 1 for issue in issues))


def author_of(world: World, given: Given) -> int:
    """Who does it: `author`, else the bot."""
    return find_person(world.company, given.pop("author", BOT))


def create(world: World, product: Product, given: Given) -> Given:
    """A new issue in the `project`, of the `type`, with these fields from the start: nothing of that is history.

    `at` backdates it, as an import into Azure DevOps may.
    """
    author, project = author_of(world, given), find_project(product, given.pop("project"))
    kind = find_type(product, project, given.pop("type", "story"))
    at = world.company.now
    if "at" in given:
        at = _backdated(product, None, given.pop("at"))
    team = next((team.id for team in product.teams.values() if team.project_id == project.id), None)
    state: Given = {"type": kind.id, "project": project.id, "status": kind.path[0], "priority": "Medium"}
    state |= {"summary": "Untitled", "reporter": author} | ({} if team is None else {"team": team})
    issue = Issue(id=0, created_at=at, author=author, initial={}, state=state, touched_at=at, updated_at=at)
    state |= _values(world, product, issue, given)
    issue.id, state["number"] = product.next_id("issue"), product.next_id(project.key)
    issue.initial = {name: value for name, value in state.items() if value not in (None, ())}
    issue.state = dict(issue.initial)
    product.issues[issue.id] = issue
    product.keys[product.key(issue)] = issue.id
    settle(world, product, issue)
    return {"issue": issue.id, "key": product.key(issue)}


def change_fields(world: World, product: Product, issue: Issue, given: Given) -> Given:
    """Set fields in one history entry. `at` backdates it, as an import into Azure DevOps may."""
    author, at = author_of(world, given), moment_of(world, issue)
    if "at" in given:
        at = _backdated(product, issue, given.pop("at"))
    values = _values(world, product, issue, given)
    if not values:
        raise ValueError("nothing to change was named")
    edit(world, product, issue, author=author, at=at, **values)
    settle(world, product, issue)
    return {}


def _backdated(product: Product, issue: Issue | None, given: str) -> int:
    at = round(datetime.fromisoformat(given).timestamp() * 1000)
    if product.tracker == JIRA:
        raise ValueError("Jira dates its history by itself: leave `at` out")
    if issue is not None and at <= issue.touched_at:
        raise ValueError("VS402625: the date must be later than that of the item's last revision")
    return at


def _values(world: World, product: Product, issue: Issue, given: Given) -> Given:
    values: Given = {}
    for name, value in given.items():
        if name in _PLAIN:
            values[name] = value
        elif name in _READ:
            values |= _READ[name](world, product, issue, value)
        else:
            raise ValueError(f"{name} is no field; there are: {', '.join((*_PLAIN, *_READ))}")
    return values


def _status(_: World, product: Product, issue: Issue, given: object) -> Given:
    """Jira sets and clears the resolution with the status."""
    status = find_status(product, given, product.type_of(issue))
    if product.tracker != JIRA:
        return {"status": status.id}
    resolution = issue.state.get("resolution") or "Done" if status.category == DONE else None
    return {"status": status.id, "resolution": resolution}


def _sprint(_: World, product: Product, issue: Issue, given: object) -> Given:
    """In Jira closed sprints stay in the issue's list."""
    listed = issue.state.get("sprints") or ()
    kept = tuple(n for n in listed if product.sprints[n].state == "closed") if product.tracker == JIRA else ()
    return {"sprints": kept if given is None else (*kept, find_sprint(product, given).id)}


def _assignee(world: World, _product: Product, _issue: Issue, given: object) -> Given:
    return {"assignee": None if given is None else find_person(world.company, given)}


def _parent(_world: World, product: Product, _issue: Issue, given: object) -> Given:
    return {"parent": None if given is None else find_issue(product, given).id}


def _points(_world: World, _product: Product, _issue: Issue, given: Any) -> Given:  # noqa: ANN401 - JSON
    return {"points": None if given is None else float(given)}


def _labels(_world: World, _product: Product, _issue: Issue, given: list[str]) -> Given:
    return {"labels": tuple(sorted(set(given)))}


def _add_label(_world: World, _product: Product, issue: Issue, given: str) -> Given:
    return {"labels": tuple(sorted({*issue.state.get("labels", ()), given}))}


def _remove_label(_world: World, _product: Product, issue: Issue, given: str) -> Given:
    return {"labels": tuple(sorted(set(issue.state.get("labels", ())) - {given}))}


def _flagged(_world: World, _product: Product, _issue: Issue, given: object) -> Given:
    return {"flagged": True if given else None}


def _column_done(_world: World, _product: Product, issue: Issue, given: object) -> Given:
    """Into the Done half of a split column, or out of it."""
    return {"column_done": issue.state["status"] if given else None}


_READ: dict[str, Callable[[World, Product, Issue, Any], Given]] = {
    "status": _status,
    "points": _points,
    "assignee": _assignee,
    "sprint": _sprint,
    "parent": _parent,
    "labels": _labels,
    "add_label": _add_label,
    "remove_label": _remove_label,
    "flagged": _flagged,
    "column_done": _column_done,
}


def move(world: World, product: Product, issue: Issue, given: Given) -> Given:
    """To another `project`: Jira gives a new key and a status there; Azure DevOps resets the state."""
    author, target = author_of(world, given), find_project(product, given.pop("project"))
    nothing_more(given)
    if target.id == issue.state["project"]:
        raise ValueError(f"the issue is in {target.name} already")
    team = next((team.id for team in product.teams.values() if team.project_id == target.id), None)
    if product.tracker == JIRA:
        values = values_of_move(product, issue, target, team)
    else:
        status = product.type_of(issue).path[0]
        values = {"project": target.id, "team": team, "status": status, "sprints": (), "parent": None}
        values = {name: value for name, value in values.items() if value or issue.state.get(name)}
    edit(world, product, issue, author=author, at=moment_of(world, issue), **values)
    product.keys[product.key(issue)] = issue.id
    settle(world, product, issue)
    return {}


def retype(world: World, product: Product, issue: Issue, given: Given) -> Given:
    """To another `type`; a status that the new type does not know becomes its first one."""
    author, project = author_of(world, given), product.projects[issue.state["project"]]
    kind = find_type(product, project, given.pop("type"))
    nothing_more(given)
    values: Given = {"type": kind.id}
    if issue.state["status"] not in kind.statuses:
        values["status"] = kind.path[0]
    edit(world, product, issue, author=author, at=moment_of(world, issue), **values)
    settle(world, product, issue)
    return {}


def link(world: World, product: Product, issue: Issue, given: Given) -> Given:
    """The issue `type` (blocks, relates, duplicates) the issue `to`."""
    author, other = author_of(world, given), find_issue(product, given.pop("to"))
    kind = given.pop("type", "blocks")
    nothing_more(given)
    if kind not in {"blocks", "relates", "duplicates"} or other is issue:
        raise ValueError("type is one of blocks, relates, duplicates, and an issue has no link to itself")
    connect(world, product, kind, issue, other, author, at=moment_of(world, issue, other))
    return {"link": issue.links[-1]}


def unlink(world: World, product: Product, issue: Issue, given: Given) -> Given:
    """The links between the issue and the issue `to` go."""
    author, other = author_of(world, given), find_issue(product, given.pop("to"))
    nothing_more(given)
    links = [product.links[n] for n in issue.links if n in other.links and product.links[n].removed_at is None]
    if not links:
        raise ValueError(f"nothing links {issue.id} and {other.id}")
    for each in links:
        disconnect(world, product, each, author, at=moment_of(world, issue, other))
    return {"links": [each.id for each in links]}


def log_work(world: World, product: Product, issue: Issue, given: Given) -> Given:
    """Book `seconds`, begun at `started` or that long ago."""
    author, seconds, at = author_of(world, given), int(given.pop("seconds")), moment_of(world, issue)
    started = given.pop("started", None)
    nothing_more(given)
    begun = at - seconds * SECOND if started is None else round(datetime.fromisoformat(started).timestamp() * 1000)
    number = product.next_id("worklog")
    product.worklogs[number] = Worklog(
        id=number, issue_id=issue.id, author=author, started_at=begun, seconds=seconds, updated_at=at
    )
    issue.worklogs.append(number)
    _book(world, product, issue, author, seconds, at)
    return {"worklog": number}


def edit_worklog(world: World, product: Product, issue: Issue, given: Given) -> Given:
    """The `worklog` of this id turns out to be `seconds` long."""
    author, row, seconds = author_of(world, given), _worklog(product, issue, given), int(given.pop("seconds"))
    nothing_more(given)
    at, more = moment_of(world, issue), seconds - row.seconds
    row.seconds, row.updated_at = seconds, at
    _book(world, product, issue, author, more, at)
    return {"worklog": row.id}


def delete_worklog(world: World, product: Product, issue: Issue, given: Given) -> Given:
    """The `worklog` of this id goes."""
    author, row = author_of(world, given), _worklog(product, issue, given)
    nothing_more(given)
    row.deleted_at = at = moment_of(world, issue)
    _book(world, product, issue, author, -row.seconds, at)
    return {"worklog": row.id}


def _worklog(product: Product, issue: Issue, given: Given) -> Worklog:
    number = int(given.pop("worklog"))
    if number not in issue.worklogs or product.worklogs[number].deleted_at is not None:
        raise ValueError(f"the issue has no worklog {number}")
    return product.worklogs[number]


def _book(world: World, product: Product, issue: Issue, author: int, seconds: int, at: int) -> None:
    spent = (issue.state.get("time_spent") or 0) + seconds
    edit(world, product, issue, author=author, at=at, time_spent=spent)


def comment(world: World, product: Product, issue: Issue, given: Given) -> Given:
    """A remark with a `text`."""
    author, text = author_of(world, given), str(given.pop("text"))
    nothing_more(given)
    remark(world, product, issue, author, text, at=moment_of(world, issue))
    return {"comment": issue.comments[-1].id}


def nothing_more(given: Given) -> None:
    """Raise for what a command names beyond what its deed knows."""
    if given:
        raise ValueError(f"unknown: {', '.join(given)}")
