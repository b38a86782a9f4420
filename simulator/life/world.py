"""The running simulation: the company, its dice, each team's floor, and the only functions that write history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from simulator.company import JIRA, Change, Comment, Company, Event, Issue, Link, Product, Sprint, Team, Worklog
from simulator.life.layout import BOT
from simulator.life.worktime import MINUTE, SECOND, WORKDAY, opening

Planned = tuple[int, int, Issue, int, tuple[Change, ...]]


@dataclass(slots=True, eq=False, kw_only=True)
class Floor:
    """What a team has on its hands: the backlog in order, the issues in the active sprint, and the lately finished."""

    product: Product
    team: Team
    backlog: list[Issue] = field(default_factory=list)
    board: list[Issue] = field(default_factory=list)
    finished: list[Issue] = field(default_factory=list)
    epics: list[Issue] = field(default_factory=list)
    sprint: Sprint | None = None
    velocity: int = 5


@dataclass(slots=True, eq=False, kw_only=True)
class World:
    """One company being simulated. `quotas` are the issues to create on each day; `plain_quota` for later days."""

    company: Company
    rng: Random
    floors: list[Floor]
    day: date
    first_day: date
    quotas: dict[date, int]
    plain_quota: int
    nights: int = 0
    nightfall: int = 0
    """When the last night was; the clock may stand later."""
    turns: int = 0
    """How many sprints of each team have begun."""
    deletes_in_jira: bool = True
    """Azure DevOps tells of deletions in its feed; Jira does not, and whoever compares with it may do without."""
    staged: set[str] = field(default_factory=set)
    hot: dict[Issue, Floor] = field(default_factory=dict)
    pending: dict[str, list[Planned]] = field(default_factory=dict)

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self.rng.random() < probability

    def share(self, floor: Floor, rate: float) -> int:
        """So many times a day for a team of this size, in the long run."""
        return int(floor.velocity * rate + self.rng.random())

    def once(self, scene: str) -> bool:
        """True the first time that a scene is asked for."""
        if scene in self.staged:
            return False
        self.staged.add(scene)
        return True


def moment(world: World, issue: Issue) -> int:
    """An instant of the day's working hours after everything that happened to the issue so far."""
    at = opening(world.day) + world.rng.randrange(WORKDAY)
    if at > issue.touched_at:
        return at
    return issue.touched_at + world.rng.randrange(SECOND, MINUTE)


def someone(world: World, floor: Floor) -> int:
    """A member of the team."""
    return world.rng.choice(floor.team.members)


def record(
    world: World, product: Product, issue: Issue, changes: list[Change], *, author: int, at: int | None = None
) -> None:
    """One history entry: applies the changes now, the entry gets its id at the end of the day."""
    if not changes:
        return
    at = moment(world, issue) if at is None else at
    for change in changes:
        if change.field != "link":
            issue.state[change.field] = change.new
    issue.touched_at = issue.updated_at = at
    pending = world.pending.setdefault(product.tracker, [])
    pending.append((at, len(pending), issue, author, tuple(changes)))


def edit(
    world: World,
    product: Product,
    issue: Issue,
    *,
    author: int,
    at: int | None = None,
    **values: Any,  # noqa: ANN401 - each field's own type
) -> None:
    """One history entry that sets these fields; those that have the value already are left out."""
    changes = [change(product, issue, name, value) for name, value in values.items() if issue.state.get(name) != value]
    record(world, product, issue, changes, author=author, at=at)


def change(product: Product, issue: Issue, name: str, value: Any) -> Change:  # noqa: ANN401 - a field's value
    """The change of one field from what it is now; what can be renamed carries its names as of now."""
    old = issue.state.get(name)
    if name not in _NAMED:
        return Change(name, old, value)
    return Change(name, old, value, _NAMED[name](product, old), _NAMED[name](product, value))


def status_name(product: Product, number: int) -> str:
    """What the status is called now."""
    return product.statuses[number].name


def _key(product: Product, number: int | None) -> str | None:
    return None if number is None else product.key(product.issues[number])


def _sprint_names(product: Product, numbers: tuple[int, ...] | None) -> str:
    return ", ".join(product.sprints[number].name for number in numbers or ())


_NAMED: dict[str, Callable[[Product, Any], str | None]] = {
    "parent": _key,
    "status": status_name,
    "sprints": _sprint_names,
}


def flush(world: World) -> None:
    """Write down the day: history entries in the order of their time, with growing ids."""
    for product in world.company.products:
        for at, _, issue, author, changes in sorted(world.pending.pop(product.tracker, []), key=lambda e: e[:2]):
            issue.events.append(Event(product.next_id("event"), at, author, changes))
    world.company.age += 1


def connect(
    world: World, product: Product, kind: str, source: Issue, target: Issue, author: int, *, at: int | None = None
) -> None:
    """Link two issues; each of them gets a history entry."""
    if at is None:
        at = max(moment(world, source), source.touched_at + SECOND, target.touched_at + SECOND)
    link = Link(id=product.next_id("link"), type=kind, source=source.id, target=target.id, created_at=at, author=author)
    product.links[link.id] = link
    for here, there in ((source, target), (target, source)):
        here.links.append(link.id)
        new = Change("link", None, link.id, None, product.key(there))
        record(world, product, here, [new], author=author, at=at)


def disconnect(world: World, product: Product, link: Link, author: int, *, at: int | None = None) -> None:
    """Remove a link; each of its issues gets a history entry."""
    source, target = product.issues[link.source], product.issues[link.target]
    at = max(moment(world, source), target.touched_at + SECOND) if at is None else at
    link.removed_at = at
    for here, there in ((source, target), (target, source)):
        gone = Change("link", link.id, None, product.key(there))
        record(world, product, here, [gone], author=author, at=at)


def log_work(world: World, product: Product, issue: Issue, author: int) -> None:
    """Book some time on the issue (Jira: with its noise in the history)."""
    at, seconds = moment(world, issue), world.rng.choice((900, 1800, 3600, 5400, 7200, 14400))
    number = product.next_id("worklog")
    product.worklogs[number] = Worklog(
        id=number, issue_id=issue.id, author=author, started_at=at - seconds * SECOND, seconds=seconds, updated_at=at
    )
    issue.worklogs.append(number)
    edit(world, product, issue, author=author, at=at, time_spent=(issue.state.get("time_spent") or 0) + seconds)


def remark(world: World, product: Product, issue: Issue, author: int, text: str, *, at: int | None = None) -> None:
    """Comment on the issue: in Azure DevOps a revision; Jira keeps no history of it, but it counts as an update."""
    at = moment(world, issue) if at is None else at
    issue.comments.append(Comment(product.next_id("comment"), author, at, text))
    issue.touched_at = at
    if product.tracker == JIRA:
        issue.updated_at = at
    else:
        edit(world, product, issue, author=author, at=at, comments=len(issue.comments))


def delete(world: World, product: Product, issue: Issue, author: int = BOT) -> None:
    """Delete the issue: Jira forgets it, Azure DevOps moves it to the recycle bin with a last revision."""
    if product.tracker == JIRA and not world.deletes_in_jira:
        return
    at = moment(world, issue)
    if product.tracker != JIRA:
        edit(world, product, issue, author=author, at=at, is_deleted=True)
    issue.deleted_at = at
    for floor in world.floors:
        for pile in (floor.backlog, floor.board, floor.finished, floor.epics):
            if issue in pile:
                pile.remove(issue)
