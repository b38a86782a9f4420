"""Calculated fields of flow: cycle and lead time, delivered work, time lost, work in progress and its age."""

from __future__ import annotations

from collections.abc import Sequence

from exports.model import Kind
from exports.tableau.calculation import Calculation

_DELIVERED = '(ISNULL({issue_flow.exclusion}) OR {issue_flow.exclusion} = "skipped_in_progress")'
_SKIPPED = 'COUNT(IF {issue_flow.exclusion} = "skipped_in_progress" THEN {issue_flow.issue_id} END)'
_FINISHED = f"COUNT(IF {_DELIVERED} THEN {{issue_flow.issue_id}} END)"
_EFFICIENT = "ISNULL({issue_flow.exclusion}) AND NOT ISNULL({issue_flow.flow_efficiency})"
_IN_PROGRESS_SECONDS = "{issue_flow.active_seconds} + {issue_flow.waiting_seconds} + {issue_flow.blocked_seconds}"
_BY_FINISH = "Over time: by the day of the finish."


def _cycle(percent: int) -> Calculation:
    return Calculation(
        f"Cycle time p{percent}",
        "Cycle time",
        Kind.DAYS,
        f"PERCENTILE({{issue_flow.cycle_days}}, 0.{percent})",
        f"{percent}th percentile of the cycle time in days (finish minus start, elapsed), interpolated; issues that "
        f"skipped in_progress, were cancelled or are no standard issues have none. {_BY_FINISH}",
        (f"cycle_time_trend.p{percent}_days",),
    )


def _lead(percent: int) -> Calculation:
    return Calculation(
        f"Lead time p{percent}",
        "Cycle time",
        Kind.DAYS,
        f"PERCENTILE(IF {_DELIVERED} THEN {{issue_flow.lead_seconds}} / 86400 END, 0.{percent})",
        f"{percent}th percentile of the lead time in days (finish minus creation) of the issues delivered, "
        f"interpolated. {_BY_FINISH}",
    )


FLOW: Sequence[Calculation] = (
    *(_cycle(percent) for percent in (50, 70, 85, 95)),
    Calculation(
        "Cycle time mean",
        "Cycle time",
        Kind.DAYS,
        "AVG({issue_flow.cycle_days})",
        f"Mean cycle time in days. {_BY_FINISH}",
        ("cycle_time_trend.mean_days",),
    ),
    Calculation(
        "Issues measured",
        "Cycle time",
        Kind.COUNT,
        "COUNT({issue_flow.cycle_days})",
        "How many issues stand behind the cycle times.",
        ("cycle_time_trend.n",),
    ),
    *(_lead(percent) for percent in (50, 85)),
    Calculation(
        "Throughput: issues",
        "Throughput",
        Kind.COUNT,
        _FINISHED,
        f"Standard issues finished and not cancelled; those that skipped in_progress count. {_BY_FINISH}",
        ("throughput.finished_issues",),
    ),
    Calculation(
        "Throughput: points",
        "Throughput",
        Kind.POINTS,
        f"ZN(SUM(IF {_DELIVERED} THEN {{issue_flow.points_at_finish}} END))",
        f"Points of the delivered issues, as of their finish. {_BY_FINISH}",
        ("throughput.finished_points",),
    ),
    Calculation(
        "Skipped in progress",
        "Throughput",
        Kind.COUNT,
        _SKIPPED,
        f"Delivered issues that were never in progress: they have no cycle time. {_BY_FINISH}",
        ("cycle_time_trend.skipped_count",),
    ),
    Calculation(
        "Skipped share",
        "Throughput",
        Kind.PERCENT,
        f"{_SKIPPED} / {_FINISHED}",
        f"Share of the delivered issues that were never in progress. {_BY_FINISH}",
    ),
    Calculation(
        "Flow efficiency (of all)",
        "Time in progress",
        Kind.PERCENT,
        f"SUM(IF {_EFFICIENT} THEN {{issue_flow.active_seconds}} END) / "
        f"SUM(IF {_EFFICIENT} THEN {_IN_PROGRESS_SECONDS} END)",
        "Active time divided by active, waiting and blocked time of the issues with a cycle time, summed before they "
        "are divided; of one issue it is issue_flow.flow_efficiency. Issues where nothing says what waits or blocks "
        f"are left out, and without any it is empty, never 100 %. {_BY_FINISH}",
        ("issue_flow.flow_efficiency",),
    ),
    Calculation(
        "Blocked days",
        "Time in progress",
        Kind.DAYS,
        "SUM({issue_flow.blocked_seconds}) / 86400",
        "Days that issues spent blocked while in progress, up to their finish or now.",
        ("issue_flow.blocked_seconds",),
    ),
    Calculation(
        "Waiting days",
        "Time in progress",
        Kind.DAYS,
        "SUM({issue_flow.waiting_seconds}) / 86400",
        "Days that issues spent in waiting statuses, not blocked, up to their finish or now.",
        ("issue_flow.waiting_seconds",),
    ),
    Calculation(
        "Reopened share",
        "Time in progress",
        Kind.PERCENT,
        f"COUNT(IF {_DELIVERED} AND {{issue_flow.reopened_count}} > 0 THEN {{issue_flow.issue_id}} END) / {_FINISHED}",
        f"Share of the delivered issues that had been done before and were taken up again. {_BY_FINISH}",
    ),
    Calculation(
        "WIP",
        "Work in progress",
        Kind.NUMBER,
        'SUM(IF {daily_flow.stage} = "in_progress" AND {daily_flow.level} = "standard" '
        "THEN {daily_flow.issues} ELSE 0 END) / COUNTD({daily_flow.day})",
        "Standard issues in progress at the end of the day; over several days their mean.",
        ("daily_flow.issues",),
    ),
    Calculation(
        "WIP now",
        "Work in progress",
        Kind.COUNT,
        "COUNT({wip_aging.issue_id})",
        "Issues in progress as of the last compute.",
    ),
    Calculation(
        "Blocked now",
        "Work in progress",
        Kind.COUNT,
        "COUNT(IF {wip_aging.is_blocked} THEN {wip_aging.issue_id} END)",
        "Issues in progress that are blocked as of the last compute.",
        ("wip_aging.is_blocked",),
    ),
    Calculation(
        "Age p85",
        "Work in progress",
        Kind.DAYS,
        "PERCENTILE({wip_aging.age_days}, 0.85)",
        "85th percentile of the age in days (now minus start) of the issues in progress, interpolated.",
    ),
    Calculation(
        "WIP older than p85",
        "Work in progress",
        Kind.COUNT,
        "COUNT(IF {wip_aging.percentile_passed} >= 85 THEN {wip_aging.issue_id} END)",
        "Issues in progress that are older than 85 % of the cycle times of their like in the last year.",
        ("wip_aging.percentile_passed",),
    ),
)
"""Flow, by folder."""
