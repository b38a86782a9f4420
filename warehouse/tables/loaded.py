"""Tables that connectors fill. Parents before children."""

from __future__ import annotations

from sqlalchemy import Index

from warehouse.tables.base import column, count, day, flag, key, long_text, make, moment, number, points, text
from warehouse.tables.side import (
    board_column_statuses,
    board_columns,
    capacities,
    comments,
    days_off,
    groups,
    link_events,
    user_groups,
    version_snapshots,
    worklogs,
)
from warehouse.types import JsonText

sources = make(
    "sources",
    "One row per configured tracker.",
    key("source_id", "Name of the source in the config"),
    text("kind", "jira_cloud, jira_data_center or azure_devops", required=True),
    text("url", "Base address from the config", required=True),
    text("version", "Version that the tracker reports"),
    moment("last_synced_at", "Start of the last sync that ended without an error", derived=True),
    text("account", "Account whose census of issue ids is believed; another one is asked about first", derived=True),
    moment("census_at", "Start of the last complete census of issue ids", derived=True),
)

projects = make(
    "projects",
    "One row per project of a tracker.",
    key("project_id", "<source>:<id in the tracker>"),
    text("source_id", "sources.source_id", required=True),
    text("key", "Short key (Jira) or name (Azure DevOps)", required=True),
    text("name", "Name", required=True),
)

boards = make(
    "boards",
    "One row per Jira board or Azure DevOps team.",
    key("board_id", "<source>:<id in the tracker>"),
    text("source_id", "sources.source_id", required=True),
    text("project_id", "projects.project_id: the project it lives in"),
    text("name", "Name", required=True),
    text("kind", "scrum, kanban, simple (Jira) or team (Azure DevOps)", required=True),
    text("bugs_behavior", "Azure DevOps: off, asTasks or asRequirements"),
    text("workdays", "Azure DevOps: the team's working days, e.g. monday, tuesday"),
)

board_areas = make(
    "board_areas",
    "One row per area path that an Azure DevOps team owns.",
    key("board_area_id", "<board_id>:<area path>"),
    text("board_id", "boards.board_id", required=True),
    text("area_path", "Area path as in System.AreaPath", required=True),
    flag("includes_children", "Areas below it belong to the team too", required=True),
)

board_sprints = make(
    "board_sprints",
    "One row per sprint that a board shows; sprints.board_id is the board that owns it.",
    key("board_sprint_id", "<board_id>:<sprint id in the tracker>"),
    text("board_id", "boards.board_id", required=True),
    text("sprint_id", "sprints.sprint_id", required=True),
)

users = make(
    "users",
    "One row per person or app of a tracker.",
    key("user_id", "<source>:<account id, user key or unique name>"),
    text("source_id", "sources.source_id", required=True),
    text("display_name", "Name as shown", required=True),
    text("email", "E-mail address, where the tracker shows it", keep=True),
    flag("is_active", "Whether the account is active, where the tracker tells", keep=True),
)

statuses = make(
    "statuses",
    "One row per status; in Azure DevOps one per project, type and state.",
    key("status_id", "<source>:<id in the tracker>; Azure DevOps: <source>:<project id>:<type>:<state>"),
    text("source_id", "sources.source_id", required=True),
    text("project_id", "projects.project_id, where the status belongs to one project"),
    text("issue_type", "Issue type, where the status belongs to one type (Azure DevOps)"),
    text("name", "Name as it is today", required=True),
    text("category", "The tracker's own category, lower case; NULL if it was never known", keep=True),
    text("stage", "todo, in_progress, done or removed: by the config, else by category", derived=True),
)

issue_types = make(
    "issue_types",
    "One row per issue type (Azure DevOps: per project and type).",
    key("issue_type_id", "<source>:<id in the tracker>"),
    text("source_id", "sources.source_id", required=True),
    text("name", "Name", required=True),
    text("level", "portfolio, standard or subtask", required=True),
)

