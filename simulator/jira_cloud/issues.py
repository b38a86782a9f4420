"""One issue at a time: the issue, with its newest histories in it, and its changelog in pages."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Issue
from simulator.jira.answers import asked_issue, split, window
from simulator.jira.history import inline_entries
from simulator.jira.issue_values import issue_text
from simulator.jira.site import Site, place_of, site_of
from simulator.wire import text_answer

CHANGELOG_CAP = INLINE_HISTORIES = 100


async def get_issue(request: Request) -> Response:
    """An issue by id, key or former key."""
    site, issue = site_of(request), asked_issue(request)
    names = site.fields.wanted(split(request.query_params.get("fields", "")), site.fields.all)
    text = issue_text(site, issue, names, request.path_params["version"])
    return text_answer(with_changelog(site, issue, text, request.query_params.get("expand", "")))


def with_changelog(site: Site, issue: Issue, text: str, expand: str) -> str:
    """The issue's text, with the newest hundred histories in it when they are asked for."""
    if "changelog" not in split(expand):
        return text
    entries = inline_entries(site, issue)
    newest = entries[::-1][:INLINE_HISTORIES]
    head = f'"changelog":{{"startAt":0,"maxResults":{len(newest)},"total":{len(entries)},"histories":['
    return f"{text[:-1]},{head}{','.join(newest)}]}}}}"


async def get_changelog(request: Request) -> Response:
    """A page of the issue's histories, oldest first, at most a hundred."""
    site, issue = site_of(request), asked_issue(request)
    start, size = window(request, cap=CHANGELOG_CAP, default=CHANGELOG_CAP)
    entries = inline_entries(site, issue)
    is_last = start + size >= len(entries)
    place = f"{place_of(request)}?maxResults={size}&startAt="
    following = "" if is_last else f'"nextPage":"{place}{start + size}",'
    head = f'"self":"{place}{start}",{following}"maxResults":{size},"startAt":{start},"total":{len(entries)}'
    values = ",".join(entries[start : start + size])
    return text_answer(f'{{{head},"isLast":{"true" if is_last else "false"},"values":[{values}]}}')
