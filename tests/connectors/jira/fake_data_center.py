"""A small Jira Data Center for respx, and builders of its JSON: it answers what the connector asks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from tests.connectors.jira.fake_jira import START, Answer, Json, milliseconds, refusal

URL = "https://jira.acme.example/jira"
API = "/jira/rest/api/2"
MIA = {"name": "mia", "key": "JIRAUSER10100", "displayName": "Mia", "active": True, "emailAddress": "mia@acme.example"}
SPRINT, EPIC_LINK, EPIC_NAME, POINTS = "customfield_5", "customfield_6", "customfield_7", "customfield_8"
_GREENHOPPER = "com.pyxis.greenhopper.jira"


def custom(native: str, name: str, kind: str, type_: str) -> Json:
    """A custom field as `/field` lists it here, without `untranslatedName`."""
    return {"id": native, "name": name, "custom": True, "schema": {"type": kind, "custom": type_}}


FIELDS: list[Json] = [
    {"id": "summary", "name": "Summary", "custom": False, "schema": {"type": "string"}},
    {"id": "status", "name": "Status", "custom": False, "schema": {"type": "status"}},
    {"id": "fixVersions", "name": "Fix Version/s", "custom": False, "schema": {"type": "array"}},
    {"id": "timeestimate", "name": "Remaining Estimate", "custom": False, "schema": {"type": "number"}},
    {"id": "worklog", "name": "Log Work", "custom": False, "schema": {"type": "array"}},
    {"id": "comment", "name": "Comment", "custom": False, "schema": {"type": "comments-page"}},
    custom(SPRINT, "Sprint", "array", f"{_GREENHOPPER}:gh-sprint"),
    custom(EPIC_LINK, "Epic Link", "any", f"{_GREENHOPPER}:gh-epic-link"),
    custom(EPIC_NAME, "Epic Name", "string", f"{_GREENHOPPER}:gh-epic-label"),
    custom(POINTS, "Story Points", "number", "com.atlassian.jira.plugin.system.customfieldtypes:float"),
]
TYPES: list[Json] = [
    {"id": "1", "name": "Story", "subtask": False},
    {"id": "2", "name": "Epic", "subtask": False},
    {"id": "3", "name": "Sub-task", "subtask": True},
]


def entry(number: int, *items: Json, at: datetime = START, author: Json | None = MIA) -> Json:
    """A history entry as `expand=changelog` gives it."""
    who = {} if author is None else {"author": author}
    return {"id": str(number), "created": f"{at:%Y-%m-%dT%H:%M:%S}.000+0000", "items": list(items), **who}


def item(name: str, before: tuple[str | None, str | None], after: tuple[str | None, str | None], **more: str) -> Json:
    """A change without `fieldId`; halves are ids with their texts."""
    halves = {"from": before[0], "fromString": before[1], "to": after[0], "toString": after[1]}
    return {"field": name, "fieldtype": "jira", **halves, **more}


def found(
    number: int,
    *,
    key: str = "",
    kind: int = 0,
    created: datetime = START,
    history: list[Json] | None = None,
    total: int | None = None,
    **fields: object,
) -> Json:
    """An issue as the search gives it; `total` is what its changelog claims to have."""
    stamp, entries = f"{created:%Y-%m-%dT%H:%M:%S}.000+0000", history or []
    count = len(entries) if total is None else total
    return {
        "id": str(number),
        "key": key or f"ABC-{number}",
        "fields": {
            "summary": f"Issue {number}",
            "created": stamp,
            "updated": stamp,
            "project": {"id": "10001", "key": "ABC", "name": "Alpha"},
            "issuetype": TYPES[kind],
            "status": {"id": "10", "name": "To Do", "statusCategory": {"key": "new"}},
            **fields,
        },
        "changelog": {"startAt": 0, "maxResults": len(entries), "total": count, "histories": entries},
    }


def hourly(count: int) -> list[Json]:
    """Issues, one created every hour."""
    return [found(n, created=START + timedelta(hours=n)) for n in range(1, count + 1)]


@dataclass
class FakeDataCenter:
    """Change its parts, or put an answer of your own in `overrides` by `METHOD /path`."""

    issues: list[Json] = field(default_factory=list)
    fields: list[Json] = field(default_factory=lambda: list(FIELDS))
    types: list[Json] = field(default_factory=lambda: list(TYPES))
    projects: list[Json] = field(default_factory=lambda: [{"id": "10001", "key": "ABC", "name": "Alpha"}])
    users: list[Json] = field(default_factory=lambda: [MIA])
    boards: list[Json] = field(default_factory=list)
    sprints: dict[int, list[Json]] = field(default_factory=dict)
    version: str = "10.3.24"
    deployment: str = "Server"
    cap: int = 1_000
    """Issues a page, whatever was asked for."""
    reach: int = 10_000
    compares_keys: bool = False
    """Whether ids are ordered and compared by the numbers of the keys."""
    insists: bool = False
    """Whether an unknown id or key in a query is refused even when the query is not to be checked."""
    headers: dict[str, str] = field(default_factory=lambda: {"X-AUSERNAME": "bot"})
    overrides: dict[str, Answer] = field(default_factory=dict)
    sent: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        override = self.overrides.get(f"{request.method} {request.url.path}")
        response = override(request) if override else self._answer(request)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        return response

    def searched(self) -> list[Json]:
        """The bodies of all searches so far."""
        return [
            msgspec.json.decode(one.content) for one in self.sent if one.url.path.endswith("/search") and one.content
        ]

    def asked(self, path: str) -> list[httpx.Request]:
        """The requests to an address that ends so."""
        return [request for request in self.sent if request.url.path.endswith(path)]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == f"{API}/search":
            return self._search(msgspec.json.decode(request.content))
        numbers = [int(part) for part in self.version.split(".")]
        info = {"deploymentType": self.deployment, "version": self.version, "versionNumbers": numbers}
        start = int(request.url.params.get("startAt", 0))
        plain: dict[str, Any] = {
            f"{API}/serverInfo": info,
            f"{API}/myself": {**MIA, "name": "bot", "key": "JIRAUSER1", "timeZone": "Europe/Berlin"},
            f"{API}/field": self.fields,
            f"{API}/issuetype": self.types,
            f"{API}/status": [{"id": "10", "name": "To Do", "statusCategory": {"key": "new"}}],
            f"{API}/project": self.projects,
            f"{API}/user/search": self.users[start : start + 2],
            f"{API}/project/10001/version": {"values": [], "isLast": True},
        }
        return httpx.Response(200, json=plain[path]) if path in plain else self._lists(request, start)

    def _lists(self, request: httpx.Request, start: int) -> httpx.Response:
        path, query = request.url.path, request.url.params
        board = re.search(r"/board/(\d+)/(\w+)$", path)
        rows = self.boards if path.endswith("/agile/1.0/board") else None
        if board and board[2] == "sprint":
            rows = self.sprints.get(int(board[1]), [])
        if rows is not None:
            page = rows[start : start + 50]
            return httpx.Response(200, json={"values": page, "startAt": start, "isLast": start + 50 >= len(rows)})
        if board and board[2] == "configuration":
            return httpx.Response(200, json={"filter": {"id": "500"}})
        person = next((user for user in self.users if user["key"] == query.get("key")), None)
        if path == f"{API}/user" and person:
            return httpx.Response(200, json=person)
        one = next((issue for issue in self.issues if path in {f"{API}/issue/{issue[n]}" for n in ("id", "key")}), None)
        return httpx.Response(200, json=one) if one else refusal(404, f"nothing at {path}")

    def _search(self, body: Json) -> httpx.Response:
        jql, start = body["jql"], body.get("startAt", 0)
        size = min(body["maxResults"], self.cap)
        if start + size > self.reach:
            text = "<status><status-code>500</status-code><message>Search limit exceeded</message></status>"
            return httpx.Response(500, text=text, headers={"content-type": "application/xml"})
        unknown = self._unknown(jql)
        if unknown and (self.insists or body.get("validateQuery", True)):
            return refusal(400, f"A value with ID '{unknown}' does not exist for the field 'id'.")
        rows = self.matching(jql)
        page = rows[start : start + size]
        if "changelog" not in body.get("expand", ()):
            page = [{name: value for name, value in one.items() if name != "changelog"} for one in page]
        return httpx.Response(200, json={"startAt": start, "maxResults": size, "total": len(rows), "issues": page})

    def _named(self, jql: str) -> list[str]:
        names = re.search(r"\b(?:id|key) in \(([^)]*)\)", jql)
        return [name.strip(' "') for name in names[1].split(",")] if names else []

    def _unknown(self, jql: str) -> str | None:
        known = {one[name] for one in self.issues for name in ("id", "key")}
        return next((name for name in self._named(jql) if name not in known), None)

    def place(self, one: Json) -> int:
        """What ids are ordered and compared by."""
        return int(one["key"].rpartition("-")[2]) if self.compares_keys else int(one["id"])

    def matching(self, jql: str) -> list[Json]:
        """The issues of a query of ids, keys, an Epic Name and bounds on created and updated."""
        rows, names = self.issues, self._named(jql)
        if names:
            rows = [one for one in rows if one["id"] in names or one["key"] in names]
        after = re.search(r"\bid > (\d+)", jql)
        if after:
            last = next(self.place(one) for one in self.issues if one["id"] == after[1])
            rows = [one for one in rows if self.place(one) > last]
        if "cf[7] is not EMPTY" in jql:
            rows = [one for one in rows if one["fields"].get(EPIC_NAME)]
        for name, operator, bound in re.findall(r"(created|updated) (>=|<) (\d+)", jql):
            rows = [one for one in rows if (_moment(one, name) >= int(bound)) == (operator == ">=")]
        by_created = re.search(r"ORDER BY created (ASC|DESC)", jql)
        if by_created:
            return sorted(rows, key=lambda one: one["fields"]["created"], reverse=by_created[1] == "DESC")
        return sorted(rows, key=self.place)


def _moment(one: Json, name: str) -> int:
    return milliseconds(datetime.fromisoformat(one["fields"][name]))
