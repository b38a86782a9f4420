"""Teams at work: their settings, iterations, capacity, areas, backlogs and boards (`_apis/work`)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.azure_devops.organization import Organization, ado_time, guid, identity
from simulator.azure_devops.refusals import refuse
from simulator.azure_devops.scopes import asked_project, asked_sprint, asked_team, asked_url
from simulator.azure_devops.structure import listing, organization_of, today, type_states
from simulator.company import Product, Sprint, Team
from simulator.life.layout import SHOP
from simulator.life.worktime import DAY
from simulator.wire import answer

BACKLOGS = {
    "epic": ("Microsoft.EpicCategory", "Epics", 4),
    "feature": ("Microsoft.FeatureCategory", "Features", 3),
    "story": ("Microsoft.RequirementCategory", "Stories", 2),
    "subtask": ("Microsoft.TaskCategory", "Tasks", 1),
}

SPLITTING_TEAM = 4


def time_frame(organization: Organization, sprint: Sprint) -> str:
    """`past`, `current` or `future` by the company's day."""
    day = today(organization)
    if day > ado_time(sprint.end_at):
        return "past"
    return "current" if ado_time(sprint.start_at) <= day else "future"


def _iteration_json(organization: Organization, team: Team, sprint: Sprint) -> dict[str, Any]:
    number = guid("iteration", sprint.id)
    base = f"{organization.url}/{guid('project', team.project_id)}/{guid('team', team.id)}/_apis/work"
    attributes = {"startDate": ado_time(sprint.start_at), "finishDate": ado_time(sprint.end_at)}
    return {
        "id": number,
        "name": sprint.name,
        "path": f"{organization.product.projects[team.project_id].name}\\{sprint.name}",
        "attributes": attributes | {"timeFrame": time_frame(organization, sprint)},
        "url": f"{base}/teamsettings/iterations/{number}",
    }


def _team_sprints(product: Product, team: Team) -> list[Sprint]:
    sprints = [s for s in product.sprints.values() if team.id in s.team_ids and not s.is_deleted]
    return sorted(sprints, key=lambda s: s.start_at)


async def iterations(request: Request) -> Response:
    """The iterations that the team picked; `$timeframe=current` is the only filter."""
    organization, team = organization_of(request), asked_team(request)
    rows = [_iteration_json(organization, team, s) for s in _team_sprints(organization.product, team)]
    if request.query_params.get("$timeframe", "").lower() == "current":
        rows = [row for row in rows if row["attributes"]["timeFrame"] == "current"]
    return listing(rows)


async def one_iteration(request: Request) -> Response:
    """One of the team's iterations."""
    return answer(_iteration_json(organization_of(request), asked_team(request), asked_sprint(request)))


async def iteration_items(request: Request) -> Response:
    """What is in the iteration now, tasks below their parents; no history."""
    organization, team, sprint = organization_of(request), asked_team(request), asked_sprint(request)
    product, base = organization.product, f"{organization.url}/_apis/wit/workItems"
    seen = (i for i in product.alive() if organization.sees(i))
    here = [i for i in seen if i.state.get("sprints") == (sprint.id,) and i.state.get("team") == team.id]
    ids = {issue.id for issue in here}
    rows: list[dict[str, Any]] = []
    for issue in here:
        parent, target = issue.state.get("parent"), {"id": issue.id, "url": f"{base}/{issue.id}"}
        if parent in ids:
            source = {"id": parent, "url": f"{base}/{parent}"}
            rows.append({"rel": "System.LinkTypes.Hierarchy-Forward", "source": source, "target": target})
        else:
            rows.append({"rel": None, "source": None, "target": target})
    return answer({"workItemRelations": rows, "url": asked_url(request)})


def _first_monday_off(sprint: Sprint) -> list[dict[str, str]]:
    """Every third iteration has a day off for the whole team."""
    if sprint.id % 3:
        return []
    day = ado_time(sprint.start_at + DAY * 7)
    return [{"start": day, "end": day}]


async def team_days_off(request: Request) -> Response:
    """The days on which the whole team is away, first and last day included."""
    return answer({"daysOff": _first_monday_off(asked_sprint(request)), "url": asked_url(request)})


async def capacities(request: Request) -> Response:
    """Hours a day of each member, with their days off; in two shapes."""
    organization, team, sprint = organization_of(request), asked_team(request), asked_sprint(request)
    rows, hours, days = [], 0.0, 0
    for place, number in enumerate(team.members):
        is_away = (place + sprint.id) % 5 == 0
        day = ado_time(sprint.start_at + DAY * 3)
        capacity = 4.0 if place % 3 == 0 else 6.0
        activity = {"capacityPerDay": capacity, "name": "Testing" if place % 4 == 3 else "Development"}
        row = {"teamMember": identity(organization, organization.company.people[number]), "activities": [activity]}
        rows.append(row | {"daysOff": [{"start": day, "end": day}] if is_away else []})
        hours, days = hours + capacity, days + is_away
    if organization.lists_capacities:
        return listing(rows)
    return answer({"teamMembers": rows, "totalCapacityPerDay": hours, "totalDaysOff": days})


