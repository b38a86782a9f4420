"""Boards and sprints as both flavours know them: which there are, which may be seen, and how boards are set up."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from simulator.company import Sprint
from simulator.jira.answers import refuse
from simulator.jira.entities import board_kind
from simulator.jira.site import BOARDS, KANBAN, Board, Site, site_of

PAGE_CAP = 50
_STATE_ORDER = ("closed", "active", "future")
_UNKNOWN = (
    "The requested board cannot be viewed because it either does not exist or you do not have permission to view it."
)
_DENIED = "You do not have permission to view the board."
_NO_COLUMNS = "This board has no columns with a mapped status."


def shown_boards(request: Request) -> list[Board]:
    """The boards of projects that the caller may browse, of the wanted type and project."""
    site, query = site_of(request), request.query_params
    projects = {p.id: p for p in site.projects()}
    rows = [board for board in BOARDS if set(board.project_ids) & set(projects)]
    if query.get("type"):
        rows = [board for board in rows if board_kind(site, board) in query["type"].split(",")]
    if query.get("projectKeyOrId"):
        wanted = {p.id for p in projects.values() if query["projectKeyOrId"] in {p.key, str(p.id)}}
        rows = [board for board in rows if wanted & set(board.project_ids)]
    return rows


def asked_board(request: Request) -> Board:
    """The board that the path names, unless the caller is kept out."""
    return board_of(site_of(request), request.path_params["board"])


def board_of(site: Site, asked: str) -> Board:
    """The board of this id, unless the caller is kept out."""
    projects = {project.id for project in site.projects()}
    board = next((b for b in BOARDS if str(b.id) == asked and projects & set(b.project_ids)), None)
    if board is None:
        raise refuse(_UNKNOWN, 404)
    if board.id in site.denied_boards:
        raise refuse(_DENIED, 403)
    return board


def board_with_columns(request: Request) -> Board:
    """The board that the path names; one without columns breaks what needs them."""
    board = asked_board(request)
    if board.id in site_of(request).columnless_boards:
        raise refuse(_NO_COLUMNS, 500)
    return board


def sprints_on(request: Request) -> list[Sprint]:
    """The sprints that the asked board shows: closed, active, future; kanban boards have none."""
    board = board_with_columns(request)
    if board.kind == KANBAN:
        raise refuse("The board does not support sprints")
    states = [s for s in request.query_params.get("state", "").split(",") if s] or list(_STATE_ORDER)
    shown = [
        s
        for s in site_of(request).product.sprints.values()
        if not s.is_deleted and set(s.team_ids) & set(board.team_ids) and s.state in states
    ]
    return sorted(shown, key=lambda s: (_STATE_ORDER.index(s.state), s.start_at, s.id))


def asked_sprint(request: Request) -> Sprint:
    """The sprint that the path names; deleted ones are not found."""
    return sprint_of(site_of(request), request.path_params["sprint"])


def sprint_of(site: Site, asked: str) -> Sprint:
    """The sprint of this id."""
    sprint = site.product.sprints.get(int(asked)) if asked.isdigit() else None
    if sprint is None or sprint.is_deleted or not site.projects():
        raise refuse("Sprint does not exist or you do not have permission to view it", 404)
    return sprint


def configuration(site: Site, board: Board) -> dict[str, Any]:
    """Columns with their statuses, and the field that the board estimates by."""
    project = site.product.projects[board.project_ids[0]]
    path = site.product.types[project.types["story"]].path
    statuses = [site.product.statuses[number] for number in path if not site.product.statuses[number].is_retired]
    columns = [{"name": site.word(s.name), "statuses": [{"id": str(s.id), "self": f"{site.url}/"}]} for s in statuses]
    if board.id in site.columnless_boards:
        columns = []
    place = f"{site.url}/rest/agile/1.0/board/{board.id}/configuration"
    found: dict[str, Any] = {"id": board.id, "name": board.name, "type": board_kind(site, board), "self": place}
    found |= {"filter": {"id": str(board.filter_id), "self": f"{site.url}/rest/api/2/filter/{board.filter_id}"}}
    found |= {"columnConfig": {"columns": columns, "constraintType": "issueCount"}}
    if board.kind != KANBAN:
        field = site.fields.roles[site.points_role(project.id)]
        estimation = {"type": "field", "field": {"fieldId": field.id, "displayName": site.word(field.name)}}
        found["estimation"] = estimation
    rank = site.fields.roles["rank"].schema["customId"]
    return found | {"ranking": {"rankCustomFieldId": rank}}


def filter_json(site: Site, asked: str) -> dict[str, Any]:
    """The saved filter behind a board."""
    for board in BOARDS:
        if str(board.filter_id) == asked and site.projects():
            keys = ", ".join(site.product.projects[number].key for number in board.project_ids)
            place = f"{site.url}/rest/api/{site.dialect.api}/filter/{board.filter_id}"
            name, jql = f"Filter for {board.name}", f"project in ({keys}) ORDER BY Rank ASC"
            return {"self": place, "id": str(board.filter_id), "name": name, "jql": jql}
    raise refuse("The selected filter is not available to you, perhaps it has been deleted.", 404)
