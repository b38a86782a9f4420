"""Tables that `compute` fills from the loaded ones."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Date, Index

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
    seconds("cycle_first_to_last_seconds", "finished_at − first_started_at"),
    seconds("cycle_last_run_seconds", "finished_at − last entry into in_progress before it"),
    seconds("lead_seconds", "finished_at − created_at"),
    seconds("age_seconds", "now − started_at, while in progress"),
    seconds("status_age_seconds", "Time in the current status, while in progress"),
    count("reopened_count", "Exits from done to todo or in_progress", required=True),
    count("backward_count", "Moves to an earlier stage, reopenings included", required=True),
    points("points_at_finish", "Estimate as of finished_at"),
    text("started_by_change_id", "issue_changes.change_id that started it; NULL when it was created in progress"),
    text("finished_by_change_id", "issue_changes.change_id that finished it; NULL when it was created done"),
    text(
        "exclusion",
        "Why it has no cycle time: deleted, moved_away, access_lost, level, cancelled, not_finished, "
        "skipped_in_progress",
    ),
    Index(None, "finished_on"),
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

sprint_issues = make(
    "sprint_issues",
    "One row per issue that was a member of a sprint between its start and its end.",
    key("sprint_issue_id", "<sprint_id>:<issue_id>"),
    text("sprint_id", "sprints.sprint_id", required=True),
    text("issue_id", "issues.issue_id", required=True),
    flag("is_committed", "Member at the start, neither done nor cancelled then", required=True),
    moment("added_at", "When it came into scope; NULL for committed ones and those never in scope"),
    moment("removed_at", "When it last left the scope before the end, if it stayed away"),
    points("points_at_start", "Estimate as of the start (or of the joining)"),
    points("points_at_end", "Estimate as of the end (or of the leaving)"),
    text("outcome", "completed, carried_over, removed, cancelled or completed_outside", required=True),
    text("carried_to_sprint_id", "sprints.sprint_id that a carried-over issue went to next"),
    Index(None, "issue_id"),
)

sprint_scope_events = make(
    "sprint_scope_events",
    "One row per event that changed a sprint's scope or its completion.",
    key("sprint_scope_event_id", "<sprint_id>:<issue_id>:<ordinal>"),
    text("sprint_id", "sprints.sprint_id", required=True),
    text("issue_id", "issues.issue_id", required=True),
    text("event", "committed, added, removed, estimate_changed, completed, reopened or cancelled", required=True),
    moment("at", "When", required=True),
    points("points_before", "Estimate before the event; NULL: not estimated or not in scope"),
    points("points_after", "Estimate after the event; NULL: not estimated or no longer in scope"),
    Index(None, "sprint_id"),
)


def _points_and_issues(name: str, comment: str) -> list[Column[Any]]:
    return [points(f"{name}_points", f"{comment}, in points"), count(f"{name}_issues", f"{comment}, in issues")]


sprint_metrics = make(
    "sprint_metrics",
    "One row per active or closed sprint.",
    key("sprint_id", "sprints.sprint_id"),
    text("board_id", "boards.board_id"),
    text("state", "active or closed", required=True),
    moment("start_at", "Instant that counts as the start", required=True),
    moment("end_at", "Instant that counts as the end; open sprints: now", required=True),
    *_points_and_issues("committed", "Members at the start, neither done nor cancelled"),
    *_points_and_issues("added", "Joined (or reopened) after the start"),
    *_points_and_issues("removed", "Left before the end"),
    points("reestimated_points", "Signed sum of estimate changes of issues in scope"),
    count("reestimated_issues", "Issues in scope whose estimate changed"),
    *_points_and_issues("final_scope", "committed + added − removed + reestimated"),
    *_points_and_issues("completed", "In scope, member and done at the end"),
    *_points_and_issues("cancelled", "In scope and cancelled by the end"),
    *_points_and_issues("carried_over", "In scope, neither done nor cancelled at the end"),
    *_points_and_issues("completed_outside", "Done before the start or before joining; in no scope"),
    ratio("say_do_points", "Completed of the committed ÷ committed, by the estimate at the start"),
    ratio("say_do_issues", "Completed of the committed ÷ committed, in issues"),
    ratio("completion_rate_points", "completed ÷ final_scope, in points"),
    ratio("completion_rate_issues", "completed ÷ final_scope, in issues"),
    ratio("scope_change_points", "(added + removed) ÷ committed, in points"),
    ratio("scope_change_issues", "(added + removed) ÷ committed, in issues"),
    count("unestimated_issues", "Issues of the final scope without an estimate"),
)

velocity_trend = make(
    "velocity_trend",
    "One row per closed sprint: its velocity and that of the board's sprints before it.",
    key("sprint_id", "sprints.sprint_id"),
    text("board_id", "boards.board_id"),
    moment("end_at", "End of the sprint: the order of the trend", required=True),
    points("velocity", "completed_points of the sprint"),
    count("velocity_issues", "completed_issues of the sprint"),
    ratio("mean_3", "Mean velocity of the last 3 sprints"),
    ratio("sd_3", "Sample standard deviation of the last 3"),
    ratio("mean_5", "Mean velocity of the last 5 sprints"),
    ratio("sd_5", "Sample standard deviation of the last 5"),
    ratio("slope_6", "Least-squares slope over the last 6, points a sprint"),
    ratio("next_low", "Lower end of the 80 % prediction interval for the next sprint"),
    ratio("next_high", "Upper end of the 80 % prediction interval for the next sprint"),
)

defects = make(
    "defects",
    "One row per defect.",
    key("issue_id", "issues.issue_id"),
    day("created_on", "Local day of creation", required=True),
    text("severity", "Severity as of now"),
    text("escape_class", "escaped, internal or unknown: as of now", required=True),
    text("escape_rule", "Name of the first rule that matched, else `rule N`; NULL for unknown"),
    text("escape_evidence", "The value that matched"),
    text("escape_class_at_creation", "The same as of creation", required=True),
    flag("is_cancelled", "Finished without being delivered; counts in no rate", required=True),
    text("introduced_in_version_id", "versions.version_id: the earliest released affects-version"),
    count("days_after_release", "Days from that release to creation; negative when it was found before"),
    moment("finished_at", "Finish"),
    seconds("resolve_seconds", "finished_at − created_at"),
)

defect_escape = make(
    "defect_escape",
    "One row per period (or release) and group: how many of the classified defects escaped.",
    key("defect_escape_id", "<period>:<period_start>:<basis>:<version_id>:<grouping>:<project_id>:<board_id>"),
    text("period", "week or month (discovery), release (release)", required=True),
    day("period_start", "First day of the period; release: the release day"),
    text("basis", "discovery: by creation; release: by introducing version", required=True),
    text("version_id", "versions.version_id (basis release)"),
    text("grouping", "all, project or board", required=True),
    text("project_id", "projects.project_id; NULL where the grouping does not use it"),
    text("board_id", "boards.board_id; NULL where the grouping does not use it"),
    count("defects", "Defects that are not cancelled", required=True),
    count("escaped", "Of them escaped", required=True),
    count("internal", "Of them found before release", required=True),
    count("unknown", "Of them matched by no rule", required=True),
    ratio("rate", "escaped ÷ (escaped + internal); NULL when both are 0"),
    ratio("unknown_share", "unknown ÷ defects"),
    ratio("rate_weighted", "rate with each defect weighted by defects.severity_weights"),
    count("escaped_30d", "Escaped, found within 30 days after the release (basis release)"),
    count("escaped_90d", "Escaped, found within 90 days after the release (basis release)"),
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

COMPUTED = (
    dates,
    status_intervals,
    sprint_memberships,
    estimates,
    issue_flow,
    cycle_time_trend,
    throughput,
    sprint_issues,
    sprint_scope_events,
    sprint_metrics,
    velocity_trend,
    defects,
    defect_escape,
    definitions,
)
"""All of them, in the order of computing."""
