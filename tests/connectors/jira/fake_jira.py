"""A small Jira Cloud site for respx, and builders of its JSON: it answers what the connector asks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from connectors.base import Page, Stream
from connectors.jira.connector import JiraConnector
from warehouse.records import Issue, Record

URL = "https://acme.example"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOKEN = "made-up-secret"

Json = dict[str, Any]
Answer = Callable[[httpx.Request], httpx.Response]


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def issue(number: int, *, project: str = "10001", key: str = "", created: datetime = START, **fields: object) -> Json:
    """An issue as a search gives it."""
    stamp = created.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return {
        "id": str(number),
        "key": key or f"ABC-{number}",
        "fields": {
            "summary": f"Issue {number}",
            "created": stamp,
            "updated": stamp,
            "project": {"id": project, "key": "ABC", "name": "Alpha"},
            "issuetype": {"id": "1", "name": "Story", "subtask": False, "hierarchyLevel": 0},
            "status": {"id": "10", "name": "To Do", "statusCategory": {"key": "new"}},
            **fields,
        },
    }


def many(count: int, **fields: object) -> list[Json]:
    """Issues, one created every hour."""
    return [issue(n, created=START + timedelta(hours=n), **fields) for n in range(1, count + 1)]


def history(number: int, *items: Json, at: datetime = START, author: str | None = "mia") -> Json:
    """A history entry as `changelog/bulkfetch` gives it."""
    who = {} if author is None else {"author": {"accountId": author, "displayName": author.title(), "active": True}}
    return {"id": str(number), "created": milliseconds(at), "items": list(items), **who}


def status_item(before: tuple[str, str], after: tuple[str, str]) -> Json:
    return {
        "field": "status",
        "fieldtype": "jira",
        "fieldId": "status",
        "from": before[0],
        "fromString": before[1],
        "to": after[0],
        "toString": after[1],
    }


def sprint_item(before: str, before_names: str, after: str, after_names: str) -> Json:
    return {
        "field": "Sprint",
        "fieldtype": "custom",
        "fieldId": "customfield_20",
        "from": before,
        "fromString": before_names,
        "to": after,
        "toString": after_names,
    }


def worklog(number: int, issue_id: int = 1, *, seconds: int = 3_600, at: datetime = START, **more: object) -> Json:
    """Booked time as every list gives it."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    times = {"started": stamp, "updated": stamp, "created": stamp, "timeSpentSeconds": seconds}
    return {"id": str(number), "issueId": str(issue_id), "author": {"accountId": "mia"}, **times, **more}


