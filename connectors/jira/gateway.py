"""The only place that talks to Jira Cloud: asks for one thing each, gives typed answers or `SourceError`s."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from connectors.errors import (
    AuthenticationError,
    NotFound,
    PermissionMissing,
    SourceError,
    TrackerUnavailable,
    UnexpectedResponse,
)
from connectors.http import SourceHttp, decode, error_message, raise_for_status
from connectors.jira import answers
from connectors.jira.library import library_errors, open_library

T = TypeVar("T")
TokenPage = TypeVar("TokenPage", answers.SearchPage, answers.ChangelogPage)

_LISTED = 100
"""Rows asked for in a page of a list; the server may give fewer."""
_BOARDS_LISTED = 50
_ISSUES_FOUND = 100
_USERS_LISTED = 1_000
_HISTORIES_FOUND = 10_000
_ISSUES_WITH_HISTORY = 1_000
_CONFLICT_ATTEMPTS = 3
_CONFLICT_WAIT_SECONDS = 5.0
_CONFLICT, _GONE, _NO_COLUMNS = 409, 410, "no columns with a mapped status"
_LOGIN_REASON = "X-Seraph-LoginReason"
_REFUSED_LOGINS = ("AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED")


@dataclass(frozen=True, slots=True)
class Refused:
    """The server says no to one board, and why; the others can go on."""

    status: int
    reason: str


def inspect_answer(response: httpx.Response) -> None:
    """Raise when an answer shows a refused login, however kind its status, or says that the API is gone."""
    reason = response.headers.get(_LOGIN_REASON, "")
    if any(refused in reason for refused in _REFUSED_LOGINS):
        raise AuthenticationError(
            f"{response.request.method} {response.request.url.path}: the login is refused ({reason}); "
            "check the e-mail address and whether the token has expired"
        )
    if response.is_redirect:
        to = httpx.URL(response.headers.get("location", "")).host or "another page"
        raise UnexpectedResponse(
            f"{response.request.url.path} redirects to {to}; check the url of the source", status=response.status_code
        )
    if response.status_code == _GONE:
        raise UnexpectedResponse(
            f"{response.request.method} {response.request.url.path} answered 410, this API has been removed: "
            f"{error_message(response)} (is there a newer flowmart?)",
            status=_GONE,
        )


class CloudGateway:
    """Jira Cloud's HTTP API. Methods are safe to call from several threads."""

    def __init__(self, http: SourceHttp) -> None:
        self._http = http
        self._library = open_library(http)

    # --- the site

    def server_info(self) -> answers.ServerInfo:
        """What the server is; answered by Cloud and Data Center."""
        with library_errors():
            return msgspec.convert(self._library.server_info(), answers.ServerInfo)

    def myself(self) -> answers.Account:
        """Whom the login belongs to."""
        return self._http.fetch("GET", "rest/api/3/myself", answers.Account)

    def cloud_id(self) -> str:
        """Id of the site behind Atlassian's gateway, asked without login; empty when it is not told."""
        try:
            response = self._http.client.get(self._http.url("_edge/tenant_info"), auth=None)
            raise_for_status(response)
            return decode(response, answers.TenantInfo).cloud_id
        except (SourceError, httpx.HTTPError):
            return ""

    def fields(self) -> list[answers.Field]:
        """All fields that the account sees."""
        with library_errors():
            return msgspec.convert(self._library.fields(), list[answers.Field])

    def issue_types(self) -> list[answers.IssueType]:
        """All issue types."""
        with library_errors():
            return [msgspec.convert(item.raw, answers.IssueType) for item in self._library.issue_types()]

    def statuses(self) -> list[answers.Status]:
        """The statuses that workflows use today."""
        with library_errors():
            return [msgspec.convert(item.raw, answers.Status) for item in self._library.statuses()]

    def projects(self) -> list[answers.Project]:
        """All live projects that the account sees."""
        return list(self._listed("rest/api/3/project/search", answers.Project))

    def project(self, key: str) -> answers.Project | None:
        """A project by key, also by an old one; None if it is not there or not for this account."""
        try:
            return self._http.fetch("GET", f"rest/api/3/project/{quote(key, safe='')}", answers.Project)
        except (NotFound, PermissionMissing):
            return None

    def versions(self, project_id: str) -> Iterator[answers.Version]:
        """All versions of a project."""
        return self._listed(f"rest/api/3/project/{project_id}/version", answers.Version)

    def users(self) -> Iterator[list[answers.Account]]:
        """Pages of all people and apps; raises `PermissionMissing` without the permission to browse users."""
        start = 0
        while page := self._users_page(start):
            yield page
            start += len(page)

    def people(self, account_ids: Sequence[str]) -> list[answers.Account]:
        """Those of the accounts that the server still tells about."""
        found: list[answers.Account] = []
        for first in range(0, len(account_ids), _LISTED):
            some = list(account_ids[first : first + _LISTED])
            params = {"accountId": some, "maxResults": len(some)}
            page = self._http.fetch("GET", "rest/api/3/user/bulk", answers.Values, params=params)
            found += [_each(raw, answers.Account) for raw in page.values]
        return found

    # --- boards and sprints

    def boards(self, project_key: str | None = None) -> list[answers.Board]:
        """All boards that the account sees, or those that show issues of a project."""

        def page(start: int) -> Any:  # noqa: ANN401 - the library's list
            return self._library.boards(startAt=start, maxResults=_BOARDS_LISTED, projectKeyOrID=project_key)

        with library_errors():
            return list(_by_pages(page, answers.Board))

    def board(self, board_id: int) -> answers.Board | None:
        """A board by its number; None if it is not there or not for this account."""
        try:
            return self._http.fetch("GET", f"rest/agile/1.0/board/{board_id}", answers.Board)
        except (NotFound, PermissionMissing):
            return None

    def board_configuration(self, board_id: int) -> answers.BoardConfiguration | Refused:
        """How a board is set up."""
        response = self._http.send("GET", f"rest/agile/1.0/board/{board_id}/configuration")
        if response.status_code in {400, 403, 404, 500}:
            return Refused(response.status_code, error_message(response))
        raise_for_status(response)
        return decode(response, answers.BoardConfiguration)

    def sprints(self, board_id: int) -> list[answers.Sprint] | Refused:
        """The sprints that a board shows, also those of other boards; or why it shows none."""

        def page(start: int) -> Any:  # noqa: ANN401 - the library's list
            return self._library.sprints(board_id, startAt=start, maxResults=_BOARDS_LISTED)

        try:
            with library_errors():
                return list(_by_pages(page, answers.Sprint))
        except UnexpectedResponse as error:
            if error.status == 400:  # noqa: PLR2004
                return Refused(400, str(error))
            raise
        except PermissionMissing as error:
            return Refused(403, str(error))
        except NotFound as error:
            return Refused(404, str(error))
        except TrackerUnavailable as error:
            if _NO_COLUMNS in str(error):
                return Refused(500, str(error))
            raise

    def sprint(self, sprint_id: str) -> answers.Sprint | None:
        """A sprint by its number; None if it was deleted or is not for this account."""
        try:
            return self._http.fetch("GET", f"rest/agile/1.0/sprint/{sprint_id}", answers.Sprint)
        except (NotFound, PermissionMissing):
            return None

    # --- issues

    def count(self, jql: str) -> int:
        """About how many issues a query has."""
        return self._http.fetch("POST", "rest/api/3/search/approximate-count", answers.Count, body={"jql": jql}).count

    def edge(self, jql: str, order: str) -> answers.FoundIssue | None:
        """The first issue of a query in that order, with `created` only; None if there is none."""
        body = {"jql": f"{jql} ORDER BY {order}", "fields": ["created"], "maxResults": 1}
        page = self._http.fetch("POST", "rest/api/3/search/jql", answers.SearchPage, body=body)
        return page.issues[0] if page.issues else None

    def search(self, jql: str, left_out: Iterable[str] = ()) -> Iterator[list[answers.FoundIssue]]:
        """Pages of a query's issues with all fields but `left_out`; pages may be short or empty."""
        body = {"jql": jql, "fields": ["*all", *(f"-{name}" for name in left_out)], "maxResults": _ISSUES_FOUND}
        for page in self._token_pages("rest/api/3/search/jql", body, answers.SearchPage):
            yield page.issues

    def histories(self, issue_ids: Sequence[str]) -> dict[str, list[answers.History]]:
        """The complete histories of the issues; those without any are left out."""
        found: dict[str, list[answers.History]] = {}
        for first in range(0, len(issue_ids), _ISSUES_WITH_HISTORY):
            ids = list(issue_ids[first : first + _ISSUES_WITH_HISTORY])
            body = {"issueIdsOrKeys": ids, "maxResults": _HISTORIES_FOUND}
            for page in self._token_pages("rest/api/3/changelog/bulkfetch", body, answers.ChangelogPage):
                for changelog in page.issue_change_logs:
                    found.setdefault(changelog.issue_id, []).extend(_histories(changelog))
        return found

    # --- paging

    def _token_pages(self, path: str, body: Mapping[str, Any], type_: type[TokenPage]) -> Iterator[TokenPage]:
        """Pages that a token links; a token that comes twice is refused."""
        token: str | None = None
        seen: set[str] = set()
        while True:
            page = self._http.fetch("POST", path, type_, body={**body, "nextPageToken": token} if token else body)
            yield page
            token = page.next_page_token
            if not token:
                return
            if token in seen:
                raise UnexpectedResponse(f"POST /{path} gave the same page token twice; the pages would never end")
            seen.add(token)

    def _listed(self, path: str, type_: type[T]) -> Iterator[T]:
        """Items of a list that is paged by `startAt`; it ends where the server says so or a page is empty."""
        start = 0
        while True:
            params = {"startAt": start, "maxResults": _LISTED}
            page = self._http.fetch("GET", path, answers.Values, params=params)
            for raw in page.values:
                yield _each(raw, type_)
            if page.is_last or not page.values:
                return
            start += len(page.values)

    def _users_page(self, start: int) -> list[answers.Account]:
        """One page; the server answers 409 when it takes too long, so that it is asked again a few times."""
        world = self._http.settings.world
        for attempt in range(_CONFLICT_ATTEMPTS):
            params = {"startAt": start, "maxResults": _USERS_LISTED}
            response = self._http.send("GET", "rest/api/3/users/search", params=params)
            if response.status_code != _CONFLICT:
                raise_for_status(response)
                return decode(response, list[answers.Account])
            if attempt + 1 < _CONFLICT_ATTEMPTS:
                world.sleep(_CONFLICT_WAIT_SECONDS * (attempt + 1))
        raise TrackerUnavailable("GET /rest/api/3/users/search answered 409 again and again; the next run tries again")


def _by_pages(page: Callable[[int], Any], type_: type[T]) -> Iterator[T]:
    """Items of one of the library's lists, which itself stops at the first short page."""
    start = 0
    while True:
        found = page(start)
        yield from (msgspec.convert(item.raw, type_) for item in found)
        if found.isLast or not len(found):
            return
        start += len(found)


def _each(raw: msgspec.Raw, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=type_)
    except msgspec.DecodeError as error:
        raise UnexpectedResponse(f"an item of a list cannot be read: {error}") from error


def _histories(changelog: answers.IssueChangelog) -> list[answers.History]:
    try:
        return _histories_decoder.decode(changelog.change_histories)
    except msgspec.DecodeError as error:
        raise UnexpectedResponse(f"the history of issue {changelog.issue_id} cannot be read: {error}") from error


_histories_decoder = msgspec.json.Decoder(list[answers.History])
