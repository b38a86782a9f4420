"""Histories in bulk: those of up to a thousand issues in the order of time."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.company import Event, Issue
from simulator.jira.answers import invalid_payload, refuse
from simulator.jira.history import Item, issue_items
from simulator.jira.site import Site, site_of
from simulator.wire import digest, dumps, make_token, read_body, read_token, text_answer, whole_number

BULK_ISSUES = 1_000
BULK_HISTORIES = 10_000
BULK_FIELDS = 10


async def changelog_bulkfetch(request: Request) -> Response:
    """One page of the histories; an issue may go over many pages."""
    site, body = site_of(request), await read_body(request)
    wanted, fields = (body or {}).get("issueIdsOrKeys"), (body or {}).get("fieldIds") or []
    if body is None or not isinstance(wanted, list) or not 0 < len(wanted) <= BULK_ISSUES:
        raise invalid_payload()
    if len(fields) > BULK_FIELDS:
        raise refuse("No more than 10 field ids can be given.")
    owner = digest(sorted(map(str, wanted)), sorted(fields))
    key = ("log", owner, site.view)
    rows = site.results.get(site.company.age, key, lambda: _history_rows(site, wanted, set(fields)))
    start = read_token(str(body["nextPageToken"]), owner) if body.get("nextPageToken") else 0
    if start is None:
        raise refuse("The provided next page token is invalid or expired.")
    size = min(whole_number(str(body.get("maxResults") or ""), 1_000) or 1_000, BULK_HISTORIES)
    grouped: dict[int, list[str]] = {}
    for _, number, _, text in rows[start : start + size]:
        grouped.setdefault(number, []).append(text)
    logs = ",".join(f'{{"issueId":"{n}","changeHistories":[{",".join(texts)}]}}' for n, texts in grouped.items())
    has_more = start + size < len(rows)
    tail = f',"nextPageToken":"{make_token(owner, start + size)}"' if has_more else ""
    return text_answer(f'{{"issueChangeLogs":[{logs}]{tail}}}')


def _history_rows(site: Site, wanted: list[Any], fields: set[str]) -> list[tuple[int, int, int, str]]:
    issues = {issue.id: issue for issue in map(site.find, map(str, wanted)) if issue is not None}
    rows = [
        (event.at, issue.id, event.id, text)
        for issue in issues.values()
        for event, text in (_filtered(site, issue, fields) if fields else _entries(site, issue))
    ]
    rows.sort()
    return rows


def _entries(site: Site, issue: Issue) -> list[tuple[Event, str]]:
    """Each entry that has items."""
    key = (issue.id, "bulk", site.view)
    texts = site.histories.get(site.company.age, key, lambda: _texts(site, issue))
    return [(event, text) for event, text in zip(issue.events, texts, strict=True) if text]


def _texts(site: Site, issue: Issue) -> list[str]:
    rows = zip(issue.events, issue_items(site, issue), strict=True)
    return [dumps(_bulk_json(site, event, items)) if items else "" for event, items in rows]


def _bulk_json(site: Site, event: Event, items: list[Item]) -> Item:
    """One entry: epoch milliseconds, null halves left out."""
    kept = [{name: value for name, value in item.items() if value is not None} for item in items]
    author = {"accountId": site.person_id(event.author), "displayName": site.company.people[event.author].name}
    return {"id": str(event.id), "author": author, "created": event.at, "items": kept}


def _filtered(site: Site, issue: Issue, fields: set[str]) -> list[tuple[Event, str]]:
    rows: list[tuple[Event, str]] = []
    for event, items in zip(issue.events, issue_items(site, issue), strict=True):
        kept = [item for item in items if item.get("fieldId") in fields]
        if kept:
            rows.append((event, dumps(_bulk_json(site, event, kept))))
    return rows
