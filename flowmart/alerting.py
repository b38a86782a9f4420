"""The step after a compute: looks at the computed tables by the alert rules, and opens and closes alerts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from flowmart.clock import utc_now
from flowmart.config import Config
from flowmart.store import opened
from metrics.alerts.finding import find
from metrics.alerts.rules import Rule
from metrics.alerts.scene import Scene, unmet_names
from warehouse.alerts import SEVERITIES, Alarm, Moment, renew_alerts
from warehouse.leases import hold

_LOG = logging.getLogger(__name__)

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
    """What a run did to the alerts, the worst first; `open` are all that are open now, new ones included."""

    opened: Sequence[Alert] = ()
    closed: Sequence[Alert] = ()
    open: Sequence[Alert] = ()

    @property
    def is_grave(self) -> bool:
        """Whether there is a new one that a person should see now."""
        return any(alert.severity == HIGH for alert in self.opened)


def renew(config: Config, *, now: datetime, run_id: str) -> AlertReport:
    """Bring the table `alerts` up to date with the computed tables, in a transaction of its own.

    Raises `LeaseHeld` while another process syncs or computes, and `LeaseLost`, with everything as it was, when another
    one took over meanwhile.
    """
    rules = config.alert_rules()
    engine = opened(config)
    try:
        with hold(engine, "run", utc_now) as lease, engine.begin() as connection:
            scene = _scene(connection, config, now)
            moment = Moment(now, scene.today, run_id)
            renewed = renew_alerts(connection, _found(scene, rules), {rule.name for rule in rules}, moment)
            lease.renew(connection, utc_now())
    finally:
        engine.dispose()
    return AlertReport(opened=_told(renewed.opened), closed=_told(renewed.closed), open=_told(renewed.open))


def preview(connection: Connection, config: Config, *, now: datetime) -> list[Alarm]:
    """What the rules of the configuration hold for now, the worst first; the warehouse stays as it is."""
    found = _found(_scene(connection, config, now), config.alert_rules())
    return sorted(found, key=lambda alarm: (SEVERITIES.index(alarm.severity), alarm.cause))


def _scene(connection: Connection, config: Config, now: datetime) -> Scene:
    return Scene(connection, now, config.zone, list(config.sources))


def _found(scene: Scene, rules: Iterable[Rule]) -> Iterator[Alarm]:
    for rule in rules:
        for name in unmet_names(scene, rule):
            _LOG.warning("[[alerts]] %s: there is no %s in the warehouse", rule.name, name)
        yield from find(scene, [rule])


def _told(alarms: Iterable[Alarm]) -> Sequence[Alert]:
    told = [Alert(cause=one.cause, severity=one.severity, text=one.message, url=one.url) for one in alarms]
    return tuple(sorted(told, key=lambda alert: (SEVERITIES.index(alert.severity), alert.cause)))
