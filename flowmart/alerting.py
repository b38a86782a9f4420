"""The step after a compute: looks at the computed tables by the alert rules, and opens and closes alerts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flowmart.clock import utc_now
from flowmart.config import Config
from flowmart.store import opened
from metrics.alerts.finding import find
from metrics.alerts.scene import Scene
from warehouse.alerts import SEVERITIES, Alarm, Moment, renew_alerts
from warehouse.leases import hold

HIGH = SEVERITIES[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert that opened or closed in this run."""

    cause: str
    """Names what is the matter; the same in every run as long as it lasts."""
    severity: str
    text: str
    url: str | None
    """Of the issue in the tracker, if it is about one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertReport:
    """What a run did to the alerts, the worst first; `open` counts those that are open now, new ones included."""

    opened: Sequence[Alert] = ()
    closed: Sequence[Alert] = ()
    open: int = 0

    @property
    def is_grave(self) -> bool:
        """Whether there is a new one that a person should see now."""
        return any(alert.severity == HIGH for alert in self.opened)


def renew(config: Config, *, now: datetime, run_id: str) -> AlertReport:
    """Bring the table `alerts` up to date with the computed tables, in a transaction of its own.

    Raises `LeaseHeld` while another process syncs or computes, and `LeaseLost`, with everything as it was, when another
    one took over meanwhile.
    """
    rules, names = config.alert_rules(), list(config.sources)
    engine = opened(config)
    try:
        with hold(engine, "run", utc_now) as lease, engine.begin() as connection:
            scene = Scene(connection, now, config.zone, names)
            moment = Moment(now, scene.today, run_id)
            renewed = renew_alerts(connection, find(scene, rules), {rule.name for rule in rules}, moment)
            lease.renew(connection, utc_now())
    finally:
        engine.dispose()
    return AlertReport(opened=_told(renewed.opened), closed=_told(renewed.closed), open=renewed.open)


def _told(alarms: Iterable[Alarm]) -> Sequence[Alert]:
    told = [Alert(cause=one.cause, severity=one.severity, text=one.message, url=one.url) for one in alarms]
    return tuple(sorted(told, key=lambda alert: (SEVERITIES.index(alert.severity), alert.cause)))
