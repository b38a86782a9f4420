"""What surrounds the work items: connection, projects, teams, types with states, fields, areas and iterations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.azure_devops.locations import AREAS, GRAPH, location_table
from simulator.azure_devops.organization import Organization, ado_time, guid, identity, iteration_node
from simulator.azure_devops.refusals import refuse
from simulator.azure_devops.relations import NAMES as RELATION_NAMES
from simulator.azure_devops.scopes import asked_project, asked_team, asked_type, project_teams
from simulator.company import DONE, IN_PROGRESS, REMOVED, RESOLVED, TODO, IssueType, Project, Team
from simulator.life.layout import BOT, SHOP
from simulator.wire import answer, whole_number

CATEGORIES = {
    TODO: ("Proposed", "b2b2b2"),
    IN_PROGRESS: ("InProgress", "007acc"),
    RESOLVED: ("Resolved", "ff9d00"),
    DONE: ("Completed", "339933"),
    REMOVED: ("Removed", "ffffff"),
}
HIDDEN_TYPES = {
    "Test Case": (("Design", "Proposed"), ("Ready", "InProgress"), ("Closed", "Completed")),
    "Shared Steps": (("Active", "Proposed"), ("Closed", "Completed")),
    "Code Review Request": (("Requested", "Proposed"), ("Closed", "Completed")),
}
TYPE_CATEGORIES = {
    "epic": ("Microsoft.EpicCategory", "Epic Category"),
    "feature": ("Microsoft.FeatureCategory", "Feature Category"),
    "story": ("Microsoft.RequirementCategory", "Requirement Category"),
    "bug": ("Microsoft.BugCategory", "Bug Category"),
    "subtask": ("Microsoft.TaskCategory", "Task Category"),
}
EFFORT_NAMES = {"Agile": "Story Points", "Scrum": "Effort", "CMMI": "Size"}
_FIELDS = (
    ("System.Id", "ID", "integer"), ("System.Rev", "Rev", "integer"), ("System.AreaId", "Area ID", "integer"),
    ("System.AreaPath", "Area Path", "treePath"), ("System.TeamProject", "Team Project", "string"),
    ("System.NodeName", "Node Name", "string"), ("System.IterationId", "Iteration ID", "integer"),
    ("System.IterationPath", "Iteration Path", "treePath"), ("System.WorkItemType", "Work Item Type", "string"),
    ("System.State", "State", "string"), ("System.Reason", "Reason", "string"),
    ("System.AssignedTo", "Assigned To", "string"), ("System.CreatedDate", "Created Date", "dateTime"),
    ("System.CreatedBy", "Created By", "string"), ("System.ChangedDate", "Changed Date", "dateTime"),
    ("System.ChangedBy", "Changed By", "string"), ("System.AuthorizedDate", "Authorized Date", "dateTime"),
    ("System.RevisedDate", "Revised Date", "dateTime"), ("System.CommentCount", "Comment Count", "integer"),
    ("System.Title", "Title", "string"), ("System.Parent", "Parent", "integer"), ("System.Tags", "Tags", "plainText"),
    ("System.IsDeleted", "Is Deleted", "boolean"), ("System.BoardColumn", "Board Column", "string"),
    ("System.BoardColumnDone", "Board Column Done", "boolean"),
    ("Microsoft.VSTS.Common.StateChangeDate", "State Change Date", "dateTime"),
    ("Microsoft.VSTS.Common.ActivatedDate", "Activated Date", "dateTime"),
    ("Microsoft.VSTS.Common.ResolvedDate", "Resolved Date", "dateTime"),
    ("Microsoft.VSTS.Common.ClosedDate", "Closed Date", "dateTime"),
    ("Microsoft.VSTS.Common.Priority", "Priority", "integer"),
    ("Microsoft.VSTS.Common.Severity", "Severity", "string"),
    ("Microsoft.VSTS.Common.ValueArea", "Value Area", "string"),
    ("Microsoft.VSTS.Common.StackRank", "Stack Rank", "double"),
    ("Microsoft.VSTS.Scheduling.OriginalEstimate", "Original Estimate", "double"),
    ("Microsoft.VSTS.Scheduling.CompletedWork", "Completed Work", "double"),
    ("Microsoft.VSTS.Scheduling.DueDate", "Due Date", "dateTime"),
    ("Microsoft.VSTS.Build.FoundIn", "Found In", "string"),
    ("Custom.Environment", "Environment", "string"),
)  # fmt: skip


def organization_of(request: Request) -> Organization:
    """The organisation that is asked."""
    organization: Organization = request.app.state.organization
    return organization


def listing(rows: list[Any]) -> Response:
    """A list as most services answer it."""
    return answer({"count": len(rows), "value": rows})


async def locations(request: Request) -> Response:
    """The table of resource locations."""
    return listing(location_table(organization_of(request).newest_api_version))


async def resource_areas(request: Request) -> Response:
    """Where each area of services is: at the organisation's address, but for the Graph; a Server has no areas."""
    organization = organization_of(request)
    if organization.is_server:
        return listing([])
    rows = [{"id": n, "name": name, "locationUrl": f"{organization.url}/"} for n, name in AREAS]
    return listing([*rows, {"id": GRAPH, "name": "Graph", "locationUrl": f"{organization.graph_url}/"}])


