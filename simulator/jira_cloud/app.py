"""The site as an ASGI application: its addresses."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from simulator.jira import groups, lists, rights, sprint_report, worklogs
from simulator.jira_cloud import agile, gateway, histories, issues, search, software, structure
from simulator.jira_cloud.login import Cloud, Login
from simulator.wire import Refusal, answer

_GETS = {
    "myself": structure.myself,
    "mypermissions": rights.my_permissions,
    "group/member": groups.members,
    "serverInfo": structure.server_info,
    "users/search": structure.users,
    "user/bulk": structure.users_bulk,
    "project": structure.list_projects,
    "project/search": structure.search_projects,
    "project/{project}": structure.get_project,
    "project/{project}/version": lists.page_versions,
    "project/{project}/versions": lists.list_versions,
    "project/{project}/hierarchy": structure.type_hierarchy,
    "project/{project}/securitylevel": rights.security_levels,
    "field": structure.list_fields,
    "status": lists.list_statuses,
    "issuetype": lists.list_types,
    "issuetype/project": structure.project_types,
    "priority": lists.list_priorities,
    "priority/search": structure.page_priorities,
    "resolution": lists.list_resolutions,
    "resolution/search": structure.page_resolutions,
    "issueLinkType": lists.list_link_types,
    "filter/{filter}": agile.get_filter,
    "issue/{issue}": issues.get_issue,
    "issue/{issue}/changelog": issues.get_changelog,
    "issue/{issue}/worklog": worklogs.get_worklogs,
    "issue/{issue}/comment": worklogs.get_comments,
    "worklog/updated": worklogs.updated_worklogs,
    "worklog/deleted": worklogs.deleted_worklogs,
}
_POSTS = {
    "search/approximate-count": search.approximate_count,
    "issue/bulkfetch": search.issue_bulkfetch,
    "changelog/bulkfetch": histories.changelog_bulkfetch,
    "worklog/list": worklogs.list_worklogs,
}
_AGILE = {
    "board": agile.list_boards,
    "board/{board}": agile.get_board,
    "board/{board}/sprint": agile.board_sprints,
    "board/{board}/configuration": agile.board_configuration,
    "board/{board}/features": agile.board_features,
    "board/{board}/project": agile.board_projects,
    "sprint/{sprint}": agile.get_sprint,
}
_COUNTED_LISTS = ("board/{board}/issue", "board/{board}/backlog")
_LISTS = (
    *_COUNTED_LISTS,
    "board/{board}/sprint/{sprint}/issue",
    "board/{board}/epic/none/issue",
    "board/{board}/epic/{issue}/issue",
    "sprint/{sprint}/issue",
    "epic/none/issue",
    "epic/{issue}/issue",
)


def make_app(cloud: Cloud) -> ASGIApp:
    """The application of the site and of the gateway beside it."""
    app = Starlette(routes=_routes(), exception_handlers={Refusal: _refused, 404: _unknown, 405: _unknown})
    return Login(app, cloud)


def _routes() -> list[Route]:
    api = "/rest/api/{version}/"
    routes = [
        Route("/_edge/tenant_info", structure.tenant_info),
        Route("/oauth/token", gateway.exchange, methods=["POST"]),
        Route("/oauth/token/accessible-resources", gateway.accessible_resources),
        Route("/rest/greenhopper/1.0/rapid/charts/sprintreport", sprint_report.sprint_report),
        Route(api + "search/jql", search.search_jql, methods=["GET", "POST"]),
        Route(api + "search", search.removed_search, methods=["GET", "POST"]),
    ]
    routes += [Route(api + path, endpoint, methods=["POST"]) for path, endpoint in _POSTS.items()]
    routes += [Route(api + path, endpoint, methods=["GET"]) for path, endpoint in _GETS.items()]
    routes += [Route("/rest/agile/1.0/" + path, endpoint, methods=["GET"]) for path, endpoint in _AGILE.items()]
    routes += [Route("/rest/agile/1.0/" + path, software.old_issue_list) for path in _LISTS]
    routes += [Route("/rest/software/1.0/" + path, software.issue_list) for path in _LISTS]
    counts = [f"/rest/software/1.0/{path}/approximate-count" for path in _COUNTED_LISTS]
    return routes + [Route(path, software.issue_count) for path in counts]


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return error.response


async def _unknown(_: Request, __: Exception) -> Response:
    return answer({"errorMessages": ["Not found"], "errors": {}}, 404)
