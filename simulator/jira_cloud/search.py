"""Search and bulk reading: search/jql, its count, and bulk fetch of issues."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Issue
from simulator.jira.answers import invalid_payload, refuse, split
from simulator.jira.issue_values import issue_text
from simulator.jira.searching import found_issues
from simulator.jira.site import Site, site_of
from simulator.jira_cloud.issues import with_changelog
from simulator.jira_cloud.walk import Walk, lies_of
from simulator.wire import answer, dumps, read_body, text_answer, whole_number

IDS_ONLY_CAP = 5_000
BULK_ISSUES = 100
RECONCILED_ISSUES = 50
_SEARCH_NAMES = {
    "jql", "fields", "expand", "maxResults", "nextPageToken", "fieldsByKeys", "properties", "reconcileIssues",
}  # fmt: skip
REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. "
    "A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)


async def removed_search(_: Request) -> Response:
    """The old search, switched off in 2025."""
    return answer({"errorMessages": [REMOVED], "errors": {}}, 410)


async def search_jql(request: Request) -> Response:
    """One page of a search; the server chooses its size."""
    if request.method == "GET":
        body: dict[str, Any] = dict(request.query_params)
        body["fields"] = [name for text in request.query_params.getlist("fields") for name in split(text)]
    else:
        given = await read_body(request)
        if given is None or set(given) - _SEARCH_NAMES or not isinstance(given.get("fields") or [], list):
            raise invalid_payload()
        body = given
    return page_of(request, body, str(body.get("jql") or ""), ())


def page_of(request: Request, body: dict[str, Any], jql: str, default: tuple[str, ...]) -> Response:
    """One page of the walk through what the query finds, with the fields of the body or these."""
    site, version = site_of(request), request.path_params.get("version", "3")
    asked, expand = body.get("fields") or [], str(body.get("expand") or "")
    names = () if set(asked) <= {"id", "key"} and not default else site.fields.wanted(asked, default)
    walk = Walk.read(str(body.get("nextPageToken") or ""), jql, sorted(asked), body.get("reconcileIssues"))
    walk.mutate(site, jql)
    found = found_issues(site, jql, reconciled=_reconciled(body))
    size = min(whole_number(str(body.get("maxResults") or ""), 50) or 50, site.page_cap if names else IDS_ONLY_CAP)
    page, tail = walk.page(found, size, lies_of(request))
    texts = [_searched(site, issue, asked, names, version, expand) for issue in page]
    return text_answer(f'{{"issues":[{",".join(texts)}],{tail}}}')


def _reconciled(body: dict[str, Any]) -> frozenset[int]:
    """The issues that the caller wants to see as they are now, at most fifty."""
    given = body.get("reconcileIssues") or []
    numbers = split(given) if isinstance(given, str) else [str(number) for number in given]
    if len(numbers) > RECONCILED_ISSUES or not all(number.isdigit() for number in numbers):
        raise invalid_payload()
    return frozenset(map(int, numbers))


def _searched(
    site: Site, issue: Issue, asked: list[str], names: tuple[str, ...], version: str, expand: str
) -> str:  # fmt: skip
    if not names:
        head = {"id": str(issue.id)}
        return dumps(head | {"key": site.product.key(issue)} if "key" in asked else head)
    return with_changelog(site, issue, issue_text(site, issue, names, version), expand)


async def approximate_count(request: Request) -> Response:
    """How many issues a search finds."""
    body = await read_body(request)
    if body is None or not isinstance(body.get("jql"), str):
        raise invalid_payload()
    return answer({"count": len(found_issues(site_of(request), body["jql"]))})


async def issue_bulkfetch(request: Request) -> Response:
    """Issues by id or key; those that are not there are silently left out."""
    site, version = site_of(request), request.path_params["version"]
    body = await read_body(request)
    wanted = (body or {}).get("issueIdsOrKeys")
    if body is None or not isinstance(wanted, list) or not wanted:
        raise invalid_payload()
    if len(wanted) > BULK_ISSUES:
        raise refuse(f"Only {BULK_ISSUES} issues can be fetched at once.")
    names = site.fields.wanted(body.get("fields") or [], site.fields.navigable)
    expand = ",".join(body.get("expand") or [])
    issues = {issue.id: issue for issue in map(site.find, map(str, wanted)) if issue is not None}
    texts = [with_changelog(site, i, issue_text(site, i, names, version), expand) for i in issues.values()]
    return text_answer(f'{{"issues":[{",".join(texts)}],"issueErrors":[]}}')
