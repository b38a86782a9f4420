"""Pulls what changed from each source into the warehouse, page by page, each page with its bookmark."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from connectors.base import Connector, Counters, Held, Page, Recall, Stream
from connectors.errors import SourceError
from flowmart.clock import utc_now
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.events import StreamOutcome, SyncEvents
from flowmart.sources import connector
from flowmart.store import opened
from metrics.catalog import classify
from warehouse.bookmarks import forget_bookmark, read_bookmark, save_bookmark
from warehouse.leases import Lease, hold
from warehouse.loader import Loader
from warehouse.runs import RunEnd, begin_run, end_run, mark_synced
from warehouse.tables.loaded import issue_snapshots, issues

IDENTITY = "login"
_RECALLED_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """How a source's sync ended. `problems` are things configured but not to be seen; `error` ended it early."""

    name: str
    error: str | None
    problems: tuple[str, ...]
    streams: tuple[tuple[str, StreamOutcome], ...]

    @property
    def ok(self) -> bool:
        """Nothing is missing."""
        return self.error is None and not self.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """How a sync ended, source by source."""

    run_id: str
    sources: tuple[SourceReport, ...]

    @property
    def ok(self) -> bool:
        """Every source is whole."""
        return all(source.ok for source in self.sources)


def sync(
    config: Config,
    *,
    sources: Sequence[str] = (),
    full: bool = False,
    since: date | None = None,
    events: SyncEvents,
    now: datetime,
    run_id: str,
) -> SyncReport:
    """Sync the named sources (all by default); a source that fails is reported, the others go on.

    `run_id` names this run in `sync_runs`; no other may have it.
    `full` pulls everything again. `since` pulls again what changed since that day, and leaves the bookmarks alone.
    Raises `LeaseHeld` while another process syncs or computes.
    """
    unknown = [name for name in sources if name not in config.sources]
    if unknown:
        raise UsageError(f"no source named {', '.join(unknown)}; configured are {', '.join(config.sources) or 'none'}")
    engine = opened(config)
    with hold(engine, "run", utc_now) as lease:
        run = _Run(engine, lease, events, run_id, now, full, since)
        reports = []
        for name in sources or config.sources:
            held = held_from(engine)
            source = connector(config, name, recall=recall_from(engine), held=held, now=now, since=since)
            try:
                reports.append(_sync_source(run, name, source))
            finally:
                source.close()
        with engine.begin() as connection:
            classify(connection, config.metric_settings(), now)
    engine.dispose()
    return SyncReport(run_id=run.run_id, sources=tuple(reports))


@dataclass(frozen=True, slots=True)
class _Run:
    """What all sources of a sync share."""

    engine: Engine
    lease: Lease
    events: SyncEvents
    run_id: str
    now: datetime
    full: bool
    since: date | None


@dataclass(slots=True)
class _Tally:
    """What a stream has done so far."""

    rows_read: int = 0
    rows_written: int = 0


def _sync_source(run: _Run, name: str, source: Connector) -> SourceReport:
    """All streams in order; the first that fails ends the source, since later ones build on it."""
    problems: list[str] = []
    outcomes: list[tuple[str, StreamOutcome]] = []
    error: str | None = None
    try:
        with _logged(run, name, IDENTITY, source.counters, outcomes):
            source.identify()
        for stream in source.streams():
            with _logged(run, name, stream.name, source.counters, outcomes) as tally:
                problems += _load(run, name, stream, tally)
    except SourceError as failure:
        error = str(failure)
    if error is None and not problems:
        with run.engine.begin() as connection:
            mark_synced(connection, name, run.now)
    return SourceReport(name=name, error=error, problems=tuple(problems), streams=tuple(outcomes))


def _load(run: _Run, name: str, stream: Stream, tally: _Tally) -> list[str]:
    """Load every page of a stream; returns the problems that the pages tell."""
    problems: list[str] = []
    for page in stream.pages(_begin(run, name, stream.name)):
        with run.engine.begin() as connection:
            written = _write(connection, page)
            if page.bookmark is not None and run.since is None:
                save_bookmark(connection, name, stream.name, page.bookmark, run.now)
            run.lease.renew(connection, utc_now())
        read = len(page.records) + sum(len(replacement.records) for replacement in page.replacements)
        tally.rows_read += read
        tally.rows_written += written
        run.events.page_committed(name, stream.name, read, page.progress)
        for note in page.notes:
            run.events.note(name, note)
        for problem in page.problems:
            problems.append(problem)
            run.events.problem(name, problem)
    return problems


def _begin(run: _Run, name: str, stream: str) -> str | None:
    """The bookmark to go on from; a full sync forgets it first."""
    if run.since is not None:
        return None
    with run.engine.begin() as connection:
        if not run.full:
            return read_bookmark(connection, name, stream)
        forget_bookmark(connection, name, stream)
    return None


def _write(connection: Connection, page: Page) -> int:
    loader = Loader(connection)
    written = loader.upsert(page.records) + sum(map(loader.replace, page.replacements))
    return written + sum(map(loader.mark, page.marks))


@contextmanager
def _logged(
    run: _Run, name: str, stream: str, counters: Counters, outcomes: list[tuple[str, StreamOutcome]]
) -> Iterator[_Tally]:
    """Note in `sync_runs` and tell the watcher when a stream begins and how it ends."""
    tally, began, requests, retries = _Tally(), time.monotonic(), counters.requests, counters.retries
    run.events.stream_started(name, stream)
    with run.engine.begin() as connection:
        note = begin_run(connection, run.run_id, name, stream, utc_now())
    ending, error = "interrupted", None
    try:
        yield tally
        ending = "done"
    except SourceError as failure:
        ending, error = "failed", str(failure)
        raise
    except Exception as failure:
        ending, error = "failed", f"{type(failure).__name__}: {failure}".splitlines()[0]
        raise
    finally:
        outcome = StreamOutcome(
            rows_read=tally.rows_read,
            rows_written=tally.rows_written,
            requests=counters.requests - requests,
            retries=counters.retries - retries,
            seconds=time.monotonic() - began,
            error=error,
        )
        outcomes.append((stream, outcome))
        with suppress(SQLAlchemyError, sqlite3.Error):  # the database may be what failed
            _note_end(run.engine, note, ending, outcome)
        run.events.stream_finished(name, stream, outcome)


def _note_end(engine: Engine, note: str, ending: str, outcome: StreamOutcome) -> None:
    end = RunEnd(
        outcome=ending,
        requests=outcome.requests,
        retries=outcome.retries,
        rows_read=outcome.rows_read,
        rows_written=outcome.rows_written,
        error=outcome.error,
    )
    with engine.begin() as connection:
        end_run(connection, note, end, utc_now())


def recall_from(engine: Engine) -> Recall:
    """Looks up the snapshots that committed pages stored."""

    def recall(issue_ids: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        with engine.connect() as connection:
            for start in range(0, len(issue_ids), _RECALLED_AT_ONCE):
                some = issue_ids[start : start + _RECALLED_AT_ONCE]
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
            for start in range(0, len(issue_ids), _RECALLED_AT_ONCE):
                some = issue_ids[start : start + _RECALLED_AT_ONCE]
                found.update(connection.scalars(select(issues.c.issue_id).where(issues.c.issue_id.in_(some))))
        return frozenset(found)

    return held
