"""How the warehouse stands: each source's and stream's last sync, as recorded by the runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

import migrations
from flowmart.config import Config
from flowmart.cron import next_due
from flowmart.store import connected
from warehouse.alerts import open_by_severity
from warehouse.engine import warehouse_exists
from warehouse.job_runs import last_jobs
from warehouse.notices import open_notices
from warehouse.sizes import Sizes, read_sizes
from warehouse.tables.loaded import sources
from warehouse.tables.operational import sync_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStatus:
    """The last run of a stream."""

    stream: str
    outcome: str
    started_at: datetime
    finished_at: datetime | None
    rows_read: int
    rows_written: int
    expected: int | None
    """Things that the tracker's own count promised, where it tells one."""
    received: int | None
    requests: int
    retries: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """A configured source. It is late when its last whole sync is older than `schedule.max_age`, or never was."""

    source: str
    last_synced_at: datetime | None
    lag_seconds: float | None
    is_late: bool
    census_at: datetime | None = None
    """Start of the last census that lacked nothing."""
    streams: tuple[StreamStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """The last run of a step: of the nightly job, or of one that the schedule did alone."""

    step: str
    run_id: str
    outcome: str
    due_at: datetime | None
    """None for a run that no schedule began."""
    started_at: datetime
    finished_at: datetime | None
    holder: str
    error: str | None
    changes: Mapping[str, object] | None
    """What it changed, as `flowmart run` tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeStatus:
    """A failure or an alert that people are to know of."""

    kind: str
    text: str
    since: datetime
    told_at: datetime | None
    problem: str | None
    """Why the last message about it did not reach everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeSourceStatus:
    """A source in the lake."""

    source: str
    page: int
    """Its last page."""
    published_at: datetime
    pages: int
    """How many pages a reader goes through; a compaction makes them one."""
    held_by: str | None
    """Who syncs it now."""
    rows: int | None = None
    """Of all pages that there are files of; this and the rest if sizes are asked for."""
    files: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeStatus:
    """The lake, and its sources that have a page."""

    url: str
    sources: tuple[LakeSourceStatus, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The whole picture. `revision` is None as long as there are no tables."""

    now: datetime
    warehouse: str
    revision: str | None
    newest_revision: str
    next_runs: Mapping[str, datetime]
    sources: tuple[SourceStatus, ...]
    alerts: Mapping[str, int] = field(default_factory=dict)
    """Severity → how many alerts are open, the worst first; empty as long as there are no tables of today."""
    sizes: Sizes | None = None
    """How large the tables are, if asked and there are any."""
    runs: tuple[RunStatus, ...] = ()
    """The last run of each step, the newest first."""
    notices: tuple[NoticeStatus, ...] = ()
    """What is not over, and what could not be told."""
    lake: LakeStatus | None = None
    """Where `sync` writes to, if that is no warehouse."""

    @property
    def ok(self) -> bool:
        """No source is late."""
        return not any(source.is_late for source in self.sources)

    @property
    def current_runs(self) -> tuple[RunStatus, ...]:
        """Without those of single steps that a whole run came after."""
        whole = next((number for number, run in enumerate(self.runs) if run.step == "run"), len(self.runs))
        return self.runs[: whole + 1]


def read_status(config: Config, now: datetime, *, with_sizes: bool = False) -> Status:
    """The picture at `now`. Makes no warehouse where there is none. Sizes are counted, which takes a while."""
    engine = connected(config)
    revision = migrations.current(engine) if warehouse_exists(engine) else None
    lake = None
    if config.lake is not None:
        from flowmart.lake_status import read_lake_status  # here, since few have a lake, and its library is large

        lake, found = read_lake_status(config, now, with_sizes=with_sizes)
    else:
        found = source_statuses(engine, config, now) if revision is not None else _never_synced(config)
    runs, notices = _told(engine) if revision == migrations.head() else ((), ())
    sizes = _sizes(engine) if with_sizes and revision is not None else None
    alerts = _alerts(engine) if revision == migrations.head() else {}
    engine.dispose()
    dues = {step: next_due(cron, config.zone, now) for step, cron in config.schedule.crons().items()}
    return Status(
        now=now,
        warehouse=config.warehouse.shown,
        revision=revision,
        newest_revision=migrations.head(),
        next_runs={step: moment for step, moment in dues.items() if moment is not None},
        sources=found,
        alerts=alerts,
        sizes=sizes,
        runs=runs,
        notices=notices,
        lake=lake,
    )


def _alerts(engine: Engine) -> Mapping[str, int]:
    with engine.connect() as connection:
        return open_by_severity(connection)


def _sizes(engine: Engine) -> Sizes:
    with engine.connect() as connection:
        return read_sizes(connection)


def _told(engine: Engine) -> tuple[tuple[RunStatus, ...], tuple[NoticeStatus, ...]]:
    with engine.connect() as connection:
        runs, notices = last_jobs(connection), open_notices(connection)
    return (
        tuple(
            RunStatus(
                step=run.step,
                run_id=run.run_id,
                outcome=run.outcome,
                due_at=run.due_at,
                started_at=run.started_at,
                finished_at=run.finished_at,
                holder=run.holder,
                error=run.error,
                changes=None if run.summary is None else json.loads(run.summary),
            )
            for run in runs
        ),
        tuple(
            NoticeStatus(
                kind=each.kind, text=each.content, since=each.first_at, told_at=each.told_at, problem=each.problem
            )
            for each in notices
        ),
    )


def _never_synced(config: Config) -> tuple[SourceStatus, ...]:
    return tuple(SourceStatus(source=n, last_synced_at=None, lag_seconds=None, is_late=True) for n in config.sources)


def source_statuses(engine: Engine, config: Config, now: datetime) -> tuple[SourceStatus, ...]:
    """Each configured source, by the tables `sources` and `sync_runs`."""
    with engine.connect() as connection:
        rows = connection.execute(select(sources.c.source_id, sources.c.last_synced_at, sources.c.census_at))
        known = {row.source_id: row for row in rows}
        streams = _last_streams(connection)
    found = []
    for name in config.sources:
        last, census_at = (known[name].last_synced_at, known[name].census_at) if name in known else (None, None)
        lag = None if last is None else (now - last).total_seconds()
        found.append(
            SourceStatus(
                source=name,
                last_synced_at=last,
                lag_seconds=lag,
                is_late=lag is None or lag > config.schedule.max_age_seconds,
                census_at=census_at,
                streams=tuple(streams.get(name, ())),
            )
        )
    return tuple(found)


def _last_streams(connection: Connection) -> dict[str, list[StreamStatus]]:
    """Source → the last run of each of its streams, in the order in which they began."""
    newest_first = func.row_number().over(
        partition_by=(sync_runs.c.source_id, sync_runs.c.stream),
        order_by=(sync_runs.c.started_at.desc(), sync_runs.c.sync_run_id.desc()),
    )
    ranked = select(sync_runs, newest_first.label("age")).subquery()
    rows = connection.execute(select(ranked).where(ranked.c.age == 1).order_by(ranked.c.started_at, ranked.c.stream))
    streams: dict[str, list[StreamStatus]] = {}
    for row in rows:
        streams.setdefault(row.source_id, []).append(
            StreamStatus(
                stream=row.stream,
                outcome=row.outcome,
                started_at=row.started_at,
                finished_at=row.finished_at,
                rows_read=row.rows_read,
                rows_written=row.rows_written,
                expected=row.expected,
                received=row.received,
                requests=row.requests,
                retries=row.retries,
                error=row.error,
            )
        )
    return streams
