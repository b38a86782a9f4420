"""Pulls what changed from each source into the warehouse, the sources side by side; one that fails stops no other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy import Engine, select

from connectors.base import Connector, Held, Recall
from flowmart.clock import utc_now
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.events import SyncEvents
from flowmart.lake import configured_lake
from flowmart.naming import meant
from flowmart.privacy.rules import PrivacyRules
from flowmart.privacy.state import settle
from flowmart.secrets import masked, of_environment
from flowmart.sources import connector
from flowmart.store import opened
from flowmart.syncing.census import CensusRules
from flowmart.syncing.collecting import seldom_collected
from flowmart.syncing.job import Job, side_by_side
from flowmart.syncing.sync_source import SourceReport, SourceRun, sync_source
from metrics.catalog import classify
from warehouse.engine import keeping_connections
from warehouse.fetching import portions
from warehouse.leases import Lease, hold
from warehouse.runs import forget_runs
from warehouse.tables.loaded import issue_snapshots, issues
from warehouse.upkeep import tidy


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """What a person may ask of one sync."""

    sources: Sequence[str] = ()
    """Those to sync; none: all."""
    full: bool = False
    """Pull everything again."""
    since: date | None = None
    """Pull again what changed since that day, and leave the bookmarks alone."""
    max_in_flight: int | None = None
    """Requests at once and source, instead of `sync.max_in_flight`."""
    accept_loss: bool = False
    """Believe a census however many issues are missing, and whoever the account now is."""
    census_now: bool = False
    """Take the census even if it is not due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """How a sync ended, source by source, in the order of the config."""

    run_id: str
    sources: tuple[SourceReport, ...]

    @property
    def ok(self) -> bool:
        """Every source is whole."""
        return all(source.ok for source in self.sources)


def sync(config: Config, options: SyncOptions, *, events: SyncEvents, now: datetime, run_id: str) -> SyncReport:
    """Sync the sources side by side; a source that fails is reported, the others go on.

    `run_id` names this run in `sync_runs`; no other may have it. Raises `LeaseHeld` while another process syncs or
    computes. With a lake, another process may hold single sources: those are reported.
    """
    if config.lake is not None:
        lake = configured_lake(config)
        from flowmart.syncing.into_lake import sync_into_lake  # here, since it needs the extra that was just asked for

        return sync_into_lake(config, lake, options, events=events, now=now, run_id=run_id)
    names = chosen(config, options.sources)
    with (
        seldom_collected(),
        keeping_connections(opened(config)) as engine,
        hold(engine, "run", utc_now) as lease,
    ):
        job = job_of(config, engine, lease, events=events, now=now, run_id=run_id)
        with connected(config, engine, names, options, now, job.privacy) as sources:
            calls = [partial(sync_source, job, run_of(config, options, name), source) for name, source in sources]
            reports = side_by_side(calls, job)
        complete(job, config)
    return SyncReport(run_id=run_id, sources=tuple(reports))


def complete(job: Job, config: Config) -> None:
    """What comes after all sources of a warehouse: derived columns, and upkeep."""
    with job.writing() as connection:
        classify(connection, config.metric_settings(), job.now)
        forget_runs(connection, job.now - timedelta(seconds=config.retention.sync_runs_seconds))
    tidy(job.engine)


def _mask_of(config: Config) -> Callable[[str], str]:
    """Takes every secret that this process has out of a text."""
    return partial(masked, secrets=(*config.secrets(), *of_environment(os.environ)))


def chosen(config: Config, names: Sequence[str]) -> tuple[str, ...]:
    """The named sources, or all, in the order of the config. Raises `UsageError` for a name that there is not."""
    unknown = [name for name in names if name not in config.sources]
    if unknown:
        hint = meant(unknown, list(config.sources), listing="configured are")
        raise UsageError(f"no source named {', '.join(unknown)}{hint}")
    return tuple(name for name in config.sources if not names or name in names)


def job_of(
    config: Config,
    engine: Engine,
    lease: Lease,
    *,
    events: SyncEvents,
    now: datetime,
    run_id: str,
    committed: Callable[[], None] = lambda: None,
) -> Job:
    """A job on the warehouse, which calls `committed` after each transaction.

    Raises `PrivacyChanged` when the warehouse was filled under other rules of privacy.
    """
    with engine.begin() as connection:
        privacy = settle(connection, config)
    return Job(
        engine=engine,
        lease=lease,
        events=events,
        run_id=run_id,
        now=now,
        privacy=privacy,
        mask=_mask_of(config),
        committed=committed,
    )


@contextmanager
def connected(
    config: Config, engine: Engine, names: Sequence[str], options: SyncOptions, now: datetime, privacy: PrivacyRules
) -> Iterator[list[tuple[str, Connector]]]:
    """The sources' connectors, closed when the block ends, however it ends."""
    made: list[tuple[str, Connector]] = []
    try:
        for name in names:
            source = connector(
                config,
                name,
                recall=recall_from(engine),
                held=held_from(engine),
                now=now,
                people=privacy.people_of(name),
                since=options.since,
                max_in_flight=options.max_in_flight,
            )
            made.append((name, source))
        yield made
    finally:
        for _, source in made:
            source.close()


def recall_from(engine: Engine) -> Recall:
    """Looks up the snapshots that committed pages stored."""

    def recall(issue_ids: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        with engine.connect() as connection:
            for some in portions(issue_ids):
                rows = connection.execute(
                    select(issue_snapshots.c.issue_id, issue_snapshots.c.content).where(
                        issue_snapshots.c.issue_id.in_(some)
                    )
                )
                found.update((row.issue_id, row.content) for row in rows)
        return found

    return recall


def held_from(engine: Engine) -> Held:
    """Looks up the issues that committed pages stored."""

    def held(issue_ids: Sequence[str]) -> frozenset[str]:
        found: set[str] = set()
        with engine.connect() as connection:
            for some in portions(issue_ids):
                found.update(connection.scalars(select(issues.c.issue_id).where(issues.c.issue_id.in_(some))))
        return frozenset(found)

    return held


def run_of(config: Config, options: SyncOptions, name: str) -> SourceRun:
    """How one source is to be synced."""
    return SourceRun(
        name=name,
        full=options.full,
        reads_bookmarks=options.since is None,
        census_now=options.census_now,
        census_every_seconds=config.sync.census_every_seconds,
        rules=CensusRules(
            max_loss=config.sync.max_loss,
            accept_loss=options.accept_loss,
            history_since=config.sources[name].history_since,
        ),
    )
