"""Measures of alerts: what is out of line, since when, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from exports.model import Kind
from exports.powerbi.measure import Measure

_OPEN = "KEEPFILTERS(ISBLANK({alerts.closed_at}))"


def _open_of(severity: str) -> Measure:
    return Measure(
        f"Open alerts, {severity}",
        "Alerts",
        Kind.COUNT,
        f'CALCULATE([Open alerts], KEEPFILTERS({{alerts.severity}} = "{severity}"))',
        f"Of them, those of severity {severity}.",
        ("alerts.severity",),
    )


ALERTS: Sequence[Measure] = (
    Measure(
        "Open alerts",
        "Alerts",
        Kind.COUNT,
        f"CALCULATE(COUNTROWS({{alerts}}), {_OPEN})",
        "Alerts that are not over, as of the last run; with dates chosen, of those that opened then.",
        ("alerts.closed_at",),
    ),
    _open_of("high"),
    _open_of("medium"),
    Measure(
        "Alerts opened",
        "Alerts",
        Kind.COUNT,
        "COUNTROWS({alerts})",
        "Alerts that opened in the period, whether they are over or not.",
        ("alerts.opened_on",),
    ),
    Measure(
        "Alerts over",
        "Alerts",
        Kind.COUNT,
        "CALCULATE(COUNTROWS({alerts}), KEEPFILTERS(NOT ISBLANK({alerts.closed_at})))",
        "Of the alerts that opened in the period, those that are over: their rule holds no more, or was switched off.",
        ("alerts.closed_at",),
    ),
    Measure(
        "Oldest open alert",
        "Alerts",
        Kind.INSTANT,
        f"CALCULATE(MIN({{alerts.opened_at}}), {_OPEN})",
        "The instant, in UTC, at which the oldest of the alerts that are not over opened.",
        ("alerts.opened_at",),
    ),
)
"""In one folder."""
