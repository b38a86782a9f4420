"""The site's fields: what `/field` lists, and under which id each value of an issue is shown."""

from __future__ import annotations

from typing import Any

from simulator.company import Product

SPRINT, POINTS, ESTIMATE, FLAGGED = "customfield_10020", "customfield_10026", "customfield_10016", "customfield_10021"
SEVERITY, ENVIRONMENT, RANK = "customfield_10031", "customfield_10040", "customfield_10019"
EPIC_LINK, EPIC_NAME, TEAM = "customfield_10014", "customfield_10011", "customfield_10001"
_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes"
_GREENHOPPER = "com.pyxis.greenhopper.jira"

_SYSTEM = (
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
CUSTOM = (
    (TEAM, "Team", "team", None, "com.atlassian.teams:rm-teams-custom-field-team"),
    (EPIC_NAME, "Epic Name", "string", None, f"{_GREENHOPPER}:gh-epic-label"),
    (EPIC_LINK, "Epic Link", "any", None, f"{_GREENHOPPER}:gh-epic-link"),
    (ESTIMATE, "Story point estimate", "number", None, f"{_GREENHOPPER}:jsw-story-points"),
    (RANK, "Rank", "any", None, f"{_GREENHOPPER}:gh-lexo-rank"),
    (SPRINT, "Sprint", "array", "json", f"{_GREENHOPPER}:gh-sprint"),
    (FLAGGED, "Flagged", "array", "option", f"{_TYPES}:multicheckboxes"),
    (POINTS, "Story Points", "number", None, f"{_TYPES}:float"),
    (SEVERITY, "Severity", "option", None, f"{_TYPES}:select"),
    (ENVIRONMENT, "Environment", "option", None, f"{_TYPES}:select"),
)
_NOT_NAVIGABLE = {"worklog", "comment"}
ALL_FIELDS = (*(row[0] for row in _SYSTEM), "parent", *(row[0] for row in CUSTOM))
NAVIGABLE = tuple(name for name in ALL_FIELDS if name not in _NOT_NAVIGABLE)


def points_field(product: Product, project_id: int) -> str:
    """Where a project keeps its story points."""
    return ESTIMATE if product.projects[project_id].is_team_managed else POINTS


def field_name(field_id: str) -> str:
    """The name that people see."""
    return _NAMES.get(field_id, field_id)


_NAMES = {row[0]: row[1] for row in (*_SYSTEM, *CUSTOM)}


def catalogue() -> list[dict[str, Any]]:
    """What `/field` answers. `parent` is shown in issues but has no row of its own, as on real sites."""
    rows = [
        _row(field_id, name, {"type": kind, **_items(items), "system": field_id})
        for field_id, name, kind, items in _SYSTEM
    ]
    for field_id, name, kind, items, custom in CUSTOM:
        schema = {"type": kind, **_items(items), "custom": custom, "customId": int(field_id.partition("_")[2])}
        rows.append(_row(field_id, name, schema))
    return rows


def _items(items: str | None) -> dict[str, str]:
    return {"items": items} if items else {}


def _row(field_id: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    is_custom = "custom" in schema
    return {
        "id": field_id,
        "key": field_id,
        "name": name,
        "untranslatedName": name,
        "custom": is_custom,
        "orderable": True,
        "navigable": field_id not in _NOT_NAVIGABLE,
        "searchable": True,
        "clauseNames": [f"cf[{schema['customId']}]", name] if is_custom else [field_id],
        "schema": schema,
    }


def wanted_fields(asked: list[str], default: tuple[str, ...]) -> tuple[str, ...]:
    """The fields of a request in the order of the site: names, `*all`, `*navigable` and `-name`."""
    added = [name for name in asked if not name.startswith("-")]
    dropped = {name[1:] for name in asked if name.startswith("-")}
    if not asked:
        return default
    wanted = set(added)
    if "*all" in wanted:
        wanted |= set(ALL_FIELDS)
    if "*navigable" in wanted or not added:
        wanted |= set(NAVIGABLE)
    return tuple(name for name in ALL_FIELDS if name in wanted - dropped)