async def team_settings(request: Request) -> Response:
    """How the team works."""
    organization, team = organization_of(request), asked_team(request)
    project = asked_project(request)
    root = {"id": guid("iteration root", project.id), "name": project.name, "path": "", "url": f"{organization.url}/"}
    return answer(
        {
            "backlogIteration": root,
            "bugsBehavior": "asRequirements",
            "workingDays": ["monday", "tuesday", "wednesday", "thursday", "friday"],
            "backlogVisibilities": {BACKLOGS[role][0]: role != "epic" for role in ("epic", "feature", "story")},
            "defaultIterationMacro": "@currentIteration",
            "url": f"{organization.url}/{guid('project', project.id)}/{guid('team', team.id)}/_apis/work/teamsettings",
        }
    )


async def team_field_values(request: Request) -> Response:
    """Which areas belong to the team."""
    organization, team, project = organization_of(request), asked_team(request), asked_project(request)
    value = f"{project.name}\\{organization.product.areas[team.id]}" if project.id == SHOP else project.name
    field = {"referenceName": "System.AreaPath", "url": f"{organization.url}/_apis/wit/fields/System.AreaPath"}
    values = [{"value": value, "includeChildren": project.id == SHOP}]
    return answer({"field": field, "defaultValue": value, "values": values, "url": asked_url(request)})


async def backlog_configuration(request: Request) -> Response:
    """The backlog levels with their types, and which fields mean effort, order and remaining work."""
    asked_team(request)
    organization = organization_of(request)
    base, kinds = f"{organization.url}/_apis/wit/workItemTypes", organization.product.types.values()
    levels: dict[str, dict[str, Any]] = {}
    for role, (category, name, rank) in BACKLOGS.items():
        names = [kind.name for kind in kinds if kind.role == role or (role == "story" and kind.role == "bug")]
        members = [{"name": kind, "url": f"{base}/{kind}"} for kind in names]
        kind_of_level = {"story": "requirement", "subtask": "task"}.get(role, "portfolio")
        level = {"id": category, "name": name, "rank": rank, "workItemCountLimit": 1000, "workItemTypes": members}
        levels[role] = level | {"defaultWorkItemType": members[0], "isHidden": role == "epic", "type": kind_of_level}
    mapped = [
        {"workItemTypeName": kind.name, "states": {s["name"]: s["category"] for s in type_states(organization, kind)}}
        for kind in kinds
    ]
    scheduling = "Microsoft.VSTS.Scheduling"
    type_fields = {
        "Order": "Microsoft.VSTS.Common.StackRank",
        "Effort": organization.effort_field,
        "Activity": "Microsoft.VSTS.Common.Activity",
    }
    type_fields |= {"RemainingWork": f"{scheduling}.RemainingWork", "Team": "System.AreaPath"}
    return answer(
        {
            "taskBacklog": levels["subtask"],
            "requirementBacklog": levels["story"],
            "portfolioBacklogs": [levels["epic"], levels["feature"]],
            "workItemTypeMappedStates": mapped,
            "backlogFields": {"typeFields": type_fields},
            "bugsBehavior": "asRequirements",
            "hiddenBacklogs": ["Microsoft.EpicCategory"],
            "isBugsBehaviorConfigured": True,
            "url": asked_url(request),
        }
    )


def _board_json(organization: Organization, team: Team) -> dict[str, Any]:
    base = f"{organization.url}/{guid('project', team.project_id)}/{guid('team', team.id)}/_apis/work/boards"
    return {"id": guid("board", team.id), "name": "Stories", "url": f"{base}/{guid('board', team.id)}"}


def _columns(organization: Organization, team: Team) -> list[dict[str, Any]]:
    product = organization.product
    story, bug = (next(kind for kind in product.types.values() if kind.role == role) for role in ("story", "bug"))
    rows: list[dict[str, Any]] = []
    for place, number in enumerate(story.path):
        name = product.statuses[number].name
        is_last = place == len(story.path) - 1
        kind = "incoming" if place == 0 else "outgoing" if is_last else "inProgress"
        mappings = {story.name: name} | ({bug.name: name} if number in bug.path else {})
        row = {"id": guid(f"column {team.id}", number), "name": name, "itemLimit": 5 if kind == "inProgress" else 0}
        is_split = team.id == SPLITTING_TEAM and name == product.statuses[story.path[1]].name
        split = {"isSplit": is_split, "description": ""} if kind == "inProgress" else {}
        rows.append(row | {"stateMappings": mappings, **split, "columnType": kind})
    return rows


async def boards(request: Request) -> Response:
    """The team's boards."""
    return listing([_board_json(organization_of(request), asked_team(request))])


def _asked_board(request: Request) -> dict[str, Any]:
    board = _board_json(organization_of(request), asked_team(request))
    if request.path_params["board"].lower() not in {board["id"], board["name"].lower()}:
        raise refuse(404, "BoardDoesNotExistException", f"The board {request.path_params['board']} does not exist.")
    return board


async def one_board(request: Request) -> Response:
    """A board with its columns."""
    organization, team = organization_of(request), asked_team(request)
    return answer(_asked_board(request) | {"revision": 1, "isValid": True, "columns": _columns(organization, team)})


async def board_columns(request: Request) -> Response:
    """The columns of a board with their states."""
    _asked_board(request)
    return listing(_columns(organization_of(request), asked_team(request)))