def comment(number: int, *, at: datetime = START, **more: object) -> Json:
    """A comment with its text."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    body = {"type": "doc", "version": 1, "content": []}
    return {"id": str(number), "created": stamp, "updated": stamp, "body": body, **more}


def inline(what: str, rows: list[Json], shown: int = 20) -> Json:
    """Comments or worklogs as the fields of an issue hold them."""
    return {"startAt": 0, "maxResults": shown, "total": len(rows), f"{what}s": rows[:shown]}


FIELDS: list[Json] = [
    {"id": "summary", "name": "Summary", "custom": False, "schema": {"type": "string"}},
    {"id": "environment", "name": "Environment", "custom": False, "schema": {"type": "string"}},
    {"id": "timespent", "name": "Time Spent", "custom": False, "schema": {"type": "number"}},
    {
        "id": "customfield_20",
        "name": "Sprint",
        "custom": True,
        "schema": {"type": "array", "custom": "com.pyxis.greenhopper.jira:gh-sprint"},
    },
    {
        "id": "customfield_16",
        "name": "Story point estimate",
        "custom": True,
        "schema": {"type": "number", "custom": "com.pyxis.greenhopper.jira:jsw-story-points"},
    },
    {
        "id": "customfield_26",
        "name": "Story Points",
        "custom": True,
        "schema": {"type": "number", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:float"},
    },
    {
        "id": "customfield_21",
        "name": "Flagged",
        "custom": True,
        "schema": {"type": "array", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"},
    },
    {
        "id": "customfield_30",
        "name": "Severity",
        "custom": True,
        "schema": {"type": "option", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:select"},
    },
    {
        "id": "customfield_31",
        "name": "Environment",
        "custom": True,
        "schema": {"type": "option", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:select"},
    },
]


def refusal(status: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"errorMessages": [message], "errors": {}})


@dataclass
class FakeJira:
    """Change its parts, or put an answer of your own in `overrides` by `METHOD /path`."""

    issues: list[Json] = field(default_factory=list)
    histories: dict[str, list[Json]] = field(default_factory=dict)
    projects: list[Json] = field(default_factory=lambda: [{"id": "10001", "key": "ABC", "name": "Alpha"}])
    fields: list[Json] = field(default_factory=lambda: list(FIELDS))
    statuses: list[Json] = field(
        default_factory=lambda: [{"id": "10", "name": "To Do", "statusCategory": {"key": "new"}}]
    )
    issue_types: list[Json] = field(default_factory=list)
    users: list[Json] = field(default_factory=list)
    boards: list[Json] = field(default_factory=list)
    sprints: dict[int, list[Json]] = field(default_factory=dict)
    versions: list[Json] = field(default_factory=list)
    link_types: list[Json] = field(default_factory=list)
    comments: dict[str, list[Json]] = field(default_factory=dict)
    worklogs: dict[str, list[Json]] = field(default_factory=dict)
    """By issue id; the fields of issues hold what a test puts there."""
    feeds: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """`updated` and `deleted`: ids of worklogs, each with its instant."""
    feed_page: int = 1000
    deployment: str = "Cloud"
    page_size: int = 100
    histories_a_page: int = 1000
    overrides: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, Json]] = field(default_factory=list)
    """`METHOD /path` and the JSON body of each request so far."""
    sent: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = f"{request.method} {request.url.path}"
        body: Json = msgspec.json.decode(request.content) if request.content else {}
        self.requests.append((name, body))
        self.sent.append(request)
        if name in self.overrides:
            return self.overrides[name](request)
        if "/worklog/" in name and request.method == "GET":
            return self._feed(request)
        start = int(request.url.params.get("startAt", 0))
        if request.method == "POST":
            return self._post(request.url.path, body)
        return self._get(request.url.path, start)

    def asked(self, path: str) -> list[Json]:
        """The bodies of the requests to an address that ends so."""
        return [body for name, body in self.requests if name.endswith(path)]

    def searched(self) -> list[str]:
        """The queries of all first pages of walks."""
        return [b["jql"] for b in self.asked("/search/jql") if "nextPageToken" not in b and b["maxResults"] > 1]

    def _get(self, path: str, start: int) -> httpx.Response:
        last = path.rpartition("/")[2]
        plain = {
            "serverInfo": {"deploymentType": self.deployment, "version": "1001.0.0", "versionNumbers": [1001, 0, 0]},
            "myself": {"accountId": "bot", "displayName": "Bot", "timeZone": "Europe/Berlin"},
            "field": self.fields,
            "status": self.statuses,
            "issuetype": self.issue_types,
            "issueLinkType": {"issueLinkTypes": self.link_types},
            "configuration": {"filter": {"id": "500"}, "estimation": {"type": "none"}},
            "search": self.users[start:] if path.endswith("/users/search") else None,
        }
        if plain.get(last) is not None:
            return httpx.Response(200, json=plain[last])
        if last in {"comment", "worklog"}:
            return self._asides(path, start)
        found = self._list(path)
        if found is None:
            return refusal(404, f"nothing at {path}")
        page = found[start : start + 50]
        done = start + len(page) >= len(found)
        return httpx.Response(200, json={"values": page, "startAt": start, "maxResults": 50, "isLast": done})

    def _asides(self, path: str, start: int) -> httpx.Response:
        issue_id, what = path.split("/")[-2:]
        found = getattr(self, f"{what}s").get(issue_id, [])
        size = 100 if what == "comment" else 5_000
        return httpx.Response(200, json={f"{what}s": found[start : start + size], "total": len(found)})

    def _feed(self, request: httpx.Request) -> httpx.Response:
        since = int(request.url.params["since"])
        rows = self.feeds.get(request.url.path.rpartition("/")[2], [])
        due = sorted((row for row in rows if row[1] >= since), key=lambda row: row[1])
        page = due[: self.feed_page]
        values = [{"worklogId": number, "updatedTime": at, "properties": []} for number, at in page]
        until = page[-1][1] + 1 if page else since
        return httpx.Response(200, json={"values": values, "until": until, "lastPage": len(page) == len(due)})

    def _list(self, path: str) -> list[Json] | None:
        if path.endswith("/project/search"):
            return self.projects
        if path.endswith("/version"):
            return self.versions
        if path.endswith("/agile/1.0/board"):
            return self.boards
        sprints = re.search(r"/board/(\d+)/sprint$", path)
        return self.sprints.get(int(sprints[1]), []) if sprints else None

    def _post(self, path: str, body: Json) -> httpx.Response:
        if path.endswith("/approximate-count"):
            return httpx.Response(200, json={"count": len(self.matching(body["jql"]))})
        if path.endswith("/worklog/list"):
            rows = [row for own in self.worklogs.values() for row in own if int(row["id"]) in body["ids"]]
            return httpx.Response(200, json=rows)
        first = int(body.get("nextPageToken", 0))
        if path.endswith("/search/jql"):
            found = self.matching(body["jql"])
            size = min(self.page_size, body["maxResults"])
            answer: Json = {"issues": found[first : first + size]}
            left = len(found) > first + size
        else:
            size = self.histories_a_page
            logs = [
                {"issueId": i, "changeHistories": [entry]}
                for i in body["issueIdsOrKeys"]
                for entry in self.histories.get(i, [])
            ]
            answer = {"issueChangeLogs": logs[first : first + size]}
            left = len(logs) > first + size
        return httpx.Response(200, json={**answer, **({"nextPageToken": str(first + size)} if left else {})})

    def matching(self, jql: str) -> list[Json]:
        """The issues of a query made of projects and of bounds on created and updated, in epoch milliseconds."""
        projects = re.findall(r"\d+", (re.search(r"project (?:= |in \()([\d, ]+)", jql) or ["", ""])[1])
        bounds = re.findall(r"(created|updated) (>=|<) (\d+)", jql)
        found = [
            one
            for one in self.issues
            if (not projects or one["fields"]["project"]["id"] in projects)
            and all(_holds(one["fields"][name], operator, int(bound)) for name, operator, bound in bounds)
        ]
        order = re.search(r"ORDER BY (created|id) (ASC|DESC)", jql)
        by_created = order is not None and order[1] == "created"
        found.sort(key=lambda one: one["fields"]["created"] if by_created else int(one["id"]))
        return found[::-1] if order is not None and order[2] == "DESC" else found


def _holds(stamp: str, operator: str, bound: int) -> bool:
    moment = milliseconds(datetime.fromisoformat(stamp))
    return moment >= bound if operator == ">=" else moment < bound


@dataclass
class Clock:
    """Time that passes only when somebody sleeps."""

    moment: datetime = START + timedelta(days=30)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


@dataclass
class Pulled:
    """What streams gave."""

    pages: list[Page] = field(default_factory=list)
    bookmarks: dict[str, str] = field(default_factory=dict)

    def rows(self, kind: type[Record]) -> list[Any]:
        """All records of a type, replacements included."""
        found = [row for page in self.pages for row in page.records if isinstance(row, kind)]
        return found + [
            row for page in self.pages for part in page.replacements for row in part.records if isinstance(row, kind)
        ]

    def marks(self, column: str) -> dict[str, datetime]:
        """Which rows are marked in a column."""
        marks = [mark for page in self.pages for mark in page.marks if mark.column == column]
        return {key: at for mark in marks for key, at in mark.at.items()}

    @property
    def notes(self) -> list[str]:
        return [note for page in self.pages for note in page.notes]

    @property
    def problems(self) -> list[str]:
        return [problem for page in self.pages for problem in page.problems]


Connect = Callable[..., JiraConnector]


def pull(connector: JiraConnector, *names: str, bookmarks: dict[str, str] | None = None) -> Pulled:
    """Whole streams, all or those named, from the given bookmarks on."""
    pulled = Pulled(bookmarks=dict(bookmarks or {}))
    for stream in connector.streams():
        if names and stream.name not in names:
            continue
        for page in stream.pages(pulled.bookmarks.get(stream.name)):
            pulled.pages.append(page)
            if page.bookmark is not None:
                pulled.bookmarks[stream.name] = page.bookmark
    return pulled


def ids(pulled: Pulled) -> list[str]:
    """Of the issues, as often as they came."""
    return [row.issue_id for row in pulled.rows(Issue)]


def issues_of(connector: JiraConnector) -> Stream:
    """The stream of issues."""
    return next(stream for stream in connector.streams() if stream.name == "issues")
