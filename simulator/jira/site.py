"""A Jira itself: its address, its login, its clocks and switches, and what its parts share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request

from simulator.company import JIRA, Company, Issue, Person, Product, Project, Sprint
from simulator.jira.fields import FieldTable
from simulator.jira.words import translate
from simulator.wire import Cache

SITE_ZONE = ZoneInfo("Europe/Berlin")
SCRUM, SIMPLE, KANBAN = "scrum", "simple", "kanban"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board; `team_ids` are those whose sprints it shows, `project_ids` what its filter selects."""

    id: int
    name: str
    kind: str
    project_ids: tuple[int, ...]
    team_ids: tuple[int, ...]

    @property
    def filter_id(self) -> int:
        """The saved filter behind the board."""
        return 10100 + self.id


BOARDS = (
    Board(id=1, name="PAY board", kind=SCRUM, project_ids=(10001,), team_ids=(1,)),
    Board(id=2, name="WEB board", kind=SIMPLE, project_ids=(10002,), team_ids=(2,)),
    Board(id=3, name="PAY support", kind=KANBAN, project_ids=(10001,), team_ids=()),
    Board(id=4, name="Payments, all teams", kind=SCRUM, project_ids=(10001, 10002), team_ids=(1, 2)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a flavour of Jira tells the facts: its version of the API, its fields, and how it shows people and sprints.

    A Cloud names team-managed projects' own statuses and types, levels of types and ids of fields in histories, and
    keeps each parent in `parent`; a Data Center has an Epic Link instead.
    """

    is_cloud: bool
    api: str
    fields: FieldTable
    person_id: Callable[[Person], str]
    person: Callable[[Site, Person], dict[str, Any]]
    sprint_value: Callable[[Site, Sprint], Any]
    points_role: Callable[[Project], str]


@dataclass(slots=True, eq=False, kw_only=True)
class Site:
    """One Jira over the company's Jira product; `url` is known once the port is.

    What follows `page_cap` are switches: what the caller may not see, and how the site behaves. A request may see the
    site in another language, by another address or as nobody: `seen` makes that view, which shares the rest.
    """

    company: Company
    dialect: Dialect
    email: str
    token: str
    page_cap: int
    url: str = ""
    version: str = ""
    hidden_issues: list[int] = field(default_factory=list)
    hidden_projects: list[str] = field(default_factory=list)
    denied_boards: list[int] = field(default_factory=list)
    columnless_boards: list[int] = field(default_factory=list)
    withheld_permissions: list[str] = field(default_factory=list)
    granted_permissions: list[str] = field(default_factory=list)
    time_tracking: bool = True
    language: str = "en"
    user_zone: str = "America/Los_Angeles"
    index_lag: int = 0
    mutate_on_page: int = 0
    hostile_sprints: bool = False
    shown_in: str | None = None
    is_anonymous: bool = False
    mutate: Callable[[Issue], None] = lambda _: None
    texts: Cache[str] = field(default_factory=lambda: Cache(20_000))
    histories: Cache[list[str]] = field(default_factory=lambda: Cache(20_000))
    results: Cache[list[Any]] = field(default_factory=lambda: Cache(512))

    @property
    def product(self) -> Product:
        """What the site shows."""
        return self.company.product(JIRA)

    @property
    def view(self) -> tuple[str, str | None, bool]:
        """What tells one view of the site from another, for the keys of caches."""
        return self.url, self.shown_in, self.is_anonymous

    @property
    def fields(self) -> FieldTable:
        """The fields that the site has now."""
        return self.dialect.fields if self.time_tracking else self.dialect.fields.without_time_tracking()

    def seen(self, *, url: str | None = None, shown_in: str | None = None, is_anonymous: bool = False) -> Site:
        """The site as one request sees it."""
        if url is None and shown_in is None and not is_anonymous:
            return self
        return replace(self, url=url or self.url, shown_in=shown_in, is_anonymous=is_anonymous)

    def shows(self, issue: Issue) -> bool:
        """Whether the caller may see the issue."""
        if issue.deleted_at is not None or self.is_anonymous or issue.id in self.hidden_issues:
            return False
        return not self.hidden_projects or self.shows_project(self.product.projects[issue.state["project"]])

    def shows_project(self, project: Project) -> bool:
        """Whether the caller may browse the project."""
        return not self.is_anonymous and project.key not in self.hidden_projects

    def projects(self) -> list[Project]:
        """The projects that the caller may browse."""
        return [project for project in self.product.projects.values() if self.shows_project(project)]

    def issues(self) -> list[Issue]:
        """The issues that the caller may see, by id."""
        return [issue for issue in self.product.issues.values() if self.shows(issue)]

    def find(self, id_or_key: str) -> Issue | None:
        """The issue of this id, key or former key, unless it is deleted or hidden."""
        number = int(id_or_key) if id_or_key.isdigit() else self.product.keys.get(id_or_key.upper(), 0)
        issue = self.product.issues.get(number)
        return issue if issue is not None and self.shows(issue) else None

    def points_role(self, project_id: int) -> str:
        """The role of the field in which a project keeps its story points."""
        return self.dialect.points_role(self.product.projects[project_id])

    def word(self, english: str) -> str:
        """A name in the language of the request."""
        return translate(english, self.shown_in or self.language)

    def told(self, english: str) -> str:
        """A name in the language of the site, as histories keep it."""
        return translate(english, self.language)

    def person_id(self, number: int) -> str:
        """The id of a person."""
        return self.dialect.person_id(self.company.people[number])

    def user(self, number: int) -> dict[str, Any]:
        """A person as issues and lists show them."""
        return self.dialect.person(self, self.company.people[number])

    def sprint_name(self, sprint: Sprint) -> str:
        """What people call the sprint: with `hostile_sprints` nothing that a careless parser would survive."""
        return f"{sprint.name}, state=OPEN] = [x" if self.hostile_sprints else sprint.name

    def sprint_goal(self, sprint: Sprint) -> str:
        """The goal of the sprint."""
        return f"1. ship [a=b],\n2. learn, id=7]\n{sprint.goal}" if self.hostile_sprints else sprint.goal


def site_of(request: Request) -> Site:
    """The site as this request sees it."""
    site: Site = request.scope["jira.site"]
    return site


def place_of(request: Request) -> str:
    """The address of the request without its query, whatever stands before the API's own path."""
    return f"{site_of(request).url}/rest{request.url.path.partition('/rest')[2]}"


@lru_cache(maxsize=65_536)
def site_time(at: int) -> str:
    """An instant as issues show it: the site's zone, milliseconds, an offset without colon."""
    text = datetime.fromtimestamp(at // 1000, SITE_ZONE).strftime("%Y-%m-%dT%H:%M:%S{}%z")
    return text.format(f".{at % 1000:03d}")


def utc_time(at: int) -> str:
    """An instant as the sprints of a Cloud show it: UTC with `Z`."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def zone_time(at: int) -> str:
    """An instant as the sprints of a Data Center show it: the site's zone, an offset with colon."""
    text = site_time(at)
    return f"{text[:-2]}:{text[-2:]}"
