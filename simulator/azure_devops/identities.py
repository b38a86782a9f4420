"""The identities of a Server: people and groups by name or id, with who is directly in each group."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.azure_devops.graph import domain, full_name, scope_name
from simulator.azure_devops.logins import forbidden_scope
from simulator.azure_devops.organization import Organization, guid
from simulator.azure_devops.refusals import refuse
from simulator.azure_devops.structure import listing, organization_of
from simulator.company import Group, Person

_SCOPE = "identity"
_DOMAIN = "ACME"


async def read_identities(request: Request) -> Response:
    """By `identityIds`, in their order with null for what there is not, or by `searchFilter` and `filterValue`."""
    organization, query = organization_of(request), request.query_params
    forbidden_scope(organization, _SCOPE)
    has_members = query.get("queryMembership", "None").lower() == "direct"
    company = organization.company
    rows = [_group_json(organization, group, has_members=has_members) for group in company.groups.values()]
    rows += [_person_json(person) for person in company.people.values()]
    if "identityIds" in query:
        by_id = {row["id"]: row for row in rows}
        return listing([by_id.get(each) for each in query["identityIds"].split(",")])
    search, wanted = query.get("searchFilter", "").lower(), query.get("filterValue", "").lower()
    if search not in {"general", "localgroupname"} or not wanted:
        raise refuse(400, "ArgumentException", "Identity search needs a filter and a value.")
    return listing([row for row in rows if _is_called(row, wanted, only_groups=search == "localgroupname")])


def _is_called(row: dict[str, Any], wanted: str, *, only_groups: bool) -> bool:
    account = row["properties"]["Account"]["$value"]
    is_group = row.get("isContainer", False)
    return wanted in {row["providerDisplayName"].lower(), account.lower()} and (is_group or not only_groups)


def _group_json(organization: Organization, group: Group, *, has_members: bool) -> dict[str, Any]:
    ids = [*(guid("person", n) for n in group.members), *(guid("group", n) for n in group.groups)]
    texts = {
        "SchemaClassName": "Group",
        "Description": "",
        "Domain": domain(group),
        "Account": group.name,
        "SecurityGroup": "SecurityGroup",
        "SpecialType": "Generic",
        "ScopeName": scope_name(organization, group),
    }
    return {
        "id": guid("group", group.id),
        "descriptor": f"Microsoft.TeamFoundation.Identity;S-1-9-{group.id}",
        "subjectDescriptor": f"vssgp.{guid('group', group.id)}",
        "providerDisplayName": full_name(organization, group),
        "isActive": True,
        "isContainer": True,
        "members": [],
        "memberOf": [],
        "memberIds": ids if has_members else [],
        "properties": _properties(texts),
        "resourceVersion": 2,
        "metaTypeId": 255,
    }


def _person_json(person: Person) -> dict[str, Any]:
    texts = {"SchemaClassName": "User", "Domain": _DOMAIN, "Account": person.login, "Mail": person.email}
    return {
        "id": guid("person", person.id),
        "descriptor": f"System.Security.Principal.WindowsIdentity;S-1-5-21-{person.id}",
        "subjectDescriptor": f"win.{guid('person', person.id)}",
        "providerDisplayName": person.name,
        "isActive": person.is_active,
        "members": [],
        "memberOf": [],
        "memberIds": [],
        "properties": _properties(texts),
        "resourceVersion": 2,
        "metaTypeId": 0,
    }


def _properties(texts: dict[str, str]) -> dict[str, Any]:
    return {name: {"$type": "System.String", "$value": text} for name, text in texts.items()}
