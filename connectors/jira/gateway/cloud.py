"""Jira Cloud's way: search/jql with page tokens, histories in bulk, people by account id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from connectors.errors import TrackerUnavailable
from connectors.http import SourceHttp, decode, raise_for_status
from connectors.jira.gateway import answers
from connectors.jira.gateway.dialect import Found
from connectors.jira.gateway.paging import LISTED, by_start, by_token, each

KIND = "jira_cloud"
_SEARCH, _HISTORIES = "rest/api/3/search/jql", "rest/api/3/changelog/bulkfetch"
_ISSUES_FOUND = 100
_ISSUES_TOGETHER = 200
"""Pages of a search are gathered up to here, and their histories asked for at once; twice as many took 30 MB more."""
_KEYS_FOUND = 5_000
_FETCHED = 100
_USERS_LISTED = 1_000
_HISTORIES_FOUND = 10_000
_ISSUES_WITH_HISTORY = 1_000
_CONFLICT_ATTEMPTS = 3
_CONFLICT_WAIT_SECONDS = 5.0
_CONFLICT = 409


class CloudDialect:
    """See `connectors.jira.gateway.dialect.Dialect`."""

    kind = KIND
    counts_exactly = False
    links_epics_by_key = False

    def __init__(self, http: SourceHttp) -> None:
        self._http = http

    def myself(self) -> answers.Account:
        """Whom the login belongs to."""
        return self._http.fetch("GET", "rest/api/3/myself", answers.Account)

    def projects(self) -> list[answers.Project]:
        """All live projects that the account sees."""
        return list(by_start(self._http, "rest/api/3/project/search", answers.Project))

    def users(self) -> Iterator[list[answers.Account]]:
        """Pages of all people and apps; raises `PermissionMissing` without the permission to browse users."""
        start = 0
        while page := self._users_page(start):
            yield page
            start += len(page)

    def people(self, natives: Sequence[str]) -> list[answers.Account]:
        """Those of the accounts, by account id, that the server still tells about."""
        found: list[answers.Account] = []
        for first in range(0, len(natives), LISTED):
            some = list(natives[first : first + LISTED])
            params = {"accountId": some, "maxResults": len(some)}
            page = self._http.fetch("GET", "rest/api/3/user/bulk", answers.Values, params=params)
            found += [each(raw, answers.Account) for raw in page.values]
        return found

    def project_of_board(self, board_id: int) -> str:  # noqa: ARG002 - Cloud's boards tell it themselves
        """Nothing: a board that has a project names it."""
        return ""

    def count(self, jql: str) -> int:
        """About how many issues a query has."""
        return self._http.fetch("POST", "rest/api/3/search/approximate-count", answers.Count, body={"jql": jql}).count

    def edge(self, jql: str, order: str, field: str = "created") -> answers.FoundIssue | None:
        """The first issue of a query in that order, with one field only; None if there is none."""
        body = {"jql": f"{jql} ORDER BY {order}", "fields": [field], "maxResults": 1}
        page = self._http.fetch("POST", _SEARCH, answers.SearchPage, body=body)
        return page.issues[0] if page.issues else None

    def search(self, jql: str, left_out: Iterable[str] = ()) -> Iterator[Found]:
        """Pages of a query's issues with all fields but `left_out`; pages may be short or empty."""
        body = {"jql": f"{jql} ORDER BY id ASC", "fields": _all_but(left_out), "maxResults": _ISSUES_FOUND}
        gathered: list[answers.FoundIssue] = []
        enough = 1  # the first page goes alone: it may be all there is, and tells whether it is
        for page in by_token(self._http, _SEARCH, body, answers.SearchPage):
            gathered += page.issues
            if len(gathered) >= enough or not page.next_page_token:
                yield self._with_histories(gathered, has_more=bool(page.next_page_token))
                gathered, enough = [], _ISSUES_TOGETHER

    def keys(self, jql: str) -> Iterator[Sequence[answers.FoundIssue]]:
        """Pages of a query's issues with id and key."""
        body = {"jql": f"{jql} ORDER BY id ASC", "fields": ["key"], "maxResults": _KEYS_FOUND}
        for page in by_token(self._http, _SEARCH, body, answers.SearchPage):
            yield page.issues

    def by_id(self, natives: Sequence[str], left_out: Iterable[str] = ()) -> Found:
        """Issues by id; those that are gone or not for this account are left out."""
        found: list[answers.FoundIssue] = []
        for first in range(0, len(natives), _FETCHED):
            body = {"issueIdsOrKeys": list(natives[first : first + _FETCHED]), "fields": _all_but(left_out)}
            found += self._http.fetch("POST", "rest/api/3/issue/bulkfetch", answers.SearchPage, body=body).issues
        return self._with_histories(found)

    def ids_of(self, keys: Sequence[str]) -> dict[str, str]:
        """Ids by key; keys of issues that are gone, renamed or not for this account are left out."""
        found: dict[str, str] = {}
        for first in range(0, len(keys), _FETCHED):
            body = {"issueIdsOrKeys": list(keys[first : first + _FETCHED]), "fields": ["key"]}
            page = self._http.fetch("POST", "rest/api/3/issue/bulkfetch", answers.SearchPage, body=body)
            found.update((issue.key, issue.id) for issue in page.issues if issue.key in keys)
        return found

    def histories(self, issue_ids: Sequence[str]) -> tuple[dict[str, list[answers.History]], dict[str, str]]:
        """The complete histories of the issues, those without any left out; and why others cannot be read."""
        found: dict[str, list[answers.History]] = {}
        unreadable: dict[str, str] = {}
        for first in range(0, len(issue_ids), _ISSUES_WITH_HISTORY):
            ids = list(issue_ids[first : first + _ISSUES_WITH_HISTORY])
            body = {"issueIdsOrKeys": ids, "maxResults": _HISTORIES_FOUND}
            for page in by_token(self._http, _HISTORIES, body, answers.ChangelogPage):
                for changelog in page.issue_change_logs:
                    try:
                        entries = _histories_decoder.decode(changelog.change_histories)
                    except (msgspec.DecodeError, RecursionError) as error:
                        unreadable[changelog.issue_id] = f"its history: {error}"
                    else:
                        found.setdefault(changelog.issue_id, []).extend(entries)
        return found, unreadable

    def _with_histories(self, issues: Sequence[answers.FoundIssue], *, has_more: bool = False) -> Found:
        if not issues:
            return Found(issues, {}, has_more)
        histories, unreadable = self.histories([issue.id for issue in issues])
        return Found(issues, histories, has_more, unreadable)

    def _users_page(self, start: int) -> list[answers.Account]:
        """One page; the server answers 409 when it takes too long, so that it is asked again a few times."""
        for attempt in range(_CONFLICT_ATTEMPTS):
            params = {"startAt": start, "maxResults": _USERS_LISTED}
            response = self._http.send("GET", "rest/api/3/users/search", params=params)
            if response.status_code != _CONFLICT:
                raise_for_status(response)
                return decode(response, list[answers.Account])
            if attempt + 1 < _CONFLICT_ATTEMPTS:
                self._http.pause(_CONFLICT_WAIT_SECONDS * (attempt + 1))
        raise TrackerUnavailable("GET /rest/api/3/users/search answered 409 again and again; the next run tries again")


def _all_but(left_out: Iterable[str]) -> list[str]:
    return ["*all", *(f"-{name}" for name in left_out)]


_histories_decoder = msgspec.json.Decoder(list[answers.History])
