"""Boards, their configuration, sprints and filters (`/rest/agile/1.0`)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Sprint
from simulator.jira_cloud.fields import field_name, points_field
from simulator.jira_cloud.render import origin_board, project_json
from simulator.jira_cloud.search import refuse
from simulator.jira_cloud.site import BOARDS, KANBAN, SIMPLE, Board, Site, utc_time
from simulator.jira_cloud.structure import page_answer
from simulator.wire import answer

PAGE_CAP = 50
_STATE_ORDER = ("closed", "active", "future")


def _board_json(site: Site, board: Board) -> dict[str, Any]:
    project = site.product.projects[board.project_ids[0]]
    location = {
        "projectId": project.id,
        "projectKey": project.key,
        "projectName": project.name,
        "projectTypeKey": "software",
        "displayName": f"{project.name} ({project.key})",
        "name": f"{project.name} ({project.key})",
        "avatarURI": "",
    }
    place = f"{site.url}/rest/agile/1.0/board/{board.id}"
    return {
        "id": board.id,
        "self": place,
        "name": board.name,
        "type": board.kind,
        "location": location,
        "isPrivate": False,
    }


def _sprint_json(site: Site, sprint: Sprint) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": sprint.id,
        "self": f"{site.url}/rest/agile/1.0/sprint/{sprint.id}",
        "state": sprint.state,
        "name": sprint.name,
    }
    if sprint.activated_at is not None:
        found |= {"startDate": utc_time(sprint.start_at), "endDate": utc_time(sprint.end_at)}
    if sprint.completed_at is not None:
        found["completeDate"] = utc_time(sprint.completed_at)
    found |= {"createdDate": utc_time(sprint.created_at), "originBoardId": origin_board(sprint)}
    return found | ({"goal": sprint.goal} if sprint.goal else {})


def _asked_board(request: Request) -> Board:
    for board in BOARDS:
        if str(board.id) == request.path_params["board"]:
            return board
    raise refuse("The requested board cannot be viewed because it either does not exist or you do not have "
                 "permission to view it.", 404)  # fmt: skip


async def list_boards(request: Request) -> Response:
    """The boards, in pages of at most fifty."""
    site, query = request.app.state.site, request.query_params
    rows = list(BOARDS)
    if query.get("type"):
        rows = [board for board in rows if board.kind in query["type"].split(",")]
    if query.get("projectKeyOrId"):
        wanted = {p.id for p in site.product.projects.values() if query["projectKeyOrId"] in {p.key, str(p.id)}}
        rows = [board for board in rows if wanted & set(board.project_ids)]
    return page_answer(request, [_board_json(site, board) for board in rows], cap=PAGE_CAP, has_links=False)


async def get_board(request: Request) -> Response:
    """One board."""
    return answer(_board_json(request.app.state.site, _asked_board(request)))


async def board_sprints(request: Request) -> Response:
    """The sprints that a board shows: closed, active, future; kanban boards have none."""
    site, board = request.app.state.site, _asked_board(request)
    if board.kind == KANBAN:
        raise refuse("The board does not support sprints")
    states = [s for s in request.query_params.get("state", "").split(",") if s] or list(_STATE_ORDER)
    shown = [
        s
        for s in site.product.sprints.values()
        if not s.is_deleted and set(s.team_ids) & set(board.team_ids) and s.state in states
    ]
    shown.sort(key=lambda s: (_STATE_ORDER.index(s.state), s.start_at, s.id))
    return page_answer(request, [_sprint_json(site, sprint) for sprint in shown], cap=PAGE_CAP, has_links=False)


async def get_sprint(request: Request) -> Response:
    """One sprint; deleted ones are not found."""
    site = request.app.state.site
    asked = request.path_params["sprint"]
    sprint = site.product.sprints.get(int(asked)) if asked.isdigit() else None
    if sprint is None or sprint.is_deleted:
        raise refuse("Sprint does not exist or you do not have permission to view it", 404)
    return answer(_sprint_json(site, sprint))


async def board_configuration(request: Request) -> Response:
    """Columns with their statuses, and the field that the board estimates by."""
    site, board = request.app.state.site, _asked_board(request)
    project = site.product.projects[board.project_ids[0]]
    path = site.product.types[project.types["story"]].path
    statuses = [site.product.statuses[number] for number in path if not site.product.statuses[number].is_retired]
    columns = [{"name": s.name, "statuses": [{"id": str(s.id), "self": f"{site.url}/"}]} for s in statuses]
    place = f"{site.url}/rest/agile/1.0/board/{board.id}/configuration"
    found: dict[str, Any] = {"id": board.id, "name": board.name, "type": board.kind, "self": place}
    found |= {"filter": {"id": str(board.filter_id), "self": f"{site.url}/rest/api/2/filter/{board.filter_id}"}}
    found |= {"columnConfig": {"columns": columns, "constraintType": "issueCount"}}
    if board.kind != KANBAN:
        field = points_field(site.product, project.id)
        estimation = {"type": "field", "field": {"fieldId": field, "displayName": field_name(field)}}
        found["estimation"] = estimation
    return answer(found | {"ranking": {"rankCustomFieldId": 10019}})


async def board_features(request: Request) -> Response:
    """What a team-managed board can do."""
    board = _asked_board(request)
    state = "ENABLED" if board.kind == SIMPLE else "COMING_SOON"
    features = [{"boardId": board.id, "boardFeature": "SPRINTS", "featureId": "jsw.agility.sprints", "state": state}]
    return answer({"features": features})


async def board_projects(request: Request) -> Response:
    """The projects whose issues a board shows."""
    site, board = request.app.state.site, _asked_board(request)
    rows = [project_json(site, site.product.projects[number]) for number in board.project_ids]
    return page_answer(request, rows, cap=PAGE_CAP, has_links=False)


async def get_filter(request: Request) -> Response:
    """The saved filter behind a board."""
    site = request.app.state.site
    for board in BOARDS:
        if str(board.filter_id) == request.path_params["filter"]:
            keys = ", ".join(site.product.projects[number].key for number in board.project_ids)
            jql = f"project in ({keys}) ORDER BY Rank ASC"
            place = f"{site.url}/rest/api/3/filter/{board.filter_id}"
            return answer({"self": place, "id": str(board.filter_id), "name": f"Filter for {board.name}", "jql": jql})
    raise refuse("The selected filter is not available to you, perhaps it has been deleted.", 404)
