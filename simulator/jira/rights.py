"""What a caller may do: permissions by project, and the levels that keep single issues from people."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.jira.answers import asked_issue, asked_project, project_named, refuse, split
from simulator.jira.entities import api
from simulator.jira.site import Site, site_of
from simulator.wire import answer

_PERMISSIONS = {
    "BROWSE_PROJECTS": ("10", "Browse Projects", "PROJECT"),
    "VIEW_READONLY_WORKFLOW": ("45", "View Read-Only Workflow", "PROJECT"),
    "WORK_ON_ISSUES": ("20", "Work On Issues", "PROJECT"),
    "ADMINISTER_PROJECTS": ("23", "Administer Projects", "PROJECT"),
    "USER_PICKER": ("27", "Browse Users", "GLOBAL"),
    "ADMINISTER": ("0", "Administer Jira", "GLOBAL"),
}
_NEVER = {"ADMINISTER_PROJECTS", "ADMINISTER"}
LEVEL = {"id": "10400", "name": "Board members", "description": "Only the board may see it."}


async def my_permissions(request: Request) -> Response:
    """The caller's permissions, in one project or issue if it is named; a Cloud wants to know which are asked for."""
    site, query = site_of(request), request.query_params
    asked = split(query.get("permissions", ""))
    if site.dialect.is_cloud and not asked:
        raise refuse("The 'permissions' query parameter is required.")
    unknown = [name for name in asked if name not in _PERMISSIONS]
    if unknown:
        raise refuse(f"Unrecognized permission: {unknown[0]}")
    if query.get("projectKey") or query.get("projectId"):
        project_named(request, query.get("projectKey") or query["projectId"])
    if query.get("issueKey") or query.get("issueId"):
        request.path_params["issue"] = query.get("issueKey") or query["issueId"]
        asked_issue(request)
    names = asked if site.dialect.is_cloud else list(_PERMISSIONS)
    return answer({"permissions": {name: _permission(site, name) for name in names}})


def _permission(site: Site, key: str) -> dict[str, Any]:
    number, name, kind = _PERMISSIONS[key]
    return {"id": number, "key": key, "name": name, "type": kind, "description": "", "havePermission": may(site, key)}


def may(site: Site, key: str) -> bool:
    """Whether the caller has the permission; those of administrators only if they were granted."""
    has = key not in _NEVER or key in site.granted_permissions
    return has and key not in site.withheld_permissions and not site.is_anonymous


async def security_levels(request: Request) -> Response:
    """The project's security levels: one as soon as an issue of it is hidden."""
    site, project = site_of(request), asked_project(request)
    hidden = [site.product.issues.get(number) for number in site.hidden_issues]
    has_levels = any(issue is not None and issue.state["project"] == project.id for issue in hidden)
    rows = [{"self": api(site, f"securitylevel/{LEVEL['id']}"), **LEVEL}] if has_levels else []
    return answer({"levels": rows})
