"""The company behind the simulated trackers: people, products, sprints and the full life of each issue, in no dialect.

Instants are milliseconds since 1970 in UTC. What changes with time (issues, sprints, versions) is mutable here: the
company lives on by nights. `simulator.life` is the only code that changes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

State = dict[str, Any]

TODO, IN_PROGRESS, RESOLVED, DONE, REMOVED = "todo", "in_progress", "resolved", "done", "removed"
JIRA, AZURE_DEVOPS = "jira", "azure_devops"


class Change(NamedTuple):
    """One field of an issue going from one value to another; the texts are what people read at that time."""

    field: str
    old: Any
    new: Any
    old_text: str | None = None
    new_text: str | None = None


class Event(NamedTuple):
    """What one person did to one issue at one instant; ids grow with time over the whole product."""

    id: int
    at: int
    author: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody (or an app) known to a tracker."""

    id: int
    name: str
    login: str
    is_active: bool = True
    is_app: bool = False

    @property
    def email(self) -> str:
        """The address, unique in the company."""
        return f"{self.login}@acme.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A named state of work, `project_id` set where it belongs to one project; a retired one lives in histories."""

    id: int
    name: str
    category: str
    project_id: int | None = None
    is_retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueType:
    """A kind of issue. `path` are its statuses in working order, first todo, last done; `role` is the neutral name."""

    id: int
    name: str
    role: str
    level: int
    path: tuple[int, ...]
    removed: int | None = None
    project_id: int | None = None

    @property
    def statuses(self) -> tuple[int, ...]:
        """All statuses of the type."""
        return self.path if self.removed is None else (*self.path, self.removed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project of a tracker; `types` are issue type ids by role."""

    id: int
    key: str
    name: str
    types: dict[str, int]
    is_team_managed: bool = False
    components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """People who share a backlog."""

    id: int
    name: str
    project_id: int
    members: tuple[int, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Group:
    """People by a name, with groups within it; `project_id` set where it belongs to a project of Azure DevOps."""

    id: int
    name: str
    members: tuple[int, ...]
    groups: tuple[int, ...] = ()
    project_id: int | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Sprint:
    """Two weeks of one or more teams: future until activated, closed once completed."""

    id: int
    name: str
    team_ids: tuple[int, ...]
    goal: str
    created_at: int
    start_at: int
    end_at: int
    activated_at: int | None = None
    completed_at: int | None = None
    is_deleted: bool = False

    @property
    def state(self) -> str:
        """`future`, `active` or `closed`."""
        if self.activated_at is None:
            return "future"
        return "active" if self.completed_at is None else "closed"


@dataclass(slots=True, eq=False, kw_only=True)
class Version:
    """A release of a project; days are ISO texts."""

    id: int
    project_id: int
    name: str
    start_on: str
    release_on: str
    is_released: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Link:
    """A typed, directed connection: `source` blocks (duplicates, relates to) `target`."""

    id: int
    type: str
    source: int
    target: int
    created_at: int
    author: int
    removed_at: int | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Worklog:
    """Time somebody spent on an issue."""

    id: int
    issue_id: int
    author: int
    started_at: int
    seconds: int
    updated_at: int
    deleted_at: int | None = None


class Comment(NamedTuple):
    """A remark below an issue."""

    id: int
    author: int
    at: int
    text: str


@dataclass(slots=True, eq=False, kw_only=True)
class Issue:
    """An issue: its values at creation, what happened since, and what it is now (`initial` + `events` = `state`)."""

    id: int
    created_at: int
    author: int
    initial: State
    state: State
    touched_at: int
    updated_at: int
    events: list[Event] = field(default_factory=list)
    links: list[int] = field(default_factory=list)
    worklogs: list[int] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    deleted_at: int | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Product:
    """What one tracker shows: projects, teams, sprints and issues, each by id."""

    name: str
    tracker: str
    projects: dict[int, Project] = field(default_factory=dict)
    statuses: dict[int, Status] = field(default_factory=dict)
    types: dict[int, IssueType] = field(default_factory=dict)
    teams: dict[int, Team] = field(default_factory=dict)
    sprints: dict[int, Sprint] = field(default_factory=dict)
    versions: dict[int, Version] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    links: dict[int, Link] = field(default_factory=dict)
    worklogs: dict[int, Worklog] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    areas: dict[int, str] = field(default_factory=dict)
    """The name of each team's area."""
    board_names: dict[int, str] = field(default_factory=dict)
    """The names of boards that were given another one than their first."""
    counters: dict[str, int] = field(default_factory=dict)

    def next_id(self, kind: str) -> int:
        """The next unused number of a kind of thing."""
        number = self.counters[kind] = self.counters.get(kind, 0) + 1
        return number

    def alive(self) -> Iterator[Issue]:
        """The issues that are not deleted, by id."""
        return (issue for issue in self.issues.values() if issue.deleted_at is None)

    def key(self, issue: Issue) -> str:
        """What people call the issue today."""
        return self.key_of(issue.state)

    def key_of(self, state: State) -> str:
        """What people called an issue in this state."""
        return f"{self.projects[state['project']].key}-{state['number']}"

    def type_of(self, issue: Issue) -> IssueType:
        """The issue's type today."""
        return self.types[issue.state["type"]]

    def category(self, issue: Issue) -> str:
        """The neutral category of the issue's status today."""
        return self.statuses[issue.state["status"]].category


@dataclass(slots=True, eq=False, kw_only=True)
class Company:
    """Everything that the trackers know at the instant `now`; `age` grows with each change of the world."""

    seed: int
    now: int
    people: dict[int, Person]
    products: tuple[Product, ...]
    groups: dict[int, Group] = field(default_factory=dict)
    age: int = 0

    def product(self, tracker: str) -> Product:
        """The product that this tracker shows."""
        return next(p for p in self.products if p.tracker == tracker)

    def people_in(self, group: Group) -> list[Person]:
        """Everybody in the group and in those within it, by id."""
        seen: dict[int, Group] = {}
        waiting = [group]
        while waiting:
            one = waiting.pop()
            if one.id not in seen:
                seen[one.id] = one
                waiting += [self.groups[number] for number in one.groups]
        return [self.people[number] for number in sorted({n for one in seen.values() for n in one.members})]


def replay(issue: Issue) -> Iterator[tuple[Event | None, State]]:
    """The issue's state at creation (with None) and after each event; one dict, changed as it goes."""
    state = dict(issue.initial)
    yield None, state
    for event in issue.events:
        for change in event.changes:
            if change.field != "link":
                state[change.field] = change.new
        yield event, state
