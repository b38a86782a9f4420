"""Alerts: rows of `alerts`, and how what rules find now opens them, keeps them open, and closes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from warehouse.bulk import insert_rows, update_rows
from warehouse.fetching import fetch_rows, portions
from warehouse.tables.operational import alerts

SEVERITIES = ("high", "medium", "low")
"""The worst first."""

OVER, RULE_GONE = "over", "rule_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A rule that holds now for a subject; its fields are columns of `alerts`. One cause is found at most once."""

    cause: str
    rule: str
    severity: str
    subject: str
    subject_name: str
    issue_id: str | None = None
    sprint_id: str | None = None
    board_id: str | None = None
    project_id: str | None = None
    source_id: str | None = None
    period: str | None = None
    period_start: date | None = None
    message: str
    explain: str | None
    url: str | None = None
    value: float | None
    threshold: float | None
    n: int | None = None


class Moment(NamedTuple):
    """The run that looks: its now, the local day of that, and its id."""

    now: datetime
    today: date
    run_id: str


class Renewed(NamedTuple):
    """What became of the alerts: those that opened, closed, and are open now, in the order of their causes."""

    opened: Sequence[Alarm]
    closed: Sequence[Alarm]
    open: Sequence[Alarm]


_FOUND = tuple(Alarm.__dataclass_fields__)
_READ = ("alert_id", "last_seen_at", "opened_at", *_FOUND)
_CHANGING = (*(name for name in _FOUND if name != "cause"), "last_seen_at")


def renew_alerts(connection: Connection, found: Iterable[Alarm], rules: Collection[str], moment: Moment) -> Renewed:
    """Open what is found for the first time (or again, after it was closed), and close what is not found any more.

    What was open and is found again gets the figures of now. `rules` are the names of those that were looked at: open
    alerts of others are closed as well. A run at the same now changes nothing.
    """
    wanted = {one.cause: one for one in sorted(found, key=lambda one: one.cause)}
    held = {row["cause"]: row for row in _open_rows(connection)}
    new = [alarm for cause, alarm in wanted.items() if cause not in held]
    over = [row for cause, row in held.items() if cause not in wanted]
    _keep(connection, [(held[cause], alarm) for cause, alarm in wanted.items() if cause in held], moment.now)
    _close(connection, over, rules, moment.now)
    _open(connection, new, moment)
    closed = [Alarm(**{name: row[name] for name in _FOUND}) for row in over]
    return Renewed(new, closed, list(wanted.values()))


def open_by_severity(connection: Connection) -> Mapping[str, int]:
    """Severity → how many alerts are open, the worst first, zeros too."""
    of = alerts.c
    rows = fetch_rows(connection, select(of.severity, func.count()).where(of.closed_at.is_(None)).group_by(of.severity))
    counted = {severity: count for severity, count in rows}  # noqa: C416 - pairs of rows
    return {severity: counted.get(severity, 0) for severity in SEVERITIES}


def _open_rows(connection: Connection) -> list[dict[str, Any]]:
    statement = select(*(alerts.c[name] for name in _READ)).where(alerts.c.closed_at.is_(None))
    rows = fetch_rows(connection, statement.order_by(alerts.c.cause))
    return [dict(zip(_READ, row, strict=True)) for row in rows]


def _keep(connection: Connection, pairs: Iterable[tuple[Mapping[str, Any], Alarm]], now: datetime) -> None:
    changed = []
    for row, alarm in pairs:
        after = {**asdict(alarm), "last_seen_at": max(row["last_seen_at"], now)}
        if any(row[name] != after[name] for name in _CHANGING):
            changed.append((row["alert_id"], *(after[name] for name in _CHANGING)))
    if changed:
        update_rows(connection, alerts, "alert_id", _CHANGING, changed)


def _close(connection: Connection, rows: Iterable[Mapping[str, Any]], rules: Collection[str], now: datetime) -> None:
    ended = [
        # a now before the opening can be asked for; nothing ends before it began
        (row["alert_id"], max(row["opened_at"], now), OVER if row["rule"] in rules else RULE_GONE)
        for row in rows
    ]
    if ended:
        update_rows(connection, alerts, "alert_id", ("closed_at", "closed_because"), ended)


def _open(connection: Connection, alarms: Sequence[Alarm], moment: Moment) -> None:
    columns = ("alert_id", *_FOUND, "opened_at", "opened_on", "last_seen_at", "run_id")
    before = _openings(connection, [alarm.cause for alarm in alarms])
    rows = [
        (
            f"{alarm.cause}:{before.get(alarm.cause, 0) + 1}",
            *(getattr(alarm, name) for name in _FOUND),
            moment.now,
            moment.today,
            moment.now,
            moment.run_id,
        )
        for alarm in alarms
    ]
    if rows:
        insert_rows(connection, alerts, columns, rows)


def _openings(connection: Connection, causes: Sequence[str]) -> Mapping[str, int]:
    """Cause → how often it has opened so far, of those that have."""
    of, counted = alerts.c, {}
    for some in portions(causes):
        rows = fetch_rows(connection, select(of.cause, func.count()).where(of.cause.in_(some)).group_by(of.cause))
        counted.update({cause: count for cause, count in rows})  # noqa: C416 - pairs of rows
    return counted
