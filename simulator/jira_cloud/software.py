"""Lists of issues by board, sprint and epic: by token (`/rest/software`), and the old ones (`/rest/agile`)."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Issue
from simulator.jira.answers import asked_issue, refuse, split, window
from simulator.jira.boards import asked_sprint, board_with_columns
from simulator.jira.issue_values import issue_text
from simulator.jira.searching import found_issues
from simulator.jira.site import Site, site_of
from simulator.jira_cloud.issues import with_changelog
from simulator.jira_cloud.login import Cloud
from simulator.jira_cloud.search import page_of
from simulator.wire import answer, text_answer

GONE = (
    "The requested API has been removed. Please migrate to the /rest/software/1.0 API. "
    "A full migration guideline is available at https://developer.atlassian.com/changelog/"
)
OLD_CAP = 100
_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)


def _jql(request: Request) -> str:
    """What the list holds, as a query; the caller's own `jql` narrows it."""
    site, clauses = site_of(request), list[str]()
    names = request.path_params
    if "board" in names:
        clauses.append(f"filter = {board_with_columns(request).filter_id}")
    if "sprint" in names:
        clauses.append(f"sprint = {asked_sprint(request).id}")
    if "issue" in names:
        clauses.append(f"parent = {_asked_epic(site, request).id}")
    if request.url.path.removesuffix("/approximate-count").endswith("/epic/none/issue"):
        clauses.append("parent is EMPTY")
    if request.url.path.removesuffix("/approximate-count").endswith("/backlog"):
        clauses.append("resolution = Unresolved")
    own, *order = _ORDER.split(request.query_params.get("jql", ""), maxsplit=1)
    clauses += [f"({own})"] if own.strip() else []
    return f"{' AND '.join(clauses)} ORDER BY {order[0] if order else 'rank'}"


def _asked_epic(site: Site, request: Request) -> Issue:
    issue = asked_issue(request)
    if site.product.type_of(issue).level != 1:
        raise refuse("The epic does not exist or you do not have permission to view it.", 404)
    return issue


async def issue_list(request: Request) -> Response:
    """One page of the list, by token."""
    site, query = site_of(request), request.query_params
    body = {**query, "fields": split(query.get("fields", ""))}
    return page_of(request, body, _jql(request), site.fields.navigable)


async def issue_count(request: Request) -> Response:
    """How many issues the list holds."""
    return answer({"count": len(found_issues(site_of(request), _jql(request)))})


async def old_issue_list(request: Request) -> Response:
    """One page of the list by `startAt`, until the day the old lists are gone."""
    cloud: Cloud = request.scope["jira.cloud"]
    if cloud.agile_lists_gone:
        raise refuse(GONE, 410)
    site, query = site_of(request), request.query_params
    found = found_issues(site, _jql(request))
    start, size = window(request, cap=OLD_CAP)
    names = site.fields.wanted(split(query.get("fields", "")), site.fields.navigable)
    page = found[start : start + size]
    texts = [with_changelog(site, i, issue_text(site, i, names, "2"), query.get("expand", "")) for i in page]
    head = f'"expand":"schema,names","startAt":{start},"maxResults":{size},"total":{len(found)}'
    return text_answer(f'{{{head},"issues":[{",".join(texts)}]}}')
