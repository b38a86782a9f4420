"""Searching a Data Center by `startAt`, and single issues, both with complete histories if they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Issue
from simulator.jira.answers import asked_issue, invalid_payload, split
from simulator.jira.history import inline_entries
from simulator.jira.issue_values import issue_text
from simulator.jira.searching import found_with_warnings, mutate_before
from simulator.jira.site import Site, site_of
from simulator.jira_data_center.server import server_of
from simulator.wire import dumps, read_body, text_answer, whole_number

DEFAULT_PAGE = 50
_NAMES = {"jql", "startAt", "maxResults", "fields", "expand", "validateQuery", "properties", "fieldsByKeys"}
_LENIENT = {"warn", "none", "false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a search asks for."""

    jql: str
    start: int
    size: int
    fields: list[str]
    expand: list[str]
    is_lenient: bool


async def search(request: Request) -> Response:
    """One page; `maxResults` of the answer is the size that the server went by."""
    asked = await _asked(request)
    site, server = site_of(request), server_of(request)
    if asked.start + asked.size > server.search_window:
        return _too_deep(server.search_window)
    mutate_before(site, asked.jql, asked.start // max(1, asked.size) + 1)
    found, warnings = found_with_warnings(site, asked.jql, is_lenient=asked.is_lenient or site.is_anonymous)
    names = site.fields.wanted(asked.fields, site.fields.navigable)
    page = found[asked.start : asked.start + asked.size]
    texts = [_text(site, issue, names, asked.expand) for issue in page]
    head = f'"expand":"schema,names","startAt":{asked.start},"maxResults":{asked.size},"total":{len(found)}'
    tail = f',"warningMessages":{dumps(list(warnings))}' if warnings and not site.is_anonymous else ""
    return text_answer(f'{{{head},"issues":[{",".join(texts)}]{tail}}}')


async def get_issue(request: Request) -> Response:
    """An issue by id, key or former key."""
    site, issue = site_of(request), asked_issue(request)
    names = site.fields.wanted(split(request.query_params.get("fields", "")), site.fields.all)
    return text_answer(_text(site, issue, names, split(request.query_params.get("expand", ""))))


async def _asked(request: Request) -> _Asked:
    if request.method == "GET":
        given: dict[str, Any] = dict(request.query_params)
        given["fields"] = [name for text in request.query_params.getlist("fields") for name in split(text)]
        given["expand"] = split(request.query_params.get("expand", ""))
    else:
        body = await read_body(request)
        if body is None or set(body) - _NAMES or not _are_lists(body, "fields", "expand"):
            raise invalid_payload()
        given = body
    size = whole_number(str(given.get("maxResults", "")), DEFAULT_PAGE)
    return _Asked(
        jql=str(given.get("jql") or ""),
        start=whole_number(str(given.get("startAt") or ""), 0),
        size=min(size, site_of(request).page_cap),
        fields=given.get("fields") or [],
        expand=given.get("expand") or [],
        is_lenient=str(given.get("validateQuery", "strict")).lower() in _LENIENT,
    )


def _are_lists(body: dict[str, Any], *names: str) -> bool:
    return all(isinstance(body.get(name) or [], list) for name in names)


def _text(site: Site, issue: Issue, names: tuple[str, ...], expand: list[str]) -> str:
    text = issue_text(site, issue, names, "2")
    if "changelog" not in expand:
        return text
    entries = inline_entries(site, issue)
    head = f'"changelog":{{"startAt":0,"maxResults":{len(entries)},"total":{len(entries)},"histories":['
    return f"{text[:-1]},{head}{','.join(entries)}]}}}}"


def _too_deep(limit: int) -> Response:
    message = f"Search limit exceeded. The requested page is beyond the search platform limit of {limit:,} results."
    text = f'<?xml version="1.0" encoding="UTF-8"?><status><status-code>500</status-code><message>{message}</message>'
    return Response(f"{text}</status>", 500, media_type="application/xml")
