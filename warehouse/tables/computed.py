"""Tables that `compute` fills from the loaded ones."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Date, Index
from sqlalchemy import text as condition

from warehouse.tables.base import count, day, flag, key, long_text, make, moment, points, ratio, seconds, text

status_intervals = make(
    "status_intervals",
    "One row per stay of an issue in a status, replayed from its history.",
    key("status_interval_id", "<issue_id>:<ordinal of the stay>"),
    text("issue_id", "issues.issue_id", required=True),
    text("status_id", "statuses.status_id"),
    text("status", "Name of the status as it was called then", required=True),
    text("stage", "todo, in_progress, done, removed; NULL when the status was never known"),
    flag("is_waiting", "A queue within in_progress (workflow.waiting)", required=True),
    moment("entered_at", "Begin of the stay", required=True),
    moment("left_at", "End of the stay; NULL while it lasts"),
    seconds("seconds", "Length of the stay; NULL while it lasts"),
    text("entered_by_change_id", "issue_changes.change_id that began it; NULL for the status at creation"),
    Index(None, "issue_id"),
)

blocked_intervals = make(
    "blocked_intervals",
    "One row per stretch of an issue's life in which something blocked it; stretches of one issue never overlap.",
    key("blocked_interval_id", "<issue_id>:<ordinal>"),
    text("issue_id", "issues.issue_id", required=True),
    moment("entered_at", "Begin", required=True),
    moment("left_at", "End; NULL while it lasts"),
    seconds("seconds", "Length; NULL while it lasts"),
    long_text(
        "causes",
        "What blocked it in the course of it, with `; ` between: flag, status: NAME, label: NAME, link: issue_id",
    ),
    Index(None, "issue_id"),
)

sprint_memberships = make(
    "sprint_memberships",
    "One row per stay of an issue in a sprint, from the history of its Sprint field (or iteration and area).",
    key("sprint_membership_id", "<issue_id>:<sprint_id>:<ordinal of the stay>"),
    text("issue_id", "issues.issue_id", required=True),
    text("sprint_id", "sprints.sprint_id", required=True),
    moment("entered_at", "When it joined", required=True),
    moment("left_at", "When it left; NULL while it stays"),
    text("entered_by_change_id", "issue_changes.change_id that brought it in; NULL when it was created there"),
    Index(None, "issue_id"),
    Index(None, "sprint_id"),
)

estimates = make(
    "estimates",
    "One row per estimate that an issue had, from the history of its story points.",
    key("estimate_id", "<issue_id>:<ordinal>"),
    text("issue_id", "issues.issue_id", required=True),
    points("points", "Story points; NULL: not estimated"),
    moment("valid_from", "Begin", required=True),
    moment("valid_to", "End; NULL while it holds"),
    Index(None, "issue_id"),
)

_IN_PROGRESS = condition("status_age_seconds IS NOT NULL")

issue_flow = make(
    "issue_flow",
    "One row per issue: when it started and finished, how long that took, and why a metric leaves it out.",
    key("issue_id", "issues.issue_id"),
    text("project_id", "projects.project_id as of now", required=True),
    text("board_id", "boards.board_id: home board"),
    text("issue_type", "Type as of now", required=True),
    text("level", "portfolio, standard or subtask", required=True),
    text("stage", "Stage as of now"),
    flag("is_cancelled", "Finished without being delivered", required=True),
    moment("created_at", "Creation", required=True),
    moment("first_started_at", "First entry ever into in_progress"),
    moment("started_at", "First entry into in_progress after the last return to todo"),
    moment("finished_at", "Begin of the last uninterrupted stay in done, only if the issue is done now"),
    day("created_on", "Local day of created_at", required=True),
    day("started_on", "Local day of started_at"),
    day("finished_on", "Local day of finished_at"),
    seconds("cycle_seconds", "finished_at − started_at; NULL when exclusion is set"),
    ratio("cycle_days", "cycle_seconds / 86,400"),
    count("cycle_days_inclusive", "Local date difference of start and finish, plus 1"),
    seconds("business_seconds", "Working hours of the calendar between started_at and finished_at"),
    seconds("cycle_first_to_last_seconds", "finished_at − first_started_at"),
    seconds("cycle_last_run_seconds", "finished_at − last entry into in_progress before it"),
    seconds("lead_seconds", "finished_at − created_at"),
    seconds("active_seconds", "In progress from started_at to finished_at (or now), neither waiting nor blocked"),
    seconds("waiting_seconds", "There in statuses of workflow.waiting, not blocked"),
    seconds("blocked_seconds", "There while blocked"),
    ratio("flow_efficiency", "active ÷ (active + waiting + blocked), so far if unfinished"),
    text(
        "flow_efficiency_reason",
        "Why it is NULL: not_started, no_time, or no_rules (nothing says what waits or blocks)",
    ),
    seconds("age_seconds", "now − started_at, while in progress"),
    seconds("status_age_seconds", "Time in the current status, while in progress"),
    count("reopened_count", "Exits from done to todo or in_progress", required=True),
    count("backward_count", "Moves to an earlier stage, reopenings included", required=True),
    points("points_at_finish", "Estimate as of finished_at"),
    text("started_by_change_id", "issue_changes.change_id that started it; NULL when it was created in progress"),
    text("finished_by_change_id", "issue_changes.change_id that finished it; NULL when it was created done"),
    text(
        "exclusion",
        "Why it has no cycle time, the first that holds: deleted, moved_away, access_lost, level, cancelled, "
        "not_finished, skipped_in_progress; NULL when it has one",
    ),
    # with all that a comparison with the last year's cycle times reads: it looks at no row
    Index(None, "finished_on", "project_id", "board_id", "cycle_days"),
    # work in progress ages every night: it is found without a look at all that is done
    Index(None, "status_age_seconds", sqlite_where=_IN_PROGRESS, postgresql_where=_IN_PROGRESS),
)


def _grouping() -> list[Column[Any]]:
    return [
        text("grouping", "What the row is for: all, project, project_type, board, board_type", required=True),
        text("project_id", "projects.project_id; NULL where the grouping does not use it"),
        text("board_id", "boards.board_id; NULL where the grouping does not use it"),
        text("issue_type", "Type; NULL where the grouping does not use it"),
    ]


cycle_time_trend = make(
    "cycle_time_trend",
    "One row per period and group: cycle times of the issues finished in the period.",
    key("cycle_time_trend_id", "<period>:<period_start>:<grouping>:<project_id>:<board_id>:<issue_type>"),
    text("period", "week or month", required=True),
    day("period_start", "Monday of the ISO week, or first day of the month", required=True),
    *_grouping(),
    count("n", "Issues with a cycle time behind the figures", required=True),
    ratio("mean_days", "Mean cycle time in days"),
    ratio("p50_days", "Median cycle time in days, interpolated"),
    ratio("p70_days", "70th percentile in days, interpolated"),
    ratio("p85_days", "85th percentile in days, interpolated"),
    ratio("p95_days", "95th percentile in days, interpolated"),
    count("skipped_count", "Issues finished in the period that skipped in_progress", required=True),
)

throughput = make(
    "throughput",
    "One row per period, project, home board and type: delivered issues. Sums over rows are right.",
    key("throughput_id", "<period>:<period_start>:<project_id>:<board_id>:<issue_type>"),
    text("period", "week or month", required=True),
    day("period_start", "Monday of the ISO week, or first day of the month", required=True),
    text("project_id", "projects.project_id", required=True),
    text("board_id", "boards.board_id: home board"),
    text("issue_type", "Type", required=True),
    count("finished_issues", "Issues finished in the period", required=True),
    points("finished_points", "Their points as of the finish"),
)

daily_flow = make(
    "daily_flow",
    "One row per local day, project, home board, type, level and status: issues in it at the end of the day.",
    key("daily_flow_id", "<day>:<project_id>:<board_id>:<issue_type>:<level>:<stage>:<status>"),
    day("day", "Local day", required=True),
    text("project_id", "projects.project_id as of now", required=True),
    text("board_id", "boards.board_id: home board as of now"),
    text("issue_type", "Type as of now", required=True),
    text("level", "portfolio, standard or subtask", required=True),
    text("status", "Status, by its name of today where it has one", required=True),
    text("stage", "Stage of the status; NULL when it was never known"),
    count("issues", "Issues in it at the end of the day", required=True),
    count("arrivals", "Issues that came into it on the day", required=True),
    count("departures", "Issues that left it on the day", required=True),
    count(
        "issues_monotone",
        "The same without what was taken back later: no line of the picture ever falls",
        required=True,
    ),
    Index(None, "day"),
)

wip_aging = make(
    "wip_aging",
    "One row per issue that is in progress now.",
    key("issue_id", "issues.issue_id"),
    text("project_id", "projects.project_id", required=True),
    text("board_id", "boards.board_id: home board"),
    text("issue_type", "Type", required=True),
    text("stage", "Stage: in_progress", required=True),
    text("status", "Status", required=True),
    ratio("age_days", "Days since started_at"),
    ratio("status_age_days", "Days in the current status"),
    count(
        "percentile_passed",
        "Highest of 50, 70, 85, 95 whose cycle time its age has reached; 0: none; NULL: no comparison",
    ),
    text("compared_with", "What it is compared with: board, project or all"),
    count("compared_count", "Issues with a cycle time in that comparison", required=True),
    flag("is_blocked", "Blocked now", required=True),
)

dates = make(
    "dates",
    "One row per calendar day in calendar.timezone, from the first issue to a year ahead.",
    Column("day", Date, primary_key=True, comment="The day"),
    day("week_start", "Monday of its ISO week", required=True),
    day("month_start", "First day of its month", required=True),
    day("quarter_start", "First day of its quarter", required=True),
    count("year", "Year", required=True),
    count("quarter", "Quarter, 1 to 4", required=True),
    count("month", "Month, 1 to 12", required=True),
    count("iso_year", "Year of its ISO week", required=True),
    count("iso_week", "ISO week, 1 to 53", required=True),
    count("weekday", "1 Monday to 7 Sunday", required=True),
    text("month_name", "e.g. 2026-05", required=True),
    flag("is_working_day", "A working day of the calendar that is no holiday", required=True),
    text("holiday", "Name of the holiday"),
    moment("starts_at", "First instant of the day", required=True),
    moment("ends_at", "First instant of the next day", required=True),
)

definitions = make(
    "definitions",
    "One row per computed table: the rules and the version it was computed with.",
    key("table_name", "Computed table"),
    moment("as_of", "The run's now", required=True),
    text("code_version", "Version of flowmart", required=True),
    text("settings_hash", "Hash of the settings below", required=True),
    long_text("settings", "Workflow, calendar, sprint and defect rules in force, as JSON"),
)