async def connection_data(request: Request) -> Response:
    """Who is asking."""
    organization = organization_of(request)
    person = identity(organization, organization.company.people[BOT])
    user = {"id": person["id"], "providerDisplayName": person["displayName"], "isActive": True}
    found = {"authenticatedUser": user, "authorizedUser": user, "instanceId": guid("instance", 1)}
    kind = "onPremises" if organization.is_server else "hosted"
    return answer(found | {"deploymentId": guid("deployment", 1), "deploymentType": kind})


def _project_json(organization: Organization, project: Project) -> dict[str, Any]:
    return {
        "id": guid("project", project.id),
        "name": project.name,
        "url": f"{organization.url}/_apis/projects/{guid('project', project.id)}",
        "state": "wellFormed",
        "revision": 30 + project.id,
        "visibility": "private",
        "lastUpdateTime": "2026-01-12T08:30:00Z",
    }


async def projects(request: Request) -> Response:
    """The projects, in pages: the next token is in a header."""
    organization = organization_of(request)
    rows = [_project_json(organization, project) for project in organization.projects()]
    query = request.query_params
    start = whole_number(query.get("continuationToken") or query.get("$skip"), 0)
    top = whole_number(query.get("$top"), 100) or 100
    page = rows[start : start + top]
    more = start + top < len(rows)
    headers = {"x-ms-continuationtoken": str(start + top)} if more else None
    return answer({"count": len(page), "value": page}, 200, headers)


async def project(request: Request) -> Response:
    """One project with its default team."""
    organization, found = organization_of(request), asked_project(request)
    first = project_teams(organization.product, found)[0]
    team = {"id": guid("team", first.id), "name": first.name, "url": f"{organization.url}/_apis/projects"}
    capabilities = {
        "processTemplate": {"templateName": organization.process},
        "versioncontrol": {"sourceControlType": "Git"},
    }
    return answer(_project_json(organization, found) | {"defaultTeam": team, "capabilities": capabilities})


def _team_json(organization: Organization, project: Project, team: Team) -> dict[str, Any]:
    place = f"{organization.url}/_apis/projects/{guid('project', project.id)}/teams/{guid('team', team.id)}"
    return {
        "id": guid("team", team.id),
        "name": team.name,
        "url": place,
        "description": "",
        "identityUrl": f"{organization.url}/_apis/Identities/{guid('team', team.id)}",
        "projectName": project.name,
        "projectId": guid("project", project.id),
    }


async def teams(request: Request) -> Response:
    """The teams of a project, or of all of them, by $top and $skip."""
    organization = organization_of(request)
    product = organization.product
    asked = [asked_project(request)] if "project" in request.path_params else organization.projects()
    rows = [_team_json(organization, found, team) for found in asked for team in project_teams(product, found)]
    skip = whole_number(request.query_params.get("$skip"), 0)
    return listing(rows[skip : skip + (whole_number(request.query_params.get("$top"), 100) or 100)])


