"""The organisation as an ASGI application: its addresses, its login and its API versions."""

from __future__ import annotations

import re

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.azure_devops import comments, graph, identities, items, reporting, structure, work
from simulator.azure_devops.entra import answer_for_entra, is_for_entra
from simulator.azure_devops.logins import is_let_in, sign_in
from simulator.azure_devops.organization import GRAPH_DOOR, Organization
from simulator.azure_devops.refusals import refuse
from simulator.wire import Refusal

_VERSION = re.compile(r"(\d+\.\d+)(-preview(?:\.\d+)?)?")
_ACCEPTED = re.compile(r"api-version=([^;,\s]+)")
RELEASED = 7.1
_CORE = {
    "resourceareas": structure.resource_areas,
    "connectiondata": structure.connection_data,
    "projects": structure.projects,
    "projects/{project}": structure.project,
    "projects/{project}/teams": structure.teams,
    "projects/{project}/teams/{team}": structure.team,
    "projects/{project}/teams/{team}/members": structure.team_members,
    "teams": structure.teams,
}
_WIT = {
    "fields": structure.fields,
    "fields/{field}": structure.one_field,
    "workitemrelationtypes": structure.relation_types,
    "workitems": items.get_items,
    "workitems/{id}": items.get_item,
    "workitems/{id}/updates": items.updates,
    "workitems/{id}/revisions": items.revisions,
    "workitems/{id}/revisions/{rev}": items.revision,
    "workitems/{id}/comments": comments.comments,
    "recyclebin": items.recycle_bin,
    "recyclebin/{id}": items.recycled_item,
    "reporting/workitemrevisions": reporting.revisions,
    "reporting/workitemlinks": reporting.links,
}
_WIT_POSTS = {
    "reporting/workitemrevisions": reporting.revisions,
    "workitemsbatch": items.batch,
    "wiql": items.query_by_wiql,
}
_WIT_OF_PROJECT = {
    "workitemtypes": structure.types,
    "workitemtypes/{type}": structure.one_type,
    "workitemtypes/{type}/states": structure.states,
    "workitemtypecategories": structure.categories,
    "classificationnodes": structure.classification_nodes,
    "classificationnodes/{group}": structure.classification_node,
    "classificationnodes/{group}/{path:path}": structure.classification_node,
}
_WORK = {
    "teamsettings": work.team_settings,
    "teamsettings/iterations": work.iterations,
    "teamsettings/iterations/{iteration}": work.one_iteration,
    "teamsettings/iterations/{iteration}/workitems": work.iteration_items,
    "teamsettings/iterations/{iteration}/capacities": work.capacities,
    "teamsettings/iterations/{iteration}/teamdaysoff": work.team_days_off,
    "teamsettings/teamfieldvalues": work.team_field_values,
    "backlogconfiguration": work.backlog_configuration,
    "boards": work.boards,
    "boards/{board}": work.one_board,
    "boards/{board}/columns": work.board_columns,
}
_GRAPH = (
    (GRAPH_DOOR, "/_apis/graph/groups", graph.list_groups, "GET"),
    (GRAPH_DOOR, "/_apis/graph/memberships/{descriptor}", graph.memberships, "GET"),
    (GRAPH_DOOR, "/_apis/graph/subjectlookup", graph.look_up, "POST"),
)
_IDENTITIES = (("", "/_apis/identities", identities.read_identities, "GET"),)


def make_app(organization: Organization) -> ASGIApp:
    """The organisation's application."""
    handlers = {Refusal: _refused, 404: _unknown, 405: _unknown}
    base = organization.base.lower()
    peoples = _IDENTITIES if organization.is_server else _GRAPH
    routes = [*_routes(base), *(Route(door + base + path, e, methods=[method]) for door, path, e, method in peoples)]
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.state.organization = organization
    return _Door(app, organization)


def _routes(base: str) -> list[Route]:
    project, team = base + "/{project}", base + "/{project}/{team}"
    routes = [Route(f"{base}/_apis", structure.locations, methods=["OPTIONS"])]
    routes += [Route(f"{base}/_apis/{path}", endpoint, methods=["GET"]) for path, endpoint in _CORE.items()]
    for scope in (base, project, team):
        routes += [Route(f"{scope}/_apis/wit/{path}", e, methods=["POST"]) for path, e in _WIT_POSTS.items()]
    for scope in (base, project):
        routes += [Route(f"{scope}/_apis/wit/{path}", e, methods=["GET"]) for path, e in _WIT.items()]
    routes += [Route(f"{project}/_apis/wit/{path}", e, methods=["GET"]) for path, e in _WIT_OF_PROJECT.items()]
    for scope in (team, project):
        routes += [Route(f"{scope}/_apis/work/{path}", e, methods=["GET"]) for path, e in _WORK.items()]
    return routes


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return error.response


async def _unknown(request: Request, _: Exception) -> Response:
    message = f"TF400813: Resource not available at {request.scope['asked_path']}."
    return refuse(404, "VssResourceNotFoundException", message).response


class _Door:
    """Lets through who has the token and asks for a version that the server speaks; reads paths in any case."""

    def __init__(self, app: ASGIApp, organization: Organization) -> None:
        self._app = app
        self._organization = organization

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if is_for_entra(request) and not self._organization.is_server:
            response: Response | None = await answer_for_entra(request, self._organization)
        else:
            response = self._turned_away(request)
        if response is None:
            path = scope["path"]
            inner = {**scope, "path": path.lower(), "raw_path": path.lower().encode(), "asked_path": path}
            await self._app(inner, receive, send)
        else:
            await response(scope, receive, send)

    def _turned_away(self, request: Request) -> Response | None:
        if not is_let_in(request, self._organization):
            return sign_in(request, self._organization)
        return self._bad_version(request)

    def _bad_version(self, request: Request) -> Response | None:
        asked = request.query_params.get("api-version") or _accepted(request)
        if asked is None:
            if request.method == "POST":
                message = "No api-version was supplied for the request."
                return refuse(400, "VssVersionNotSpecifiedException", message).response
            return None
        found, newest = _VERSION.fullmatch(asked), self._organization.newest_api_version
        if found is None or float(found[1]) > float(newest):
            message = (
                f"The requested REST API version of {asked} is out of range for this server. "
                f"The latest REST API version this server supports is {newest}."
            )
            return refuse(400, "VssVersionOutOfRangeException", message).response
        if float(found[1]) > RELEASED and not found[2]:
            message = (
                f"The requested version {asked} of the resource is under preview. The -preview flag must be supplied."
            )
            return refuse(400, "VssInvalidPreviewVersionException", message).response
        return None


def _accepted(request: Request) -> str | None:
    found = _ACCEPTED.search(request.headers.get("accept", ""))
    return found[1] if found else None