fields = make(
    "fields",
    "One row per field of a tracker.",
    key("field_id", "<source>:<id or reference name in the tracker>"),
    text("source_id", "sources.source_id", required=True),
    text("name", "Name, as used in issues.custom_fields and issue_changes.field", required=True),
    text("kind", "The tracker's type of the field"),
    text("role", "Role it plays here: story_points, severity, found_in, sprint, …; NULL for all others"),
)

sprints = make(
    "sprints",
    "One row per Jira sprint; in Azure DevOps one per iteration and team.",
    key("sprint_id", "<source>:<sprint id>; Azure DevOps: <source>:<iteration id>:<team id>"),
    text("iteration_id", "<source>:<sprint or iteration id>: the same for all teams of an iteration", required=True),
    text("source_id", "sources.source_id", required=True),
    text("board_id", "boards.board_id: the origin board or the team"),
    text("name", "Name", required=True),
    text("state", "future, active or closed", required=True),
    long_text("goal", "Goal"),
    moment("start_at", "Planned start; Azure DevOps: first instant of the start day in calendar.timezone"),
    moment("end_at", "Planned end; Azure DevOps: first instant of the day after the finish day"),
    moment("activated_at", "When it was started, where the tracker tells (Jira Data Center)"),
    moment("completed_at", "When it was closed (Jira)"),
    day("start_on", "Start day (Azure DevOps)"),
    day("finish_on", "Finish day (Azure DevOps)"),
)

versions = make(
    "versions",
    "One row per release (version) of a project.",
    key("version_id", "<source>:<id in the tracker>"),
    text("project_id", "projects.project_id", required=True),
    text("name", "Name", required=True),
    flag("is_released", "Marked as released", required=True),
    day("released_on", "Release day"),
    day("start_on", "Start day"),
    flag("is_archived", "Marked as archived"),
)

issues = make(
    "issues",
    "One row per Jira issue or Azure DevOps work item, as it is now; absent ones stay, marked in `absence`.",
    key("issue_id", "<source>:<immutable id in the tracker>"),
    text("source_id", "sources.source_id", required=True),
    text("project_id", "projects.project_id", required=True),
    text("key", "Key as shown to people today, e.g. PAY-123; Azure DevOps: the number", required=True),
    text("url", "Address for people", required=True),
    text("issue_type", "Type", required=True),
    text("level", "portfolio, standard or subtask", required=True),
    text("summary", "Title", required=True),
    text("status_id", "statuses.status_id", required=True),
    text("status", "Status", required=True),
    text("priority", "Priority"),
    text("severity", "Severity, from the field mapped to it"),
    text("resolution", "Resolution (Jira) or reason of a finished item (Azure DevOps)"),
    text("assignee_id", "users.user_id"),
    text("reporter_id", "users.user_id"),
    text("parent_id", "issues.issue_id of the parent"),
    points("story_points", "Estimate in points, from the field mapped to it"),
    count("original_estimate_seconds", "Original estimate in seconds"),
    text("found_in", "Where a defect was found, from the field mapped to it"),
    moment("created_at", "Creation", required=True),
    moment("updated_at", "Last change", required=True, decides=True),
    moment("resolved_at", "Resolution as the tracker stores it; the metrics use history instead"),
    day("due_on", "Due day"),
    moment("deleted_at", "When it was found deleted, or the instant of deletion where the tracker tells"),
    text("absence", "NULL, deleted, moved_away or access_lost"),
    text(
        "sprint_ids",
        "Ids of the sprints or iterations its Sprint field names now, in the form of issue_changes.to_value",
    ),
    text("area_path", "Area path (Azure DevOps)"),
    flag("is_flagged", "Flagged as impeded now", required=True),
    column("custom_fields", JsonText, "Every other filled field by name, as JSON", required=True),
    text("stage", "Stage of its status: todo, in_progress, done or removed", derived=True),
    flag("is_defect", "Its type is in defects.types", derived=True),
    text("epic_id", "issues.issue_id of the nearest ancestor of level portfolio", derived=True),
    text("board_id", "boards.board_id: its home board", derived=True),
    text("sprint_id", "sprints.sprint_id of the active sprint it is in", derived=True),
    Index(None, "parent_id"),
)

