"""Search and bulk reading: search/jql, its count, bulk fetch of issues and of change histories."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.boolean_query import QueryError
from simulator.company import Event, Issue
from simulator.jira_cloud.fields import NAVIGABLE, wanted_fields
from simulator.jira_cloud.history import bulk_entries, bulk_json, iso_entries, issue_items
from simulator.jira_cloud.jql import search
from simulator.jira_cloud.render import issue_text
from simulator.jira_cloud.site import Site
from simulator.wire import Refusal, answer, digest, dumps, make_token, read_body, read_token, text_answer, whole_number

IDS_ONLY_CAP = 5_000
BULK_ISSUES = 100
BULK_CHANGELOG_ISSUES = 1_000
BULK_CHANGELOG_HISTORIES = 10_000
BULK_CHANGELOG_FIELDS = 10
INLINE_HISTORIES = 100
_SEARCH_NAMES = {
    "jql", "fields", "expand", "maxResults", "nextPageToken", "fieldsByKeys", "properties", "reconcileIssues",
}  # fmt: skip
INVALID = "Invalid request payload. Refer to the REST API documentation and try again."
REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. "
    "A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)


def refuse(message: str, status: int = 400) -> Refusal:
    """The site's usual error answer."""
    return Refusal(answer({"errorMessages": [message], "errors": {}}, status))


def invalid_payload() -> Refusal:
    """The answer to a body that is not understood."""
    return Refusal(answer({"errorMessages": [INVALID]}, 400))


async def removed_search(_: Request) -> Response:
    """The old search, switched off in 2025."""
    return answer({"errorMessages": [REMOVED], "errors": {}}, 410)


def _found(site: Site, jql: str) -> list[Issue]:
    try:
        return site.results.get(site.company.age, ("jql", jql), lambda: search(site, jql))
    except QueryError as error:
        raise refuse(str(error)) from error
    except ValueError as error:
        raise refuse(f"Error in the JQL Query: {error}") from error


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


async def search_jql(request: Request) -> Response:
    """One page of a search; the server chooses its size."""
    if request.method == "GET":
        body: dict[str, Any] = dict(request.query_params)
        body["fields"] = [name for text in request.query_params.getlist("fields") for name in _split(text)]
    else:
        given = await read_body(request)
        if given is None or set(given) - _SEARCH_NAMES or not isinstance(given.get("fields") or [], list):
            raise invalid_payload()
        body = given
    return _search_page(request, body)


def _search_page(request: Request, body: dict[str, Any]) -> Response:
    site, version = request.app.state.site, request.path_params["version"]
    asked = body.get("fields") or []
    names = () if set(asked) <= {"id", "key"} else wanted_fields(asked, ())
    expand = str(body.get("expand") or "")
    found = _found(site, str(body.get("jql") or ""))
    owner = digest(body.get("jql"), sorted(asked), body.get("reconcileIssues"))
    start = 0
    if body.get("nextPageToken"):
        place = read_token(str(body["nextPageToken"]), owner)
        if place is None:
            raise refuse("The provided next page token is invalid or expired.")
        start = place
    size = min(whole_number(str(body.get("maxResults") or ""), 50) or 50, site.page_cap if names else IDS_ONLY_CAP)
    page = found[start : start + size]
    texts = [_searched(site, issue, asked, names, version, expand) for issue in page]
    is_last = start + len(page) >= len(found)
    tail = '"isLast":true' if is_last else f'"nextPageToken":"{make_token(owner, start + len(page))}","isLast":false'
    return text_answer(f'{{"issues":[{",".join(texts)}],{tail}}}')


def _searched(
    site: Site, issue: Issue, asked: list[str], names: tuple[str, ...], version: str, expand: str
) -> str:  # fmt: skip
    if not names:
        head = {"id": str(issue.id)}
        return dumps(head | {"key": site.product.key(issue)} if "key" in asked else head)
    return with_changelog(site, issue, issue_text(site, issue, names, version), expand)


