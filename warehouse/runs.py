"""The log of runs: one row per stream and sync, written when it begins and when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from warehouse.tables.loaded import sources
from warehouse.tables.operational import sync_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How a stream ended."""

    outcome: str
    requests: int
    retries: int
    rows_read: int
    rows_written: int
    expected: int | None = None
    received: int | None = None
    error: str | None = None


def begin_run(connection: Connection, run_id: str, source_id: str, stream: str, now: datetime) -> str:
    """Note that a stream began; returns the id of the note."""
    sync_run_id = f"{run_id}:{source_id}:{stream}"
    connection.execute(
        sync_runs.insert().values(
            sync_run_id=sync_run_id,
            run_id=run_id,
            source_id=source_id,
            stream=stream,
            started_at=now,
            outcome="running",
            requests=0,
            retries=0,
            rows_read=0,
            rows_written=0,
        )
    )
    return sync_run_id


def end_run(connection: Connection, sync_run_id: str, end: RunEnd, now: datetime) -> None:
    """Note how it ended."""
    connection.execute(
        update(sync_runs)
        .where(sync_runs.c.sync_run_id == sync_run_id)
        .values(
            finished_at=now,
            outcome=end.outcome,
            requests=end.requests,
            retries=end.retries,
            rows_read=end.rows_read,
            rows_written=end.rows_written,
            expected=end.expected,
            received=end.received,
            error=end.error,
        )
    )


def mark_synced(connection: Connection, source_id: str, started_at: datetime) -> None:
    """Note that all of a source was synced by a run that began at `started_at`."""
    connection.execute(update(sources).where(sources.c.source_id == source_id).values(last_synced_at=started_at))


def forget_runs(connection: Connection, before: datetime) -> int:
    """Delete the notes of runs that began before; returns how many. Of each stream the last one stays."""
    of, later = sync_runs.c, sync_runs.alias()
    last = (
        select(func.max(later.c.started_at))
        .where(later.c.source_id == of.source_id, later.c.stream == of.stream)
        .scalar_subquery()
    )
    return connection.execute(delete(sync_runs).where(of.started_at < before, of.started_at < last)).rowcount
