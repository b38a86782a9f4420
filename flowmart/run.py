"""The nightly job: sync, compute, alerts, export, report, one after the other."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from exports.base import Written
from flowmart.alerting import AlertReport, renew
from flowmart.clustering import ClusterReport, compute_on_spark, require_engine
from flowmart.compute import ComputeReport, compute
from flowmart.config import Config
from flowmart.errors import JobFailed
from flowmart.events import SyncEvents
from flowmart.export import export
from flowmart.power_bi import refresh, require_refreshed
from flowmart.publishing import Publication, publish, require_published
from flowmart.report import report
from flowmart.settings.jobs import STEPS
from flowmart.syncing.sync import SyncOptions, SyncReport, sync
from flowmart.syncing.sync_source import SourceReport
from reports import report as html
from warehouse.leases import LeaseHeld

_LOG = logging.getLogger(__name__)

_MOST_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What each step did; None for a step that was not asked for."""

    sync: SyncReport | None = None
    compute: ComputeReport | None = None
    engine: ClusterReport | None = None
    """What the configured engine computed of the lake, instead of `compute`."""
    alerts: AlertReport | None = None
    """None where no rule was asked: nothing was computed, or another run has begun since."""
    written: Mapping[str, Sequence[Written]] = field(default_factory=dict)
    not_refreshed: Sequence[str] = ()
    """Of each dataset in Power BI that could not be refreshed, why."""
    published: Sequence[Publication] = ()
    """What was to be published to Tableau."""
    report: html.Written | None = None
    """None too where no [report] is configured."""

    def require_success(self) -> None:
        """Raise `JobFailed`, which names the sources that are not whole, or else what Power BI or Tableau refused."""
        if self.sync is not None:
            require_whole(self.sync.sources)
        if self.engine is not None:
            self.engine.require_success()
        require_published(self.published)
        require_refreshed(self.not_refreshed)


def run_once(
    config: Config, step: str, options: SyncOptions | None = None, *, events: SyncEvents, now: datetime, run_id: str
) -> RunReport:
    """Do `run`, or one of its steps alone. A source that fails keeps neither the others nor the later steps.

    With a lake, `[engine]` computes it and loads the result into the warehouse for the later steps; without `[engine]`
    `run` ends after the sync, and `compute` raises `UsageError`.

    Raises `LeaseHeld` when another process syncs or computes.
    """
    if step not in STEPS:
        raise ValueError(f"{step!r} is none of {', '.join(STEPS)}")
    synced = (
        sync(config, options or SyncOptions(), events=events, now=now, run_id=run_id)
        if step in {"run", "sync"}
        else None
    )
    if step == "run" and config.lake is not None and config.engine is None:
        return RunReport(sync=synced)
    computed, on_engine = _computed(config, events, now) if step in {"run", "compute"} else (None, None)
    # before the export, which has the alerts of this night in it
    alerts = None if computed is None and on_engine is None else _renewed(config, now=now, run_id=run_id)
    written = export(config, now=now, step=events.step) if step in {"run", "export"} else {}
    wanted = step == "report" or (step == "run" and config.report is not None)
    if wanted:
        events.step("writing the report")
    return RunReport(
        sync=synced,
        compute=computed,
        engine=on_engine,
        alerts=alerts,
        written=written,
        report=report(config, now=now) if wanted else None,
        not_refreshed=refresh(config, written),
        published=publish(config, written),
    )


def _computed(config: Config, events: SyncEvents, now: datetime) -> tuple[ComputeReport | None, ClusterReport | None]:
    """In the warehouse, or of a lake on the configured engine."""
    if config.lake is None:
        return compute(config, now=now, step=events.step), None
    require_engine(config)
    return None, compute_on_spark(config, now=now, into_warehouse=True, step=events.step)


def _renewed(config: Config, *, now: datetime, run_id: str) -> AlertReport | None:
    """What became of the alerts; another run that began since the compute is no reason to end this one unexported."""
    try:
        return renew(config, now=now, run_id=run_id)
    except LeaseHeld as held:
        _LOG.warning("the alerts stay as they were: %s", held)
        return None


def require_whole(sources: Sequence[SourceReport]) -> None:
    """Raise `JobFailed` with a line that names each source that is not whole and why."""
    failed = [f"{source.name}: {why(source)}" for source in sources if not source.ok]
    if not failed:
        return
    fine = [source.name for source in sources if source.ok]
    others = f" (synced: {', '.join(fine)})" if fine else ""
    raise JobFailed(f"{'; '.join(failed)}{others}")


def why(source: SourceReport) -> str:
    """Why a source is not whole: its first problems, the rest counted."""
    said = [*([source.error] if source.error else []), *source.problems]
    more = f"; and {len(said) - _MOST_TOLD} more" if len(said) > _MOST_TOLD else ""
    return "; ".join(said[:_MOST_TOLD]) + more
