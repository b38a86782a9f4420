"""Calculated fields of defects and of the data itself."""

from __future__ import annotations

from collections.abc import Sequence

from exports.model import Kind
from exports.tableau.calculation import Calculation

_COUNTED = "NOT {defects.is_cancelled}"
_BY_CREATION = "Over time: by the day of the creation."
_BY_FINISH = 'Over time: by "Finished on" of the defects.'


def _count(condition: str) -> str:
    return f"COUNT(IF {condition} THEN {{defects.issue_id}} END)"


def _class(name: str) -> str:
    return f'{_COUNTED} AND {{defects.escape_class}} = "{name}"'


def _of_class(name: str, value: str, what: str) -> Calculation:
    return Calculation(
        f"{name} defects",
        "Defects",
        Kind.COUNT,
        _count(_class(value)),
        f"Defects that {what}; cancelled ones do not count. {_BY_CREATION}",
        (f"defect_escape.{value}",),
    )


def _resolve(percent: int) -> Calculation:
    return Calculation(
        f"Time to resolve p{percent}",
        "Defects",
        Kind.DAYS,
        f"PERCENTILE(IF {_COUNTED} THEN {{defects.resolve_seconds}} / 86400 END, 0.{percent})",
        f"{percent}th percentile of the days from creation to finish of the finished defects. {_BY_FINISH}",
        (f"defect_quality.resolve_p{percent}_days",),
    )


def _of_release(name: str, column: str, description: str) -> Calculation:
    return Calculation(
        name,
        "Escape by release",
        Kind.COUNT,
        'SUM(IF {defect_escape.basis} = "release" AND {defect_escape.grouping} = "all" '
        f"THEN {{defect_escape.{column}}} END)",
        f"{description} Under the release that introduced the defect; over all projects.",
        (f"defect_escape.{column}",),
    )


QUALITY: Sequence[Calculation] = (
    Calculation(
        "Defects created",
        "Defects",
        Kind.COUNT,
        _count(_COUNTED),
        f"Defects; cancelled ones do not count. {_BY_CREATION}",
        ("defect_escape.defects", "defect_quality.inflow"),
    ),
    _of_class("Escaped", "escaped", "a rule says were found after release"),
    _of_class("Internal", "internal", "a rule says were found before release"),
    _of_class("Unknown", "unknown", "no rule matches"),
    Calculation(
        "Escape rate",
        "Defects",
        Kind.PERCENT,
        f"{_count(_class('escaped'))} / ({_count(_class('escaped'))} + {_count(_class('internal'))})",
        "Escaped divided by escaped and internal defects; unknown ones are in neither, so read it with the unknown "
        f"share. Empty when no defect is classified. {_BY_CREATION}",
        ("defect_escape.rate",),
    ),
    Calculation(
        "Escape rate: unknown share",
        "Defects",
        Kind.PERCENT,
        f"{_count(_class('unknown'))} / {_count(_COUNTED)}",
        f"Share of the defects that no rule matches: how much the escape rate does not know. {_BY_CREATION}",
        ("defect_escape.unknown_share",),
    ),
    Calculation(
        "Defects finished",
        "Defects",
        Kind.COUNT,
        _count(f"{_COUNTED} AND NOT ISNULL({{defects.resolve_seconds}})"),
        f"Defects that are finished and were not cancelled. {_BY_FINISH}",
        ("defect_quality.outflow",),
    ),
    Calculation(
        "Defects open",
        "Defects",
        Kind.COUNT,
        _count(f"{_COUNTED} AND ISNULL({{defects.finished_at}})"),
        "Defects neither finished nor cancelled as of the last compute, by the day of their creation.",
    ),
    _resolve(50),
    _resolve(85),
    _of_release("Escaped within 30 days of the release", "escaped_30d", "Escaped defects found in the first 30 days."),
    _of_release("Escaped within 90 days of the release", "escaped_90d", "Escaped defects found in the first 90 days."),
    Calculation(
        "Open alerts",
        "Alerts",
        Kind.COUNT,
        "COUNT(IF ISNULL({alerts.closed_at}) THEN {alerts.alert_id} END)",
        "Alerts that are not over, as of the last run.",
        ("alerts.closed_at",),
    ),
    Calculation(
        "Findings",
        "Data quality",
        Kind.COUNT,
        "COUNT({data_quality.data_quality_id})",
        "Things in the data that do not add up, as of the last compute.",
    ),
    Calculation(
        "Errors found",
        "Data quality",
        Kind.COUNT,
        'COUNT(IF {data_quality.severity} = "error" THEN {data_quality.data_quality_id} END)',
        "Findings of severity error.",
        ("data_quality.severity",),
    ),
    Calculation(
        "Synced until",
        "Data quality",
        Kind.INSTANT,
        "MIN({sources.last_synced_at})",
        "Start of the last sync without an error, in UTC: of the source that is furthest behind.",
        ("sources.last_synced_at",),
    ),
)
"""Defects, alerts and data quality, by folder."""
