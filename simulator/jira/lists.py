"""Lists that both flavours of Jira give alike: statuses, types, priorities, resolutions, link types, versions."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.jira.answers import asked_project, page_answer
from simulator.jira.entities import (
    LINK_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    link_type_json,
    named_json,
    status_json,
    type_json,
    version_row,
)
from simulator.jira.site import Site, site_of
from simulator.wire import answer


def versions(request: Request) -> list[dict[str, Any]]:
    """The versions of the project that is asked for."""
    site, project = site_of(request), asked_project(request)
    return [version_row(site, v) for v in site.product.versions.values() if v.project_id == project.id]


def named_rows(site: Site, kind: str, ids: dict[str, str]) -> list[dict[str, Any]]:
    """Rows of a list of names, such as the priorities."""
    return [named_json(site, kind, name, ids) | {"description": ""} for name in ids]


async def list_versions(request: Request) -> Response:
    """The project's versions, as a bare array."""
    return answer(versions(request))


async def page_versions(request: Request) -> Response:
    """The project's versions, in pages."""
    return page_answer(request, versions(request), cap=1_000)


async def list_statuses(request: Request) -> Response:
    """The statuses in use; those that live only in histories are not among them."""
    site = site_of(request)
    return answer([status_json(site, status) for status in site.product.statuses.values() if not status.is_retired])


async def list_types(request: Request) -> Response:
    """The issue types with their levels."""
    site = site_of(request)
    return answer([type_json(site, kind) for kind in site.product.types.values()])


async def list_priorities(request: Request) -> Response:
    """The priorities, highest first."""
    return answer(named_rows(site_of(request), "priority", PRIORITIES))


async def list_resolutions(request: Request) -> Response:
    """The resolutions."""
    return answer(named_rows(site_of(request), "resolution", RESOLUTIONS))


async def list_link_types(request: Request) -> Response:
    """The link types with their words for both directions."""
    site = site_of(request)
    return answer({"issueLinkTypes": [link_type_json(site, kind) for kind in LINK_TYPES]})