def with_changelog(site: Site, issue: Issue, text: str, expand: str) -> str:
    """The issue's text, with the newest hundred histories in it when they are asked for."""
    if "changelog" not in _split(expand):
        return text
    entries = iso_entries(site, issue)
    newest = entries[::-1][:INLINE_HISTORIES]
    head = f'"changelog":{{"startAt":0,"maxResults":{len(newest)},"total":{len(entries)},"histories":['
    return f"{text[:-1]},{head}{','.join(newest)}]}}}}"


async def approximate_count(request: Request) -> Response:
    """How many issues a search finds."""
    body = await read_body(request)
    if body is None or not isinstance(body.get("jql"), str):
        raise invalid_payload()
    return answer({"count": len(_found(request.app.state.site, body["jql"]))})


async def issue_bulkfetch(request: Request) -> Response:
    """Issues by id or key; those that are not there are silently left out."""
    site, version = request.app.state.site, request.path_params["version"]
    body = await read_body(request)
    wanted = (body or {}).get("issueIdsOrKeys")
    if body is None or not isinstance(wanted, list) or not wanted:
        raise invalid_payload()
    if len(wanted) > BULK_ISSUES:
        raise refuse(f"Only {BULK_ISSUES} issues can be fetched at once.")
    names = wanted_fields(body.get("fields") or [], NAVIGABLE)
    expand = ",".join(body.get("expand") or [])
    issues = {issue.id: issue for issue in map(site.find, map(str, wanted)) if issue is not None}
    texts = [with_changelog(site, i, issue_text(site, i, names, version), expand) for i in issues.values()]
    return text_answer(f'{{"issues":[{",".join(texts)}],"issueErrors":[]}}')


async def changelog_bulkfetch(request: Request) -> Response:
    """One page of the histories of up to a thousand issues, in the order of time: an issue may go over many pages."""
    site = request.app.state.site
    body = await read_body(request)
    wanted, fields = (body or {}).get("issueIdsOrKeys"), (body or {}).get("fieldIds") or []
    if body is None or not isinstance(wanted, list) or not 0 < len(wanted) <= BULK_CHANGELOG_ISSUES:
        raise invalid_payload()
    if len(fields) > BULK_CHANGELOG_FIELDS:
        raise refuse("No more than 10 field ids can be given.")
    owner = digest(sorted(map(str, wanted)), sorted(fields))
    rows = site.results.get(site.company.age, ("log", owner), lambda: _history_rows(site, wanted, set(fields)))
    start = read_token(str(body["nextPageToken"]), owner) if body.get("nextPageToken") else 0
    if start is None:
        raise refuse("The provided next page token is invalid or expired.")
    size = min(whole_number(str(body.get("maxResults") or ""), 1_000) or 1_000, BULK_CHANGELOG_HISTORIES)
    grouped: dict[int, list[str]] = {}
    for _, number, _, text in rows[start : start + size]:
        grouped.setdefault(number, []).append(text)
    logs = ",".join(f'{{"issueId":"{n}","changeHistories":[{",".join(texts)}]}}' for n, texts in grouped.items())
    has_more = start + size < len(rows)
    tail = f',"nextPageToken":"{make_token(owner, start + size)}"' if has_more else ""
    return text_answer(f'{{"issueChangeLogs":[{logs}]{tail}}}')


def _history_rows(site: Site, wanted: list[Any], fields: set[str]) -> list[tuple[int, int, int, str]]:
    issues = {issue.id: issue for issue in map(site.find, map(str, wanted)) if issue is not None}
    rows = [
        (event.at, issue.id, event.id, text)
        for issue in issues.values()
        for event, text in (_filtered(site, issue, fields) if fields else bulk_entries(site, issue))
    ]
    rows.sort()
    return rows


def _filtered(site: Site, issue: Issue, fields: set[str]) -> list[tuple[Event, str]]:
    rows: list[tuple[Event, str]] = []
    for event, items in zip(issue.events, issue_items(site, issue), strict=True):
        kept = [item for item in items if item.get("fieldId") in fields]
        if kept:
            rows.append((event, dumps(bulk_json(site, event, kept))))
    return rows
