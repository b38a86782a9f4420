"""The only code that talks to Azure DevOps: one method for each thing that is fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from connectors.azure_devops import paging
from connectors.azure_devops.answers import (
    Backlogs,
    Batch,
    Category,
    ConnectionData,
    FieldInfo,
    Iteration,
    LinkEvent,
    Listing,
    Node,
    Project,
    Revision,
    StateInfo,
    Team,
    TeamAreas,
    TypeInfo,
)
from connectors.azure_devops.sdk import connect
from connectors.base import Counters
from connectors.errors import AuthenticationError, NotFound, PermissionMissing, UnexpectedResponse
from connectors.http import HttpSettings, SourceHttp, decode, raise_for_status

T = TypeVar("T")

API_VERSION = {"api-version": "7.1"}
_DEEPEST_NODE = 14
_REVISIONS_AT_ONCE = 200


class Gateway:
    """One organisation, seen with one token. Every method raises `SourceError`s only."""

    def __init__(self, url: str, token: str, settings: HttpSettings) -> None:
        self.url = url.rstrip("/")
        self.pool = ThreadPoolExecutor(max_workers=settings.max_in_flight, thread_name_prefix="azure-devops")
        self._http = SourceHttp(
            base_url=self.url,
            auth=httpx.BasicAuth("", token),
            settings=settings,
            inspect=refuse_sign_in,
            headers={"X-TFS-FedAuthRedirect": "Suppress"},
        )
        self._sdk = connect(self.url, self._http.client)

    @property
    def counters(self) -> Counters:
        """Requests and retries so far."""
        return self._http.counters

    def close(self) -> None:
        """Give back connections and threads."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def prove_login(self) -> None:
        """Raise `AuthenticationError` unless the organisation answers with 200 and JSON."""
        try:
            self._get("_apis/projects", Listing[Project], {"$top": 1})
        except NotFound as error:
            raise NotFound(f"{self.url} is no organisation that this token may see: check the url; {error}") from error

    def connection(self) -> ConnectionData:
        """Who is logged in; empty where the token's scopes do not allow to ask."""
        try:
            return self._get("_apis/connectionData", ConnectionData, {"api-version": "7.1-preview"})
        except (NotFound, PermissionMissing, UnexpectedResponse):
            return ConnectionData()

    def projects(self) -> list[Project]:
        """All projects that the token may see."""

        # Not by the SDK: the token of the next page comes in a header, which it drops.
        def fetch(params: dict[str, Any]) -> tuple[list[Project], str | None]:
            response = self._http.send("GET", "_apis/projects", params={**API_VERSION, **params})
            raise_for_status(response)
            return decode(response, Listing[Project]).rows, response.headers.get(paging.TOKEN_HEADER)

        return list(paging.by_header(fetch))

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

    def revisions_after(self, since: date | None) -> Callable[[str | None], Batch[Revision]]:
        """The feed of all revisions of the organisation: token → batch; without a token, from `since` on.

        Not limited to projects or types: such feeds lose the history of items that were moved or changed their type.
        """
        # Not by the SDK: its answer classes leave all fields of a batch empty.
        first = {"startDateTime": f"{since.isoformat()}T00:00:00Z"} if since else {}

        def fetch(token: str | None) -> Batch[Revision]:
            position = {"continuationToken": token} if token else first
            params = {"includeDeleted": "true", "includeIdentityRef": "true", **position}
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

    def ask(
        self, method: str, path: str, type_: type[T], *, params: Mapping[str, Any] | None = None, body: object = None
    ) -> T:
        """What only a look round asks: counts and permissions."""
        return self._http.fetch(method, path, type_, params={**API_VERSION, **(params or {})}, body=body)

    def _with_states(self, project_id: str, type_: TypeInfo) -> TypeInfo:
        call = self._sdk.tracking.get_work_item_type_states
        states = self._ask_many(StateInfo, call, project_id, type_.name)
        return TypeInfo(name=type_.name, states=states, fields=type_.fields, field_instances=type_.field_instances)

    def _ask_many(self, type_: type[T], call: Callable[..., Any], *arguments: Any, **options: Any) -> list[T]:  # noqa: ANN401
        listing: type[list[T]] = list[type_]  # type: ignore[valid-type]  # a type made at run time
        return self._sdk.ask(listing | None, call, *arguments, **options) or []  # type: ignore[arg-type]  # a union

    def _get(self, path: str, type_: type[T], params: dict[str, Any] | None = None) -> T:
        return self._http.fetch("GET", path, type_, params={**API_VERSION, **(params or {})})


def refuse_sign_in(response: httpx.Response) -> None:
    """Raise for every answer other than a success in JSON, the SDK's requests included.

    An expired token is answered with a sign-in page: 203 or 302, sometimes 200, never 401.
    """
    is_page = "html" in response.headers.get("content-type", "")
    if (
        response.is_redirect
        or response.status_code == httpx.codes.NON_AUTHORITATIVE_INFORMATION
        or (response.is_success and is_page)
    ):
        raise AuthenticationError(
            f"{response.request.url.host} answered {response.status_code} with its sign-in page: "
            "the token is wrong, expired or revoked; make a new personal access token",
        )
    raise_for_status(response)
