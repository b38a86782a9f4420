"""What surrounds the issues: the server, people, projects, versions, fields, statuses, types and other lists."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Project, Version
from simulator.jira_cloud.fields import catalogue
from simulator.jira_cloud.render import (
    LINK_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    project_json,
    status_json,
    type_json,
    version_json,
)
from simulator.jira_cloud.search import refuse
from simulator.jira_cloud.site import Site, account_id, site_time, user
from simulator.life.layout import BOT
from simulator.wire import answer, whole_number

CLOUD_ID = "11223344-a1b2-4c3d-8e4f-0123456789ab"


def page_answer(request: Request, rows: list[Any], *, cap: int, default: int = 50, has_links: bool = True) -> Response:
    """A page by startAt and maxResults; more than the cap is cut to it."""
    start = whole_number(request.query_params.get("startAt"), 0)
    size = min(whole_number(request.query_params.get("maxResults"), default) or default, cap)
    is_last = start + size >= len(rows)
    place = f"{request.app.state.site.url}{request.url.path}?maxResults={size}&startAt="
    found: dict[str, Any] = {"self": f"{place}{start}"} if has_links else {}
    if has_links and not is_last:
        found["nextPage"] = f"{place}{start + size}"
    found |= {"maxResults": size, "startAt": start, "total": len(rows), "isLast": is_last}
    return answer(found | {"values": rows[start : start + size]})


async def server_info(request: Request) -> Response:
    """What the server is; open to everybody."""
    site = request.app.state.site
    return answer(
        {
            "baseUrl": site.url,
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100290,
            "buildDate": "2026-09-01T00:00:00.000+0200",
            "serverTime": site_time(site.company.now),
            "scmInfo": "0" * 40,
            "serverTitle": "Jira",
        }
    )


async def tenant_info(_: Request) -> Response:
    """The cloud id; open to everybody."""
    return answer({"cloudId": CLOUD_ID})


async def myself(request: Request) -> Response:
    """Who is asking: their profile zone is not the site's."""
    site = request.app.state.site
    person = user(site, site.company.people[BOT], zone="America/Los_Angeles") | {"accountType": "atlassian"}
    return answer(person | {"emailAddress": site.email, "locale": "en_US"})


async def users(request: Request) -> Response:
    """Everybody, apps and the inactive too, as a bare array."""
    site = request.app.state.site
    start = whole_number(request.query_params.get("startAt"), 0)
    size = min(whole_number(request.query_params.get("maxResults"), 50), 1_000)
    people = [user(site, person) for person in site.company.people.values()]
    return answer(people[start : start + size])


async def users_bulk(request: Request) -> Response:
    """People by account id."""
    site, wanted = request.app.state.site, set(request.query_params.getlist("accountId"))
    rows = [user(site, person) for person in site.company.people.values() if account_id(person.id) in wanted]
    return page_answer(request, rows, cap=200, default=10)


def _project_row(site: Site, project: Project) -> dict[str, Any]:
    style = "next-gen" if project.is_team_managed else "classic"
    return project_json(site, project) | {"style": style, "isPrivate": False, "archived": False, "properties": {}}


async def search_projects(request: Request) -> Response:
    """The projects, in pages."""
    site = request.app.state.site
    wanted = request.query_params.getlist("keys")
    projects = [p for p in site.product.projects.values() if not wanted or p.key in wanted]
    rows = [_project_row(site, project) for project in projects]
    if "insight" in request.query_params.get("expand", ""):
        rows = [row | {"insight": _insight(site, project)} for row, project in zip(rows, projects, strict=True)]
    return page_answer(request, rows, cap=100)


def _insight(site: Site, project: Project) -> dict[str, Any]:
    issues = [issue for issue in site.product.alive() if issue.state["project"] == project.id]
    latest = max((issue.updated_at for issue in issues), default=site.company.now)
    return {"totalIssueCount": len(issues), "lastIssueUpdateTime": site_time(latest)}


async def list_projects(request: Request) -> Response:
    """The projects, all at once."""
    site = request.app.state.site
    return answer([_project_row(site, project) for project in site.product.projects.values()])


