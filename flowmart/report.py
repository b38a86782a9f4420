"""Writes the HTML report, as configured or as the command line says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from exports.snapshot import snapshot
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.store import opened
from reports.base import Order
from reports.report import Written, write


def report(config: Config, *, now: datetime, to: Path | None = None) -> Written:
    """Write the report to `to`, or else to where the configuration says; all is read from one state of the warehouse.

    Raises `UsageError` when neither names a file, and `ReportError` when it cannot be written.
    """
    wanted = config.report
    path = to or (wanted.to if wanted else None)
    if path is None:
        raise UsageError("no [report] is configured; add one, or name a file by --to")
    looks = {"title": wanted.title, "period": wanted.period} if wanted else {}
    order = Order(made_at=now, timezone=config.calendar.timezone, **looks)
    engine = opened(config)
    try:
        with snapshot(engine) as connection:
            return write(connection, path, order)
    finally:
        engine.dispose()
