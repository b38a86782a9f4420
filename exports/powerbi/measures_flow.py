"""Measures of flow: delivered work, cycle and lead time, time lost, work in progress and its age."""

from __future__ import annotations

from collections.abc import Sequence

from exports.model import Kind
from exports.powerbi.measure import Measure

_DELIVERED = 'FILTER({issue_flow}, ISBLANK({issue_flow.exclusion}) || {issue_flow.exclusion} = "skipped_in_progress")'
_MEASURED = "FILTER({issue_flow}, NOT ISBLANK({issue_flow.cycle_days}))"
_EFFICIENT = "FILTER({issue_flow}, ISBLANK({issue_flow.exclusion}) && NOT ISBLANK({issue_flow.flow_efficiency}))"
_IN_PROGRESS_SECONDS = "{issue_flow.active_seconds} + {issue_flow.waiting_seconds} + {issue_flow.blocked_seconds}"


def _cycle(percent: int) -> Measure:
    return Measure(
        f"Cycle time p{percent}",
        "Cycle time",
        Kind.DAYS,
        f"PERCENTILEX.INC({_MEASURED}, {{issue_flow.cycle_days}}, 0.{percent})",
        f"{percent}th percentile of the cycle time in days (finish minus start, elapsed) of the issues finished in the "
        "period, interpolated; issues that skipped in_progress, were cancelled or are no standard issues have none.",
        (f"cycle_time_trend.p{percent}_days",),
    )


def _lead(percent: int) -> Measure:
    return Measure(
        f"Lead time p{percent}",
        "Cycle time",
        Kind.DAYS,
        f"PERCENTILEX.INC({_DELIVERED}, {{issue_flow.lead_seconds}} / 86400, 0.{percent})",
        f"{percent}th percentile of the lead time in days (finish minus creation) of the issues delivered in the "
        "period, interpolated.",
    )


def _of_bridge(table: str, what: str) -> Measure:
    return Measure(
        f"Finished issues by {what}",
        "Throughput",
        Kind.COUNT,
        f"CALCULATE([Finished issues], {{{table}}})",
        f"Issues delivered in the period that have one of the chosen {what}s: put {what}s of the table beside it. "
        f"An issue with two {what}s counts for both, and once in the total.",
    )


