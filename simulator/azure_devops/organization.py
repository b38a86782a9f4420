"""The organisation itself: its address, its login, its ids and clocks, and what its parts share."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from simulator.azure_devops.feed import Feed
from simulator.company import AZURE_DEVOPS, Company, Issue, Person, Product, Project, Sprint, State
from simulator.life.layout import SHOP
from simulator.wire import Cache

_NAMESPACE = uuid.UUID("5d3c7d2e-0000-4000-8000-000000000000")
_EFFORTS = {"Agile": "StoryPoints", "Scrum": "Effort", "CMMI": "Size"}
_EMPTY_PROJECT = 100_000
GRAPH_DOOR = "/vssps"


@dataclass(slots=True, eq=False, kw_only=True)
class Organization:
    """An organisation of the Services or a collection of a Server; `url` is its address with `base` at the end."""

    company: Company
    base: str
    token: str
    url: str = ""
    is_server: bool = False
    feed_batch: int = 200
    """How many rows a batch of a feed has where nobody asks for a size, or nobody can."""
    feed_cap: int = 1_000
    """How many it has at most, whatever is asked for."""
    wiql_cap: int = 20_000
    newest_api_version: str = "7.2"
    sign_in: str = "203"
    """How a dead login is answered when it reads: 203 or 302 with a sign-in page, or 401."""
    capacity_shape: str = "by version"
    """`members` (API 7), `list` (older ones) or `by version`."""
    identity_shape: str = "by version"
    """People outside the feed: `objects`, `texts` or `by version` (texts at 5.0)."""
    recycle_bin_shape: str = "list"
    """`list`, or the bare `array` with ids as texts that Microsoft recorded."""
    process: str = "Agile"
    """`Agile`, `Scrum` or `CMMI`: which field holds the effort."""
    zone: str = "America/Los_Angeles"
    """The time zone in the profile of whoever asks."""
    empty_projects: int = 0
    """So many projects without anything in them come after the real ones."""
    hidden_projects: list[str] = field(default_factory=list)
    """Names of projects that the token may not see."""
    hidden_areas: list[str] = field(default_factory=list)
    """Paths of areas whose work items the token may not see, with all below them."""
    withheld_scopes: list[str] = field(default_factory=list)
    """What the token may not read: `graph`, `identity`."""
    groups_a_page: int = 200
    token_seconds: int = 3_600
    """How long an Entra access token is good for, by the company's clock."""
    tenant_id: str = ""
    client_id: str = ""
    client_secret: str = ""
    access_tokens: dict[str, int] = field(default_factory=dict)
    """When each access token ends."""
    feed: Feed = field(default_factory=Feed)
    snapshots: Cache[list[Any]] = field(default_factory=lambda: Cache(8_000))
    texts: Cache[list[str]] = field(default_factory=lambda: Cache(8_000))

    @property
    def graph_url(self) -> str:
        """Where the Graph of the Services is: beside the organisation."""
        return f"{self.url.removesuffix(self.base)}{GRAPH_DOOR}{self.base}"

    @property
    def ceiling(self) -> float:
        """The newest API version as a number."""
        return float(self.newest_api_version)

    @property
    def has_parent_field(self) -> bool:
        """Whether items have `System.Parent`; Server 2019 had not."""
        return self.ceiling >= 6

    @property
    def shows_people_as_objects(self) -> bool:
        """How people look outside the feed, where nobody can ask for objects."""
        return self.identity_shape == "objects" or (self.identity_shape == "by version" and self.ceiling >= 6)

    @property
    def lists_capacities(self) -> bool:
        """Whether capacities are a plain list."""
        return self.capacity_shape == "list" or (self.capacity_shape == "by version" and self.ceiling < 7)

    @property
    def product(self) -> Product:
        """What the organisation shows."""
        return self.company.product(AZURE_DEVOPS)

    @property
    def effort_field(self) -> str:
        """The field that holds the effort."""
        return f"Microsoft.VSTS.Scheduling.{_EFFORTS[self.process]}"

    def projects(self) -> list[Project]:
        """The projects that the token may see."""
        real = list(self.product.projects.values())
        types = real[0].types
        empty = [
            Project(id=_EMPTY_PROJECT + 1_000 * n, key=f"E{n}", name=f"Empty {n:03d}", types=types)
            for n in range(1, self.empty_projects + 1)
        ]
        return [project for project in real + empty if project.name not in self.hidden_projects]

    def sees(self, issue: Issue) -> bool:
        """Whether the token may see the work item where it is now."""
        if not self.hidden_projects and not self.hidden_areas:
            return True
        if self.product.projects[issue.state["project"]].name in self.hidden_projects:
            return False
        path = area(self.product, issue.state)[1]
        return not any(path == hidden or path.startswith(f"{hidden}\\") for hidden in self.hidden_areas)

    def find(self, number: int) -> Issue | None:
        """The work item of this id, unless it is in the recycle bin or hidden."""
        issue = self.product.issues.get(number)
        return None if issue is None or issue.deleted_at is not None or not self.sees(issue) else issue


@lru_cache(maxsize=8192)
def guid(kind: str, number: int) -> str:
    """The GUID of a thing, always the same."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind} {number}"))


@lru_cache(maxsize=65_536)
def ado_time(at: int) -> str:
    """An instant as Azure DevOps shows it: UTC, without trailing zeros."""
    text = f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%S}"
    return f"{text}.{at % 1000:03d}".rstrip("0").rstrip(".") + "Z"


def identity(organization: Organization, person: Person) -> dict[str, Any]:
    """A person as an object, shared by all answers: not to be changed."""
    return _identity(organization.url, person)


@lru_cache(maxsize=1024)
def _identity(url: str, person: Person) -> dict[str, Any]:
    return {
        "displayName": person.name,
        "url": f"{url}/_apis/Identities/{guid('person', person.id)}",
        "id": guid("person", person.id),
        "uniqueName": person.email,
        "imageUrl": f"{url}/_apis/GraphProfile/MemberAvatars/{guid('person', person.id)}",
        "descriptor": f"aad.{guid('person', person.id)}",
    }


def identity_text(person: Person) -> str:
    """A person as the feed writes them when objects are not asked for."""
    return f"{person.name} <{person.email}>"


def area(product: Product, state: State) -> tuple[int, str]:
    """Id and path of an item's area."""
    project: Project = product.projects[state["project"]]
    team = product.teams.get(state.get("team") or 0)
    if team is None or project.id != SHOP:
        return 3400 + project.id, project.name
    return 3450 + team.id, f"{project.name}\\{product.areas[team.id]}"


def iteration(product: Product, state: State) -> tuple[int, str]:
    """Id and path of an item's iteration."""
    project: Project = product.projects[state["project"]]
    planned = state.get("sprints") or ()
    if not planned or project.id != SHOP:
        return 3500 + project.id, project.name
    sprint: Sprint = product.sprints[planned[-1]]
    return iteration_node(sprint), f"{project.name}\\{sprint.name}"


def iteration_node(sprint: Sprint) -> int:
    """The number of the iteration's node."""
    return 3570 + sprint.id