async def team(request: Request) -> Response:
    """One team."""
    return answer(_team_json(organization_of(request), asked_project(request), asked_team(request)))


async def team_members(request: Request) -> Response:
    """Who is in a team."""
    organization = organization_of(request)
    people = [organization.company.people[number] for number in asked_team(request).members]
    return listing([{"isTeamAdmin": False, "identity": identity(organization, person)} for person in people])


def type_states(organization: Organization, kind: IssueType) -> list[dict[str, str]]:
    """The states of a type with their categories."""
    statuses = [organization.product.statuses[number] for number in kind.statuses]
    return [
        {"name": s.name, "color": CATEGORIES[s.category][1], "category": CATEGORIES[s.category][0]} for s in statuses
    ]


def _hidden_states(name: str) -> list[dict[str, str]]:
    return [{"name": state, "color": "b2b2b2", "category": category} for state, category in HIDDEN_TYPES[name]]


def _type_json(organization: Organization, name: str, states: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "name": name,
        "referenceName": f"Microsoft.VSTS.WorkItemTypes.{name.replace(' ', '')}",
        "description": "",
        "color": "009CCC",
        "icon": {"id": "icon_book", "url": f"{organization.url}/_apis/wit/workItemIcons/icon_book"},
        "isDisabled": False,
        "states": states,
        "transitions": {},
        "fields": [],
        "url": f"{organization.url}/_apis/wit/workItemTypes/{name}",
    }


async def types(request: Request) -> Response:
    """The types of a project, those that boards hide too."""
    asked_project(request)
    organization = organization_of(request)
    kinds = organization.product.types.values()
    rows = [_type_json(organization, kind.name, type_states(organization, kind)) for kind in kinds]
    return listing(rows + [_type_json(organization, name, _hidden_states(name)) for name in HIDDEN_TYPES])


async def one_type(request: Request) -> Response:
    """One type."""
    organization = organization_of(request)
    hidden = next((name for name in HIDDEN_TYPES if name.lower() == request.path_params["type"].lower()), None)
    if hidden is not None:
        return answer(_type_json(organization, hidden, _hidden_states(hidden)))
    kind = asked_type(request)
    return answer(_type_json(organization, kind.name, type_states(organization, kind)))


async def states(request: Request) -> Response:
    """The states of a type."""
    hidden = next((name for name in HIDDEN_TYPES if name.lower() == request.path_params["type"].lower()), None)
    if hidden is not None:
        return listing(_hidden_states(hidden))
    return listing(type_states(organization_of(request), asked_type(request)))


async def categories(request: Request) -> Response:
    """The categories of types: what is a bug, a task, a requirement, and what is hidden."""
    asked_project(request)
    organization = organization_of(request)
    base = f"{organization.url}/_apis/wit"
    named = [(*TYPE_CATEGORIES[kind.role], [kind.name]) for kind in organization.product.types.values()]
    named.append(("Microsoft.HiddenCategory", "Hidden Types Category", list(HIDDEN_TYPES)))
    rows = []
    for reference, name, members in named:
        kinds = [{"name": member, "url": f"{base}/workItemTypes/{member}"} for member in members]
        row = {"name": name, "referenceName": reference, "defaultWorkItemType": kinds[0], "workItemTypes": kinds}
        rows.append(row | {"url": f"{base}/workItemTypeCategories/{reference}"})
    return listing(rows)


def _all_fields(organization: Organization) -> list[dict[str, Any]]:
    numbers = [team.id for team in organization.product.teams.values()]
    boards = [f"WEF_{guid('board', n).replace('-', '').upper()}_Kanban.Column" for n in numbers]
    board_fields = [(name, "Board Column", "string") for name in boards]
    board_fields += [(f"{name}.Done", "Board Column Done", "boolean") for name in boards]
    board_fields.append((organization.effort_field, EFFORT_NAMES[organization.process], "double"))
    return [
        {
            "name": name,
            "referenceName": reference,
            "type": kind,
            "usage": "workItem",
            "readOnly": reference.startswith("System."),
            "canSortBy": True,
            "isQueryable": True,
            "supportedOperations": [],
            "isIdentity": reference.endswith(("By", "AssignedTo")),
            "isPicklist": False,
            "isPicklistSuggested": False,
            "url": f"{organization.url}/_apis/wit/fields/{reference}",
        }
        for reference, name, kind in (*_FIELDS, *board_fields)
        if reference != "System.Parent" or organization.has_parent_field
    ]


