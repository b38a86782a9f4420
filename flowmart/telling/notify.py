"""Tells people of failures and alerts, once per cause, and once more when a cause is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import Engine

from flowmart.alerting import Alert, AlertReport
from flowmart.settings.telling import Notify
from flowmart.telling.causes import Causes, forgotten
from flowmart.telling.messages import ALERTS, FAILURE, compose
from flowmart.telling.receivers import Delivery, Message, deliver
from flowmart.text import instant
from warehouse.notices import note_causes, note_told, note_untold, open_notices, to_tell

Send = Callable[[Notify, Message], Delivery]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Who tells, and whom. `mask` takes secrets out of whatever is sent."""

    notify: Notify
    sources: Mapping[str, object]
    exports: Mapping[str, object]
    zone: tzinfo
    run_id: str
    host: str
    now: datetime
    mask: Callable[[str], str]
    send: Send = deliver

    @property
    def signature(self) -> str:
        """Which run tells."""
        return f"run {self.run_id} on {self.host}, {instant(self.now, self.zone)}"


def tell(engine: Engine, telling: Telling, failed: Causes, alerts: AlertReport | None) -> Sequence[str]:
    """Note what there is and what is over, and send what people do not know yet; returns what went wrong.

    `alerts` is None when no rule was asked. What reached nobody is tried again by the next run.
    """
    on = telling.notify.on
    if not telling.notify.urls or not on:
        return ()
    with engine.begin() as connection:
        known = [each.cause for each in open_notices(connection)]
        if FAILURE in on:
            over = [*failed.fine, *forgotten(known, telling.sources, telling.exports)]
            note_causes(connection, FAILURE, _masked(telling, failed.found), over, telling.now)
        if ALERTS in on and alerts is not None:
            found = {f"alert:{one.cause}": _line(one) for one in alerts.open}
            over = [cause for cause in known if cause.startswith("alert:") and cause not in found]
            note_causes(connection, ALERTS, _masked(telling, found), over, telling.now)
        waiting = [each for each in to_tell(connection) if each.kind in on]
    if not waiting:
        return ()
    delivery = telling.send(telling.notify, compose(waiting, telling.zone, telling.signature))
    problem = telling.mask("; ".join(delivery.problems)) or None
    with engine.begin() as connection:
        if delivery.reached:
            note_told(connection, waiting, telling.now, problem=problem)
        else:
            note_untold(connection, waiting, problem or "nobody took it")
    return delivery.problems


def tell_without_warehouse(telling: Telling, failed: Causes) -> Sequence[str]:
    """Send what failed, each time: the warehouse, which would remember that it was told, cannot be used."""
    if not telling.notify.urls or FAILURE not in telling.notify.on:
        return ()
    lines = [f"- {text}" for text in _masked(telling, failed.found).values()]
    note = "This is told by each run, since the warehouse cannot be used to remember that it was."
    body = "\n".join(["Failed:", *lines, "", note, telling.signature])
    return telling.send(telling.notify, Message("flowmart: 1 failure", body, "failure")).problems


def _masked(telling: Telling, found: Mapping[str, str]) -> Mapping[str, str]:
    return {cause: telling.mask(text) for cause, text in found.items()}


def _line(alert: Alert) -> str:
    """`high: PAY-12 is older than … (https://…)`."""
    where = f" ({alert.url})" if alert.url else ""
    return f"{alert.severity}: {alert.text}{where}"
