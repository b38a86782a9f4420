"""What people write below issues: worklogs with their feeds, and comments."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Worklog
from simulator.jira.answers import asked_issue, invalid_payload, refuse, window
from simulator.jira.entities import comments_json, live_worklogs, worklog_json
from simulator.jira.site import Site, place_of, site_of
from simulator.wire import answer, read_body, whole_number

WORKLOG_PAGE = 1_000
COMMENT_PAGE = 100
FRESH = 60_000
OFF = "Time Tracking is not enabled on this Jira site."


async def get_worklogs(request: Request) -> Response:
    """All time booked on the issue, oldest first."""
    site, issue = _with_time_tracking(request, 404), asked_issue(request)
    start, size = window(request, cap=5_000, default=5_000)
    after = whole_number(request.query_params.get("startedAfter"), 0)
    rows = [row for row in live_worklogs(site, issue) if row.started_at >= after]
    shown = [
        worklog_json(site, row, request.path_params.get("version", site.dialect.api))
        for row in rows[start : start + size]
    ]
    return answer({"startAt": start, "maxResults": size, "total": len(rows), "worklogs": shown})


async def get_comments(request: Request) -> Response:
    """A page of the issue's comments; a Cloud gives at most a hundred."""
    site, issue = site_of(request), asked_issue(request)
    cap = COMMENT_PAGE if site.dialect.is_cloud else 1_048_576
    start, size = window(request, cap=cap, default=cap)
    rows = comments_json(site, issue, request.path_params.get("version", site.dialect.api))
    return answer({"startAt": start, "maxResults": size, "total": len(rows), "comments": rows[start : start + size]})


def _with_time_tracking(request: Request, status: int) -> Site:
    site = site_of(request)
    if not site.time_tracking:
        raise refuse(OFF, status)
    return site


def _is_visible(site: Site, worklog: Worklog) -> bool:
    return site.shows(site.product.issues[worklog.issue_id])


async def updated_worklogs(request: Request) -> Response:
    """Which worklogs were written since an instant; those of the last minute come later."""
    site = _with_time_tracking(request, 404)
    rows = [
        (row.updated_at, row.id)
        for row in site.product.worklogs.values()
        if row.deleted_at is None and _is_visible(site, row)
    ]
    return _worklog_feed(request, rows)


async def deleted_worklogs(request: Request) -> Response:
    """Which worklogs were deleted since an instant."""
    site = _with_time_tracking(request, 404)
    rows = [
        (row.deleted_at, row.id)
        for row in site.product.worklogs.values()
        if row.deleted_at is not None and _is_visible(site, row)
    ]
    return _worklog_feed(request, rows)


def _worklog_feed(request: Request, rows: list[tuple[int, int]]) -> Response:
    """A Cloud says `lastPage`, a Data Center the same by two names."""
    site, since = site_of(request), whole_number(request.query_params.get("since"), 0)
    due = sorted(row for row in rows if since <= row[0] <= site.company.now - FRESH)
    page = due[:WORKLOG_PAGE]
    while len(page) < len(due) and due[len(page)][0] == page[-1][0]:
        page.append(due[len(page)])
    until = page[-1][0] if page else since
    place, is_last = f"{place_of(request)}?since=", len(page) == len(due)
    extra: dict[str, Any] = {"properties": []} if site.dialect.is_cloud else {}
    found = {
        "values": [{"worklogId": number, "updatedTime": at, **extra} for at, number in page],
        "since": since,
        "until": until,
        "self": f"{place}{since}",
        "lastPage": is_last,
    }
    found |= {} if site.dialect.is_cloud else {"isLastPage": is_last}
    return answer(found | ({} if is_last else {"nextPage": f"{place}{until}"}))


async def list_worklogs(request: Request) -> Response:
    """Worklogs by id, as a bare array; those that are not there are silently left out."""
    site, body = _with_time_tracking(request, 400), await read_body(request)
    if body is None or not isinstance(body.get("ids"), list) or len(body["ids"]) > WORKLOG_PAGE:
        raise invalid_payload()
    rows = [site.product.worklogs.get(number) for number in body["ids"]]
    version = request.path_params.get("version", site.dialect.api)
    return answer([worklog_json(site, r, version) for r in rows if r and r.deleted_at is None and _is_visible(site, r)])
