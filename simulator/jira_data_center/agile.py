"""Boards and sprints of a Data Center (`/rest/agile/1.0`): lists without totals, boards without a place."""

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
from simulator.jira.entities import board_kind, origin_board, project_json
from simulator.jira.site import Board, Site, site_of, zone_time
from simulator.wire import answer


def _board_json(site: Site, board: Board) -> dict[str, Any]:
    place = f"{site.url}/rest/agile/1.0/board/{board.id}"
    return {"id": board.id, "self": place, "name": board.name, "type": board_kind(site, board)}


def _sprint_json(site: Site, sprint: Sprint) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": sprint.id,
        "self": f"{site.url}/rest/agile/1.0/sprint/{sprint.id}",
        "state": sprint.state,
        "name": site.sprint_name(sprint),
    }
    if sprint.activated_at is not None:
        found |= {"startDate": zone_time(sprint.start_at), "endDate": zone_time(sprint.end_at)}
    if sprint.completed_at is not None:
        found["completeDate"] = zone_time(sprint.completed_at)
    if sprint.activated_at is not None:
        found["activatedDate"] = zone_time(sprint.activated_at)
    found |= {"originBoardId": origin_board(sprint), "goal": site.sprint_goal(sprint)}
    return found | {"synced": False, "autoStartStop": False}


async def list_boards(request: Request) -> Response:
    """The boards, in pages of at most fifty."""
    rows = [_board_json(site_of(request), board) for board in shown_boards(request)]
    return page_answer(request, rows, cap=PAGE_CAP, has_links=False, has_total=False)


async def get_board(request: Request) -> Response:
    """One board."""
    return answer(_board_json(site_of(request), asked_board(request)))


async def board_sprints(request: Request) -> Response:
    """The sprints that a board shows: closed, active, future; kanban boards have none."""
    rows = [_sprint_json(site_of(request), sprint) for sprint in sprints_on(request)]
    return page_answer(request, rows, cap=PAGE_CAP, has_links=False, has_total=False)


async def board_projects(request: Request) -> Response:
    """The projects that the board's filter names."""
    site, board = site_of(request), asked_board(request)
    rows = [project_json(site, project) for project in site.projects() if project.id in board.project_ids]
    return page_answer(request, rows, cap=PAGE_CAP, has_links=False, has_total=False)


async def get_sprint(request: Request) -> Response:
    """One sprint; deleted ones are not found."""
    return answer(_sprint_json(site_of(request), asked_sprint(request)))


async def board_configuration(request: Request) -> Response:
    """Columns with their statuses, and the field that the board estimates by."""
    return answer(configuration(site_of(request), asked_board(request)))


async def get_filter(request: Request) -> Response:
    """The saved filter behind a board."""
    return answer(filter_json(site_of(request), request.path_params["filter"]))
