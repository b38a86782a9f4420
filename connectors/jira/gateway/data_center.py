"""Jira Data Center's and Server's way: search by `startAt`, histories within it, people by key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from connectors.errors import NotFound, PermissionMissing, UnexpectedResponse
from connectors.http import SourceHttp, decode, raise_for_status
from connectors.jira.gateway import answers
from connectors.jira.gateway.dialect import Found
from connectors.jira.gateway.paging import by_start, each
from connectors.jira.gateway.search_pages import REACH, SEARCH, search_pages
from connectors.jira.gateway.site_gateway import Refused, board_refusal

KIND = "jira_data_center"
ISSUES_FOUND = 200
"""Issues asked for in a page with all fields and histories; servers give fewer where their own cap is lower."""
KEYS_FOUND = 1_000
NAMED = 100
"""Issues named by id or key in one query."""
_USERS_LISTED = 1_000
_EVERYBODY = "."
"""The search for people wants a text; this one matches every name and address with a full stop, which mails have."""
_BAD_REQUEST = 400
_NO_SUCH_WAY = frozenset({400, 404, 405})
_NOT_TEXT = frozenset(
    {
        "com.atlassian.jira.plugins.jira-development-integration-plugin:devsummary",
        "com.atlassian.jira.plugins.jira-development-integration-plugin:devsummarycf",
    }
)
"""Types of fields whose values are Java's names of objects, other ones in each answer."""

_changelog_decoder = msgspec.json.Decoder(answers.Changelog | None)


