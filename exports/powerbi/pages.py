"""The five pages of the report: flow, sprints, quality, alerts, data quality."""

from __future__ import annotations

from collections.abc import Sequence

from exports.powerbi.layout import Cell, Page, Visual, cards, slicers

_LEFT, _RIGHT = Cell(0, 3, 6, 4), Cell(6, 3, 6, 4)
_LOWER_LEFT, _LOWER_RIGHT = Cell(0, 7, 6, 5), Cell(6, 7, 6, 5)
_BELOW = Cell(0, 7, 12, 5)

FLOW = Page(
    "flow",
    "Flow",
    [
        *slicers(("Month", "dates.month_name"), ("Project", "projects.name"), ("Board", "boards.name")),
        *cards("Finished issues", "Cycle time p50", "Cycle time p85", "Flow efficiency", "WIP now", "Age p85"),
        Visual(
            "clusteredColumnChart",
            "Finished and created issues by month",
            _LEFT,
            [("Category", ["dates.month_name"]), ("Y", ["Finished issues", "Created issues"])],
        ),
        Visual(
            "lineChart",
            "Cycle time in days by month of finish",
            _RIGHT,
            [
                ("Category", ["dates.month_name"]),
                ("Y", ["Cycle time p50", "Cycle time p70", "Cycle time p85", "Cycle time p95"]),
            ],
        ),
        Visual(
            "lineChart",
            "Work in progress at the end of the week",
            _LOWER_LEFT,
            [("Category", ["dates.week_start"]), ("Y", ["WIP"])],
        ),
        Visual(
            "tableEx",
            "In progress now, the oldest first",
            _LOWER_RIGHT,
            [
                (
                    "Values",
                    [
                        "issues.key",
                        "issues.summary",
                        "wip_aging.status",
                        "wip_aging.age_days",
                        "wip_aging.percentile_passed",
                        "wip_aging.is_blocked",
                    ],
                )
            ],
            sort=("wip_aging.age_days", "Descending"),
        ),
    ],
)
SPRINTS = Page(
    "sprints",
    "Sprints",
    [
        *slicers(
            ("Month", "dates.month_name"),
            ("Board", "boards.name"),
            ("Sprint", "sprints.name"),
            ("State", "sprints.state"),
        ),
        *cards(
            "Velocity mean of last 3",
            "Next sprint low",
            "Next sprint high",
            "Say/do points",
            "Completion rate",
            "Scope change",
        ),
        Visual(
            "clusteredColumnChart",
            "Committed and completed points by sprint",
            _LEFT,
            [
                ("Category", ["sprints.name"]),
                ("Y", ["Committed points", "Completed points"]),
                ("Tooltips", ["Sprint end"]),
            ],
            sort=("Sprint end", "Ascending"),
        ),
        Visual(
            "lineClusteredColumnComboChart",
            "Velocity and its mean of the last 3 sprints",
            _RIGHT,
            [
                ("Category", ["sprints.name"]),
                ("Y", ["Velocity"]),
                ("Y2", ["Velocity mean of last 3"]),
                ("Tooltips", ["Sprint end"]),
            ],
            sort=("Sprint end", "Ascending"),
        ),
        Visual(
            "lineChart",
            "Burndown of the active sprints: remaining points by day",
            _LOWER_LEFT,
            [("Category", ["dates.day"]), ("Series", ["sprints.name"]), ("Y", ["Remaining points"])],
            only=("sprints.state", ["active"]),
        ),
        Visual(
            "tableEx",
            "Sprints, the latest first",
            _LOWER_RIGHT,
            [
                (
                    "Values",
                    [
                        "sprints.board_name",
                        "sprints.name",
                        "Sprint end",
                        "Committed points",
                        "Added points",
                        "Removed points",
                        "Completed points",
                        "Carried over points",
                        "Say/do points",
                    ],
                )
            ],
            sort=("Sprint end", "Descending"),
        ),
    ],
)
QUALITY = Page(
    "quality",
    "Quality",
    [
        *slicers(("Month", "dates.month_name"), ("Project", "projects.name"), ("Board", "boards.name")),
        *cards(
            "Defects",
            "Escape rate",
            "Escape rate unknown share",
            "Open defects",
            "Time to resolve p85",
            "Defect reopen rate",
        ),
        Visual(
            "columnChart",
            "Defects by month of creation: escaped, internal, unknown",
            _LEFT,
            [("Category", ["dates.month_name"]), ("Y", ["Escaped defects", "Internal defects", "Unknown defects"])],
        ),
        Visual(
            "lineChart",
            "Escape rate and the share that it does not know",
            _RIGHT,
            [("Category", ["dates.month_name"]), ("Y", ["Escape rate", "Escape rate unknown share"])],
        ),
        Visual(
            "clusteredColumnChart",
            "Defects created and finished by month",
            _LOWER_LEFT,
            [("Category", ["dates.month_name"]), ("Y", ["Defects", "Defects finished"])],
        ),
        Visual(
            "tableEx",
            "Defects and why they are counted as they are",
            _LOWER_RIGHT,
            [
                (
                    "Values",
                    [
                        "issues.key",
                        "issues.summary",
                        "defects.severity",
                        "defects.escape_class",
                        "defects.escape_rule",
                        "defects.escape_evidence",
                        "defects.created_on",
                    ],
                )
            ],
            sort=("defects.created_on", "Descending"),
        ),
    ],
)
ALERTS = Page(
    "alerts",
    "Alerts",
    [
        *slicers(
            ("Month", "dates.month_name"),
            ("Project", "projects.name"),
            ("Board", "boards.name"),
            ("Rule", "alerts.rule"),
        ),
        *cards(
            "Open alerts",
            "Open alerts, high",
            "Open alerts, medium",
            "Oldest open alert",
            "Alerts opened",
            "Alerts over",
        ),
        Visual(
            "clusteredBarChart",
            "Open alerts by rule and severity",
            _LEFT,
            [("Category", ["alerts.rule"]), ("Series", ["alerts.severity"]), ("Y", ["Open alerts"])],
            sort=("Open alerts", "Descending"),
        ),
        Visual(
            "clusteredColumnChart",
            "Alerts by month of opening, and those of them that are over",
            _RIGHT,
            [("Category", ["dates.month_name"]), ("Y", ["Alerts opened", "Alerts over"])],
        ),
        Visual(
            "tableEx",
            "What is out of line now, the latest first",
            _BELOW,
            [
                (
                    "Values",
                    [
                        "alerts.severity",
                        "alerts.rule",
                        "alerts.subject_name",
                        "alerts.message",
                        "alerts.opened_on",
                        "alerts.value",
                        "alerts.threshold",
                        "alerts.n",
                        "Open alerts",
                    ],
                )
            ],
            sort=("alerts.opened_on", "Descending"),
        ),
    ],
)
"""A measure that counts only what is open leaves the rows out of the table that are over."""
DATA_QUALITY = Page(
    "data-quality",
    "Data quality",
    [
        *slicers(
            ("Severity", "data_quality.severity"), ("Check", "data_quality.check_name"), ("Source", "sources.source_id")
        ),
        *cards("Findings", "Errors found", "Warnings found", "Failed streams", "Last sync", "As of"),
        Visual(
            "clusteredBarChart",
            "Findings by check",
            _LEFT,
            [("Category", ["data_quality.check_name"]), ("Y", ["Findings"])],
            sort=("Findings", "Descending"),
        ),
        Visual(
            "tableEx",
            "Syncs, the latest first",
            _RIGHT,
            [
                (
                    "Values",
                    [
                        "sync_runs.started_at",
                        "sync_runs.source_id",
                        "sync_runs.stream",
                        "sync_runs.outcome",
                        "sync_runs.error",
                    ],
                )
            ],
            sort=("sync_runs.started_at", "Descending"),
        ),
        Visual(
            "tableEx",
            "Findings and what to do",
            _BELOW,
            [
                (
                    "Values",
                    [
                        "data_quality.severity",
                        "data_quality.check_name",
                        "data_quality.entity",
                        "data_quality.entity_id",
                        "data_quality.evidence",
                        "data_quality.advice",
                    ],
                )
            ],
            sort=("data_quality.severity", "Ascending"),
        ),
    ],
)
PAGES: Sequence[Page] = (FLOW, SPRINTS, QUALITY, ALERTS, DATA_QUALITY)
"""In their order."""
