"""A small organisation that answers over HTTP, its revisions, and a warehouse of dicts to sync it into."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import unquote

import httpx
import msgspec

from connectors.azure_devops.connector import AzureDevOpsConnector
from connectors.base import Page
from warehouse.records import Issue, IssueChange, IssueSnapshot, Record

R = TypeVar("R", bound=Record)

URL = "https://dev.azure.com/fab"
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
JO = {"id": "d291", "name": "Jo <jo@fab.example>", "displayName": "Jo", "uniqueName": "jo@fab.example"}

_LOCATIONS = {
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
    override: Callable[[httpx.Request], httpx.Response | None] = lambda _request: None
    requests: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One answer."""
        self.requests.append(request)
        special = self.override(request)
        if special is not None:
            return special
        path = unquote(request.url.path).removeprefix("/fab/")
        for pattern, method in _ROUTES:
            if found := re.fullmatch(pattern, path, re.IGNORECASE):
                return method(self, request, **found.groupdict())
        return httpx.Response(404, json={"message": f"TF000: no {path}", "typeKey": "NotFound"})

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
                "maxVersion": "7.2",
                "releasedVersion": "7.1",
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
        return _listing(FIELDS)

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
    (r"(?P<project>[^/]+)/(?P<team>[^/]+)/_apis/work/teamsettings/teamfieldvalues", FakeOrganisation.team_areas),
    (r"(?P<project>[^/]+)/(?P<team>[^/]+)/_apis/work/teamsettings/iterations", FakeOrganisation.team_iterations),
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


def sent(item: int, rev: int, day: int = 1, project: str = "Fab", **fields: Any) -> dict[str, Any]:
    """A full snapshot; `fields` by short name (`State`, `StoryPoints`…), None leaves one out."""
    given = {_LONG.get(name, f"System.{name}"): value for name, value in fields.items()}
    all_fields = {
        "System.Id": item,
        "System.Rev": rev,
        "System.TeamProject": project,
        "System.AreaPath": project,
        "System.IterationPath": project,
        "System.WorkItemType": "User Story",
        "System.State": "New",
        "System.Reason": "New",
        "System.CreatedDate": "2026-09-01T08:00:00.25Z",
        "System.CreatedBy": JO,
        "System.ChangedDate": f"2026-09-{day:02}T09:{rev % 60:02}:00.5Z",
        "System.ChangedBy": JO,
        "System.RevisedDate": "9999-01-01T00:00:00Z",
        "System.Title": f"item {item}",
        **given,
    }
    return {"id": item, "rev": rev, "fields": {k: v for k, v in all_fields.items() if v is not None}}


_LONG = {
    "StoryPoints": "Microsoft.VSTS.Scheduling.StoryPoints",
    "Effort": "Microsoft.VSTS.Scheduling.Effort",
    "Size": "Microsoft.VSTS.Scheduling.Size",
    "Severity": "Microsoft.VSTS.Common.Severity",
    "Priority": "Microsoft.VSTS.Common.Priority",
    "ResolvedReason": "Microsoft.VSTS.Common.ResolvedReason",
    "DueDate": "Microsoft.VSTS.Scheduling.DueDate",
    "Blocked": "Microsoft.VSTS.CMMI.Blocked",
    "Environment": "Custom.Environment",
    "Reviewer": "Custom.Reviewer",
}


class Store:
    """A warehouse of dicts that does with pages what the loader does."""

    def __init__(self) -> None:
        self.rows: dict[type[Record], dict[str, Record]] = {}
        self.bookmarks: dict[str, str] = {}
        self.problems: list[str] = []
        self.notes: list[str] = []

    def recall(self, ids: Sequence[str]) -> Mapping[str, str]:
        """What the connector asks for."""
        snapshots = self.of(IssueSnapshot)
        return {each: snapshots[each].content for each in ids if each in snapshots}

    def commit(self, stream: str, page: Page) -> None:
        """Load one page."""
        for each in page.records:
            table = self.rows.setdefault(type(each), {})
            key = str(getattr(each, each.__struct_fields__[0]))
            stored = table.get(key)
            if isinstance(each, Issue) and isinstance(stored, Issue) and each.updated_at < stored.updated_at:
                continue
            table[key] = each
        for part in page.replacements:
            table = self.rows.setdefault(part.record_type, {})
            for key in [k for k, row in table.items() if getattr(row, part.scope) in part.values]:
                del table[key]
            table.update({str(getattr(row, row.__struct_fields__[0])): row for row in part.records})
        if page.bookmark is not None:
            self.bookmarks[stream] = page.bookmark
        self.problems += page.problems
        self.notes += page.notes

    def sync(self, connector: AzureDevOpsConnector, *, only: str | None = None) -> Store:
        """Every stream once, each page committed before the next is asked for."""
        for stream in connector.streams():
            if only in {None, stream.name}:
                for page in stream.pages(self.bookmarks.get(stream.name)):
                    self.commit(stream.name, page)
        return self

    def of(self, kind: type[R]) -> dict[str, R]:
        """The rows of a table by key."""
        return {key: row for key, row in self.rows.get(kind, {}).items() if isinstance(row, kind)}

    def issue(self, item: int) -> Issue:
        """One issue."""
        return self.of(Issue)[f"fab:{item}"]

    def changes(self, item: int, name: str | None = None) -> list[IssueChange]:
        """An issue's history in order, or that of one field."""
        found = [c for c in self.of(IssueChange).values() if c.issue_id == f"fab:{item}" and name in {None, c.field}]
        return sorted(found, key=lambda c: (c.changed_at, c.entry_number, c.ordinal))

    def moves(self, item: int, name: str) -> list[tuple[str | None, str | None]]:
        """(from, to) of each change of a field."""
        return [(each.from_value, each.to_value) for each in self.changes(item, name)]

    def dump(self) -> dict[str, bytes]:
        """Every row, for comparisons of whole warehouses."""
        return {
            f"{kind.__name__} {key}": msgspec.json.encode(row)
            for kind, table in self.rows.items()
            for key, row in table.items()
        }


Connect = Callable[..., AzureDevOpsConnector]
