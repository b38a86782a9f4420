"""One record type per loaded table: plain values that a connector makes and the loader writes.

A record's fields are the loaded columns of its table, name by name and in the same order.
Every instant is an aware datetime in UTC; every id is minted by `qualified_id`.
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec


def qualified_id(source_id: str, native: str | int) -> str:
    """The only join key: `<source>:<the tracker's immutable id>`."""
    return f"{source_id}:{native}"


def native_id(qualified: str) -> str:
    """The tracker's own id within a qualified one."""
    return qualified.partition(":")[2]


def group_id(source_id: str, name: str) -> str:
    """The id of a group, by the name that the config knows it by; letters' case does not matter."""
    return qualified_id(source_id, name.strip().casefold())


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of all record types; `id` fields come first and are the table's primary key."""


class Source(Record, frozen=True, kw_only=True, gc=False):
    """A configured tracker."""

    source_id: str
    kind: str
    url: str
    version: str | None = None


class Project(Record, frozen=True, kw_only=True, gc=False):
    """A project of a tracker."""

    project_id: str
    source_id: str
    key: str
    name: str


class Board(Record, frozen=True, kw_only=True, gc=False):
    """A Jira board (`scrum`, `kanban`, `simple`) or an Azure DevOps team (`team`)."""

    board_id: str
    source_id: str
    project_id: str | None
    name: str
    kind: str
    bugs_behavior: str | None = None
    workdays: str | None = None


class BoardArea(Record, frozen=True, kw_only=True, gc=False):
    """An area path that an Azure DevOps team owns."""

    board_area_id: str
    board_id: str
    area_path: str
    includes_children: bool


class BoardSprint(Record, frozen=True, kw_only=True, gc=False):
    """A sprint that a board shows; the one that owns it is `Sprint.board_id`."""

    board_sprint_id: str
    board_id: str
    sprint_id: str


class BoardColumn(Record, frozen=True, kw_only=True, gc=False):
    """A column of a board, as it is set up now."""

    board_column_id: str
    board_id: str
    place: int
    name: str
    kind: str | None = None
    item_limit: int | None = None
    is_split: bool | None = None


class BoardColumnStatus(Record, frozen=True, kw_only=True, gc=False):
    """A status that a column shows."""

    board_column_status_id: str
    board_column_id: str
    status_id: str


class User(Record, frozen=True, kw_only=True, gc=False):
    """A person or app of a tracker."""

    user_id: str
    source_id: str
    display_name: str
    email: str | None = None
    is_active: bool | None = None


class Group(Record, frozen=True, kw_only=True, gc=False):
    """A group of people that a rule of the config names, by the name it has there; it is here once it was loaded."""

    group_id: str
    source_id: str
    name: str


class UserGroup(Record, frozen=True, kw_only=True, gc=False):
    """Somebody who is in a group, or in a group within it."""

    user_group_id: str
    source_id: str
    group_id: str
    user_id: str
    group_name: str


class Status(Record, frozen=True, kw_only=True, gc=False):
    """A status as the tracker names it today. `category` is the tracker's own word, lower case.

    Jira: `new`, `indeterminate`, `done`, `undefined`.
    Azure DevOps: `proposed`, `inprogress`, `resolved`, `completed`, `removed`.
    """

    status_id: str
    source_id: str
    project_id: str | None
    issue_type: str | None
    name: str
    category: str | None


class IssueType(Record, frozen=True, kw_only=True, gc=False):
    """A type of issue and its level: `portfolio`, `standard` or `subtask`."""

    issue_type_id: str
    source_id: str
    name: str
    level: str


class Field(Record, frozen=True, kw_only=True, gc=False):
    """A field of a tracker and the role it plays here (`story_points`, `severity`, …), if any."""

    field_id: str
    source_id: str
    name: str
    kind: str | None
    role: str | None


class Sprint(Record, frozen=True, kw_only=True, gc=False):
    """A Jira sprint, or an Azure DevOps iteration as one team uses it."""

    sprint_id: str
    iteration_id: str
    source_id: str
    board_id: str | None
    name: str
    state: str
    goal: str | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    activated_at: datetime | None = None
    completed_at: datetime | None = None
    start_on: date | None = None
    finish_on: date | None = None


class Version(Record, frozen=True, kw_only=True, gc=False):
    """A release of a project."""

    version_id: str
    project_id: str
    name: str
    is_released: bool
    released_on: date | None = None
    start_on: date | None = None
    is_archived: bool | None = None


class VersionSnapshot(Record, frozen=True, kw_only=True, gc=False):
    """A version as a sync of that day found it: new, or changed since the snapshot before."""

    version_snapshot_id: str
    version_id: str
    seen_on: date
    name: str
    is_released: bool
    is_archived: bool | None = None
    released_on: date | None = None
    start_on: date | None = None


