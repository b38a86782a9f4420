"""The comments below a work item: a preview in every version, and another shape on Server 2019."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.azure_devops.items import asked_item
from simulator.azure_devops.organization import Organization, ado_time, identity
from simulator.azure_devops.refusals import refuse
from simulator.azure_devops.snapshots import snapshots
from simulator.azure_devops.structure import organization_of
from simulator.company import Comment, Issue
from simulator.wire import answer, whole_number


async def comments(request: Request) -> Response:
    """The item's comments, in pages."""
    asked = request.query_params.get("api-version", "-preview")
    if "-preview" not in asked:
        message = f"The requested version {asked} of the resource is under preview. The -preview flag must be supplied."
        raise refuse(400, "VssInvalidPreviewVersionException", message)
    organization, issue = organization_of(request), asked_item(request)
    top = whole_number(request.query_params.get("$top"), 200) or 200
    if organization.ceiling < 6:
        return _by_revision(organization, issue, whole_number(request.query_params.get("fromRevision"), 1), top)
    start = whole_number(request.query_params.get("continuationToken"), 0)
    end, base = start + top, f"{organization.url}/_apis/wit/workItems/{issue.id}/comments"
    rows = [_comment_json(organization, issue, comment, base) for comment in issue.comments[start:end]]
    more = {"continuationToken": str(end), "nextPage": f"{base}?continuationToken={end}"}
    head = {"totalCount": len(issue.comments), "count": len(rows), "comments": rows}
    return answer(head | (more if end < len(issue.comments) else {}))


def _comment_json(organization: Organization, issue: Issue, comment: Comment, base: str) -> dict[str, Any]:
    return {
        "workItemId": issue.id,
        "id": comment.id,
        "version": 1,
        "text": comment.text,
        "createdBy": identity(organization, organization.company.people[comment.author]),
        "createdDate": ado_time(comment.at),
        "modifiedDate": ado_time(comment.at),
        "url": f"{base}/{comment.id}",
    }


def _by_revision(organization: Organization, issue: Issue, first: int, top: int) -> Response:
    """As Server 2019 has it: a comment is the revision that brought it."""
    counts = [int(fields["System.CommentCount"]) for fields in snapshots(organization, issue)]
    rows: list[dict[str, Any]] = []
    for number, comment in enumerate(issue.comments, 1):
        revision = next(rev for rev, count in enumerate(counts, 1) if count >= number)
        by = identity(organization, organization.company.people[comment.author])
        row = {"revision": revision, "text": comment.text, "revisedBy": by, "revisedDate": ado_time(comment.at)}
        rows.append(row | {"url": f"{organization.url}/_apis/wit/workItems/{issue.id}/comments/{revision}"})
    later = [row for row in rows if row["revision"] >= first]
    head = {"totalCount": len(rows), "fromRevisionCount": len(later), "count": len(later[:top])}
    return answer(head | {"comments": later[:top]})