FLOW: Sequence[Measure] = (
    Measure(
        "Finished issues",
        "Throughput",
        Kind.COUNT,
        f"COUNTROWS({_DELIVERED})",
        "Throughput: standard issues finished in the period and not cancelled; those that skipped in_progress count.",
        ("throughput.finished_issues",),
    ),
    Measure(
        "Finished points",
        "Throughput",
        Kind.POINTS,
        f"SUMX({_DELIVERED}, {{issue_flow.points_at_finish}})",
        "Points of the delivered issues, as of their finish.",
        ("throughput.finished_points",),
    ),
    Measure(
        "Finished issues per week",
        "Throughput",
        Kind.NUMBER,
        "VAR _now = [As of]\n"
        "VAR _weeks =\n"
        "    CALCULATE(\n"
        "        DISTINCTCOUNT({dates.week_start}),\n"
        "        KEEPFILTERS(FILTER(ALL({dates.starts_at}), {dates.starts_at} <= _now))\n"
        "    )\n"
        "RETURN\n"
        "    DIVIDE([Finished issues], _weeks)",
        "Delivered issues divided by the ISO weeks of the period that have begun, weeks without a finish included.",
    ),
    Measure(
        "Created issues",
        "Throughput",
        Kind.COUNT,
        "CALCULATE(\n"
        "    COUNTROWS({issue_flow}),\n"
        "    USERELATIONSHIP({issue_flow.created_on}, {dates.day}),\n"
        '    KEEPFILTERS({issue_flow.level} = "standard"),\n'
        "    KEEPFILTERS(\n"
        "        FILTER(\n"
        "            ALL({issue_flow.exclusion}),\n"
        '            NOT {issue_flow.exclusion} IN { "deleted", "moved_away", "access_lost" }\n'
        "        )\n"
        "    )\n"
        ")",
        "Standard issues created in the period that are still there.",
    ),
    _of_bridge("issue_labels", "label"),
    _of_bridge("issue_components", "component"),
    _of_bridge("issue_versions", "version"),
    *(_cycle(percent) for percent in (50, 70, 85, 95)),
    Measure(
        "Cycle time mean",
        "Cycle time",
        Kind.DAYS,
        "AVERAGE({issue_flow.cycle_days})",
        "Mean cycle time in days of the issues finished in the period.",
        ("cycle_time_trend.mean_days",),
    ),
    Measure(
        "Issues measured",
        "Cycle time",
        Kind.COUNT,
        "COUNT({issue_flow.cycle_days})",
        "How many issues stand behind the cycle times.",
        ("cycle_time_trend.n",),
    ),
    Measure(
        "Skipped in progress",
        "Cycle time",
        Kind.COUNT,
        'CALCULATE(COUNTROWS({issue_flow}), KEEPFILTERS({issue_flow.exclusion} = "skipped_in_progress"))',
        "Issues finished in the period that were never in progress: they have no cycle time.",
        ("cycle_time_trend.skipped_count",),
    ),
    Measure(
        "Skipped share",
        "Cycle time",
        Kind.PERCENT,
        "DIVIDE([Skipped in progress] + 0, [Finished issues])",
        "Share of the delivered issues that were never in progress.",
    ),
    *(_lead(percent) for percent in (50, 85)),
    Measure(
        "Flow efficiency",
        "Time in progress",
        Kind.PERCENT,
        f"VAR _known = {_EFFICIENT}\n"
        "RETURN\n"
        f"    DIVIDE(SUMX(_known, {{issue_flow.active_seconds}}), SUMX(_known, {_IN_PROGRESS_SECONDS}))",
        "Active time divided by active, waiting and blocked time of the issues finished in the period, summed before "
        "they are divided; of one issue it is issue_flow.flow_efficiency. Issues where nothing says what waits or "
        "blocks are left out, and without any it is blank, never 100 %.",
        ("issue_flow.flow_efficiency",),
    ),
    Measure(
        "Flow efficiency median",
        "Time in progress",
        Kind.PERCENT,
        f"PERCENTILEX.INC(\n    {_EFFICIENT},\n    {{issue_flow.flow_efficiency}},\n    0.5\n)",
        "Median of the flow efficiency of the issues finished in the period.",
    ),
    Measure(
        "Blocked days",
        "Time in progress",
        Kind.DAYS,
        "DIVIDE(SUM({issue_flow.blocked_seconds}), 86400)",
        "Days that issues spent blocked while in progress, up to their finish or now, under the dates of the finish.",
        ("issue_flow.blocked_seconds",),
    ),
    Measure(
        "Waiting days",
        "Time in progress",
        Kind.DAYS,
        "DIVIDE(SUM({issue_flow.waiting_seconds}), 86400)",
        "Days that issues spent in waiting statuses, not blocked, up to their finish or now.",
        ("issue_flow.waiting_seconds",),
    ),
    Measure(
        "Blocked share",
        "Time in progress",
        Kind.PERCENT,
        f"DIVIDE(\n    SUM({{issue_flow.blocked_seconds}}),\n    SUMX({{issue_flow}}, {_IN_PROGRESS_SECONDS})\n)",
        "Blocked time divided by all time in progress.",
    ),
    Measure(
        "Reopened share",
        "Time in progress",
        Kind.PERCENT,
        f"DIVIDE(COUNTROWS(FILTER({_DELIVERED}, {{issue_flow.reopened_count}} > 0)) + 0, [Finished issues])",
        "Share of the issues delivered in the period that had been done before and were taken up again.",
    ),
    Measure(
        "WIP",
        "Work in progress",
        Kind.COUNT,
        "VAR _last =\n"
        "    MIN(MAX({dates.day}), CALCULATE(MAX({daily_flow.day}), ALL({daily_flow})))\n"
        "RETURN\n"
        "    CALCULATE(\n"
        "        SUM({daily_flow.issues}),\n"
        "        REMOVEFILTERS({dates}),\n"
        "        {dates.day} = _last,\n"
        '        KEEPFILTERS({daily_flow.stage} = "in_progress"),\n'
        '        KEEPFILTERS({daily_flow.level} = "standard")\n'
        "    )",
        "Standard issues in progress at the end of the last day of the period, or of the last day computed.",
        ("daily_flow.issues",),
    ),
    Measure(
        "WIP now",
        "Work in progress",
        Kind.COUNT,
        "COUNTROWS({wip_aging})",
        "Issues in progress as of the last compute.",
    ),
    Measure(
        "Blocked now",
        "Work in progress",
        Kind.COUNT,
        "CALCULATE(COUNTROWS({wip_aging}), KEEPFILTERS({wip_aging.is_blocked} = TRUE()))",
        "Issues in progress that are blocked as of the last compute.",
        ("wip_aging.is_blocked",),
    ),
    Measure(
        "Age mean",
        "Work in progress",
        Kind.DAYS,
        "AVERAGE({wip_aging.age_days})",
        "Mean age in days of the issues in progress: now minus start.",
        ("wip_aging.age_days",),
    ),
    Measure(
        "Age p85",
        "Work in progress",
        Kind.DAYS,
        "PERCENTILEX.INC({wip_aging}, {wip_aging.age_days}, 0.85)",
        "85th percentile of the age in days of the issues in progress, interpolated.",
    ),
    Measure(
        "Age max",
        "Work in progress",
        Kind.DAYS,
        "MAX({wip_aging.age_days})",
        "Age in days of the oldest issue in progress.",
    ),
    Measure(
        "WIP older than p85",
        "Work in progress",
        Kind.COUNT,
        "CALCULATE(COUNTROWS({wip_aging}), KEEPFILTERS({wip_aging.percentile_passed} >= 85))",
        "Issues in progress that are older than 85 % of the cycle times of their like in the last year.",
        ("wip_aging.percentile_passed",),
    ),
    Measure(
        "Hours booked",
        "Time in progress",
        Kind.NUMBER,
        "CALCULATE(DIVIDE(SUM({worklogs.seconds}), 3600), KEEPFILTERS(ISBLANK({worklogs.deleted_at})))",
        "Hours of work booked on the issues; deleted bookings do not count.",
        ("worklogs.seconds",),
    ),
)
"""Flow, by folder."""
