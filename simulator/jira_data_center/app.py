"""The Data Center as an ASGI application: its addresses, below the context path."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from simulator.jira import groups, lists, rights, sprint_report, worklogs
from simulator.jira_data_center import agile, search, structure
from simulator.jira_data_center.login import Door
from simulator.jira_data_center.server import Server
from simulator.wire import Refusal, answer

_GETS = {
    "myself": structure.myself,
    "mypermissions": rights.my_permissions,
    "group/member": groups.members,
    "serverInfo": structure.server_info,
    "user": structure.get_user,
    "user/search": structure.search_users,
    "project": structure.list_projects,
    "project/{project}": structure.get_project,
    "project/{project}/version": lists.page_versions,
    "project/{project}/versions": lists.list_versions,
    "project/{project}/securitylevel": rights.security_levels,
    "field": structure.list_fields,
    "status": lists.list_statuses,
    "issuetype": lists.list_types,
    "priority": lists.list_priorities,
    "resolution": lists.list_resolutions,
    "issueLinkType": lists.list_link_types,
    "filter/{filter}": agile.get_filter,
    "issue/{issue}": search.get_issue,
    "issue/{issue}/worklog": worklogs.get_worklogs,
    "issue/{issue}/comment": worklogs.get_comments,
    "worklog/updated": worklogs.updated_worklogs,
    "worklog/deleted": worklogs.deleted_worklogs,
}
_AGILE = {
    "board": agile.list_boards,
    "board/{board}": agile.get_board,
    "board/{board}/sprint": agile.board_sprints,
    "board/{board}/configuration": agile.board_configuration,
    "board/{board}/project": agile.board_projects,
    "sprint/{sprint}": agile.get_sprint,
}


def make_app(server: Server) -> ASGIApp:
    """The server's application."""
    app = Starlette(routes=_routes(), exception_handlers={Refusal: _refused, 404: _unknown, 405: _unknown})
    return Door(app, server)


def _routes() -> list[Route]:
    """`latest` is the second version too, and the only one."""
    routes = [
        Route("/rest/pat/latest/tokens", structure.tokens),
        Route("/rest/greenhopper/1.0/rapid/charts/sprintreport", sprint_report.sprint_report),
    ]
    for version in ("2", "latest"):
        api = f"/rest/api/{version}/"
        routes.append(Route(api + "search", search.search, methods=["GET", "POST"]))
        routes.append(Route(api + "worklog/list", worklogs.list_worklogs, methods=["POST"]))
        routes += [Route(api + path, endpoint, methods=["GET"]) for path, endpoint in _GETS.items()]
    return routes + [Route("/rest/agile/1.0/" + path, endpoint, methods=["GET"]) for path, endpoint in _AGILE.items()]


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return error.response


async def _unknown(request: Request, _: Exception) -> Response:
    return answer({"message": f"null for uri: {request.url.path}", "status-code": 404}, 404)
