"""Measures of defects and of the data itself."""

from __future__ import annotations

from collections.abc import Sequence

from exports.model import Kind
from exports.powerbi.measure import Measure

_COUNTED = "KEEPFILTERS({defects.is_cancelled} = FALSE())"
_RESOLVED = "FILTER({defects}, NOT {defects.is_cancelled} && NOT ISBLANK({defects.resolve_seconds}))"
_BY_FINISH = "USERELATIONSHIP({defects.finished_on}, {dates.day})"


def _of_class(name: str, value: str, column: str, what: str) -> Measure:
    return Measure(
        name,
        "Defects",
        Kind.COUNT,
        f'CALCULATE(COUNTROWS({{defects}}), {_COUNTED}, KEEPFILTERS({{defects.escape_class}} = "{value}"))',
        f"Defects created in the period that {what}; cancelled ones do not count.",
        (f"defect_escape.{column}",),
    )


def _resolve(percent: int) -> Measure:
    return Measure(
        f"Time to resolve p{percent}",
        "Defects",
        Kind.DAYS,
        f"CALCULATE(PERCENTILEX.INC({_RESOLVED}, {{defects.resolve_seconds}} / 86400, 0.{percent}), {_BY_FINISH})",
        f"{percent}th percentile of the days from creation to finish of the defects finished in the period.",
        (f"defect_quality.resolve_p{percent}_days",),
    )


def _of_release(name: str, dax: str, kind: Kind, description: str, column: str) -> Measure:
    return Measure(
        name,
        "Escape by release",
        kind,
        "CALCULATE(\n"
        f"    {dax},\n"
        '    KEEPFILTERS({defect_escape.basis} = "release"),\n'
        '    KEEPFILTERS({defect_escape.grouping} = "all")\n'
        ")",
        f"{description} By the release that introduced the defect, under the date of the release; over all projects.",
        (f"defect_escape.{column}",),
    )


_REOPENED = """\
VAR _grouping = IF(ISCROSSFILTERED({boards}), "board", "project")
VAR _rows =
    CALCULATETABLE(
        {defect_quality},
        KEEPFILTERS({defect_quality.period} = "month"),
        KEEPFILTERS({defect_quality.grouping} = _grouping)
    )
RETURN
    DIVIDE(
        SUMX(_rows, {defect_quality.reopened_events}),
        SUMX(_rows, {defect_quality.done_events})
    )"""

