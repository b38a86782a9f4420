"""A small organisation that answers over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import httpx

URL = "https://dev.azure.com/fab"
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
_TEAM = "{project}/{team}/_apis/{area}"
_ITERATION = _TEAM + "/teamsettings/iterations/{iterationId}/{resource}"
_LOCATIONS = {
    "c3c1012b-bea7-49d7-b45e-1664e566f84c": ("work", _TEAM + "/{resource}", "teamsettings"),
    "23ad19fc-3b8e-4877-8462-b3f92bc06b40": ("work", _TEAM + "/{resource}/{id}", "boards"),
    "c555d7ff-84e1-47df-9923-a3fe0cd8751b": ("work", _TEAM + "/boards/{board}/{resource}", "columns"),
    "2d4faa2e-9150-4cbf-a47a-932b1b4a0773": ("work", _ITERATION, "teamdaysoff"),
    "d30a3dd1-f8ba-442a-b86a-bd0c0c383e59": ("core", "_apis/projects/{projectId}/{resource}/{*teamId}", "teams"),
    "b51fd764-e5c2-4b9b-aaf7-3395cf4bdd94": ("wit", "{project}/_apis/{area}/{resource}/{*f}", "fields"),
    "7c8d7a76-4a09-43e8-b5df-bd792f4ac6aa": ("wit", "{project}/_apis/{area}/{resource}/{type}", "workItemTypes"),
    "7c9d7a76-4a09-43e8-b5df-bd792f4ac6aa": ("wit", "{project}/_apis/{area}/workItemTypes/{type}/{resource}", "states"),
    "9b9f5734-36c8-415e-ba67-f83b45c31408": (
        "wit",
        "{project}/_apis/{area}/{resource}/{category}",
        "workItemTypeCategories",
    ),
    "a70579d1-f53a-48ee-a5be-7be8659023b9": ("wit", "{project}/_apis/{area}/{resource}/{g}", "classificationNodes"),
    "07ced576-58ed-49e6-9c1e-5cb53ab8bf2a": (
        "work",
        "{project}/{team}/_apis/{area}/teamsettings/{resource}",
        "teamFieldValues",
    ),
    "7799f497-3cb5-4f16-ad4f-5cd06012db64": (
        "work",
        "{project}/{team}/_apis/{area}/{resource}",
        "backlogConfiguration",
    ),
}

AGILE = {"User Story": ("New", "Active", "Resolved", "Closed"), "Bug": ("New", "Active", "Resolved", "Closed")}
_CATEGORIES = {
    "New": "Proposed",
    "Active": "InProgress",
    "Resolved": "Resolved",
    "Closed": "Completed",
    "Done": "Completed",
    "Removed": "Removed",
}


@dataclass
class FakeProject:
    """A project; `types` are type → states, `categories` state → category where it is not the usual one."""

    id: str
    name: str
    types: Mapping[str, Sequence[str]] = field(default_factory=lambda: AGILE)
    categories: Mapping[tuple[str, str], str] = field(default_factory=dict)
    effort: str = "Microsoft.VSTS.Scheduling.StoryPoints"
    portfolio: Sequence[str] = ("Epic",)
    groups: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"Microsoft.TaskCategory": ["Task"]})
    iterations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Name → {id (int), identifier, start, finish, frame}."""
    areas: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    """Name → id."""
    columns: Sequence[Mapping[str, Any]] = ()
    """Of the one board that each team has."""

    def node(self, kind: str) -> dict[str, Any]:
        """The tree of areas or iterations."""
        if kind == "area":
            below = [(name, number, guid) for name, (number, guid) in self.areas.items()]
        else:
            below = [(name, each["id"], each["identifier"]) for name, each in self.iterations.items()]
        children = [
            {
                "id": number,
                "identifier": guid,
                "name": name,
                "structureType": kind,
                "hasChildren": False,
                "path": f"\\{self.name}\\{kind.title()}\\{name}",
            }
            for name, number, guid in below
        ]
        root = {"id": 1, "identifier": f"root-{kind}", "name": self.name, "structureType": kind, "hasChildren": True}
        return {**root, "path": f"\\{self.name}\\{kind.title()}", "children": children}


