"""The reporting feeds: revisions of work items, and links."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from simulator.azure_devops.feed import LinkRow, Row
from simulator.azure_devops.organization import Organization, ado_time
from simulator.azure_devops.refusals import refuse
from simulator.azure_devops.scopes import asked_project, asked_url
from simulator.azure_devops.snapshots import revised_date, shown, snapshot_texts, snapshots
from simulator.company import Project
from simulator.wire import answer, dumps, read_body, text_answer, whole_number


def _flag(given: Any) -> bool:  # noqa: ANN401 - from a query or from JSON
    return str(given).lower() == "true"


def _listed(given: Any) -> list[str]:  # noqa: ANN401 - from a query or from JSON
    parts = given.split(",") if isinstance(given, str) else given or []
    return [str(part).strip() for part in parts if str(part).strip()]


async def revisions(request: Request) -> Response:
    """A batch of revisions behind the token; the link to the next batch is there even after the last one."""
    organization: Organization = request.app.state.organization
    body = (await read_body(request) or {}) if request.method == "POST" else dict(request.query_params)
    place = _place(organization, request)
    size = whole_number(request.query_params.get("$maxPageSize"), organization.feed_batch) or 1
    size = min(size, organization.feed_cap) if request.method == "GET" else organization.feed_batch
    project = asked_project(request) if "project" in request.path_params else None
    render = _renderer(organization, body, project)
    values: list[str] = []
    rows = organization.feed.rows_after(organization.company.age, organization.product, place)
    is_last = True
    for row in rows:
        if len(values) == size:
            is_last = False
            break
        text = render(row)
        if text is not None:
            values.append(text)
        place = row
    token = ";".join(map(str, place))
    tail = f'"nextLink":{dumps(_next_link(request, token))},"continuationToken":"{token}"'
    return text_answer(f'{{"values":[{",".join(values)}],{tail},"isLastBatch":{"true" if is_last else "false"}}}')


def _place(organization: Organization, request: Request) -> Row:
    token, start = (request.query_params.get(name) for name in ("continuationToken", "startDateTime"))
    if token and start:
        raise refuse(400, "VssPropertyValidationException", "startDateTime cannot be combined with continuationToken.")
    if start:
        return organization.feed.place_of(organization.company.age, organization.product, read_instant(start))
    if not token:
        return Row(0, 0, 0)
    try:
        watermark, number, rev = (int(part) for part in token.split(";"))
    except ValueError as error:
        raise refuse(400, "InvalidContinuationTokenException", f"The continuation token {token} is invalid.") from error
    return Row(watermark, number, rev)


def read_instant(text: str, zone: tzinfo = UTC) -> int:
    """ISO text as milliseconds; without an offset it is in this zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise refuse(400, "VssPropertyValidationException", f"The value {text} is not a date.") from error
    return round((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)


def _next_link(request: Request, token: str) -> str:
    kept = [
        (name, v)
        for name, v in request.query_params.multi_items()
        if name not in {"continuationToken", "startDateTime"}
    ]
    if not any(name == "api-version" for name, _ in kept):
        kept.append(("api-version", "7.1"))
    return f"{asked_url(request)}?{urlencode([('continuationToken', token), *kept])}"


def _renderer(
    organization: Organization, body: dict[str, Any], project: Project | None
) -> Callable[[Row], str | None]:  # fmt: skip
    """Makes the JSON text of a row; None for a row that the request leaves out."""
    fields, types = set(_listed(body.get("fields"))), set(_listed(body.get("types")))
    objects, with_deleted = _flag(body.get("includeIdentityRef")), _flag(body.get("includeDeleted"))
    latest_only, nothing = _flag(body.get("includeLatestOnly")), _flag(body.get("includeDiscussionChangesOnly"))
    issues = organization.product.issues

    def render(row: Row) -> str | None:
        issue = issues[row.id]
        if nothing or not organization.sees(issue) or (issue.deleted_at is not None and not with_deleted):
            return None
        revs = snapshots(organization, issue)
        snapshot = revs[row.rev - 1]
        if latest_only and row.rev < len(revs):
            return None
        if project is not None and snapshot["System.TeamProject"] != project.name:
            return None
        if types and snapshot["System.WorkItemType"] not in types:
            return None
        revised = revised_date(revs, row.rev)
        if not fields:
            text = snapshot_texts(organization, issue, objects=objects)[row.rev - 1]
            return f'{text},"System.RevisedDate":"{revised}"}}}}'
        found = shown(organization, snapshot, objects=objects) | {"System.RevisedDate": revised}
        return dumps({"id": row.id, "rev": row.rev, "fields": {k: v for k, v in found.items() if k in fields}})

    return render


async def links(request: Request) -> Response:
    """A batch of link changes; the next link carries the token, as in Microsoft's recording."""
    organization: Organization = request.app.state.organization
    query = request.query_params
    rows = organization.feed.links(organization.company.age, organization.product)
    wanted, project = set(_listed(query.get("linkTypes"))), None
    if "project" in request.path_params:
        project = asked_project(request)
    start = whole_number(query.get("continuationToken"), 0)
    if query.get("startDateTime"):
        since = read_instant(query["startDateTime"])
        start = next((n for n, row in enumerate(rows) if row.at >= since), len(rows))
    page = rows[start : start + organization.feed_batch]
    values = [
        {
            "rel": r.rel,
            "sourceId": r.source,
            "targetId": r.target,
            "changedDate": ado_time(r.at),
            "isActive": r.is_active,
        }
        for r in page
        if (not wanted or r.rel in wanted) and _is_shown(organization, r, project)
    ]
    token = str(start + len(page))
    is_last = start + len(page) >= len(rows)
    return answer({"values": values, "nextLink": _next_link(request, token), "isLastBatch": is_last})


def _is_shown(organization: Organization, row: LinkRow, project: Project | None) -> bool:
    """Both ends must be there and be seen; a project sees the links that start in it."""
    ends = [organization.product.issues.get(number) for number in (row.source, row.target)]
    if any(issue is None or not organization.sees(issue) for issue in ends):
        return False
    return project is None or (ends[0] is not None and ends[0].state["project"] == project.id)
