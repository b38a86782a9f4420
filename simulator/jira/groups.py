"""Who is in a group, and in those within it: for whoever may browse groups on a Cloud, for administrators elsewhere."""

from __future__ import annotations

import uuid

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Group
from simulator.jira.answers import page_answer, refuse
from simulator.jira.rights import may
from simulator.jira.site import Site, site_of

MEMBERS_CAP = 50
_NAMESPACE = uuid.UUID("5d3c7d2e-0000-4000-8000-000000000001")


def group_id(group: Group) -> str:
    """The id of a group, which a Cloud has beside its name."""
    return str(uuid.uuid5(_NAMESPACE, group.name))


async def members(request: Request) -> Response:
    """The people in pages, ordered by name; inactive ones only if they are asked for."""
    site, query = site_of(request), request.query_params
    if not any(may(site, key) for key in (("USER_PICKER", "ADMINISTER") if site.dialect.is_cloud else ("ADMINISTER",))):
        raise refuse("You do not have permission to view the members of groups.", 403)
    people = site.company.people_in(_asked(site, request))
    has_inactive = query.get("includeInactiveUsers") == "true"
    shown = sorted((each for each in people if each.is_active or has_inactive), key=lambda each: each.login)
    return page_answer(request, [site.user(each.id) for each in shown], cap=min(MEMBERS_CAP, site.page_cap))


def _asked(site: Site, request: Request) -> Group:
    name, number = request.query_params.get("groupname"), request.query_params.get("groupId")
    if not name and not (number and site.dialect.is_cloud):
        raise refuse("Either groupname or groupId must be given." if site.dialect.is_cloud else "No group name given.")
    for group in site.company.groups.values():
        if group.project_id is None and ((name or "").lower() == group.name or number == group_id(group)):
            return group
    raise refuse(f"The group named '{name or number}' does not exist.", 404)
