"""Computed tables about sprints."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index

from warehouse.tables.base import count, day, flag, key, make, moment, points, ratio, text

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
    Index(None, "sprint_id"),
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
    Index(None, "issue_id"),
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
    day("ended_on", "Last local day; open sprints: last planned one, NULL without a plan"),
    *_points_and_issues("committed", "Members at the start, neither done nor cancelled"),
    *_points_and_issues("added", "Joined (or reopened) after the start"),
    *_points_and_issues("removed", "Left before the end"),
    points("reestimated_points", "Signed sum of estimate changes of issues in scope"),
    count("reestimated_issues", "Issues in scope whose estimate changed; no part of final_scope_issues"),
    points("final_scope_points", "committed + added − removed + reestimated, in points"),
    count("final_scope_issues", "committed + added − removed, in issues"),
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

sprint_days = make(
    "sprint_days",
    "One row per local day of an active or closed sprint: where burndown and burn-up stand at its end.",
    key("sprint_day_id", "<sprint_id>:<day>"),
    text("sprint_id", "sprints.sprint_id", required=True),
    day("day", "Local day", required=True),
    flag("is_working_day", "A working day of the calendar that is no holiday", required=True),
    *_points_and_issues("remaining", "In scope, neither done nor cancelled; NULL for days to come"),
    *_points_and_issues("completed", "In scope and done; NULL for days to come"),
    *_points_and_issues("scope", "In scope; NULL for days to come"),
    ratio(
        "ideal_points", "Line from the committed points at the start to 0 at the planned end, over working days only"
    ),
    ratio("ideal_issues", "The same in issues"),
    Index(None, "sprint_id"),
)

velocity_trend = make(
    "velocity_trend",
    "One row per closed sprint: its velocity and that of the board's sprints before it.",
    key("sprint_id", "sprints.sprint_id"),
    text("board_id", "boards.board_id"),
    moment("end_at", "End of the sprint: the order of the trend", required=True),
    day("ended_on", "Last local day of the sprint", required=True),
    points("velocity", "completed_points of the sprint"),
    count("velocity_issues", "completed_issues of the sprint"),
    ratio("mean_3", "Mean velocity of the last 3 sprints, this one included; NULL until there are 3"),
    ratio("sd_3", "Sample standard deviation of the last 3"),
    ratio("mean_5", "Mean velocity of the last 5 sprints; NULL until there are 5"),
    ratio("sd_5", "Sample standard deviation of the last 5"),
    ratio("slope_6", "Least-squares slope over the last 6, points a sprint; NULL until there are 6"),
    ratio(
        "next_low",
        "Lower end of the 80 % prediction interval for the next sprint, from the last 6 (at least 3); may be below 0",
    ),
    ratio("next_high", "Upper end of the 80 % prediction interval for the next sprint"),
)
