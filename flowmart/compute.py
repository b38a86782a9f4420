"""Brings the metric tables up to date, all in one transaction, without asking a tracker."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import metrics.catalog
from flowmart.clock import utc_now
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.naming import meant
from flowmart.store import opened
from warehouse.leases import hold
from warehouse.upkeep import tidy


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeReport:
    """Rows in each computed table, and how long it took."""

    tables: Mapping[str, int]
    seconds: float


def compute(
    config: Config,
    *,
    metric_names: Sequence[str] = (),
    now: datetime,
    full: bool = False,
    step: Callable[[str], None] = lambda _: None,
) -> ComputeReport:
    """Compute the named metrics and what they stand on (all by default); everything anew if `full`.

    `step` is told what is being computed. Readers see the old tables until all new ones are there. Raises `LeaseHeld`
    while another process syncs or computes, and `LeaseLost`, with everything as it was, when another one took over
    meanwhile.
    """
    known = [metric.name for metric in metrics.catalog.METRICS]
    unknown = [name for name in metric_names if name not in known]
    if unknown:
        raise UsageError(f"no metric named {', '.join(unknown)}{meant(unknown, known)}")
    began = time.monotonic()
    engine = opened(config)
    try:
        with hold(engine, "run", utc_now) as lease:
            with engine.begin() as connection:
                tables = metrics.catalog.compute(
                    connection,
                    config.metric_settings(),
                    now,
                    metric_names,
                    full=full,
                    begins=lambda name, number, of: step(f"computing {name} ({number} of {of})"),
                )
                lease.renew(connection, utc_now())  # it may have taken longer than a lease lasts
            tidy(engine)
    finally:
        engine.dispose()
    return ComputeReport(tables=tables, seconds=time.monotonic() - began)
