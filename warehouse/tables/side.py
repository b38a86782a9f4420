"""Loaded tables beside issues and their changes: time booked, groups, capacity, columns, versions …"""

from __future__ import annotations

from sqlalchemy import Index

from warehouse.tables.base import count, day, flag, key, long_text, make, moment, number, ratio, text

worklogs = make(
    "worklogs",
    "One row per piece of time booked on an issue; deleted ones stay, marked in `deleted_at`.",
    key("worklog_id", "<source>:<id in the tracker>"),
    text("issue_id", "issues.issue_id", required=True),
    text("author_id", "users.user_id"),
    moment("started_at", "When the work began", required=True),
    number("seconds", "Time spent", required=True),
    moment("updated_at", "Last change", required=True, decides=True),
    moment("deleted_at", "When it was deleted"),
)

comments = make(
    "comments",
    "One row per comment on an issue.",
    key("comment_id", "<source>:<id in the tracker>"),
    text("issue_id", "issues.issue_id", required=True),
    text("author_id", "users.user_id"),
    moment("created_at", "Creation", required=True),
    moment("updated_at", "Last change, where the tracker tells"),
    long_text("body", "Text, if privacy.store_text is set (Jira)"),
    Index(None, "issue_id"),
)

groups = make(
    "groups",
    "One row per group of people that a rule of the config names and whose members were loaded.",
    key("group_id", "<source>:<name in the config, in small letters>"),
    text("source_id", "sources.source_id", required=True),
    text("name", "Name, as the config writes it", required=True),
)

user_groups = make(
    "user_groups",
    "One row per person in a group, or in a group within it, as of the last sync that asked; no history is kept.",
    key("user_group_id", "<group_id>:<user in the tracker>"),
    text("source_id", "sources.source_id", required=True),
    text("group_id", "groups.group_id", required=True),
    text("user_id", "users.user_id; it may be one whom no issue names", required=True),
    text("group_name", "Name of the group, as the config writes it", required=True),
    Index(None, "user_id"),
)

capacities = make(
    "capacities",
    "One row per person and activity in a sprint of an Azure DevOps team.",
    key("capacity_id", "<sprint_id>:<user in the tracker>:<activity>"),
    text("sprint_id", "sprints.sprint_id", required=True),
    text("user_id", "users.user_id", required=True),
    text("activity", "Activity, e.g. Development; NULL where none is chosen"),
    ratio("hours_per_day", "Hours a day"),
)

days_off = make(
    "days_off",
    "One row per stretch of days off in a sprint, of a person or of the whole team.",
    key("day_off_id", "<sprint_id>:<user in the tracker, or team>:<first day>"),
    text("sprint_id", "sprints.sprint_id", required=True),
    text("user_id", "users.user_id; NULL: the whole team"),
    day("first_on", "First day", required=True),
    day("last_on", "Last day, itself off too", required=True),
)

board_columns = make(
    "board_columns",
    "One row per column of a board as it is set up now.",
    key("board_column_id", "<board_id>:<id or place of the column>"),
    text("board_id", "boards.board_id", required=True),
    count("place", "Place from the left, from 0; boards of an Azure DevOps team one after the other", required=True),
    text("name", "Name", required=True),
    text("kind", "incoming, inProgress or outgoing (Azure DevOps)"),
    count("item_limit", "Most items that should be in it; NULL: no limit"),
    flag("is_split", "Split into doing and done (Azure DevOps)"),
)

board_column_statuses = make(
    "board_column_statuses",
    "One row per status that a column of a board shows.",
    key("board_column_status_id", "<board_column_id>:<status in the tracker>"),
    text("board_column_id", "board_columns.board_column_id", required=True),
    text("status_id", "statuses.status_id", required=True),
)

link_events = make(
    "link_events",
    "One row per making or removal of a link, as the history of an issue (Azure DevOps: the feed of links) tells it.",
    key("link_event_id", "<source>:<history entry>:<ordinal>; Azure DevOps: <link_id>:<instant>:<made or removed>"),
    text("issue_id", "issues.issue_id whose history tells it; Azure DevOps: the source of the link", required=True),
    text("other_issue_id", "issues.issue_id on the other side; NULL where history tells its key only"),
    text("other_key", "Key of the other side, as it was then"),
    text("link_type", "Type, e.g. Blocks; NULL where the tracker's sentence fits no type of today"),
    text("direction", "outward: issue_id does it to the other; inward: the other does it to issue_id; NULL as above"),
    moment("happened_at", "When", required=True),
    flag("is_made", "Made (true) or removed (false)", required=True),
    text("author_id", "users.user_id, where the tracker tells"),
    Index(None, "issue_id"),
)

version_snapshots = make(
    "version_snapshots",
    "One row per version and day on which a sync found it new or changed: trackers keep no history of release days.",
    key("version_snapshot_id", "<version_id>:<day>"),
    text("version_id", "versions.version_id", required=True),
    day("seen_on", "Day of the sync, UTC", required=True),
    text("name", "Name", required=True),
    flag("is_released", "Marked as released", required=True),
    flag("is_archived", "Marked as archived"),
    day("released_on", "Release day"),
    day("start_on", "Start day"),
)
