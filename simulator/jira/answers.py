"""The answers that all parts of a Jira give: refusals in its words, and pages by `startAt`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Issue, Project
from simulator.jira.site import place_of, site_of
from simulator.wire import Refusal, answer, whole_number

INVALID = "Invalid request payload. Refer to the REST API documentation and try again."


def refuse(message: str, status: int = 400) -> Refusal:
    """The site's usual error answer."""
    return Refusal(answer({"errorMessages": [message], "errors": {}}, status))


def invalid_payload() -> Refusal:
    """The answer to a body that is not understood."""
    return Refusal(answer({"errorMessages": [INVALID]}, 400))


def split(text: str) -> list[str]:
    """The parts of a list in a query parameter."""
    return [part.strip() for part in text.split(",") if part.strip()]


def window(request: Request, *, cap: int, default: int = 50) -> tuple[int, int]:
    """Where the wanted page starts and how long it is; more than the cap is cut to it."""
    start = whole_number(request.query_params.get("startAt"), 0)
    return start, min(whole_number(request.query_params.get("maxResults"), default) or default, cap)


def page_answer(
    request: Request, rows: list[Any], *, cap: int, default: int = 50, has_links: bool = True, has_total: bool = True
) -> Response:
    """A page by startAt and maxResults."""
    start, size = window(request, cap=cap, default=default)
    is_last = start + size >= len(rows)
    place = f"{place_of(request)}?maxResults={size}&startAt="
    found: dict[str, Any] = {"self": f"{place}{start}"} if has_links else {}
    if has_links and not is_last:
        found["nextPage"] = f"{place}{start + size}"
    found |= {"maxResults": size, "startAt": start}
    found |= {"total": len(rows)} if has_total else {}
    return answer(found | {"isLast": is_last, "values": rows[start : start + size]})


def asked_issue(request: Request) -> Issue:
    """The issue that the path names."""
    issue: Issue | None = site_of(request).find(request.path_params["issue"])
    if issue is None:
        raise refuse("Issue does not exist or you do not have permission to see it.", 404)
    return issue


def asked_project(request: Request) -> Project:
    """The project that the path names."""
    return project_named(request, request.path_params["project"])


def project_named(request: Request, asked: str) -> Project:
    """The project of this id or key."""
    for project in site_of(request).projects():
        if asked in {str(project.id), project.key}:
            return project
    raise refuse(f"No project could be found with key or id '{asked}'.", 404)
