"""The catalogue of the checks that `compute` makes: how bad a finding is, what it is about, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from warehouse.findings import Finding

INFO, WARNING, ERROR = "info", "warning", "error"


class Check(NamedTuple):
    """What all findings of a check have in common."""

    severity: str
    entity: str
    """Kind of thing that `entity_id` names: its table, in the singular."""
    meaning: str
    advice: str


HISTORY_CHECKS: Mapping[str, Check] = {
    "history_gap": Check(
        WARNING,
        "issue",
        "An issue's history does not end in its current state",
        "Run `flowmart sync --full`; if it stays, the tracker lost a part of the history and the last step is a guess.",
    ),
    "unknown_status": Check(
        WARNING,
        "issue",
        "An issue was in a status whose category nobody knows; every metric passes over it",
        "Name the status in one of the lists of [workflow], e.g. `in_progress`.",
    ),
    "clock_order": Check(
        WARNING,
        "issue",
        "A change is dated before its issue was created",
        "Look at the issue's history: an import or a migration mostly wrote it; such changes count as of the creation.",
    ),
    "changes_after_now": Check(
        WARNING,
        "issue",
        "A change is dated after the run's now, and no metric sees it yet",
        "Compare the clocks of the tracker and of this machine, and look at $FLOWMART_NOW.",
    ),
}
"""Found while histories are replayed."""

ISSUE_CHECKS: Mapping[str, Check] = {
    "issue_without_status_row": Check(
        ERROR,
        "issue",
        "An issue is in a status that `statuses` does not have",
        "Run `flowmart sync --full`, and see that the account may read the statuses of the project.",
    ),
    "estimate_negative": Check(
        WARNING,
        "issue",
        "An estimate is below zero and makes sums of points smaller",
        "Correct the estimate in the tracker.",
    ),
    "created_after_updated": Check(
        WARNING,
        "issue",
        "An issue was last changed before it was created",
        "Look at the issue in the tracker: an import mostly wrote one of the two instants.",
    ),
    "points_in_two_fields": Check(
        WARNING,
        "issue",
        "Two fields that look like story points hold different numbers",
        "Let people fill one field only, and name it in `fields.story_points` of the source.",
    ),
}
"""Found in single issues."""

OVERALL_CHECKS: Mapping[str, Check] = {
    "stuck_in_progress": Check(
        INFO,
        "issue",
        "An issue has been in progress for more than 180 days",
        "Finish it, put it back or cancel it in the tracker: its age hides that of real work.",
    ),
    "source_never_synced": Check(
        ERROR,
        "source",
        "No sync of a source has ever ended without an error",
        "Run `flowmart check` and then `flowmart sync`, and see what they say.",
    ),
    "sync_is_stale": Check(
        WARNING,
        "source",
        "The last complete sync of a source began more than 26 hours before now",
        "See with `flowmart status` what failed, or whether the schedule still runs.",
    ),
    "stream_failed": Check(
        ERROR,
        "source",
        "The last run of a stream failed or was interrupted: what it pulls is not up to date",
        "Do what the error says, then run `flowmart sync`.",
    ),
    "status_without_stage": Check(
        WARNING,
        "status",
        "A status has a category that says no stage, and the config names none; issues in it count as not started",
        "Name the status in one of the lists of [workflow], e.g. `in_progress`.",
    ),
    "missing_user": Check(
        WARNING,
        "user",
        "Issues are assigned to or reported by somebody whom `users` does not have",
        "Give the account the permission to browse users, then run `flowmart sync --full`.",
    ),
    "unknown_group": Check(
        WARNING,
        "group",
        "A rule of [[defects.rules]] names a group whose members were never loaded, so that it matches no defect there",
        "See with `flowmart check` whether the group or a permission is missing, mend it, and run `flowmart sync`.",
    ),
    "released_without_day": Check(
        INFO,
        "version",
        "A version is marked as released but has no release day, so that no escape rate counts it",
        "Enter the release day in the tracker.",
    ),
    "sprint_never_closed": Check(
        WARNING,
        "sprint",
        "A sprint is still active more than 7 days after its planned end; its velocity is missing",
        "Close the sprint in the tracker.",
    ),
    "sprint_without_dates": Check(
        WARNING,
        "sprint",
        "An active or closed sprint has no start or no end, so that sprint metrics leave it out or lack its ideal line",
        "Enter the dates in the tracker; delete the sprint if it was never used.",
    ),
    "sprints_overlap": Check(
        INFO,
        "board",
        "Several sprints of a board are active at once: its velocity is split among them",
        "Nothing, if teams share the board on purpose; else close all but one.",
    ),
    "sprint_missing": Check(
        INFO,
        "sprint",
        "Issues were in a sprint that `sprints` does not have, so that no sprint metric counts it",
        "Nothing, if the sprint or its board was deleted; else let the account see the board and sync in full.",
    ),
    "no_estimates": Check(
        WARNING,
        "board",
        "Most issues of a board's last six closed sprints had no estimate: figures in points say little",
        "Read the figures in issues, or name the right field in `fields.story_points` of the source.",
    ),
    "finished_without_start": Check(
        WARNING,
        "project",
        "At least a tenth of a project's issues finished in the last 90 days never were in progress: no cycle time",
        "Move issues through a status of in_progress, or add statuses in which work is done to `workflow.in_progress`.",
    ),
    "resolved_but_not_done": Check(
        INFO,
        "project",
        "Jira issues have a resolution date while their status is not done",
        "Clear the resolution when issues are reopened (a post function), or add the status to `workflow.done`.",
    ),
    "done_without_resolution": Check(
        INFO,
        "project",
        "Jira issues are done without a resolution, so that cancelled ones count as delivered",
        "Set the resolution in the transitions to done, or name a status for dropped work in `workflow.removed`.",
    ),
    "issues_without_board": Check(
        INFO,
        "project",
        "At least half of a project's issues have no home board: figures by board leave them out",
        "Group by project instead, or add the board (Azure DevOps: the area of the team) to the scope of the source.",
    ),
    "orphan_parent": Check(
        INFO,
        "project",
        "Issues have a parent that is not held, so that their epic is unknown",
        "Add the project of the parents to the scope of the source.",
    ),
    "no_escape_rules": Check(
        INFO,
        "source",
        "There are defects, but no rule that says which of them escaped",
        "Add [[defects.rules]] to the config; config.example.toml shows how.",
    ),
    "escape_unknown_share": Check(
        WARNING,
        "project",
        "No rule matches more than half of a project's defects of the last 90 days: the escape rate says little",
        "Add a rule that catches them to [[defects.rules]]; the last one may be a rule for a type.",
    ),
}
"""Found in small tables or in sums over all issues."""

CHECKS: Mapping[str, Check] = {**HISTORY_CHECKS, **ISSUE_CHECKS, **OVERALL_CHECKS}
"""Name → check, of all that `compute` makes; `reconcile` has its own."""


def finding(check_name: str, entity_id: str, evidence: str, *, source_id: str = "", what: str = "") -> Finding:
    """A finding of a check. The source, if not given, is the one that the entity's id begins with."""
    check = CHECKS[check_name]
    return Finding(
        check_name=check_name,
        severity=check.severity,
        source_id=source_id or entity_id.partition(":")[0],
        entity=check.entity,
        entity_id=entity_id,
        evidence=evidence,
        advice=check.advice,
        what=what,
    )


def share(part: int, whole: int) -> str:
    """E.g. `12 of 80 (15 %)`."""
    return f"{part:,} of {whole:,} ({part / whole:.0%})".replace("%)", " %)")
