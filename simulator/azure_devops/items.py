"""Work items one by one and by the list: fields, relations, updates, revisions, queries and the recycle bin."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.azure_devops.organization import Organization, ado_time, identity_text
from simulator.azure_devops.refusals import refuse
from simulator.azure_devops.relations import relations_now
from simulator.azure_devops.reporting import read_instant
from simulator.azure_devops.scopes import asked_project
from simulator.azure_devops.snapshots import Fields, revised_date, shown, snapshots
from simulator.azure_devops.updates import all_updates
from simulator.azure_devops.wiql import read_wiql
from simulator.boolean_query import QueryError
from simulator.company import Issue
from simulator.wire import answer, read_body, whole_number

LARGEST_BATCH = 200


def missing(number: object) -> Exception:
    """No such item, or none that may be seen."""
    message = f"TF401232: Work item {number} does not exist, or you do not have permissions to read it."
    return refuse(404, "WorkItemUnauthorizedAccessException", message)


def _organization(request: Request) -> Organization:
    organization: Organization = request.app.state.organization
    return organization


def asked_item(request: Request) -> Issue:
    """The work item of the path, if the token may see it."""
    asked = request.path_params["id"]
    issue = _organization(request).find(int(asked)) if asked.isdigit() else None
    if issue is None:
        raise missing(asked)
    return issue


def _item_json(
    organization: Organization, issue: Issue, fields: list[str], expand: str, as_of: int | None
) -> dict[str, Any] | None:
    """The item now, or as it was; None for one that did not exist then."""
    revs = snapshots(organization, issue)
    if as_of is not None:
        revs = [rev for rev in revs if read_instant(rev["System.ChangedDate"]) <= as_of]
        if not revs:
            return None
    newest = revs[-1] if as_of is not None else _with_parent(revs[-1], issue)
    found = shown(organization, newest, objects=organization.shows_people_as_objects)
    if fields:
        found = {name: value for name, value in found.items() if name in fields}
    item = _bare(organization, issue, found, len(revs))
    if expand in {"all", "relations"}:
        relations = relations_now(organization, issue)
        item |= {"relations": relations} if relations else {}
    return item


def _with_parent(fields: Fields, issue: Issue) -> Fields:
    """The item of today has its parent of today, which may have come after its last revision."""
    others = {name: value for name, value in fields.items() if name != "System.Parent"}
    return others | ({"System.Parent": issue.state["parent"]} if issue.state.get("parent") else {})


def _bare(organization: Organization, issue: Issue, fields: Fields, rev: int) -> dict[str, Any]:
    return {"id": issue.id, "rev": rev, "fields": fields, "url": f"{organization.url}/_apis/wit/workItems/{issue.id}"}


async def get_item(request: Request) -> Response:
    """One work item."""
    query, organization = request.query_params, _organization(request)
    as_of = read_instant(query["asOf"]) if query.get("asOf") else None
    fields = [name.strip() for name in query.get("fields", "").split(",") if name.strip()]
    item = _item_json(organization, asked_item(request), fields, query.get("$expand", "").lower(), as_of)
    if item is None:
        raise missing(request.path_params["id"])
    return answer(item)


async def get_items(request: Request) -> Response:
    """Work items by ids in the query."""
    query = request.query_params
    body = {"ids": [int(part) for part in query.get("ids", "").split(",") if part.strip().isdigit()]}
    fields = [name.strip() for name in query.get("fields", "").split(",") if name.strip()]
    given = {
        "fields": fields,
        "$expand": query.get("$expand"),
        "errorPolicy": query.get("errorPolicy"),
        "asOf": query.get("asOf"),
    }
    return _items_answer(_organization(request), body | given)


async def batch(request: Request) -> Response:
    """Work items by ids in the body; with errorPolicy `omit` the unknown ones are null."""
    body = await read_body(request)
    if body is None or not isinstance(body.get("ids"), list):
        raise refuse(400, "VssPropertyValidationException", "The request body has no ids.")
    return _items_answer(_organization(request), body)


def _items_answer(organization: Organization, body: dict[str, Any]) -> Response:
    ids, fields, expand = body["ids"], body.get("fields") or [], str(body.get("$expand") or "none").lower()
    if len(ids) > LARGEST_BATCH:
        message = f"VS403474: You are attempting to get more than {LARGEST_BATCH} work items."
        raise refuse(400, "VssPropertyValidationException", message)
    if fields and expand != "none":
        message = "The expand parameter can not be used with the fields parameter."
        raise refuse(400, "VssPropertyValidationException", message)
    as_of = read_instant(body["asOf"]) if body.get("asOf") else None
    rows: list[dict[str, Any] | None] = []
    for number in ids:
        issue = organization.find(int(number))
        row = None if issue is None else _item_json(organization, issue, fields, expand, as_of)
        if row is None and str(body.get("errorPolicy") or "fail").lower() != "omit":
            raise missing(number)
        rows.append(row)
    return answer({"count": len(rows), "value": rows})


def _page(request: Request, rows: list[dict[str, Any]]) -> Response:
    skip = whole_number(request.query_params.get("$skip"), 0)
    top = whole_number(request.query_params.get("$top"), 200) or 200
    page = rows[skip : skip + top]
    return answer({"count": len(page), "value": page})


async def revisions(request: Request) -> Response:
    """All revisions of an item, as full snapshots."""
    organization, issue = _organization(request), asked_item(request)
    revs = snapshots(organization, issue)
    return _page(
        request,
        [
            _bare(organization, issue, shown(organization, fields, objects=organization.shows_people_as_objects), rev)
            | {"url": f"{organization.url}/_apis/wit/workItems/{issue.id}/revisions/{rev}"}
            for rev, fields in enumerate(revs, 1)
        ],
    )


async def revision(request: Request) -> Response:
    """One revision of an item."""
    organization, issue = _organization(request), asked_item(request)
    revs = snapshots(organization, issue)
    rev = whole_number(request.path_params["rev"], 0)
    if not 0 < rev <= len(revs):
        raise missing(f"{issue.id} revision {rev}")
    fields = shown(organization, revs[rev - 1], objects=organization.shows_people_as_objects) | {
        "System.RevisedDate": revised_date(revs, rev)
    }
    return answer(_bare(organization, issue, fields, rev))


async def updates(request: Request) -> Response:
    """What each change of the item changed, links too."""
    return _page(request, all_updates(_organization(request), asked_item(request)))


async def query_by_wiql(request: Request) -> Response:
    """The ids that a query finds; too many are an error, not a cut."""
    organization, body = _organization(request), await read_body(request)
    if body is None or not isinstance(body.get("query"), str):
        raise refuse(400, "VssPropertyValidationException", "The query is missing.")
    project = asked_project(request) if "project" in request.path_params else None
    precise = request.query_params.get("timePrecision", "").lower() == "true"
    try:
        found = read_wiql(organization, body["query"], project, precise=precise)
    except QueryError as error:
        raise refuse(400, "WorkItemTrackingQueryException", f"TF51006: {error}") from error
    top = whole_number(request.query_params.get("$top"), 0)
    if top:
        found = found[:top]
    if len(found) >= organization.wiql_cap:
        message = (
            f"VS402337: The number of work items returned exceeds the size limit of {organization.wiql_cap}. "
            "Change the query to return fewer items."
        )
        raise refuse(400, "WorkItemTrackingQueryResultSizeLimitExceededException", message)
    base = f"{organization.url}/_apis/wit"
    column = {"referenceName": "System.Id", "name": "ID", "url": f"{base}/fields/System.Id"}
    head = {"queryType": "flat", "queryResultType": "workItem", "asOf": ado_time(organization.company.now)}
    rows = [{"id": issue.id, "url": f"{base}/workItems/{issue.id}"} for issue in found]
    return answer(head | {"columns": [column], "sortColumns": [], "workItems": rows})


def _binned(request: Request) -> list[Issue]:
    issues, project = _organization(request).product.issues.values(), None
    if "project" in request.path_params:
        project = asked_project(request).id
    binned = [i for i in issues if i.deleted_at is not None and _organization(request).sees(i)]
    return [i for i in binned if project in {None, i.state["project"]}]


async def recycle_bin(request: Request) -> Response:
    """The deleted items, in two shapes."""
    base = f"{_organization(request).url}/_apis/wit/recyclebin"
    if _organization(request).recycle_bin_shape == "array":
        return answer([{"id": str(issue.id), "url": f"{base}/{issue.id}"} for issue in _binned(request)])
    rows = [{"id": issue.id, "url": f"{base}/{issue.id}"} for issue in _binned(request)]
    return answer({"count": len(rows), "value": rows})


async def recycled_item(request: Request) -> Response:
    """One deleted item; its id is a text here, as in Microsoft's recording."""
    organization = _organization(request)
    for issue in _binned(request):
        if str(issue.id) == request.path_params["id"] and issue.deleted_at is not None:
            revs = snapshots(organization, issue)
            deleter = organization.company.people[revs[-1]["System.ChangedBy"]]
            found = {
                "id": str(issue.id),
                "type": revs[-1]["System.WorkItemType"],
                "Name": f"{issue.id}:{issue.state['summary']}",
                "Project": revs[-1]["System.TeamProject"],
                "DeletedDate": ado_time(issue.deleted_at),
                "DeletedBy": identity_text(deleter),
                "url": f"{organization.url}/_apis/wit/recyclebin/{issue.id}",
            }
            fields = shown(organization, revs[-1], objects=organization.shows_people_as_objects)
            return answer(found | {"resource": _bare(organization, issue, fields, len(revs))})
    raise missing(request.path_params["id"])