issue_changes = make(
    "issue_changes",
    "One row per change of one field of an issue; values at creation are not changes.",
    key("change_id", "<source>:<history entry>:<ordinal>; Azure DevOps: <source>:<work item>:<revision>:<ordinal>"),
    text("issue_id", "issues.issue_id", required=True),
    number("entry_number", "Number of the history entry (revision): orders entries of one instant", required=True),
    count("ordinal", "Place of the change within its entry", required=True),
    moment("changed_at", "When", required=True),
    text("author_id", "users.user_id"),
    text("field", "One name across trackers (status, sprint, story_points, …), else the tracker's name", required=True),
    text("field_id", "fields.field_id, where the tracker tells it"),
    long_text("from_value", "Raw value before (an id where the field has ids)"),
    long_text("from_text", "Text before"),
    long_text("to_value", "Raw value after"),
    long_text("to_text", "Text after"),
    Index(None, "issue_id", "changed_at", "entry_number", "ordinal"),
)

issue_links = make(
    "issue_links",
    "One row per link between two issues, told from its outward side where we hold that; removed ones stay, marked.",
    key(
        "link_id",
        "<source>:<link id>, of a removed one <source>:removed:<history entry>:<ordinal>; "
        "Azure DevOps: <source>:<type>:<source item>:<target item>",
    ),
    text("issue_id", "issues.issue_id on this side", required=True),
    text("other_issue_id", "issues.issue_id on the other side; it may be one that we do not hold"),
    text("other_key", "Key of the other side"),
    text("link_type", "Type, e.g. Blocks", required=True),
    text("direction", "outward: issue_id does it to the other; inward: the other does it to issue_id", required=True),
    moment("created_at", "When the link was made, where the tracker tells", keep=True),
    moment("removed_at", "When the link was removed"),
    Index(None, "issue_id"),
    Index(None, "other_issue_id"),
)

issue_labels = make(
    "issue_labels",
    "One row per label (tag) of an issue.",
    key("issue_label_id", "<issue_id>:<label>"),
    text("issue_id", "issues.issue_id", required=True),
    text("label", "Label", required=True),
    Index(None, "issue_id"),
)

issue_components = make(
    "issue_components",
    "One row per component of an issue.",
    key("issue_component_id", "<issue_id>:<component>"),
    text("issue_id", "issues.issue_id", required=True),
    text("component", "Component", required=True),
    Index(None, "issue_id"),
)

issue_versions = make(
    "issue_versions",
    "One row per version that an issue is fixed in or was found in.",
    key("issue_version_id", "<issue_id>:<role>:<version id in the tracker>"),
    text("issue_id", "issues.issue_id", required=True),
    text("version_id", "versions.version_id", required=True),
    text("role", "fix or affects", required=True),
    Index(None, "issue_id"),
)

issue_snapshots = make(
    "issue_snapshots",
    "One row per Azure DevOps work item: its newest revision, with which the next one is compared.",
    key("issue_id", "issues.issue_id"),
    text("source_id", "sources.source_id", required=True),
    count("revision", "Revision", required=True),
    long_text("content", "Fields of the revision, as the connector keeps them"),
)

LOADED = (
    sources,
    projects,
    boards,
    board_areas,
    board_columns,
    board_column_statuses,
    users,
    groups,
    user_groups,
    statuses,
    issue_types,
    fields,
    sprints,
    board_sprints,
    capacities,
    days_off,
    versions,
    version_snapshots,
    issues,
    issue_changes,
    issue_links,
    link_events,
    issue_labels,
    issue_components,
    issue_versions,
    worklogs,
    comments,
    issue_snapshots,
)
"""All of them, parents before children."""

OBSERVED = frozenset({"capacities", "days_off", "version_snapshots"})
"""Loaded tables that keep what was seen over time: a warehouse made from scratch does not have the older rows."""
