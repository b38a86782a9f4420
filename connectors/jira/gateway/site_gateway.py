"""The things that Jira Cloud and Data Center are asked for alike: the server, its lists, boards and sprints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from connectors.errors import AuthenticationError, NotFound, PermissionMissing, TrackerUnavailable, UnexpectedResponse
from connectors.http import SourceHttp, decode, error_message, raise_for_status
from connectors.jira.gateway import answers
from connectors.jira.gateway.aside_answers import CommentAnswer, CommentPage, WorklogAnswer, WorklogFeed, WorklogPage
from connectors.jira.gateway.board_answers import BoardConfiguration, Features
from connectors.jira.gateway.library import library_errors, open_library
from connectors.jira.gateway.paging import LISTED, by_library, by_start

_BOARDS_LISTED = 50
_OWN_LANGUAGE = {"X-Force-Accept-Language": "false", "Accept-Language": "*"}
"""Undoes that names are asked for in English: histories were written in the site's language."""
_MEMBERS_LISTED = 50
_GROUP_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORKLOGS_LISTED = 5_000
_REFUSALS = frozenset({400, 403, 404})
"""What is asked of a board is answered with when it is odd or not for this account."""
_BROKEN = 500
_NO_COLUMNS = "no columns with a mapped status"
_SPRINT_REPORT = "rest/greenhopper/1.0/rapid/charts/sprintreport"
_BROWSE = "BROWSE_PROJECTS"
_API = "rest/api/2"
"""Cloud and Data Center both answer version 2, and differ from 3 only in rich texts, which nobody asks for here."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server says no to one board, and why; the others can go on."""

    status: int
    reason: str

    @property
    def is_failure(self) -> bool:
        """Something is broken there that a person should see to, beyond boards that are merely odd."""
        return self.status >= _BROKEN and _NO_COLUMNS not in self.reason


def board_refusal(response: httpx.Response) -> Refused | None:
    """Why one board does not tell something. A failure that Jira does not explain is an outage, and no refusal."""
    is_explained = "json" in response.headers.get("content-type", "")
    if response.status_code in _REFUSALS or (response.status_code == _BROKEN and is_explained):
        return Refused(response.status_code, error_message(response))
    return None


