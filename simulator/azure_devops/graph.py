"""The Graph of the Services: groups, who is directly in each, and what a descriptor stands for. All of it previews."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.azure_devops.logins import forbidden_scope
from simulator.azure_devops.organization import Organization, guid, identity
from simulator.azure_devops.refusals import refuse
from simulator.azure_devops.structure import listing, organization_of
from simulator.company import Group, Person
from simulator.wire import answer, read_body, whole_number

_SCOPE = "graph"


def group_descriptor(group: Group) -> str:
    """What the Graph calls the group."""
    return f"vssgp.{guid('group', group.id)}"


def full_name(organization: Organization, group: Group) -> str:
    """The name with that of its project, or of the organisation."""
    return f"[{scope_name(organization, group)}]\\{group.name}"


def scope_name(organization: Organization, group: Group) -> str:
    """Where the group belongs."""
    if group.project_id is None:
        return organization.base.rpartition("/")[2]
    return organization.product.projects[group.project_id].name


def domain(group: Group) -> str:
    """The same as an address."""
    if group.project_id is None:
        return f"vstfs:///Framework/IdentityDomain/{guid('instance', 1)}"
    return f"vstfs:///Classification/TeamProject/{guid('project', group.project_id)}"


def _asked(request: Request) -> Organization:
    organization = organization_of(request)
    forbidden_scope(organization, _SCOPE)
    if "-preview" not in request.query_params.get("api-version", "-preview"):
        message = "The requested version of the resource is under preview. The -preview flag must be supplied."
        raise refuse(400, "VssInvalidPreviewVersionException", message)
    return organization


def _group_json(organization: Organization, group: Group) -> dict[str, Any]:
    descriptor = group_descriptor(group)
    return {
        "subjectKind": "group",
        "description": "",
        "domain": domain(group),
        "principalName": full_name(organization, group),
        "mailAddress": None,
        "origin": "vsts",
        "originId": guid("group", group.id),
        "displayName": group.name,
        "url": f"{organization.graph_url}/_apis/Graph/Groups/{descriptor}",
        "descriptor": descriptor,
    }


def _person_json(organization: Organization, person: Person) -> dict[str, Any]:
    descriptor = identity(organization, person)["descriptor"]
    return {
        "subjectKind": "servicePrincipal" if person.is_app else "user",
        "metaType": "member",
        "domain": guid("tenant", 1),
        "principalName": person.email.capitalize(),
        "mailAddress": person.email,
        "origin": "aad",
        "originId": guid("origin", person.id),
        "displayName": person.name,
        "url": f"{organization.graph_url}/_apis/Graph/Users/{descriptor}",
        "descriptor": descriptor,
    }


async def list_groups(request: Request) -> Response:
    """The groups of the organisation and of its projects, in pages: the next token is in a header."""
    organization = _asked(request)
    rows = [_group_json(organization, group) for group in organization.company.groups.values()]
    start, size = whole_number(request.query_params.get("continuationToken"), 0), organization.groups_a_page
    headers = {"X-MS-ContinuationToken": str(start + size)} if start + size < len(rows) else None
    page = rows[start : start + size]
    return answer({"count": len(page), "value": page}, 200, headers)


async def memberships(request: Request) -> Response:
    """Who is directly in the group; nobody asks here which groups somebody is in."""
    organization = _asked(request)
    if request.query_params.get("direction", "up").lower() != "down":
        raise refuse(400, "NotSupportedException", "Only the direction down is simulated.")
    asked = request.path_params["descriptor"]
    group = next((g for g in organization.company.groups.values() if group_descriptor(g) == asked), None)
    if group is None:
        raise refuse(404, "GraphSubjectNotFoundException", f"VS860016: Could not find originId {asked}.")
    people = [identity(organization, organization.company.people[n])["descriptor"] for n in group.members]
    within = [group_descriptor(organization.company.groups[n]) for n in group.groups]
    return listing([{"containerDescriptor": asked, "memberDescriptor": each} for each in (*people, *within)])


async def look_up(request: Request) -> Response:
    """Subjects by descriptor; null for what there is not."""
    organization = _asked(request)
    company, body = organization.company, await read_body(request) or {}
    known = {group_descriptor(group): _group_json(organization, group) for group in company.groups.values()}
    known |= {row["descriptor"]: row for row in (_person_json(organization, p) for p in company.people.values())}
    found = {key["descriptor"]: known.get(key["descriptor"]) for key in body.get("lookupKeys", ())}
    return answer({"count": len(found), "value": found})