FIELDS = [
    {"name": "State", "referenceName": "System.State", "type": "string"},
    {"name": "Parent", "referenceName": "System.Parent", "type": "integer"},
    {"name": "Title", "referenceName": "System.Title", "type": "string"},
    {"name": "Assigned To", "referenceName": "System.AssignedTo", "type": "string", "isIdentity": True},
    {"name": "Story Points", "referenceName": "Microsoft.VSTS.Scheduling.StoryPoints", "type": "double"},
    {"name": "Effort", "referenceName": "Microsoft.VSTS.Scheduling.Effort", "type": "double"},
    {"name": "Size", "referenceName": "Microsoft.VSTS.Scheduling.Size", "type": "double"},
    {"name": "Severity", "referenceName": "Microsoft.VSTS.Common.Severity", "type": "string"},
    {"name": "Environment", "referenceName": "Custom.Environment", "type": "string"},
    {"name": "Reviewer", "referenceName": "Custom.Reviewer", "type": "string", "isIdentity": True},
    {"name": "Description", "referenceName": "System.Description", "type": "html"},
    {"name": "Tags", "referenceName": "System.Tags", "type": "plainText"},
]


@dataclass
class FakeOrganisation:
    """What the tracker holds. `batches` are the answers of the revision feed; the token is the number of the next."""

    projects: list[FakeProject] = field(default_factory=lambda: [FakeProject("p1", "Fab")])
    batches: list[list[dict[str, Any]]] = field(default_factory=list)
    links: list[list[dict[str, Any]]] = field(default_factory=list)
    histories: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    areas_of_team: list[dict[str, Any]] = field(default_factory=list)
    fields: list[dict[str, Any]] = field(default_factory=lambda: [*FIELDS])
    settings_of_team: dict[str, Any] = field(default_factory=dict)
    capacity: dict[str, Any] = field(default_factory=lambda: {"teamMembers": []})
    """The answer for each team and iteration."""
    days_off: list[dict[str, Any]] = field(default_factory=list)
    newest_version: float = 7.1
    bins: dict[str, Any] = field(default_factory=dict)
    """Project id → the answer of the recycle bin."""
    alive: list[int] = field(default_factory=list)
    """The ids that queries find."""
    seen: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The items that a batch shows, with their links."""
    queries: list[str] = field(default_factory=list)
    override: Callable[[httpx.Request], httpx.Response | None] = lambda _request: None
    requests: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One answer."""
        self.requests.append(request)
        special = self.override(request)
        if special is not None:
            return special
        if refused := self.wrong_version(request):
            return refused
        path = unquote(request.url.path).removeprefix("/fab/")
        for pattern, method in _ROUTES:
            if found := re.fullmatch(pattern, path, re.IGNORECASE):
                return method(self, request, **found.groupdict())
        return httpx.Response(404, json={"message": f"TF000: no {path}", "typeKey": "NotFound"})

    def wrong_version(self, request: httpx.Request) -> httpx.Response | None:
        """How a version that is too new is refused."""
        asked = request.url.params.get("api-version", "0")
        if float(asked.removesuffix("-preview")) <= self.newest_version:
            return None
        message = (
            f"The requested REST API version of {asked} is out of range for this server. "
            f"The latest REST API version this server supports is {self.newest_version}."
        )
        return httpx.Response(400, json={"message": message, "typeKey": "VssVersionOutOfRangeException"})

    def asked(self, part: str) -> list[httpx.Request]:
        """The requests so far whose path has `part`."""
        return [each for each in self.requests if part.lower() in each.url.path.lower()]

    def named(self, name: str) -> FakeProject:
        """The project of that name or id."""
        return next(each for each in self.projects if name.lower() in {each.name.lower(), each.id.lower()})

    def options(self, _request: httpx.Request) -> httpx.Response:
        """The location table that the SDK asks for."""
        rows = [
            {
                "id": key,
                "area": area,
                "resourceName": resource,
                "routeTemplate": route,
                "resourceVersion": 1,
                "minVersion": "1.0",
                "maxVersion": str(self.newest_version),
                "releasedVersion": str(self.newest_version),
            }
            for key, (area, route, resource) in _LOCATIONS.items()
        ]
        return _listing(rows)

    def list_projects(self, request: httpx.Request) -> httpx.Response:
        """Pages of 100, the next one named in a header only."""
        start = int(request.url.params.get("continuationToken", 0))
        end = start + 100
        headers = {"x-ms-continuationtoken": str(end)} if end < len(self.projects) else {}
        rows = [{"id": each.id, "name": each.name, "state": "wellFormed"} for each in self.projects[start:end]]
        return httpx.Response(200, json={"count": len(rows), "value": rows}, headers=headers)

    def connection(self, _request: httpx.Request) -> httpx.Response:
        """Who is logged in."""
        user = {"id": "u1", "providerDisplayName": "Bot"}
        return httpx.Response(200, json={"authenticatedUser": user, "authorizedUser": user})

    def list_teams(self, request: httpx.Request, project: str) -> httpx.Response:
        """The teams of a project, by position."""
        skip, top = int(request.url.params.get("$skip", 0)), int(request.url.params["$top"])
        rows = [{"id": guid, "name": name} for name, guid in self.named(project).teams.items()]
        return _listing(rows[skip : skip + top])

    def list_fields(self, _request: httpx.Request) -> httpx.Response:
        """The fields."""
        return _listing(self.fields)

    def list_types(self, _request: httpx.Request, project: str) -> httpx.Response:
        """The types, without their states."""
        return _listing([{"name": name, "isDisabled": False} for name in self.named(project).types])

    def list_states(self, _request: httpx.Request, project: str, type_: str) -> httpx.Response:
        """The states of a type."""
        fake = self.named(project)
        rows = [
            {"name": state, "color": "b2b2b2", "category": fake.categories.get((type_, state), _CATEGORIES.get(state))}
            for state in fake.types[type_]
        ]
        return _listing(rows)

    def list_categories(self, _request: httpx.Request, project: str) -> httpx.Response:
        """The groups of types."""
        groups = self.named(project).groups.items()
        return _listing(
            [{"referenceName": key, "workItemTypes": [{"name": n} for n in names]} for key, names in groups]
        )

    def backlogs(self, _request: httpx.Request, project: str) -> httpx.Response:
        """The backlog configuration."""
        fake = self.named(project)
        body = {
            "portfolioBacklogs": [{"id": "x", "workItemTypes": [{"name": each} for each in fake.portfolio]}],
            "backlogFields": {"typeFields": {"Effort": fake.effort}},
        }
        return httpx.Response(200, json=body)

    def nodes(self, _request: httpx.Request, project: str) -> httpx.Response:
        """Both trees."""
        return _listing([self.named(project).node(kind) for kind in ("area", "iteration")])

    def team_areas(self, _request: httpx.Request, project: str, team: str) -> httpx.Response:  # noqa: ARG002
        """The areas of a team."""
        return httpx.Response(200, json={"field": {"referenceName": "System.AreaPath"}, "values": self.areas_of_team})

    def team_iterations(self, _request: httpx.Request, project: str, team: str) -> httpx.Response:  # noqa: ARG002
        """All iterations of the project, under the name that Microsoft's recording has."""
        rows = [
            {
                "id": each["identifier"],
                "name": name,
                "path": f"{project}\\{name}",
                "attributes": {
                    "startDate": each.get("start"),
                    "finishDate": each.get("finish"),
                    "timeFrame": each.get("frame", "past"),
                },
            }
            for name, each in self.named(project).iterations.items()
        ]
        return httpx.Response(200, json={"values": rows})

    def team_settings(self, _request: httpx.Request, project: str, team: str) -> httpx.Response:  # noqa: ARG002
        """How a team works."""
        return httpx.Response(200, json=self.settings_of_team)

    def boards(self, _request: httpx.Request, project: str, team: str) -> httpx.Response:
        """The one board of a team, if the project has columns."""
        return _listing([{"id": f"board-{team}", "name": "Stories"}] if self.named(project).columns else [])

    def columns(self, _request: httpx.Request, project: str, team: str, board: str) -> httpx.Response:  # noqa: ARG002
        """The columns of a board."""
        return _listing(self.named(project).columns)

    def capacities(self, _request: httpx.Request, project: str, team: str, iteration: str) -> httpx.Response:  # noqa: ARG002
        """The capacity of a team in a sprint."""
        return httpx.Response(200, json=self.capacity)

    def team_days_off(self, _request: httpx.Request, project: str, team: str, iteration: str) -> httpx.Response:  # noqa: ARG002
        """The days on which a team is off."""
        return httpx.Response(200, json={"daysOff": self.days_off})

    def batch(self, request: httpx.Request) -> httpx.Response:
        """Items by their ids; more than 200 are refused, and those that are not to be seen are null."""
        ids = json.loads(request.content)["ids"]
        if len(ids) > 200:
            return httpx.Response(400, json={"message": "VS403474: more than 200 work items", "typeKey": "x"})
        rows = [{"id": each, "rev": 1, **self.seen[each]} if each in self.seen else None for each in ids]
        return httpx.Response(200, json={"count": len(rows), "value": rows})

    def query(self, request: httpx.Request, project: str = "") -> httpx.Response:  # noqa: ARG002
        """The ids of `alive` in their window; 20,000 and more are refused."""
        text = json.loads(request.content)["query"]
        self.queries.append(text)
        bound = re.search(r"\[System\.Id\] > (\d+)", text)
        ids = [each for each in sorted(self.alive) if each > int(bound[1] if bound else 0)]
        ids = ids[: int(request.url.params["$top"])]
        if len(ids) >= 20_000:
            return httpx.Response(400, json={"message": "VS402337: exceeds the size limit of 20000", "typeKey": "x"})
        return httpx.Response(200, json={"queryType": "flat", "workItems": [{"id": n, "url": "x"} for n in ids]})

    def recycle_bin(self, _request: httpx.Request, project: str) -> httpx.Response:
        """The deleted items of a project."""
        return httpx.Response(200, json=self.bins.get(project, []))

    def revision_feed(self, request: httpx.Request) -> httpx.Response:
        """One batch of the feed; `nextLink` and a token are there even in the last."""
        return _batch(request, self.batches)

    def link_feed(self, request: httpx.Request) -> httpx.Response:
        """One batch of the link feed; its token is in `nextLink` only, as in Microsoft's recording."""
        return _batch(request, self.links, with_token=False)

    def revisions(self, request: httpx.Request, item: str) -> httpx.Response:
        """The history of one item."""
        if int(item) not in self.histories:
            return httpx.Response(404, json={"message": "TF401232: Work item does not exist", "typeKey": "x"})
        skip, top = int(request.url.params["$skip"]), int(request.url.params["$top"])
        return _listing(self.histories[int(item)][skip : skip + top])