class Gateway:
    """Typed answers or `SourceError`s. Methods are safe to call from several threads."""

    def __init__(self, http: SourceHttp) -> None:
        self._http = http
        self._library = open_library(http)

    # --- the site

    def server_info(self) -> answers.ServerInfo:
        """What the server is; answered by Cloud and Data Center."""
        with library_errors():
            return msgspec.convert(self._library.server_info(), answers.ServerInfo)

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

    def project(self, key: str) -> answers.Project | None:
        """A project by key, also by an old one; None if it is not there or not for this account."""
        try:
            return self._http.fetch("GET", f"{_API}/project/{quote(key, safe='')}", answers.Project)
        except (NotFound, PermissionMissing):
            return None

    def may_browse(self, project_id: str) -> bool:
        """Whether the account still has the permission to see the project's issues."""
        params = {"projectId": project_id, "permissions": _BROWSE}
        found = self._http.fetch("GET", f"{_API}/mypermissions", answers.Permissions, params=params)
        return _BROWSE in found.permissions and found.permissions[_BROWSE].have_permission

    def has_security_levels(self, project_id: str) -> bool | None:
        """Whether single issues of the project can be hidden from the account; None if the server does not tell."""
        try:
            found = self._http.fetch("GET", f"{_API}/project/{project_id}/securitylevel", answers.SecurityLevels)
        except (NotFound, PermissionMissing):
            return None
        return bool(found.levels)

    def versions(self, project_id: str) -> Iterator[answers.Version]:
        """All versions of a project."""
        return by_start(self._http, f"{_API}/project/{project_id}/version", answers.Version)

    def link_types(self) -> list[answers.LinkType]:
        """The types of links with their words; none where links are switched off.

        A type comes twice where the site speaks another language: under one name, with its words in either.
        """
        try:
            with library_errors():
                found = [msgspec.convert(item.raw, answers.LinkType) for item in self._library.issue_link_types()]
            response = self._http.send("GET", f"{_API}/issueLinkType", headers=_OWN_LANGUAGE)
            raise_for_status(response)
        except (NotFound, PermissionMissing):
            return []
        names = {link_type.id: link_type.name for link_type in found}
        own = decode(response, answers.LinkTypes).issue_link_types
        told = (msgspec.structs.replace(one, name=names.get(one.id, one.name)) for one in own)
        return list(dict.fromkeys([*found, *told]))

    def members(self, group: str, *, is_cloud: bool) -> Iterator[answers.Account]:
        """Everybody in a group and in those within it, inactive people too; a Cloud knows groups by their ids as well.

        Raises `NotFound` where there is no such group, and `PermissionMissing` without the permission to look.
        """
        asked = "groupId" if is_cloud and _GROUP_ID.fullmatch(group) else "groupname"
        params = {asked: group, "includeInactiveUsers": "true"}
        return by_start(self._http, f"{_API}/group/member", answers.Account, size=_MEMBERS_LISTED, params=params)

    # --- what hangs on an issue

    def comments(self, issue_id: str) -> list[CommentAnswer]:
        """All comments of an issue, by its native id."""
        found: list[CommentAnswer] = []
        while True:
            params = {"startAt": len(found), "maxResults": LISTED}
            page = self._http.fetch("GET", f"{_API}/issue/{issue_id}/comment", CommentPage, params=params)
            found += page.comments
            if not page.comments or len(found) >= page.total:
                return found

    def worklogs(self, issue_id: str) -> list[WorklogAnswer]:
        """All worklogs of an issue, by its native id."""
        found: list[WorklogAnswer] = []
        while True:
            params = {"startAt": len(found), "maxResults": _WORKLOGS_LISTED}
            page = self._http.fetch("GET", f"{_API}/issue/{issue_id}/worklog", WorklogPage, params=params)
            found += page.worklogs
            if not page.worklogs or len(found) >= page.total:
                return found

    def worklog_feed(self, what: str, since: int) -> WorklogFeed:
        """A page of the worklogs that were `updated` or `deleted` since an instant in epoch milliseconds."""
        return self._http.fetch("GET", f"{_API}/worklog/{what}", WorklogFeed, params={"since": since})

    def worklogs_by_id(self, ids: Sequence[int]) -> list[WorklogAnswer]:
        """Those of the worklogs (at most a thousand) that the account may see."""
        return self._http.fetch("POST", f"{_API}/worklog/list", list[WorklogAnswer], body={"ids": list(ids)})

    # --- boards and sprints

    def boards(self, project_key: str | None = None) -> list[answers.Board]:
        """All boards that the account sees, or those that show issues of a project."""

        def page(start: int) -> Any:  # noqa: ANN401 - the library's list
            return self._library.boards(startAt=start, maxResults=_BOARDS_LISTED, projectKeyOrID=project_key)

        with library_errors():
            return list(by_library(page, answers.Board))

    def few_boards(self, pages: int) -> list[answers.Board] | None:
        """All boards that the account sees, if that takes at most so many requests; else None, after one."""

        def page(start: int) -> Any:  # noqa: ANN401 - the library's list
            return self._library.boards(startAt=start, maxResults=_BOARDS_LISTED)

        with library_errors():
            first = page(0)
            found = [msgspec.convert(item.raw, answers.Board) for item in first]
            if first.isLast or not found:
                return found
            if not len(found) < first.total <= pages * len(found):
                return None
            return [*found, *by_library(lambda start: page(len(found) + start), answers.Board)]

    def features(self, board_id: int) -> Features | Refused:
        """What a team-managed board can do."""
        response = self._http.send("GET", f"rest/agile/1.0/board/{board_id}/features")
        if (refused := board_refusal(response)) is not None:
            return refused
        raise_for_status(response)
        return decode(response, Features)

    def board(self, board_id: int) -> answers.Board | None:
        """A board by its number; None if it is not there or not for this account."""
        try:
            return self._http.fetch("GET", f"rest/agile/1.0/board/{board_id}", answers.Board)
        except (NotFound, PermissionMissing):
            return None

    def board_configuration(self, board_id: int) -> BoardConfiguration | Refused:
        """How a board is set up."""
        response = self._http.send("GET", f"rest/agile/1.0/board/{board_id}/configuration")
        if (refused := board_refusal(response)) is not None:
            return refused
        raise_for_status(response)
        return decode(response, BoardConfiguration)

    def sprints(self, board_id: int) -> list[answers.Sprint] | Refused:
        """The sprints that a board shows, also those of other boards; or why it shows none."""

        def page(start: int) -> Any:  # noqa: ANN401 - the library's list
            return self._library.sprints(board_id, startAt=start, maxResults=_BOARDS_LISTED)

        try:
            with library_errors():
                return list(by_library(page, answers.Sprint))
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

    def sprint_report(self, board_id: str, sprint_id: str) -> answers.SprintReport | None:
        """Jira's own report on a sprint; None where it gives none: nothing of it was ever promised."""
        params = {"rapidViewId": board_id, "sprintId": sprint_id}
        try:
            found = self._http.fetch("GET", _SPRINT_REPORT, answers.SprintReportAnswer, params=params)
        except (NotFound, PermissionMissing, AuthenticationError):  # a token with scopes has none for it
            return None
        except UnexpectedResponse as error:
            if error.status in {400, 410}:
                return None
            raise
        return found.contents

    def sprint(self, sprint_id: str) -> answers.Sprint | None:
        """A sprint by its number; None if it was deleted or is not for this account."""
        try:
            return self._http.fetch("GET", f"rest/agile/1.0/sprint/{sprint_id}", answers.Sprint)
        except (NotFound, PermissionMissing):
            return None
