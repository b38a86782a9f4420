"""Syncs sources into a lake: each in a working file of its own, from which committed pages are published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from threading import Lock

from flowmart.clock import utc_now
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.events import SyncEvents
from flowmart.lake import on_file, opener
from flowmart.settings.lake import Lake as LakeSection
from flowmart.syncing.collecting import seldom_collected
from flowmart.syncing.job import Job, side_by_side
from flowmart.syncing.sync import SyncOptions, SyncReport, chosen, complete, connected, job_of, run_of
from flowmart.syncing.sync_source import SourceReport, sync_source
from lake.errors import LakeError
from lake.leases import hold as hold_source
from lake.opening import Lake
from lake.publishing import Publisher
from lake.working import bring_up
from warehouse.engine import keeping_connections, open_warehouse
from warehouse.leases import LeaseHeld, LeaseLost, hold

_PATIENCE_SECONDS = 8.0
"""How long a page that is being published may take when a person breaks a sync off."""


@dataclass(frozen=True, slots=True)
class _Jobs:
    """The jobs of all sources, from their beginning to their end."""

    begun: list[tuple[Job, Publisher]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @contextmanager
    def having(self, job: Job, publisher: Publisher) -> Iterator[None]:
        """Within, the job is one of them."""
        with self.lock:
            self.begun.append((job, publisher))
        try:
            yield
        finally:
            with self.lock:
                self.begun.remove((job, publisher))

    def renew(self) -> None:
        """Keep the leases, here and in the lake; a source that has ended or lost its own needs none."""
        for job, _ in self._all():
            try:
                job.renew()
            except (LeaseLost, LakeError):  # its own thread meets that too, and tells
                continue

    def break_off(self) -> None:
        """Let what is in hand be committed, and give the sources back; what waits is published by the next sync."""
        for job, publisher in self._all():
            job.break_off()
            publisher.release(_PATIENCE_SECONDS)

    def _all(self) -> list[tuple[Job, Publisher]]:
        with self.lock:
            return list(self.begun)


def sync_into_lake(
    config: Config, lake: Lake, options: SyncOptions, *, events: SyncEvents, now: datetime, run_id: str
) -> SyncReport:
    """As `sync`. A source that another process syncs, or whose pages the lake does not take, is reported as failed."""
    names, jobs = chosen(config, options.sources), _Jobs()

    def call(name: str) -> SourceReport:
        try:
            with _working(config, lake, name, jobs, events=events, now=now, run_id=run_id) as (job, own):
                with connected(own, job.engine, [name], options, now, job.privacy) as ((_, source),):
                    report = sync_source(job, run_of(own, options, name), source)
                complete(job, own)
        except (LakeError, LeaseHeld, LeaseLost) as failure:
            events.problem(name, str(failure))
            return SourceReport(name=name, error=str(failure), problems=(), streams=())
        return report

    with seldom_collected():
        reports = side_by_side([partial(call, name) for name in names], jobs)
    return SyncReport(run_id=run_id, sources=tuple(reports))


@contextmanager
def _working(
    config: Config, lake: Lake, name: str, jobs: _Jobs, *, events: SyncEvents, now: datetime, run_id: str
) -> Iterator[tuple[Job, Config]]:
    """A job on the source's working file, with the configuration of that; what it commits is published in the end."""
    section = _section(config)
    path = section.working_file(name)
    with hold_source(lake, name, utc_now, run_id=run_id) as standing:
        publisher = Publisher(
            lake=lake,
            engine=open_warehouse(f"sqlite:///{path}"),
            standing=standing,
            run_id=run_id,
            clock=utc_now,
            rows_a_page=section.page_rows,
            seconds_a_page=section.page_seconds,
        )
        try:
            if bring_up(lake, standing, path, opener(config), publisher.keep):
                events.note(name, "the working file is not of the lake's last page, and was filled from the lake")
            publisher.publish()  # what an earlier sync committed and could not publish
            own = on_file(config, path)
            with keeping_connections(publisher.engine) as engine:
                publisher.engine = engine
                with hold(engine, "run", utc_now) as lease:
                    job = job_of(
                        own, engine, lease, events=events, now=now, run_id=run_id, committed=publisher.committed
                    )
                    with jobs.having(job, publisher):
                        yield job, own
                publisher.publish()
        finally:
            publisher.release()
            publisher.engine.dispose()


def _section(config: Config) -> LakeSection:
    if config.lake is None:
        raise UsageError("lake.url: no lake is configured")
    return config.lake
