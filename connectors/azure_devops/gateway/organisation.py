"""The only code that talks to Azure DevOps: one method for each thing that is fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from connectors.azure_devops.gateway import paging
from connectors.azure_devops.gateway.answers import (
    Backlogs,
    Batch,
    BoardName,
    Capacities,
    Category,
    Column,
    ConnectionData,
    DaysOff,
    Evaluations,
    FieldInfo,
    Found,
    Iteration,
    LinkEvent,
    Listing,
    Node,
    Project,
    QueryResult,
    Revision,
    StateInfo,
    Team,
    TeamAreas,
    TeamSettings,
    TypeInfo,
    WorkItem,
)
from connectors.azure_devops.gateway.groups import GRAPH, Graph, Identities, ResourceArea, siblings
from connectors.azure_devops.gateway.refusals import OF_A_PAT, OF_ENTRA, refusing_sign_in
from connectors.azure_devops.gateway.sdk import connect
from connectors.azure_devops.gateway.versions import Versions
from connectors.base import Counters
from connectors.errors import NotFound, PermissionMissing, UnexpectedResponse
from connectors.http import HttpSettings, SourceHttp, decode, raise_for_status
from connectors.http.logins import Login, origin

T = TypeVar("T")

ITEMS_AT_ONCE = 200
"""The most that `work_items` may be asked for."""
_DEEPEST_NODE = 14
_REVISIONS_AT_ONCE = 200
_LARGEST_BATCH = 1_000


class Gateway:
    """One organisation, seen with one token. Every method raises `SourceError`s only."""

    def __init__(self, url: str, token: str | Login, settings: HttpSettings) -> None:
        self.url = url.rstrip("/")
        self.pool = ThreadPoolExecutor(max_workers=settings.max_in_flight, thread_name_prefix="azure-devops")
        self._http = SourceHttp(
            base_url=self.url,
            auth=httpx.BasicAuth("", token) if isinstance(token, str) else token,
            settings=settings,
            inspect=refusing_sign_in(OF_A_PAT if isinstance(token, str) else OF_ENTRA),
            headers={"X-TFS-FedAuthRedirect": "Suppress"},
            trusted=siblings(self.url),
        )
        self._sdk = connect(self.url, self._http.client)
        self._versions = Versions()

    @property
    def version(self) -> str:
        """The version of the REST API that is spoken, as far as it is known by now."""
        return self._versions.spoken

    @property
    def counters(self) -> Counters:
        """Requests and retries so far."""
        return self._http.counters

    def close(self) -> None:
        """Give back connections and threads."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def connection(self) -> ConnectionData:
        """Who is logged in; empty where the token's scopes do not allow to ask."""
        try:
            return self._get("_apis/connectionData", ConnectionData)
        except (NotFound, PermissionMissing, UnexpectedResponse):
            return ConnectionData()

    def projects(self) -> list[Project]:
        """All projects that the token may see; whether it may see any proves the login."""

        # Not by the SDK: the token of the next page comes in a header, which it drops.
        def fetch(params: dict[str, Any]) -> tuple[list[Project], str | None]:
            response = self._send("GET", "_apis/projects", params)
            return decode(response, Listing[Project]).rows, response.headers.get(paging.TOKEN_HEADER)

        try:
            return list(paging.by_header(fetch))
        except NotFound as error:
            raise NotFound(
                f"{self.url} is no organisation or collection that this token may see: check the url; {error}"
            ) from error

    def teams(self, project_id: str) -> list[Team]:
        """The teams of a project."""

        def fetch(top: int, skip: int) -> list[Team]:
            return self._ask_many(Team, self._sdk.core.get_teams, project_id, top=top, skip=skip)

        return list(paging.by_skip(fetch))

    def fields(self) -> list[FieldInfo]:
        """The fields of the organisation."""
        return self._ask_many(FieldInfo, self._sdk.tracking.get_work_item_fields)

    def types(self, project_id: str) -> list[TypeInfo]:
        """The work item types of a project, each with its states."""
        types = self._ask_many(TypeInfo, self._sdk.tracking.get_work_item_types, project_id)
        return [each if each.states else self._with_states(project_id, each) for each in types]

    def categories(self, project_id: str) -> list[Category]:
        """The groups of work item types of a project."""
        return self._ask_many(Category, self._sdk.tracking.get_work_item_type_categories, project_id)

    def backlogs(self, project_id: str) -> Backlogs:
        """The backlog configuration of a project's default team."""
        context = self._sdk.team_context(project_id=project_id)
        return self._sdk.ask(Backlogs, self._sdk.work.get_backlog_configurations, context)

    def nodes(self, project_id: str) -> list[Node]:
        """The roots of a project's areas and iterations, with all that is below them."""
        return self._ask_many(Node, self._sdk.tracking.get_root_nodes, project_id, depth=_DEEPEST_NODE)

    def team_areas(self, project_id: str, team_id: str) -> TeamAreas:
        """The areas that a team owns."""
        context = self._sdk.team_context(project_id=project_id, team_id=team_id)
        return self._sdk.ask(TeamAreas, self._sdk.work.get_team_field_values, context)

    def team_iterations(self, project_id: str, team_id: str) -> list[Iteration]:
        """The iterations that a team picked."""
        # Not by the SDK: it reads `value` only, and Microsoft's own recording of this answer has `values`.
        path = f"{quote(project_id)}/{quote(team_id)}/_apis/work/teamsettings/iterations"
        return self._get(path, Listing[Iteration]).rows

    def team_settings(self, project_id: str, team_id: str) -> TeamSettings:
        """How a team works."""
        context = self._sdk.team_context(project_id=project_id, team_id=team_id)
        return self._sdk.ask(TeamSettings, self._sdk.work.get_team_settings, context)

    def boards(self, project_id: str, team_id: str) -> list[BoardName]:
        """The boards of a team."""
        context = self._sdk.team_context(project_id=project_id, team_id=team_id)
        return self._ask_many(BoardName, self._sdk.work.get_boards, context)

    def columns(self, project_id: str, team_id: str, board_id: str) -> list[Column]:
        """The columns of a board, from the left."""
        context = self._sdk.team_context(project_id=project_id, team_id=team_id)
        return self._ask_many(Column, self._sdk.work.get_board_columns, context, board_id)

    def capacities(self, project_id: str, team_id: str, iteration_id: str) -> Capacities:
        """What the members of a team can do in a sprint."""
        # Not by the SDK: it reads the newer of the two shapes only.
        path = (
            f"{quote(project_id)}/{quote(team_id)}/_apis/work/teamsettings/iterations/{quote(iteration_id)}/capacities"
        )
        return self._get(path, Capacities)

    def team_days_off(self, project_id: str, team_id: str, iteration_id: str) -> DaysOff:
        """The days of a sprint on which a whole team is off."""
        context = self._sdk.team_context(project_id=project_id, team_id=team_id)
        return self._sdk.ask(DaysOff, self._sdk.work.get_team_days_off, context, iteration_id)

    def revisions_after(
        self, since: date | None, *, with_texts: bool = False
    ) -> Callable[[str | None], Batch[Revision]]:
        """The feed of all revisions of the organisation: token → batch; without a token, from `since` on.

        `with_texts`: long texts too, which the feed leaves out else. It is not limited to projects or types: such feeds
        lose the history of items that were moved or changed their type.
        """
        # Not by the SDK: its answer classes leave all fields of a batch empty.
        first = {"startDateTime": f"{since.isoformat()}T00:00:00Z"} if since else {}

        def fetch(token: str | None) -> Batch[Revision]:
            position = {"continuationToken": token} if token else first
            asked = {"includeDeleted": "true", "includeIdentityRef": "true", "$maxPageSize": _LARGEST_BATCH}
            more = {"$expand": "fields"} if with_texts else {}
            params = {**asked, **more, **position}
            return self._get("_apis/wit/reporting/workitemrevisions", Batch[Revision], params)

        return fetch

    def links_after(self, token: str | None) -> Batch[LinkEvent]:
        """The feed of all links made and removed."""
        params = {"continuationToken": token} if token else {}
        return self._get("_apis/wit/reporting/workitemlinks", Batch[LinkEvent], params)

    def revisions_of(self, item_id: int) -> list[Revision]:
        """The whole history of one work item; empty when it cannot be read (recycle bin, no permission)."""

        # Not by the SDK: its objects cost several times what the typed parser does.
        def fetch(top: int, skip: int) -> list[Revision]:
            path = f"_apis/wit/workItems/{item_id}/revisions"
            return self._get(path, Listing[Revision], {"$top": top, "$skip": skip}).rows

        try:
            return list(paging.by_skip(fetch, _REVISIONS_AT_ONCE))
        except (NotFound, PermissionMissing):
            return []

    def work_items(
        self, item_ids: Sequence[int], *, fields: Sequence[str] = (), relations: bool = False
    ) -> list[WorkItem]:
        """Those of the items (at most `ITEMS_AT_ONCE`) that can be seen, with these fields or with their links."""
        wanted = {"$expand": "relations"} if relations else {"fields": [*fields]}
        body = {"ids": [*item_ids], "errorPolicy": "omit", **wanted}
        found = self._post("_apis/wit/workitemsbatch", Listing[WorkItem | None], body)
        return [each for each in found.rows if each is not None]  # what is not to be seen is null

    def query(self, wiql: str, top: int, project_id: str | None = None) -> list[int]:
        """The ids of the first `top` items that a query finds, in its order; dates in it are instants."""
        path = f"{quote(project_id)}/_apis/wit/wiql" if project_id else "_apis/wit/wiql"
        found = self._post(path, QueryResult, {"query": wiql}, {"timePrecision": "true", "$top": top})
        return [int(each.id) for each in found.work_items]

    def recycle_bin(self, project_id: str) -> list[int]:
        """The ids of the deleted items of a project; a list that the tracker cuts off at some length."""
        response = self._send("GET", f"{quote(project_id)}/_apis/wit/recyclebin", None)
        if response.content.lstrip().startswith(b"["):  # so in Microsoft's recording
            return [int(each.id) for each in decode(response, list[Found])]
        return [int(each.id) for each in decode(response, Listing[Found]).rows]

    def group_book(self) -> Graph | Identities:
        """Where to ask who is in a group: Services name the address of their Graph, a Server has none."""
        try:
            areas = self._get("_apis/ResourceAreas", Listing[ResourceArea]).rows
        except NotFound:
            areas = []
        url = next((each.location_url for each in areas if each.id.lower() == GRAPH), None)
        if not url:
            return Identities(self._send)
        if origin(httpx.URL(url)) not in {origin(httpx.URL(each)) for each in (self.url, *siblings(self.url))}:
            raise UnexpectedResponse(
                f"{self.url} names {httpx.URL(url).host} as the address of its groups, to which the login is not shown"
            )
        return Graph(self._send, url)

    def is_recycled(self, project_id: str, item_id: int) -> bool:
        """Whether an item is in the recycle bin of that project."""
        try:
            self._get(f"{quote(project_id)}/_apis/wit/recyclebin/{item_id}", Found)
        except NotFound:
            return False
        return True

    def is_still_in(self) -> bool:
        """True; raises `AuthenticationError` when the login is refused by now, and not only for one kind of thing."""
        return bool(self._get("_apis/projects", Listing[Project], {"$top": 1}))

    def permitted(self, namespace_id: str, permission: int, tokens: Sequence[str]) -> list[bool]:
        """Whether the account has a permission on each of these things, named by their security tokens."""
        asked = [{"securityNamespaceId": namespace_id, "token": each, "permissions": permission} for each in tokens]
        body = {"alwaysAllowAdministrators": False, "evaluations": asked}
        told = self._post("_apis/security/permissionevaluationbatch", Evaluations, body).evaluations
        return [each.value for each in told]

    def _with_states(self, project_id: str, type_: TypeInfo) -> TypeInfo:
        call = self._sdk.tracking.get_work_item_type_states
        states = self._ask_many(StateInfo, call, project_id, type_.name)
        return TypeInfo(name=type_.name, states=states, fields=type_.fields, field_instances=type_.field_instances)

    def _ask_many(self, type_: type[T], call: Callable[..., Any], *arguments: Any, **options: Any) -> list[T]:  # noqa: ANN401
        listing: type[list[T]] = list[type_]  # type: ignore[valid-type]  # a type made at run time
        return self._sdk.ask(listing | None, call, *arguments, **options) or []  # type: ignore[arg-type]  # a union

    def _get(self, path: str, type_: type[T], params: dict[str, Any] | None = None) -> T:
        return decode(self._send("GET", path, params), type_)

    def _post(self, path: str, type_: type[T], body: object, params: dict[str, Any] | None = None) -> T:
        return decode(self._send("POST", path, params, body), type_)

    def _send(self, method: str, path: str, params: dict[str, Any] | None, body: object = None) -> httpx.Response:
        """A successful answer, in whichever version the server speaks unless `params` name one."""

        def send(version: dict[str, str]) -> httpx.Response:
            return self._http.send(method, path, params={**version, **(params or {})}, body=body)

        names_one = "api-version" in (params or {})
        response = send({}) if names_one else self._versions.ask(path.rpartition("/")[2], send)
        raise_for_status(response)
        return response
