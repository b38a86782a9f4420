"""What surrounds the issues: the server, people, projects, versions, fields, statuses, types and other lists."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Project
from simulator.jira.answers import asked_project, page_answer, refuse
from simulator.jira.entities import (
    PRIORITIES,
    RESOLUTIONS,
    project_json,
    type_json,
)
from simulator.jira.fields import catalogue
from simulator.jira.lists import named_rows, versions
from simulator.jira.site import Site, site_of, site_time
from simulator.jira_cloud.dialect import account_id
from simulator.jira_cloud.gateway import CLOUD_ID
from simulator.life.layout import BOT
from simulator.wire import answer, whole_number


async def server_info(request: Request) -> Response:
    """What the server is; open to everybody."""
    site = site_of(request)
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
    site = site_of(request)
    person = site.user(BOT) | {"accountType": "atlassian", "timeZone": site.user_zone}
    locale = {"en": "en_US", "de": "de_DE"}[site.language]
    return answer(person | {"emailAddress": site.email, "locale": locale})


async def users(request: Request) -> Response:
    """Everybody, apps and the inactive too, as a bare array."""
    site = site_of(request)
    start = whole_number(request.query_params.get("startAt"), 0)
    size = min(whole_number(request.query_params.get("maxResults"), 50), 1_000)
    people = [site.user(number) for number in site.company.people]
    return answer(people[start : start + size])


async def users_bulk(request: Request) -> Response:
    """People by account id."""
    site, wanted = site_of(request), set(request.query_params.getlist("accountId"))
    rows = [site.user(number) for number in site.company.people if account_id(number) in wanted]
    return page_answer(request, rows, cap=200, default=10)


def _project_row(site: Site, project: Project) -> dict[str, Any]:
    style = "next-gen" if project.is_team_managed else "classic"
    return project_json(site, project) | {"style": style, "isPrivate": False, "archived": False, "properties": {}}


async def search_projects(request: Request) -> Response:
    """The projects, in pages."""
    site = site_of(request)
    wanted = request.query_params.getlist("keys")
    projects = [p for p in site.projects() if not wanted or p.key in wanted]
    rows = [_project_row(site, project) for project in projects]
    if "insight" in request.query_params.get("expand", ""):
        rows = [row | {"insight": _insight(site, project)} for row, project in zip(rows, projects, strict=True)]
    return page_answer(request, rows, cap=100)


def _insight(site: Site, project: Project) -> dict[str, Any]:
    issues = [issue for issue in site.issues() if issue.state["project"] == project.id]
    latest = max((issue.updated_at for issue in issues), default=site.company.now)
    return {"totalIssueCount": len(issues), "lastIssueUpdateTime": site_time(latest)}


async def list_projects(request: Request) -> Response:
    """The projects, all at once."""
    site = site_of(request)
    return answer([_project_row(site, project) for project in site.projects()])


async def get_project(request: Request) -> Response:
    """A project with its types, components and versions."""
    site, project = site_of(request), asked_project(request)
    types = [type_json(site, site.product.types[number]) for number in project.types.values()]
    return answer(_project_row(site, project) | {"issueTypes": types, "components": [], "versions": versions(request)})


async def list_fields(request: Request) -> Response:
    """The fields that the caller may see."""
    site = site_of(request)
    return answer(catalogue(site.fields, site.word, is_cloud=True))


async def project_types(request: Request) -> Response:
    """The issue types of one project, asked by `projectId`."""
    site = site_of(request)
    project = site.product.projects.get(whole_number(request.query_params.get("projectId"), 0))
    if project is None or not site.shows_project(project):
        raise refuse("The project was not found or you do not have permission to view it.", 404)
    return answer([type_json(site, site.product.types[number]) for number in project.types.values()])


async def type_hierarchy(request: Request) -> Response:
    """The levels of issue types in a company-managed or team-managed project."""
    site, project = site_of(request), asked_project(request)
    names = {1: "Epic", 0: "Story", -1: "Subtask"}
    levels = []
    for level, name in names.items():
        types = [site.product.types[number] for number in project.types.values()]
        rows = [{"id": t.id, "name": site.word(t.name), "avatarId": 10300} for t in types if t.level == level]
        levels.append({"level": level, "name": name, "issueTypes": rows})
    return answer({"projectId": project.id, "hierarchy": levels})


async def page_priorities(request: Request) -> Response:
    """The priorities, in pages."""
    rows = named_rows(site_of(request), "priority", PRIORITIES)
    return page_answer(request, [row | {"isDefault": row["id"] == PRIORITIES["Medium"]} for row in rows], cap=50)


async def page_resolutions(request: Request) -> Response:
    """The resolutions, in pages."""
    rows = named_rows(site_of(request), "resolution", RESOLUTIONS)
    return page_answer(request, rows, cap=50)
