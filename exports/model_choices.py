"""What a BI model needs and the schema does not say: roles, names, folders, formats of numbers, labels. Data only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

ROLES: Mapping[str, Sequence[str]] = {
    "dimension": (
        "dates",
        "sources",
        "projects",
        "boards",
        "board_columns",
        "sprints",
        "users",
        "groups",
        "statuses",
        "issue_types",
        "fields",
        "versions",
        "issues",
    ),
    "fact": (
        "issue_flow",
        "throughput",
        "cycle_time_trend",
        "daily_flow",
        "wip_aging",
        "status_intervals",
        "blocked_intervals",
        "estimates",
        "sprint_metrics",
        "sprint_days",
        "sprint_issues",
        "sprint_scope_events",
        "sprint_memberships",
        "velocity_trend",
        "defects",
        "defect_escape",
        "defect_quality",
        "issue_changes",
        "issue_links",
        "link_events",
        "worklogs",
        "comments",
        "capacities",
        "days_off",
        "version_snapshots",
        "data_quality",
        "alerts",
        "sync_runs",
    ),
    "bridge": (
        "issue_labels",
        "issue_components",
        "issue_versions",
        "board_sprints",
        "board_column_statuses",
        "board_areas",
        "user_groups",
    ),
    "reference": ("definitions", "data_dictionary"),
    "internal": (
        "bookmarks",
        "leases",
        "job_runs",
        "notices",
        "stale_issues",
        "compute_inputs",
        "issue_snapshots",
        "privacy",
        "erased_users",
    ),
}
"""Role → tables. A bridge joins two things many to many; a reference is read by itself; internal ones are left out."""

TABLE_NAMES: Mapping[str, str] = {
    "wip_aging": "Work in progress",
    "issue_flow": "Issue flow",
    "sprint_metrics": "Sprint figures",
    "velocity_trend": "Velocity",
    "defect_escape": "Defect escape",
    "issue_labels": "Labels",
    "issue_components": "Components",
    "issue_versions": "Issue versions",
    "board_column_statuses": "Board column statuses",
    "data_quality": "Data quality",
}
"""Tables whose name for people is not simply their own with spaces."""

COLUMN_NAMES: Mapping[str, str] = {
    "dates.day": "Date",
    "dates.month_name": "Year and month",
    "dates.month": "Month number",
    "dates.quarter": "Quarter number",
    "dates.weekday": "Weekday number",
    "dates.iso_year": "ISO year",
    "dates.iso_week": "ISO week",
    "cycle_time_trend.n": "Issues measured",
    "sprint_scope_events.at": "Happened at",
    "projects.name": "Project",
    "projects.key": "Project key",
    "boards.name": "Board",
    "sprints.name": "Sprint",
    "users.display_name": "Person",
    "versions.name": "Version",
    "statuses.name": "Current status",
    "issues.key": "Issue",
    "issues.summary": "Title",
    "issues.url": "Address",
    "sources.url": "Address",
    "sources.source_id": "Source",
    "projects.source_id": "Source of project",
    "boards.source_id": "Source of board",
    "sprints.source_id": "Source of sprint",
    "users.source_id": "Source of person",
    "groups.source_id": "Source of group",
    "user_groups.source_id": "Source of membership",
    "statuses.source_id": "Source of status",
    "issue_types.source_id": "Source of type",
    "fields.source_id": "Source of field",
    "issues.source_id": "Source of issue",
    "data_quality.source_id": "Source of finding",
    "alerts.source_id": "Source of alert",
    "alerts.n": "Things counted",
    "alerts.message": "Alert",
    "sync_runs.source_id": "Source of run",
    "data_quality.check_name": "Check",
    "defect_escape.escaped_30d": "Escaped within 30 days",
    "defect_escape.escaped_90d": "Escaped within 90 days",
}
"""Columns whose name for people is not simply their own with spaces."""

READABLE_KEYS = frozenset({"source_id", "table_name", "entity_id"})
"""Columns that people read although they are keys."""

PERCENT = frozenset(
    {
        "flow_efficiency",
        "rate",
        "unknown_share",
        "rate_weighted",
        "reopen_rate",
        "say_do_points",
        "say_do_issues",
        "completion_rate_points",
        "completion_rate_issues",
        "scope_change_points",
        "scope_change_issues",
    }
)
"""Doubles that are shares of something."""

POINTS_IN_DOUBLES = frozenset({"mean_3", "sd_3", "mean_5", "sd_5", "slope_6", "next_low", "next_high", "ideal_points"})
NUMBERS = frozenset(
    {"ideal_issues", "defects_per_10_issues", "defects_per_100_points", "hours_per_day", "value", "threshold"}
)
"""Doubles that are neither shares nor points nor durations."""

SUMMED: Mapping[str, Sequence[str]] = {
    "issue_flow": (
        "active_seconds",
        "waiting_seconds",
        "blocked_seconds",
        "reopened_count",
        "backward_count",
        "points_at_finish",
    ),
    "throughput": ("finished_issues", "finished_points"),
    "daily_flow": ("arrivals", "departures"),
    "status_intervals": ("seconds",),
    "blocked_intervals": ("seconds",),
    "worklogs": ("seconds",),
    "sprint_metrics": (
        *(
            f"{part}_{unit}"
            for part in ("committed", "added", "removed", "final_scope", "completed", "cancelled", "carried_over")
            for unit in ("points", "issues")
        ),
        "reestimated_points",
        "unestimated_issues",
    ),
    "velocity_trend": ("velocity", "velocity_issues"),
    "sync_runs": ("requests", "retries", "rows_read", "rows_written"),
}
"""Columns whose sum over rows means something, as long as no row repeats another at a coarser grain."""

INACTIVE: Mapping[str, str] = {
    "boards.project_id": "projects filter issues directly",
    "boards.source_id": "sources filter projects",
    "sprints.source_id": "sources filter projects",
    "users.source_id": "sources filter projects",
    "statuses.source_id": "sources filter projects",
    "statuses.project_id": "projects filter issues directly",
    "fields.source_id": "sources filter projects",
    "issues.source_id": "sources filter projects",
    "versions.project_id": "projects filter issues directly, and those their versions",
    "issues.board_id": "boards filter sprints, and what has a home board of its own",
    "issues.sprint_id": "sprints filter the issues that were in them by sprint_issues",
    "issues.reporter_id": "users filter issues as assignees",
    "issues.due_on": "dates filter what happened to issues",
    "issue_flow.project_id": "by issues",
    "wip_aging.project_id": "by issues",
    "defects.project_id": "by issues",
    "sprint_metrics.board_id": "by sprints",
    "velocity_trend.board_id": "by sprints",
    "board_sprints.board_id": "by sprints",
    "user_groups.source_id": "by groups",
    "alerts.issue_id": "projects filter alerts directly: not every alert is about an issue",
    "alerts.sprint_id": "boards filter alerts directly: not every alert is about a sprint",
    "alerts.source_id": "sources filter projects",
    "alerts.period_start": "dates are those of the opening",
    "issue_flow.created_on": "dates are those of the finish",
    "issue_flow.started_on": "dates are those of the finish",
    "defects.finished_on": "dates are those of the creation",
    "days_off.last_on": "dates are first days",
    "sprints.start_on": "dates filter the days of sprints",
    "sprints.finish_on": "dates filter the days of sprints",
    "versions.released_on": "dates filter what happened",
    "versions.start_on": "dates filter what happened",
    "version_snapshots.released_on": "dates are those of the sync",
    "version_snapshots.start_on": "dates are those of the sync",
    "status_intervals.status_id": "statuses filter issues by where they are now",
    "issue_changes.author_id": "users filter issues as assignees",
    "worklogs.author_id": "users filter issues as assignees",
    "comments.author_id": "users filter issues as assignees",
    "link_events.author_id": "users filter issues as assignees",
    "issue_links.other_issue_id": "the link is told from its own side",
    "link_events.other_issue_id": "the link is told from its own side",
    "sprint_issues.carried_to_sprint_id": "sprints are those that the issue was in",
}
"""Relationships that exist but are switched off, and what filters instead: two ways from one table to another are
refused by Power BI. The test of the model holds that not one of them could be switched on."""


class Labels(NamedTuple):
    """A column beside those of the schema: words for the whole numbers of another one, which also sorts it."""

    table: str
    name: str
    display: str
    of: str
    words: Mapping[int, str]
    description: str


class Lookup(NamedTuple):
    """A column beside those of the schema: what a row of `from_table` says whose key is in the column `by`."""

    table: str
    name: str
    display: str
    by: str
    from_table: str
    take: str
    description: str


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

LABELS: Sequence[Labels] = (
    Labels(
        "dates",
        "month_of_year",
        "Month",
        "month",
        dict(enumerate((*_MONTHS, "November", "December"), 1)),
        "Name of the month, the same in every year",
    ),
    Labels(
        "dates",
        "quarter_of_year",
        "Quarter",
        "quarter",
        {n: f"Q{n}" for n in range(1, 5)},
        "Q1 to Q4, the same in every year",
    ),
    Labels("dates", "weekday_name", "Weekday", "weekday", dict(enumerate(_WEEKDAYS, 1)), "Name of the weekday"),
)
LOOKUPS: Sequence[Lookup] = (
    Lookup("issues", "epic_key", "Epic", "epic_id", "issues", "key", "Key of its epic"),
    Lookup("issues", "epic_summary", "Epic title", "epic_id", "issues", "summary", "Title of its epic"),
    Lookup("issues", "home_board", "Home board", "board_id", "boards", "name", "Name of its home board"),
    Lookup("sprints", "board_name", "Board of sprint", "board_id", "boards", "name", "Name of the board that owns it"),
)

HIERARCHIES: Mapping[str, Sequence[tuple[str, Sequence[str]]]] = {
    "dates": (
        ("Calendar", ("year", "quarter_of_year", "month_of_year", "week_start", "day")),
        ("ISO weeks", ("iso_year", "week_start", "day")),
    ),
    "issues": (("Epic and issue", ("epic_key", "key")),),
    "sprints": (("Board and sprint", ("board_name", "name")),),
}
"""Table → its hierarchies: name and levels from the coarsest."""

FOLDERS: Mapping[str, Sequence[str]] = {
    "Cycle time": ("cycle_", "business_seconds", "lead_seconds"),
    "Dates and instants": ("_at", "_on"),
    "Time in progress": ("active_", "waiting_", "blocked_seconds", "flow_efficiency", "age_seconds", "status_age_"),
    "Evidence": ("exclusion", "_by_change_id"),
    "Rates": ("rate", "defects_per_", "share", "say_do_", "completion_rate_", "scope_change_"),
    "Points": ("_points", "points_"),
    "Counts": ("_issues",),
}
"""Folder → how names of columns begin or end; only in tables with many columns. The first that fits."""

FOLDERED_FROM = 14
"""Tables with so many columns have folders."""
