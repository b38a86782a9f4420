"""A warehouse of dicts to sync an organisation into, and revisions as the feed sends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from connectors.azure_devops.connector import AzureDevOpsConnector
from connectors.base import Malformed, Page
from warehouse.records import RECORD_TABLES, Issue, IssueChange, IssueSnapshot, Record
from warehouse.tables import table

R = TypeVar("R", bound=Record)

JO = {"id": "d291", "name": "Jo <jo@fab.example>", "displayName": "Jo", "uniqueName": "jo@fab.example"}


def sent(item: int, rev: int, day: int = 1, project: str = "Fab", **fields: Any) -> dict[str, Any]:
    """A full snapshot; `fields` by short name (`State`, `StoryPoints`…), None leaves one out."""
    given = {_LONG.get(name, f"System.{name}"): value for name, value in fields.items()}
    all_fields = {
        "System.Id": item,
        "System.Rev": rev,
        "System.TeamProject": project,
        "System.AreaPath": project,
        "System.IterationPath": project,
        "System.WorkItemType": "User Story",
        "System.State": "New",
        "System.Reason": "New",
        "System.CreatedDate": "2026-09-01T08:00:00.25Z",
        "System.CreatedBy": JO,
        "System.ChangedDate": f"2026-09-{day:02}T09:{rev % 60:02}:00.5Z",
        "System.ChangedBy": JO,
        "System.RevisedDate": "9999-01-01T00:00:00Z",
        "System.Title": f"item {item}",
        **given,
    }
    return {"id": item, "rev": rev, "fields": {k: v for k, v in all_fields.items() if v is not None}}


_LONG = {
    "StoryPoints": "Microsoft.VSTS.Scheduling.StoryPoints",
    "Effort": "Microsoft.VSTS.Scheduling.Effort",
    "Size": "Microsoft.VSTS.Scheduling.Size",
    "Severity": "Microsoft.VSTS.Common.Severity",
    "Priority": "Microsoft.VSTS.Common.Priority",
    "ResolvedReason": "Microsoft.VSTS.Common.ResolvedReason",
    "DueDate": "Microsoft.VSTS.Scheduling.DueDate",
    "Blocked": "Microsoft.VSTS.CMMI.Blocked",
    "Environment": "Custom.Environment",
    "Reviewer": "Custom.Reviewer",
}


class Store:
    """A warehouse of dicts that does with pages what the loader does."""

    def __init__(self) -> None:
        self.rows: dict[type[Record], dict[str, Record]] = {}
        self.bookmarks: dict[str, str] = {}
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.malformed: list[Malformed] = []

    def recall(self, ids: Sequence[str]) -> Mapping[str, str]:
        """What the connector asks for."""
        snapshots = self.of(IssueSnapshot)
        return {each: snapshots[each].content for each in ids if each in snapshots}

    def commit(self, stream: str, page: Page) -> None:
        """Load one page."""
        for each in page.records:
            rows = self.rows.setdefault(type(each), {})
            key = str(getattr(each, each.__struct_fields__[0]))
            stored = rows.get(key)
            if isinstance(each, Issue) and isinstance(stored, Issue) and each.updated_at < stored.updated_at:
                continue
            rows[key] = _keeping(each, stored)
        for part in page.replacements:
            rows = self.rows.setdefault(part.record_type, {})
            values = set(part.values)
            for key in [k for k, row in rows.items() if getattr(row, part.scope) in values]:
                del rows[key]
            rows.update({str(getattr(row, row.__struct_fields__[0])): row for row in part.records})
        if page.bookmark is not None:
            self.bookmarks[stream] = page.bookmark
        self.problems += page.problems
        self.notes += page.notes
        self.malformed += page.malformed

    def sync(self, connector: AzureDevOpsConnector, *, only: str | None = None) -> Store:
        """Every stream once, each page committed before the next is asked for."""
        for stream in connector.streams():
            if only in {None, stream.name}:
                for page in stream.pages(self.bookmarks.get(stream.name)):
                    self.commit(stream.name, page)
        return self

    def of(self, kind: type[R]) -> dict[str, R]:
        """The rows of a table by key."""
        return {key: row for key, row in self.rows.get(kind, {}).items() if isinstance(row, kind)}

    def issue(self, item: int) -> Issue:
        """One issue."""
        return self.of(Issue)[f"fab:{item}"]

    def changes(self, item: int, name: str | None = None) -> list[IssueChange]:
        """An issue's history in order, or that of one field."""
        found = [c for c in self.of(IssueChange).values() if c.issue_id == f"fab:{item}" and name in {None, c.field}]
        return sorted(found, key=lambda c: (c.changed_at, c.entry_number, c.ordinal))

    def moves(self, item: int, name: str) -> list[tuple[str | None, str | None]]:
        """(from, to) of each change of a field."""
        return [(each.from_value, each.to_value) for each in self.changes(item, name)]

    def dump(self) -> dict[str, bytes]:
        """Every row, for comparisons of whole warehouses."""
        return {
            f"{kind.__name__} {key}": msgspec.json.encode(row)
            for kind, table in self.rows.items()
            for key, row in table.items()
        }


Connect = Callable[..., AzureDevOpsConnector]


def _keeping(new: Record, stored: Record | None) -> Record:
    """The new row with the stored values of columns that no NULL overwrites."""
    columns = table(RECORD_TABLES[type(new)]).columns
    kept = [c.name for c in columns if c.info.get("keep") and getattr(new, c.name) is None]
    return new if stored is None else msgspec.structs.replace(new, **{name: getattr(stored, name) for name in kept})