async def fields(request: Request) -> Response:
    """All fields."""
    return listing(_all_fields(organization_of(request)))


async def one_field(request: Request) -> Response:
    """One field by reference name or name."""
    asked = request.path_params["field"].lower()
    for row in _all_fields(organization_of(request)):
        if asked in {row["referenceName"].lower(), row["name"].lower()}:
            return answer(row)
    raise refuse(404, "WorkItemTrackingFieldDefinitionNotFoundException", f"TF51535: Cannot find field {asked}.")


async def relation_types(request: Request) -> Response:
    """The kinds of links."""
    base = f"{organization_of(request).url}/_apis/wit/workItemRelationTypes"
    return listing(
        [{"referenceName": rel, "name": name, "url": f"{base}/{rel}"} for rel, name in RELATION_NAMES.items()]
    )


def _node(organization: Organization, kind: str, number: int, key: tuple[str, int], path: str) -> dict[str, Any]:
    return {
        "id": number,
        "identifier": guid(*key),
        "name": path.rpartition("\\")[2],
        "structureType": kind,
        "hasChildren": False,
        "path": path,
        "url": f"{organization.url}/_apis/wit/classificationNodes/{number}",
    }


def _area_tree(organization: Organization, found: Project) -> dict[str, Any]:
    name, path = found.name, f"\\{found.name}\\Area"
    root = _node(organization, "area", 3400 + found.id, ("area root", found.id), path) | {"name": name}
    product = organization.product
    teams_with_area = [t for t in product.teams.values() if t.project_id == found.id]
    children = [
        _node(organization, "area", 3450 + t.id, ("area", t.id), f"{path}\\{product.areas[t.id]}")
        for t in teams_with_area
    ]
    return root | ({"hasChildren": True, "children": children} if children else {})


def _iteration_tree(organization: Organization, found: Project) -> dict[str, Any]:
    name, path = found.name, f"\\{found.name}\\Iteration"
    root = _node(organization, "iteration", 3500 + found.id, ("iteration root", found.id), path) | {"name": name}
    sprints = [s for s in organization.product.sprints.values() if found.id == SHOP and not s.is_deleted]
    children = [
        _node(organization, "iteration", iteration_node(s), ("iteration", s.id), f"{path}\\{s.name}")
        | {"attributes": {"startDate": ado_time(s.start_at), "finishDate": ado_time(s.end_at)}}
        for s in sprints
    ]
    return root | ({"hasChildren": True, "children": children} if children else {})


def _to_depth(tree: dict[str, Any], depth: int) -> dict[str, Any]:
    return tree if depth > 0 else {name: value for name, value in tree.items() if name != "children"}


async def classification_nodes(request: Request) -> Response:
    """The trees of areas and iterations; without `$depth` their roots alone."""
    organization, found = organization_of(request), asked_project(request)
    depth = whole_number(request.query_params.get("$depth"), 0)
    trees = [_area_tree(organization, found), _iteration_tree(organization, found)]
    return listing([_to_depth(tree, depth) for tree in trees])


async def classification_node(request: Request) -> Response:
    """One tree, or a node of it by path."""
    organization, found = organization_of(request), asked_project(request)
    is_area = request.path_params["group"].lower() == "areas"
    tree = (_area_tree if is_area else _iteration_tree)(organization, found)
    asked = request.path_params.get("path", "").strip("/").lower()
    if not asked:
        return answer(_to_depth(tree, whole_number(request.query_params.get("$depth"), 0)))
    for node in tree.get("children", ()):
        if node["name"].lower() == asked:
            return answer(node)
    raise refuse(404, "ClassificationNodeNotFoundException", f"TF200026: The node {asked} does not exist.")


def today(organization: Organization) -> str:
    """The company's day in UTC."""
    return datetime.fromtimestamp(organization.company.now // 1000, UTC).strftime("%Y-%m-%dT00:00:00Z")
