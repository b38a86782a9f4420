"""One issue at a time: the issue, its changelog, worklogs and comments, and the feeds of worklogs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Issue, Worklog
from simulator.jira_cloud.fields import ALL_FIELDS, wanted_fields
from simulator.jira_cloud.history import iso_entries
from simulator.jira_cloud.render import comments_json, issue_text, live_worklogs, worklog_json
from simulator.jira_cloud.search import invalid_payload, refuse, with_changelog
from simulator.jira_cloud.site import Site
from simulator.wire import answer, read_body, text_answer, whole_number

CHANGELOG_CAP = 100
WORKLOG_PAGE = 1_000
FRESH = 60_000


def _asked_issue(request: Request) -> Issue:
    issue: Issue | None = request.app.state.site.find(request.path_params["issue"])
    if issue is None:
        raise refuse("Issue does not exist or you do not have permission to see it.", 404)
    return issue


async def get_issue(request: Request) -> Response:
    """An issue by id, key or former key."""
    site, issue = request.app.state.site, _asked_issue(request)
    asked = [name.strip() for name in request.query_params.get("fields", "").split(",") if name.strip()]
    text = issue_text(site, issue, wanted_fields(asked, ALL_FIELDS), request.path_params["version"])
    return text_answer(with_changelog(site, issue, text, request.query_params.get("expand", "")))


async def get_changelog(request: Request) -> Response:
    """A page of the issue's histories, oldest first, at most a hundred."""
    site, issue = request.app.state.site, _asked_issue(request)
    start = whole_number(request.query_params.get("startAt"), 0)
    size = min(whole_number(request.query_params.get("maxResults"), CHANGELOG_CAP) or 1, CHANGELOG_CAP)
    entries = iso_entries(site, issue)
    is_last = start + size >= len(entries)
    place = f"{site.url}{request.url.path}?maxResults={size}&startAt="
    following = "" if is_last else f'"nextPage":"{place}{start + size}",'
    head = f'"self":"{place}{start}",{following}"maxResults":{size},"startAt":{start},"total":{len(entries)}'
    values = ",".join(entries[start : start + size])
    return text_answer(f'{{{head},"isLast":{"true" if is_last else "false"},"values":[{values}]}}')


async def get_worklogs(request: Request) -> Response:
    """All time booked on the issue, oldest first."""
    site, issue = request.app.state.site, _asked_issue(request)
    start = whole_number(request.query_params.get("startAt"), 0)
    size = min(whole_number(request.query_params.get("maxResults"), 5_000), 5_000)
    after = whole_number(request.query_params.get("startedAfter"), 0)
    rows = [row for row in live_worklogs(site, issue) if row.started_at >= after]
    shown = [worklog_json(site, row, request.path_params["version"]) for row in rows[start : start + size]]
    return answer({"startAt": start, "maxResults": size, "total": len(rows), "worklogs": shown})


async def get_comments(request: Request) -> Response:
    """A page of the issue's comments, at most a hundred."""
    site, issue = request.app.state.site, _asked_issue(request)
    start = whole_number(request.query_params.get("startAt"), 0)
    size = min(whole_number(request.query_params.get("maxResults"), 100), 100)
    rows = comments_json(site, issue, request.path_params["version"])
    return answer({"startAt": start, "maxResults": size, "total": len(rows), "comments": rows[start : start + size]})


def _is_visible(site: Site, worklog: Worklog) -> bool:
    return site.product.issues[worklog.issue_id].deleted_at is None


async def updated_worklogs(request: Request) -> Response:
    """Which worklogs were written since an instant; those of the last minute come later."""
    site = request.app.state.site
    rows = [
        (row.updated_at, row.id)
        for row in site.product.worklogs.values()
        if row.deleted_at is None and _is_visible(site, row)
    ]
    return _worklog_feed(request, rows)


async def deleted_worklogs(request: Request) -> Response:
    """Which worklogs were deleted since an instant."""
    worklogs = request.app.state.site.product.worklogs.values()
    return _worklog_feed(request, [(row.deleted_at, row.id) for row in worklogs if row.deleted_at is not None])


def _worklog_feed(request: Request, rows: list[tuple[int, int]]) -> Response:
    site, since = request.app.state.site, whole_number(request.query_params.get("since"), 0)
    due = sorted(row for row in rows if since <= row[0] <= site.company.now - FRESH)
    page = due[:WORKLOG_PAGE]
    while len(page) < len(due) and due[len(page)][0] == page[-1][0]:
        page.append(due[len(page)])
    until = page[-1][0] if page else since
    place = f"{site.url}{request.url.path}?since="
    values = [{"worklogId": number, "updatedTime": at, "properties": []} for at, number in page]
    found = {"values": values, "since": since, "until": until, "self": f"{place}{since}"}
    is_last = len(page) == len(due)
    return answer(found | {"lastPage": is_last} | ({} if is_last else {"nextPage": f"{place}{until}"}))


async def list_worklogs(request: Request) -> Response:
    """Worklogs by id, as a bare array; those that are not there are silently left out."""
    site, body = request.app.state.site, await read_body(request)
    if body is None or not isinstance(body.get("ids"), list) or len(body["ids"]) > WORKLOG_PAGE:
        raise invalid_payload()
    rows = [site.product.worklogs.get(number) for number in body["ids"]]
    version = request.path_params["version"]
    return answer([worklog_json(site, r, version) for r in rows if r and r.deleted_at is None and _is_visible(site, r)])