QUALITY: Sequence[Measure] = (
    Measure(
        "Defects",
        "Defects",
        Kind.COUNT,
        f"CALCULATE(COUNTROWS({{defects}}), {_COUNTED})",
        "Defects created in the period; cancelled ones do not count.",
        ("defect_escape.defects", "defect_quality.inflow"),
    ),
    _of_class("Escaped defects", "escaped", "escaped", "escaped: a rule says that they were found after release"),
    _of_class("Internal defects", "internal", "internal", "a rule says were found before release"),
    _of_class("Unknown defects", "unknown", "unknown", "no rule matches"),
    Measure(
        "Escape rate",
        "Defects",
        Kind.PERCENT,
        "DIVIDE([Escaped defects] + 0, [Escaped defects] + [Internal defects])",
        "Escaped divided by escaped and internal defects; unknown ones are in neither, so read it with the unknown "
        "share. Blank when no defect is classified.",
        ("defect_escape.rate",),
    ),
    Measure(
        "Escape rate unknown share",
        "Defects",
        Kind.PERCENT,
        "DIVIDE([Unknown defects] + 0, [Defects])",
        "Share of the defects that no rule matches: how much the escape rate does not know.",
        ("defect_escape.unknown_share",),
    ),
    Measure(
        "Defects finished",
        "Defects",
        Kind.COUNT,
        f"CALCULATE(COUNTROWS({_RESOLVED}), {_BY_FINISH})",
        "Defects finished in the period; cancelled ones do not count.",
        ("defect_quality.outflow",),
    ),
    Measure(
        "Open defects",
        "Defects",
        Kind.COUNT,
        "CALCULATE(\n"
        "    COUNTROWS({defects}),\n"
        "    REMOVEFILTERS({dates}),\n"
        f"    {_COUNTED},\n"
        "    KEEPFILTERS(ISBLANK({defects.finished_at}))\n"
        ")",
        "Defects neither finished nor cancelled as of the last compute, whatever the dates chosen.",
        ("defect_quality.open_defects",),
    ),
    _resolve(50),
    _resolve(85),
    Measure(
        "Defects per 10 issues",
        "Defects",
        Kind.NUMBER,
        "DIVIDE(\n    10 * [Defects],\n    CALCULATE([Finished issues], KEEPFILTERS({issues.is_defect} = FALSE()))\n)",
        "Defects created in the period per 10 delivered issues that are no defects.",
        ("defect_quality.defects_per_10_issues",),
    ),
    Measure(
        "Defect reopen rate",
        "Defects",
        Kind.PERCENT,
        _REOPENED,
        "Of the entries of defects into done in the months chosen that are at least 14 days old, the share that was "
        "reopened within 14 days. By month or longer; with boards chosen, of the boards, whatever the projects.",
        ("defect_quality.reopen_rate",),
    ),
    _of_release(
        "Escape rate of releases",
        "DIVIDE(\n"
        "        SUM({defect_escape.escaped}),\n"
        "        SUM({defect_escape.escaped}) + SUM({defect_escape.internal})\n"
        "    )",
        Kind.PERCENT,
        "Escaped divided by escaped and internal defects.",
        "rate",
    ),
    _of_release(
        "Escaped within 30 days",
        "SUM({defect_escape.escaped_30d})",
        Kind.COUNT,
        "Escaped defects found within 30 days after the release.",
        "escaped_30d",
    ),
    _of_release(
        "Escaped within 90 days",
        "SUM({defect_escape.escaped_90d})",
        Kind.COUNT,
        "Escaped defects found within 90 days after the release.",
        "escaped_90d",
    ),
    Measure(
        "Findings",
        "Data quality",
        Kind.COUNT,
        "COUNTROWS({data_quality})",
        "Things in the data that do not add up, as of the last compute.",
    ),
    Measure(
        "Errors found",
        "Data quality",
        Kind.COUNT,
        'CALCULATE(COUNTROWS({data_quality}), KEEPFILTERS({data_quality.severity} = "error"))',
        "Findings of severity error.",
        ("data_quality.severity",),
    ),
    Measure(
        "Warnings found",
        "Data quality",
        Kind.COUNT,
        'CALCULATE(COUNTROWS({data_quality}), KEEPFILTERS({data_quality.severity} = "warning"))',
        "Findings of severity warning.",
        ("data_quality.severity",),
    ),
    Measure(
        "Failed streams",
        "Data quality",
        Kind.COUNT,
        "VAR _last = MAX({sync_runs.started_at})\n"
        "VAR _run = CALCULATE(MAX({sync_runs.run_id}), {sync_runs.started_at} = _last)\n"
        "RETURN\n"
        "    CALCULATE(\n"
        "        COUNTROWS({sync_runs}),\n"
        "        KEEPFILTERS({sync_runs.run_id} = _run),\n"
        '        KEEPFILTERS({sync_runs.outcome} IN { "failed", "interrupted" })\n'
        "    )",
        "Streams of the last sync that failed or were interrupted.",
        ("sync_runs.outcome",),
    ),
    Measure(
        "Last sync",
        "Data quality",
        Kind.INSTANT,
        "MIN({sources.last_synced_at})",
        "Start of the last sync without an error, in UTC: of the source that is furthest behind.",
        ("sources.last_synced_at",),
    ),
    Measure(
        "As of",
        "Data quality",
        Kind.INSTANT,
        "CALCULATE(MAX({definitions.as_of}), ALL({definitions}))",
        "The instant, in UTC, that `now` was in the last compute.",
        ("definitions.as_of",),
    ),
)
"""Defects and data quality, by folder."""