class Capacity(Record, frozen=True, kw_only=True, gc=False):
    """Hours a day that a person has for an activity in a team's sprint."""

    capacity_id: str
    sprint_id: str
    user_id: str
    activity: str | None
    hours_per_day: float | None


class DayOff(Record, frozen=True, kw_only=True, gc=False):
    """Days on which a person, or the whole team (`user_id` None), is off; both ends included."""

    day_off_id: str
    sprint_id: str
    user_id: str | None
    first_on: date
    last_on: date


class Issue(Record, frozen=True, kw_only=True, gc=False):
    """A Jira issue or an Azure DevOps work item as it is now."""

    issue_id: str
    source_id: str
    project_id: str
    key: str
    url: str
    issue_type: str
    level: str
    summary: str
    status_id: str
    status: str
    priority: str | None
    severity: str | None
    resolution: str | None
    assignee_id: str | None
    reporter_id: str | None
    parent_id: str | None
    story_points: float | None
    original_estimate_seconds: int | None
    found_in: str | None
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    due_on: date | None
    deleted_at: datetime | None
    absence: str | None
    sprint_ids: str | None
    area_path: str | None
    is_flagged: bool
    custom_fields: str


class IssueChange(Record, frozen=True, kw_only=True, gc=False):
    """One change of one field; `entry_number` and `ordinal` keep the tracker's order among changes of one instant."""

    change_id: str
    issue_id: str
    entry_number: int
    ordinal: int
    changed_at: datetime
    author_id: str | None
    field: str
    field_id: str | None
    from_value: str | None
    from_text: str | None
    to_value: str | None
    to_text: str | None


class IssueLink(Record, frozen=True, kw_only=True, gc=False):
    """One link, told from its outward side where we hold it (`direction` `outward`), else from the inward side."""

    link_id: str
    issue_id: str
    other_issue_id: str | None
    other_key: str | None
    link_type: str
    direction: str
    created_at: datetime | None = None
    removed_at: datetime | None = None


class LinkEvent(Record, frozen=True, kw_only=True, gc=False):
    """A link that was made or removed, as one history tells it."""

    link_event_id: str
    issue_id: str
    other_issue_id: str | None
    other_key: str | None
    link_type: str | None
    direction: str | None
    happened_at: datetime
    is_made: bool
    author_id: str | None = None


class IssueLabel(Record, frozen=True, kw_only=True, gc=False):
    """A label (tag) that an issue has."""

    issue_label_id: str
    issue_id: str
    label: str


class IssueComponent(Record, frozen=True, kw_only=True, gc=False):
    """A component that an issue belongs to."""

    issue_component_id: str
    issue_id: str
    component: str


class IssueVersion(Record, frozen=True, kw_only=True, gc=False):
    """A version that an issue is fixed in (`fix`) or was found in (`affects`)."""

    issue_version_id: str
    issue_id: str
    version_id: str
    role: str


class Worklog(Record, frozen=True, kw_only=True, gc=False):
    """Time that somebody booked on an issue."""

    worklog_id: str
    issue_id: str
    author_id: str | None
    started_at: datetime
    seconds: int
    updated_at: datetime
    deleted_at: datetime | None = None


class Comment(Record, frozen=True, kw_only=True, gc=False):
    """A comment on an issue; its text (`body`) only where that is to be stored."""

    comment_id: str
    issue_id: str
    author_id: str | None
    created_at: datetime
    updated_at: datetime | None = None
    body: str | None = None


class IssueSnapshot(Record, frozen=True, kw_only=True, gc=False):
    """The newest revision of an Azure DevOps work item, kept because the next one is compared with it."""

    issue_id: str
    source_id: str
    revision: int
    content: str


RECORD_TABLES: dict[type[Record], str] = {
    Source: "sources",
    Project: "projects",
    Board: "boards",
    BoardArea: "board_areas",
    BoardSprint: "board_sprints",
    BoardColumn: "board_columns",
    BoardColumnStatus: "board_column_statuses",
    User: "users",
    Group: "groups",
    UserGroup: "user_groups",
    Status: "statuses",
    IssueType: "issue_types",
    Field: "fields",
    Sprint: "sprints",
    Capacity: "capacities",
    DayOff: "days_off",
    Version: "versions",
    VersionSnapshot: "version_snapshots",
    Issue: "issues",
    IssueChange: "issue_changes",
    IssueLink: "issue_links",
    LinkEvent: "link_events",
    IssueLabel: "issue_labels",
    IssueComponent: "issue_components",
    IssueVersion: "issue_versions",
    Worklog: "worklogs",
    Comment: "comments",
    IssueSnapshot: "issue_snapshots",
}
"""Record type → name of its table, parents before children."""
