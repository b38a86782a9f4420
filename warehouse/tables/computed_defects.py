"""Computed tables about defects."""

from __future__ import annotations

from warehouse.tables.base import count, day, flag, key, long_text, make, moment, points, ratio, seconds, text

defects = make(
    "defects",
    "One row per defect.",
    key("issue_id", "issues.issue_id"),
    text("project_id", "projects.project_id as of now", required=True),
    text("board_id", "boards.board_id: home board"),
    moment("created_at", "Creation", required=True),
    day("created_on", "Local day of created_at", required=True),
    text("severity", "Severity as of now"),
    text("escape_class", "escaped, internal or unknown: as of now", required=True),
    text("escape_rule", "Name of the first rule that matched, else `rule N`; NULL for unknown"),
    text("escape_evidence", "The value that matched"),
    text("escape_class_at_creation", "The same as of creation", required=True),
    flag("is_cancelled", "Finished without being delivered; counts in no rate", required=True),
    text("introduced_in_version_id", "versions.version_id: the earliest released affects-version"),
    count("days_after_release", "Days from that release to creation; negative when it was found before"),
    moment("finished_at", "Finish"),
    day("finished_on", "Local day of finished_at"),
    seconds("resolve_seconds", "finished_at − created_at"),
    long_text(
        "stage_moves",
        "Each entry into done or removed and each way out of it, where there is more to tell than finished_at: "
        "`INSTANT STAGE` with `; ` between, `(moved)` behind one whose entry also moved or retyped the issue",
    ),
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

defect_quality = make(
    "defect_quality",
    "One row per period and group: reopenings, time to resolve, open defects and defects per delivered work.",
    key("defect_quality_id", "<period>:<period_start>:<grouping>:<project_id>:<board_id>"),
    text("period", "week or month", required=True),
    day("period_start", "Monday of the ISO week, or first day of the month", required=True),
    text("grouping", "all, project or board", required=True),
    text("project_id", "projects.project_id; NULL where the grouping does not use it"),
    text("board_id", "boards.board_id; NULL where the grouping does not use it"),
    count("inflow", "Defects created in the period", required=True),
    count("outflow", "Defects finished in the period", required=True),
    count("done_events", "Entries of defects into done in the period that are at least 14 days old now", required=True),
    count("reopened_events", "Of them, followed by a reopening within 14 days", required=True),
    ratio("reopen_rate", "reopened_events ÷ done_events; NULL when there were none"),
    ratio("resolve_mean_days", "Mean time to resolve of those finished in the period, in days"),
    ratio("resolve_p50_days", "Its median in days, interpolated"),
    ratio("resolve_p85_days", "Its 85th percentile in days, interpolated"),
    count("open_defects", "Defects neither finished nor cancelled at the end of the period, or now", required=True),
    ratio("open_age_mean_days", "Mean age of these then, in days"),
    ratio("open_age_p50_days", "Median age of these then, in days"),
    count("finished_issues", "Delivered issues of the period that are no defects", required=True),
    points("finished_points", "Points of all delivered issues of the period"),
    ratio("defects_per_10_issues", "inflow per 10 finished_issues; NULL when there were none"),
    ratio("defects_per_100_points", "inflow per 100 finished_points; NULL when there were none"),
)
