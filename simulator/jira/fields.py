"""The fields of a Jira: what `/field` lists, and under which id each value of an issue is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Row = tuple[str, str, str, str | None]

PARENT = "parent"
_HIDDEN = {"worklog", "comment"}
_TIME_TRACKING = {"timeoriginalestimate", "timeestimate", "timespent", "worklog"}
_SYSTEM: tuple[Row, ...] = (
    ("summary", "Summary", "string", None),
    ("issuetype", "Issue Type", "issuetype", None),
    ("project", "Project", "project", None),
    ("status", "Status", "status", None),
    ("priority", "Priority", "priority", None),
    ("resolution", "Resolution", "resolution", None),
    ("assignee", "Assignee", "user", None),
    ("reporter", "Reporter", "user", None),
    ("creator", "Creator", "user", None),
    ("created", "Created", "datetime", None),
    ("updated", "Updated", "datetime", None),
    ("resolutiondate", "Resolved", "datetime", None),
    ("duedate", "Due date", "date", None),
    ("labels", "Labels", "array", "string"),
    ("components", "Components", "array", "component"),
    ("fixVersions", "Fix versions", "array", "version"),
    ("versions", "Affects versions", "array", "version"),
    ("issuelinks", "Linked Issues", "array", "issuelinks"),
    ("subtasks", "Sub-tasks", "array", "issuelinks"),
    ("environment", "Environment", "string", None),
    ("description", "Description", "string", None),
    ("timeoriginalestimate", "Original estimate", "number", None),
    ("timeestimate", "Remaining Estimate", "number", None),
    ("timespent", "Time Spent", "number", None),
    ("worklog", "Log Work", "array", "worklog"),
    ("comment", "Comment", "comments-page", None),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field; `role` is what it means whatever its id: for system fields the id, for custom ones e.g. `sprint`."""

    id: str
    role: str
    name: str
    type: str
    items: str | None = None
    custom: str | None = None

    @property
    def is_navigable(self) -> bool:
        """Shown in lists, unlike worklogs and comments."""
        return self.id not in _HIDDEN

    @property
    def schema(self) -> dict[str, Any]:
        """The field's type as `/field` describes it."""
        found: dict[str, Any] = {"type": self.type} | ({"items": self.items} if self.items else {})
        if self.custom is None:
            return found | {"system": self.id}
        return found | {"custom": self.custom, "customId": int(self.id.partition("_")[2])}


@dataclass(frozen=True, slots=True)
class FieldTable:
    """The fields of a site in its order; `parent` is shown in issues but has no row in `/field`, as on real sites."""

    fields: tuple[Field, ...]
    roles: dict[str, Field] = field(init=False)
    ids: dict[str, Field] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", {row.role: row for row in self.fields})
        object.__setattr__(self, "ids", {row.id: row for row in self.fields})

    @property
    def all(self) -> tuple[str, ...]:
        """The ids of all fields."""
        return tuple(self.ids)

    @property
    def navigable(self) -> tuple[str, ...]:
        """The ids of those that lists show."""
        return tuple(row.id for row in self.fields if row.is_navigable)

    def wanted(self, asked: list[str], default: tuple[str, ...]) -> tuple[str, ...]:
        """The fields of a request in the order of the site: names, `*all`, `*navigable` and `-name`."""
        if not asked:
            return default
        wanted = {name for name in asked if not name.startswith("-")}
        if "*navigable" in wanted or not wanted:
            wanted |= set(self.navigable)
        if "*all" in wanted:
            wanted |= set(self.ids)
        wanted -= {name[1:] for name in asked if name.startswith("-")}
        return tuple(name for name in self.ids if name in wanted)

    def without_time_tracking(self) -> FieldTable:
        """The table of a site on which nobody can book time."""
        return FieldTable(tuple(row for row in self.fields if row.id not in _TIME_TRACKING))


def field_table(custom: Iterable[Field]) -> FieldTable:
    """The system fields, and those that the site added."""
    system = [Field(id=i, role=i, name=name, type=kind, items=items) for i, name, kind, items in _SYSTEM]
    return FieldTable((*system, Field(id=PARENT, role=PARENT, name="Parent", type="issuelink"), *custom))


def catalogue(table: FieldTable, word: Callable[[str], str], *, is_cloud: bool) -> list[dict[str, Any]]:
    """What `/field` answers, with the names that `word` gives."""
    return [
        {
            "id": row.id,
            **({"key": row.id, "untranslatedName": row.name} if is_cloud else {}),
            "name": word(row.name),
            "custom": row.custom is not None,
            "orderable": True,
            "navigable": row.is_navigable,
            "searchable": True,
            "clauseNames": _clause_names(row),
            "schema": row.schema,
        }
        for row in table.fields
        if row.id != PARENT
    ]


def _clause_names(row: Field) -> list[str]:
    """How JQL names the field."""
    return [row.id] if row.custom is None else [f"cf[{row.schema['customId']}]", row.name]