_OF_TEAM = r"(?P<project>[^/]+)/(?P<team>[^/]+)/_apis/work"
_ROUTES: list[tuple[str, Callable[..., httpx.Response]]] = [
    (r"_apis", FakeOrganisation.options),
    (r"_apis/projects", FakeOrganisation.list_projects),
    (r"_apis/connectionData", FakeOrganisation.connection),
    (r"_apis/projects/(?P<project>[^/]+)/teams", FakeOrganisation.list_teams),
    (r"_apis/wit/fields", FakeOrganisation.list_fields),
    (r"(?P<project>[^/]+)/_apis/wit/workItemTypes", FakeOrganisation.list_types),
    (r"(?P<project>[^/]+)/_apis/wit/workItemTypes/(?P<type_>[^/]+)/states", FakeOrganisation.list_states),
    (r"(?P<project>[^/]+)/_apis/wit/workItemTypeCategories", FakeOrganisation.list_categories),
    (r"(?P<project>[^/]+)/_apis/work/backlogConfiguration", FakeOrganisation.backlogs),
    (r"(?P<project>[^/]+)/_apis/wit/classificationNodes", FakeOrganisation.nodes),
    (_OF_TEAM + "/teamsettings", FakeOrganisation.team_settings),
    (_OF_TEAM + "/boards", FakeOrganisation.boards),
    (_OF_TEAM + "/boards/(?P<board>[^/]+)/columns", FakeOrganisation.columns),
    (_OF_TEAM + "/teamsettings/teamfieldvalues", FakeOrganisation.team_areas),
    (_OF_TEAM + "/teamsettings/iterations", FakeOrganisation.team_iterations),
    (_OF_TEAM + "/teamsettings/iterations/(?P<iteration>[^/]+)/capacities", FakeOrganisation.capacities),
    (_OF_TEAM + "/teamsettings/iterations/(?P<iteration>[^/]+)/teamdaysoff", FakeOrganisation.team_days_off),
    (r"_apis/wit/workitemsbatch", FakeOrganisation.batch),
    (r"_apis/wit/wiql", FakeOrganisation.query),
    (r"(?P<project>[^/]+)/_apis/wit/wiql", FakeOrganisation.query),
    (r"(?P<project>[^/]+)/_apis/wit/recyclebin", FakeOrganisation.recycle_bin),
    (r"_apis/wit/reporting/workitemrevisions", FakeOrganisation.revision_feed),
    (r"_apis/wit/reporting/workitemlinks", FakeOrganisation.link_feed),
    (r"_apis/wit/workItems/(?P<item>\d+)/revisions", FakeOrganisation.revisions),
]


def _listing(rows: Sequence[Mapping[str, Any]]) -> httpx.Response:
    return httpx.Response(200, json={"count": len(rows), "value": rows})


def _batch(request: httpx.Request, batches: Sequence[Any], *, with_token: bool = True) -> httpx.Response:
    number = int(request.url.params.get("continuationToken", "0;x").partition(";")[0])
    rows = batches[number] if number < len(batches) else []
    following = f"{min(number + 1, len(batches))};x"
    body = {
        "values": rows,
        "isLastBatch": number + 1 >= len(batches),
        "nextLink": f"{URL}{request.url.path.removeprefix('/fab')}?continuationToken={following}&api-version=7.1",
        **({"continuationToken": following} if with_token else {}),
    }
    return httpx.Response(200, json=body)
