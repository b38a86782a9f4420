"""What surrounds the issues on a Data Center: the server, people, tokens, projects, versions, fields, types."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Person, Project
from simulator.jira.answers import asked_project, refuse
from simulator.jira.entities import (
    project_json,
    type_json,
)
from simulator.jira.fields import catalogue
from simulator.jira.lists import versions
from simulator.jira.site import Site, site_of, site_time, zone_time
from simulator.jira_data_center.dialect import user_key
from simulator.jira_data_center.server import server_of
from simulator.life.layout import BOT
from simulator.wire import answer, whole_number

_UNKNOWN = "You are not authenticated. Authentication required to perform this operation."
USER_CAP = 1_000


async def server_info(request: Request) -> Response:
    """What the server is; open to everybody."""
    site, server = site_of(request), server_of(request)
    numbers = [int(part) for part in site.version.split(".")]
    major, minor, patch = numbers
    return answer(
        {
            "baseUrl": site.url,
            "version": site.version,
            "versionNumbers": numbers,
            "deploymentType": server.deployment_type,
            "buildNumber": major * 1_000_000 + minor * 10_000 + patch,
            "buildDate": "2026-09-01T00:00:00.000+0200",
            "databaseBuildNumber": major * 1_000_000 + minor * 10_000 + patch,
            "serverTime": site_time(site.company.now),
            "scmInfo": "0" * 40,
            "serverTitle": "Jira",
        }
    )


async def myself(request: Request) -> Response:
    """Who is asking; nobody is told that they are nobody."""
    site = site_of(request)
    if site.is_anonymous:
        raise refuse(_UNKNOWN, 401)
    return answer(site.user(BOT) | {"timeZone": site.user_zone, "locale": "en_US"})


async def tokens(request: Request) -> Response:
    """The caller's personal access tokens: no secrets, but when they end."""
    server = server_of(request)
    if site_of(request).is_anonymous:
        raise refuse(_UNKNOWN, 401)
    found = {"id": 1, "name": "flow metrics", "createdAt": zone_time(server.issued_at)}
    found |= {"lastAccessedAt": zone_time(server.site.company.now)}
    found |= {} if server.expires_at is None else {"expiringAt": zone_time(server.expires_at)}
    return answer([found])


async def get_user(request: Request) -> Response:
    """A person by `key` or `username`."""
    site, query = site_of(request), request.query_params
    for person in _people(site):
        if query.get("key") == user_key(person) or query.get("username") == person.login:
            return answer(site.user(person.id))
    raise refuse("The user does not exist.", 404)


async def search_users(request: Request) -> Response:
    """People whose name, login or address begins so, as a bare array; `.` stands for everybody."""
    site, query = site_of(request), request.query_params
    if not query.get("username"):
        raise refuse("The username query parameter was not provided.")
    has_inactive, wanted = query.get("includeInactive") == "true", query["username"].lower()
    found = [p for p in _people(site) if (has_inactive or p.is_active) and _is_called(p, wanted)]
    start = whole_number(query.get("startAt"), 0)
    size = min(whole_number(query.get("maxResults"), 50), USER_CAP)
    return answer([site.user(person.id) for person in found[start : start + size]])


def _people(site: Site) -> list[Person]:
    return [] if site.is_anonymous else list(site.company.people.values())


def _is_called(person: Person, wanted: str) -> bool:
    words = (person.login, person.email, *person.name.split())
    return wanted in {".", "%"} or any(word.lower().startswith(wanted) for word in words)


def _project_row(site: Site, project: Project) -> dict[str, Any]:
    return {"expand": "description,lead,url,projectKeys", **project_json(site, project), "archived": False}


async def list_projects(request: Request) -> Response:
    """The projects, as a bare array."""
    site = site_of(request)
    return answer([_project_row(site, project) for project in site.projects()])


async def get_project(request: Request) -> Response:
    """A project with its types, components and versions."""
    site, project = site_of(request), asked_project(request)
    types = [type_json(site, site.product.types[number]) for number in project.types.values()]
    rows = {"issueTypes": types, "components": [], "versions": versions(request)}
    return answer(_project_row(site, project) | rows)


async def list_fields(request: Request) -> Response:
    """The fields, as a bare array."""
    site = site_of(request)
    return answer(catalogue(site.fields, site.word, is_cloud=False))
