"""Boards, their configuration, sprints and filters (`/rest/agile/1.0`)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Sprint
from simulator.jira.answers import page_answer
from simulator.jira.boards import (
    PAGE_CAP,
    asked_board,
    asked_sprint,
    configuration,
    filter_json,
    shown_boards,
    sprints_on,
)
from simulator.jira.entities import origin_board, project_json
from simulator.jira.site import SIMPLE, Board, Site, site_of, utc_time
from simulator.wire import answer


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
        "name": site.sprint_name(sprint),
    }
    if sprint.activated_at is not None:
        found |= {"startDate": utc_time(sprint.start_at), "endDate": utc_time(sprint.end_at)}
    if sprint.completed_at is not None:
        found["completeDate"] = utc_time(sprint.completed_at)
    found |= {"createdDate": utc_time(sprint.created_at), "originBoardId": origin_board(sprint)}
    goal = site.sprint_goal(sprint)
    return found | ({"goal": goal} if goal else {})


async def list_boards(request: Request) -> Response:
    """The boards, in pages of at most fifty."""
    rows = [_board_json(site_of(request), board) for board in shown_boards(request)]
    return page_answer(request, rows, cap=PAGE_CAP, has_links=False)


async def get_board(request: Request) -> Response:
    """One board."""
    return answer(_board_json(site_of(request), asked_board(request)))


async def board_sprints(request: Request) -> Response:
    """The sprints that a board shows: closed, active, future; kanban boards have none."""
    rows = [_sprint_json(site_of(request), sprint) for sprint in sprints_on(request)]
    return page_answer(request, rows, cap=PAGE_CAP, has_links=False)


async def get_sprint(request: Request) -> Response:
    """One sprint; deleted ones are not found."""
    return answer(_sprint_json(site_of(request), asked_sprint(request)))


async def board_configuration(request: Request) -> Response:
    """Columns with their statuses, and the field that the board estimates by."""
    return answer(configuration(site_of(request), asked_board(request)))


async def board_features(request: Request) -> Response:
    """What a team-managed board can do."""
    board = asked_board(request)
    state = "ENABLED" if board.kind == SIMPLE else "COMING_SOON"
    features = [{"boardId": board.id, "boardFeature": "SPRINTS", "featureId": "jsw.agility.sprints", "state": state}]
    return answer({"features": features})


async def board_projects(request: Request) -> Response:
    """The projects whose issues a board shows."""
    site, board = site_of(request), asked_board(request)
    rows = [project_json(site, project) for project in site.projects() if project.id in board.project_ids]
    return page_answer(request, rows, cap=PAGE_CAP, has_links=False)


async def get_filter(request: Request) -> Response:
    """The saved filter behind a board."""
    return answer(filter_json(site_of(request), request.path_params["filter"]))
