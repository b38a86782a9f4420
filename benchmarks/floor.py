"""The least that a Python process can do: fetch the same pages, parse them typed, insert issues and changes in bulk.

No retries, no pace, no mapping of fields, no links, labels, people or boards, nothing idempotent, nothing kept for the
next night. What flowmart takes beyond this is what its promises cost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import httpx
import msgspec
import psycopg

Row = Sequence[Any]
Write = Callable[[str, Iterable[Row]], int]
Told = dict[str, int]

_TOGETHER = 200
_POINTS = "Microsoft.VSTS.Scheduling.StoryPoints"
_ITEM_FIELDS = (
    "System.ChangedDate",
    "System.WorkItemType",
    "System.State",
    "System.Title",
    "System.TeamProject",
    "System.IterationPath",
    "System.AreaPath",
)
_COUNTED = {"System.Rev", "System.Watermark", "System.ChangedDate", "System.ChangedBy", "System.RevisedDate"} | {
    "System.AuthorizedDate",
    "System.AuthorizedAs",
    "System.PersonId",
}
"""Fields of which each revision has another value."""
_TABLES = {
    "issues": "id key summary type status priority resolution project assignee reporter parent created updated "
    "resolved due",
    "changes": "id issue entry ordinal changed author field field_id from_value from_text to_value to_text",
    "items": "id rev changed type state title project iteration area author assignee points",
}


class Named(msgspec.Struct, gc=False):
    """Anything with a name."""

    name: str = ""
    id: str = ""


class Person(msgspec.Struct, gc=False, rename="camel"):
    """Who did something."""

    account_id: str = ""


class Fields(msgspec.Struct, gc=False):
    """The fields that have columns."""

    summary: str
    issuetype: Named
    status: Named
    project: Named
    created: str
    updated: str
    priority: Named | None = None
    resolution: Named | None = None
    assignee: Person | None = None
    reporter: Person | None = None
    parent: Named | None = None
    resolutiondate: str | None = None
    duedate: str | None = None


class Found(msgspec.Struct, gc=False):
    """An issue."""

    id: str
    key: str
    fields: Fields


class SearchPage(msgspec.Struct, rename="camel"):
    """A page of issues."""

    issues: list[Found]
    next_page_token: str | None = None


class Item(msgspec.Struct, gc=False, rename="camel"):
    """A change of one field."""

    field: str
    field_id: str | None = None
    from_: str | None = msgspec.field(name="from", default=None)
    from_string: str | None = None
    to: str | None = None
    to_string: str | None = None


class History(msgspec.Struct, gc=False):
    """What one person changed at one instant."""

    id: str
    created: int
    author: Person | None
    items: list[Item]


class Changelog(msgspec.Struct, rename="camel"):
    """The history of an issue, or a part of it."""

    issue_id: str
    change_histories: list[History]


class ChangelogPage(msgspec.Struct, rename="camel"):
    """A page of histories."""

    issue_change_logs: list[Changelog]
    next_page_token: str | None = None


class Revision(msgspec.Struct, gc=False):
    """A work item after one change."""

    id: int
    rev: int
    fields: dict[str, Any]


class Batch(msgspec.Struct, rename="camel"):
    """A page of the feed."""

    values: list[Revision]
    continuation_token: str
    is_last_batch: bool


def jira(url: str, email: str, token: str, projects: Sequence[str], left_out: Sequence[str], warehouse: str) -> Told:
    """Pull a Jira Cloud site into a fresh SQLite file or PostgreSQL schema; tells what was read."""
    told = {"issues": 0, "changes": 0, "requests": 0}
    search, log = msgspec.json.Decoder(SearchPage), msgspec.json.Decoder(ChangelogPage)

    def ask(path: str, body: dict[str, Any]) -> bytes:
        told["requests"] += 1
        content = msgspec.json.encode(body)
        return client.post(path, content=content, headers={"Content-Type": "application/json"}).content

    with (
        httpx.Client(base_url=f"{url}/rest/api/3/", auth=(email, token), timeout=600) as client,
        _writing(warehouse) as write,
    ):
        for key in projects:
            body = {"jql": f"project = {key} ORDER BY id ASC", "maxResults": 100}
            body |= {"fields": ["*all", *(f"-{name}" for name in left_out)]}
            waiting: list[str] = []
            while True:
                page = search.decode(ask("search/jql", body))
                told["issues"] += write("issues", map(_issue, page.issues))
                waiting += [issue.id for issue in page.issues]
                if waiting and (len(waiting) >= _TOGETHER or not page.next_page_token):
                    logs = log.decode(ask("changelog/bulkfetch", {"issueIdsOrKeys": waiting, "maxResults": 10_000}))
                    told["changes"] += write("changes", _changes(logs.issue_change_logs))
                    waiting = []
                if not page.next_page_token:
                    break
                body["nextPageToken"] = page.next_page_token
    return told


def azure_devops(url: str, token: str, warehouse: str) -> Told:
    """Read the feed of revisions of an organisation: a row for each item and for each field that a revision changed."""
    told = {"revisions": 0, "changes": 0, "requests": 0}
    batches, newest = msgspec.json.Decoder(Batch), dict[int, Revision]()
    asked = {"api-version": "7.1", "includeDeleted": "true", "includeIdentityRef": "true", "$maxPageSize": "1000"}
    with httpx.Client(auth=("", token), timeout=600) as client, _writing(warehouse) as write:
        while True:
            answer = client.get(f"{url}/_apis/wit/reporting/workitemrevisions", params=asked)
            told["requests"] += 1
            batch = batches.decode(answer.content)
            told["revisions"] += len(batch.values)
            told["changes"] += write("changes", _differences(newest, batch.values))
            if batch.is_last_batch:
                write("items", map(_item, newest.values()))
                return told
            asked["continuationToken"] = batch.continuation_token


def _issue(found: Found) -> Row:
    fields = found.fields
    return (
        found.id,
        found.key,
        fields.summary,
        fields.issuetype.name,
        fields.status.name,
        fields.priority and fields.priority.name,
        fields.resolution and fields.resolution.name,
        fields.project.id,
        fields.assignee and fields.assignee.account_id,
        fields.reporter and fields.reporter.account_id,
        fields.parent and fields.parent.id,
        fields.created,
        fields.updated,
        fields.resolutiondate,
        fields.duedate,
    )


def _changes(logs: Iterable[Changelog]) -> Iterator[Row]:
    for log in logs:
        for entry in log.change_histories:
            author = entry.author and entry.author.account_id
            for ordinal, item in enumerate(entry.items):
                number = f"{entry.id}:{ordinal}"
                before, after = (item.from_, item.from_string), (item.to, item.to_string)
                yield (
                    number,
                    log.issue_id,
                    entry.id,
                    ordinal,
                    entry.created,
                    author,
                    item.field,
                    item.field_id,
                    *before,
                    *after,
                )


def _differences(newest: dict[int, Revision], revisions: Iterable[Revision]) -> Iterator[Row]:
    for each in revisions:
        before, now = newest.get(each.id), each.fields
        newest[each.id] = each
        if before is None:
            continue
        at, author = now["System.ChangedDate"], _person(now.get("System.ChangedBy"))
        old, number = before.fields, f"{each.id}:{each.rev}"
        changed = [name for name, value in now.items() if name not in _COUNTED and old.get(name) != value]
        changed += [name for name in old if name not in now]
        for ordinal, name in enumerate(changed):
            values = _plain(old.get(name)), None, _plain(now.get(name)), None
            yield f"{number}:{ordinal}", each.id, each.rev, ordinal, at, author, name, name, *values


def _item(each: Revision) -> Row:
    fields = each.fields
    people = (_person(fields.get("System.ChangedBy")), _person(fields.get("System.AssignedTo")))
    return (each.id, each.rev, *map(fields.get, _ITEM_FIELDS), *people, fields.get(_POINTS))


def _person(value: Any) -> str | None:  # noqa: ANN401 - JSON
    return None if value is None else str(value["uniqueName"])


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    return value["uniqueName"] if type(value) is dict else value


@contextmanager
def _writing(warehouse: str) -> Iterator[Write]:
    """Writes a page of rows and commits it."""
    if warehouse.startswith("postgresql"):
        with psycopg.connect(warehouse) as connection:
            yield partial(_copy, connection)
        return
    with closing(sqlite3.connect(warehouse)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        for table, columns in _TABLES.items():
            database.execute(f"CREATE TABLE {table} ({columns.replace(' ', ', ')}, PRIMARY KEY ({columns.split()[0]}))")
        yield partial(_insert, database)


def _insert(database: sqlite3.Connection, table: str, rows: Iterable[Row]) -> int:
    marks = ", ".join("?" * len(_TABLES[table].split()))
    with database:
        return database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows).rowcount


def _copy(connection: psycopg.Connection, table: str, rows: Iterable[Row]) -> int:
    with connection.transaction(), connection.cursor() as cursor:
        names = _TABLES[table].split()
        columns = ", ".join(f"{name} text" for name in names)
        cursor.execute(f"CREATE TABLE IF NOT EXISTS floor_{table} ({columns}, PRIMARY KEY ({names[0]}))".encode())
        with cursor.copy(f"COPY floor_{table} FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)
        return cursor.rowcount
