"""Open alerts are in the page, the worst first."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine

from reports.columns import Places
from reports.findings import alerts
from warehouse.alerts import Alarm, Moment, renew_alerts

OPENED = datetime(2026, 10, 1, 6, tzinfo=UTC)


def an_alarm(cause: str, severity: str, **more: str) -> Alarm:
    told = {"subject": "issue", "subject_name": cause, "message": f"{cause} is old", "explain": None, "value": 30.0}
    return Alarm(cause=cause, rule="old_work", severity=severity, threshold=20.0, **{**told, **more})


def seen(engine: Engine, *alarms: Alarm, day: int = 1) -> dict[str, list[object]]:
    """What the page has after a run that finds these."""
    places = {name: Places() for name in ("project", "board", "type")}
    with engine.begin() as connection:
        now = OPENED.replace(day=day)
        renew_alerts(connection, alarms, {"old_work"}, Moment(now, now.date(), "r"))
        return alerts(connection, places)


def test_open_alerts_are_shown_the_worst_first(warehouse: Engine) -> None:
    low, high = an_alarm("PAY-1", "low"), an_alarm("PAY-2", "high", project_id="acme:PAY", url="https://acme.example/2")
    assert seen(warehouse, low, high) == {
        "rule": ["old_work", "old_work"],
        "severity": ["high", "low"],
        "message": ["PAY-2 is old", "PAY-1 is old"],
        "opened": ["2026-10-01T06:00:00+00:00"] * 2,
        "url": ["https://acme.example/2", None],
        "project": [0, None],
        "board": [None, None],
        "type": [None, None],
    }


def test_closed_ones_are_not(warehouse: Engine) -> None:
    seen(warehouse, an_alarm("PAY-1", "low"))
    assert seen(warehouse, day=2)["rule"] == []