def _asked_project(request: Request) -> Project:
    asked = request.path_params["project"]
    projects: list[Project] = list(request.app.state.site.product.projects.values())
    for project in projects:
        if asked in {str(project.id), project.key}:
            return project
    raise refuse(f"No project could be found with key or id '{asked}'.", 404)


async def get_project(request: Request) -> Response:
    """A project with its types, components and versions."""
    site, project = request.app.state.site, _asked_project(request)
    types = [type_json(site, site.product.types[number]) for number in project.types.values()]
    versions = [_version_row(site, v) for v in site.product.versions.values() if v.project_id == project.id]
    return answer(_project_row(site, project) | {"issueTypes": types, "components": [], "versions": versions})


def _version_row(site: Site, version: Version) -> dict[str, Any]:
    return version_json(site, version) | {"startDate": version.start_on, "projectId": version.project_id}


async def page_versions(request: Request) -> Response:
    """The project's versions, in pages."""
    site, project = request.app.state.site, _asked_project(request)
    rows = [_version_row(site, v) for v in site.product.versions.values() if v.project_id == project.id]
    return page_answer(request, rows, cap=1_000)


async def list_versions(request: Request) -> Response:
    """The project's versions, all at once."""
    site, project = request.app.state.site, _asked_project(request)
    return answer([_version_row(site, v) for v in site.product.versions.values() if v.project_id == project.id])


async def list_fields(_: Request) -> Response:
    """The fields that the caller may see."""
    return answer(catalogue())


async def list_statuses(request: Request) -> Response:
    """The statuses in use; those that live only in histories are not among them."""
    site = request.app.state.site
    return answer([status_json(site, status) for status in site.product.statuses.values() if not status.is_retired])


async def list_types(request: Request) -> Response:
    """The issue types with their levels."""
    site = request.app.state.site
    return answer([type_json(site, kind) for kind in site.product.types.values()])


async def project_types(request: Request) -> Response:
    """The issue types of one project, asked by `projectId`."""
    site = request.app.state.site
    project = site.product.projects.get(whole_number(request.query_params.get("projectId"), 0))
    if project is None:
        raise refuse("The project was not found or you do not have permission to view it.", 404)
    return answer([type_json(site, site.product.types[number]) for number in project.types.values()])


async def type_hierarchy(request: Request) -> Response:
    """The levels of issue types in a company-managed or team-managed project."""
    site, project = request.app.state.site, _asked_project(request)
    names = {1: "Epic", 0: "Story", -1: "Subtask"}
    levels = []
    for level, name in names.items():
        types = [site.product.types[number] for number in project.types.values()]
        rows = [{"id": t.id, "name": t.name, "avatarId": 10300} for t in types if t.level == level]
        levels.append({"level": level, "name": name, "issueTypes": rows})
    return answer({"projectId": project.id, "hierarchy": levels})


def _named_rows(site: Site, kind: str, ids: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"self": f"{site.url}/rest/api/3/{kind}/{number}", "id": number, "name": name, "description": ""}
        for name, number in ids.items()
    ]


async def list_priorities(request: Request) -> Response:
    """The priorities, highest first."""
    return answer(_named_rows(request.app.state.site, "priority", PRIORITIES))


async def page_priorities(request: Request) -> Response:
    """The priorities, in pages."""
    rows = _named_rows(request.app.state.site, "priority", PRIORITIES)
    return page_answer(request, [row | {"isDefault": row["name"] == "Medium"} for row in rows], cap=50)


async def list_resolutions(request: Request) -> Response:
    """The resolutions."""
    return answer(_named_rows(request.app.state.site, "resolution", RESOLUTIONS))


async def page_resolutions(request: Request) -> Response:
    """The resolutions, in pages."""
    rows = _named_rows(request.app.state.site, "resolution", RESOLUTIONS)
    return page_answer(request, rows, cap=50)


async def list_link_types(request: Request) -> Response:
    """The link types with their words for both directions."""
    place = f"{request.app.state.site.url}/rest/api/3/issueLinkType/"
    return answer({"issueLinkTypes": [{**kind, "self": place + kind["id"]} for kind in LINK_TYPES.values()]})