class DataCenterDialect:
    """See `connectors.jira.gateway.dialect.Dialect`."""

    kind = KIND
    counts_exactly = True
    links_epics_by_key = True

    def __init__(self, http: SourceHttp, fields: Callable[[], Iterable[answers.Field]], *, reach: int = REACH) -> None:
        self._http = http
        self._reach = reach
        self._fields = fields
        self._has_changelog_pages = True

    def myself(self) -> answers.Account:
        """Whom the login belongs to."""
        return self._http.fetch("GET", "rest/api/2/myself", answers.Account)

    def projects(self) -> list[answers.Project]:
        """All projects that the account sees and that are not archived."""
        found = self._http.fetch("GET", "rest/api/2/project", list[answers.Project])
        return [project for project in found if not project.archived]

    def users(self) -> Iterator[list[answers.Account]]:
        """Pages of people, inactive ones too; raises `PermissionMissing` when none is shown.

        The server searches names, logins and addresses: people without a full stop in any of them may be left out,
        and so are deleted ones; issues and histories tell of those.
        """
        seen: set[str] = set()
        start = 0
        while page := self._users_page(start):
            start += len(page)
            new = [account for account in page if account.native_id not in seen]
            if not new:  # a server that does not heed startAt
                return
            seen.update(account.native_id for account in new)
            yield new
        if not seen:
            raise PermissionMissing("GET /rest/api/2/user/search shows nobody; it needs the permission Browse Users")

    def people(self, natives: Sequence[str]) -> list[answers.Account]:
        """Those of the people, by key, that the server still tells about."""
        found = []
        for key in natives:
            try:
                found.append(self._http.fetch("GET", "rest/api/2/user", answers.Account, params={"key": key}))
            except NotFound:
                continue
        return found

    def project_of_board(self, board_id: int) -> str | Refused:
        """The project that the board's filter names, if it is just one."""
        response = self._http.send("GET", f"rest/agile/1.0/board/{board_id}/project", params={"maxResults": 2})
        if (refused := board_refusal(response)) is not None:
            return refused
        raise_for_status(response)
        found = decode(response, answers.Values).values
        return each(found[0], answers.Project).id if len(found) == 1 else ""

    def count(self, jql: str) -> int:
        """How many issues a query has."""
        return self._http.fetch("POST", SEARCH, answers.StartPage, body={"jql": jql, "maxResults": 0}).total

    def edge(self, jql: str, order: str, field: str = "created") -> answers.FoundIssue | None:
        """The first issue of a query in that order, with one field only; None if there is none."""
        body = {"jql": f"{jql} ORDER BY {order}", "fields": [field], "maxResults": 1}
        page = self._http.fetch("POST", SEARCH, answers.StartPage, body=body)
        return page.issues[0] if page.issues else None

    def search(self, jql: str, left_out: Iterable[str] = ()) -> Iterator[Found]:
        """Pages of a query's issues with all fields but `left_out` and their histories."""
        body = {"fields": self._all_but(left_out), "expand": ["changelog"]}
        for issues, has_more in search_pages(self._http, jql, body, ISSUES_FOUND, self._reach):
            yield self._with_histories(issues, has_more=has_more)

    def keys(self, jql: str) -> Iterator[Sequence[answers.FoundIssue]]:
        """Pages of a query's issues with id and key."""
        return (issues for issues, _ in search_pages(self._http, jql, {"fields": ["id"]}, KEYS_FOUND, self._reach))

    def by_id(self, natives: Sequence[str], left_out: Iterable[str] = ()) -> Found:
        """Issues by id; those that are gone or not for this account are left out."""
        left_out = list(left_out)
        body = {"fields": self._all_but(left_out), "expand": ["changelog"]}
        alone = {"fields": ",".join(["*all", *(f"-{name}" for name in left_out)]), "expand": "changelog"}
        return self._with_histories(self._named("id", natives, body, alone))

    def ids_of(self, keys: Sequence[str]) -> dict[str, str]:
        """Ids by key; keys of issues that are gone, renamed or not for this account are left out."""
        found = self._named("key", [f'"{key}"' for key in keys], {"fields": ["id"]}, {"fields": "id"})
        return {issue.key: issue.id for issue in found if issue.key in keys}

    def _users_page(self, start: int) -> list[answers.Account]:
        params = {"username": _EVERYBODY, "startAt": start, "maxResults": _USERS_LISTED, "includeInactive": True}
        try:
            return self._http.fetch("GET", "rest/api/2/user/search", list[answers.Account], params=params)
        except NotFound:  # nobody is found
            return []

    def _all_but(self, left_out: Iterable[str]) -> list[str]:
        """Every field by its id: `*navigable`, the default, lacks some, and `*all` with exceptions is slow."""
        fields = list(self._fields())
        unwanted = {*left_out, *(field.id for field in fields if field.schema and field.schema.custom in _NOT_TEXT)}
        known = dict.fromkeys((*answers.IssueFields.__struct_fields__, *(field.id for field in fields)))
        return [native for native in known if native not in unwanted]

    def _named(
        self, field: str, names: Sequence[str], body: Mapping[str, Any], alone: Mapping[str, str]
    ) -> list[answers.FoundIssue]:
        """The issues of these ids or keys. A server that insists on all of them being there is asked one by one."""
        found: list[answers.FoundIssue] = []
        for first in range(0, len(names), NAMED):
            some = names[first : first + NAMED]
            try:
                pages = search_pages(
                    self._http, f"{field} in ({', '.join(some)})", {**body, "validateQuery": False}, ISSUES_FOUND
                )
                found += [issue for issues, _ in pages for issue in issues]
            except UnexpectedResponse as error:
                if error.status != _BAD_REQUEST:
                    raise
                found += [issue for name in some if (issue := self._one(name.strip('"'), alone)) is not None]
        return found

    def _one(self, name: str, params: Mapping[str, str]) -> answers.FoundIssue | None:
        try:
            return self._http.fetch("GET", f"rest/api/2/issue/{name}", answers.FoundIssue, params=params)
        except (NotFound, PermissionMissing):
            return None

    def _with_histories(self, issues: Sequence[answers.FoundIssue], *, has_more: bool = False) -> Found:
        histories: dict[str, Sequence[answers.History]] = {}
        unreadable: dict[str, str] = {}
        for issue in issues:
            try:
                found = self._history(issue)
            except msgspec.DecodeError as error:
                unreadable[issue.id] = f"its history: {error}"
            else:
                if found:
                    histories[issue.id] = found
        return Found(issues, histories, has_more, unreadable)

    def _history(self, issue: answers.FoundIssue) -> Sequence[answers.History]:
        """The whole history of an issue, fetched by itself where the search cut it off."""
        within = _read_changelog(issue)
        if within is not None and within.total <= len(within.histories):
            return within.histories
        paged = self._changelog_pages(issue)
        total = 0 if within is None else within.total
        if paged is not None and len(paged) >= total:
            return paged
        alone = _read_changelog(self._one(issue.id, {"fields": "id", "expand": "changelog"}) or issue)
        if alone is None or alone.total > len(alone.histories):
            told = 0 if alone is None else len(alone.histories)
            raise UnexpectedResponse(
                f"the history of issue {issue.key or issue.id} is cut off: the server gives {told} of "
                f"{total if alone is None else alone.total} entries"
            )
        return alone.histories

    def _changelog_pages(self, issue: answers.FoundIssue) -> list[answers.History] | None:
        """The history in pages; None where the server has no such list."""
        if not self._has_changelog_pages:
            return None
        try:
            return list(by_start(self._http, f"rest/api/2/issue/{issue.id}/changelog", answers.History))
        except (NotFound, UnexpectedResponse) as error:
            if isinstance(error, UnexpectedResponse) and error.status not in _NO_SUCH_WAY:
                raise
            self._has_changelog_pages = False
            return None


def _read_changelog(issue: answers.FoundIssue) -> answers.Changelog | None:
    found: answers.Changelog | None = _changelog_decoder.decode(issue.changelog)
    return found
