"""The site as an ASGI application: its addresses and its login."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.jira_cloud import agile, issues, search, structure
from simulator.jira_cloud.site import Site, account_id
from simulator.life.layout import BOT
from simulator.wire import Refusal, answer, credentials

_OPEN = {"/_edge/tenant_info"}
_GETS = {
    "myself": structure.myself,
    "serverInfo": structure.server_info,
    "users/search": structure.users,
    "user/bulk": structure.users_bulk,
    "project": structure.list_projects,
    "project/search": structure.search_projects,
    "project/{project}": structure.get_project,
    "project/{project}/version": structure.page_versions,
    "project/{project}/versions": structure.list_versions,
    "project/{project}/hierarchy": structure.type_hierarchy,
    "field": structure.list_fields,
    "status": structure.list_statuses,
    "issuetype": structure.list_types,
    "issuetype/project": structure.project_types,
    "priority": structure.list_priorities,
    "priority/search": structure.page_priorities,
    "resolution": structure.list_resolutions,
    "resolution/search": structure.page_resolutions,
    "issueLinkType": structure.list_link_types,
    "filter/{filter}": agile.get_filter,
    "issue/{issue}": issues.get_issue,
    "issue/{issue}/changelog": issues.get_changelog,
    "issue/{issue}/worklog": issues.get_worklogs,
    "issue/{issue}/comment": issues.get_comments,
    "worklog/updated": issues.updated_worklogs,
    "worklog/deleted": issues.deleted_worklogs,
}
_POSTS = {
    "search/approximate-count": search.approximate_count,
    "issue/bulkfetch": search.issue_bulkfetch,
    "changelog/bulkfetch": search.changelog_bulkfetch,
    "worklog/list": issues.list_worklogs,
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


def make_app(site: Site) -> ASGIApp:
    """The site's application."""
    app = Starlette(routes=_routes(), exception_handlers={Refusal: _refused, 404: _unknown, 405: _unknown})
    app.state.site = site
    return _Login(app, site)


def _routes() -> list[Route]:
    api = "/rest/api/{version}/"
    routes = [Route("/_edge/tenant_info", structure.tenant_info)]
    routes.append(Route(api + "search/jql", search.search_jql, methods=["GET", "POST"]))
    routes.append(Route(api + "search", search.removed_search, methods=["GET", "POST"]))
    routes += [Route(api + path, endpoint, methods=["POST"]) for path, endpoint in _POSTS.items()]
    routes += [Route(api + path, endpoint, methods=["GET"]) for path, endpoint in _GETS.items()]
    return routes + [Route("/rest/agile/1.0/" + path, endpoint, methods=["GET"]) for path, endpoint in _AGILE.items()]


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return error.response


async def _unknown(_: Request, __: Exception) -> Response:
    return answer({"errorMessages": ["Not found"], "errors": {}}, 404)


class _Login:
    """Lets through who has the e-mail and the token; the server's description is open."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        path = request.url.path
        if path in _OPEN or path.endswith("/serverInfo"):
            await self._app(scope, receive, send)
            return
        if credentials(request) == (self._site.email, self._site.token):
            await self._app(scope, receive, _signed(send))
            return
        message = "Client must be authenticated to access this resource."
        headers = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED", "WWW-Authenticate": 'OAuth realm="jira"'}
        refusal = answer({"errorMessages": [message], "errors": {}}, 401, headers)
        await refusal(scope, receive, send)


def _signed(send: Send) -> Send:
    """Names the identity used, as each answer of the site does."""

    async def signed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), (b"x-aaccountid", account_id(BOT).encode())]
            message = {**message, "headers": headers}
        await send(message)

    return signed
