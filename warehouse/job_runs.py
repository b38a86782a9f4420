"""The log of jobs: one row for each run, written when it begins and when it ends; the schedule reads what is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select, update

from warehouse.tables.operational import job_runs

SETTLED = ("done", "failed")
"""Outcomes of runs that came to their own end: what was due is not to be done again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """A run as it is noted."""

    run_id: str
    step: str
    due_at: datetime | None
    holder: str
    started_at: datetime
    finished_at: datetime | None = None
    outcome: str = "running"
    error: str | None = None
    summary: str | None = None


def begin_job(connection: Connection, run: JobRun) -> None:
    """Note that a run began."""
    connection.execute(
        job_runs.insert().values(
            job_run_id=run.run_id,
            step=run.step,
            due_at=run.due_at,
            holder=run.holder,
            started_at=run.started_at,
            outcome=run.outcome,
        )
    )


def end_job(
    connection: Connection, run_id: str, outcome: str, now: datetime, *, error: str | None, summary: str | None
) -> None:
    """Note how it ended."""
    connection.execute(
        update(job_runs)
        .where(job_runs.c.job_run_id == run_id)
        .values(outcome=outcome, finished_at=now, error=error, summary=summary)
    )


def take_back_job(connection: Connection, run_id: str) -> None:
    """Delete the note of a run that could not begin, since another one is under way."""
    connection.execute(delete(job_runs).where(job_runs.c.job_run_id == run_id))


def last_settled(connection: Connection, step: str) -> JobRun | None:
    """Of the runs that the schedule began and that came to their end, the one that was due last; None if none did."""
    statement = (
        select(job_runs)
        .where(job_runs.c.step == step, job_runs.c.outcome.in_(SETTLED), job_runs.c.due_at.is_not(None))
        .order_by(job_runs.c.due_at.desc(), job_runs.c.started_at.desc())
        .limit(1)
    )
    return next(_read(connection, statement), None)


def settled_to(connection: Connection, step: str) -> datetime | None:
    """Up to when all that the schedule had due is done; None if it never began the step.

    As long as nothing came to its end, that is just before the first that was begun.
    """
    settled = last_settled(connection, step)
    if settled is not None:
        return settled.due_at
    first = select(func.min(job_runs.c.due_at)).where(job_runs.c.step == step)
    begun: datetime | None = connection.scalar(first)
    return None if begun is None else begun - timedelta(microseconds=1)


def last_jobs(connection: Connection) -> list[JobRun]:
    """The last run of each step, the newest first."""
    newest = select(job_runs.c.step, func.max(job_runs.c.started_at).label("newest")).group_by(job_runs.c.step)
    of = newest.subquery()
    statement = (
        select(job_runs)
        .join(of, (of.c.step == job_runs.c.step) & (of.c.newest == job_runs.c.started_at))
        .order_by(job_runs.c.started_at.desc(), job_runs.c.job_run_id)
    )
    return list({run.step: run for run in _read(connection, statement)}.values())


def forget_jobs(connection: Connection, before: datetime) -> int:
    """Delete the notes of runs that began before; returns how many. Of each step the last one stays."""
    of, later = job_runs.c, job_runs.alias()
    last = select(func.max(later.c.started_at)).where(later.c.step == of.step).scalar_subquery()
    return connection.execute(delete(job_runs).where(of.started_at < before, of.started_at < last)).rowcount


def _read(connection: Connection, statement: Select[Any]) -> Iterator[JobRun]:
    for row in connection.execute(statement):
        yield JobRun(
            run_id=row.job_run_id,
            step=row.step,
            due_at=row.due_at,
            holder=row.holder,
            started_at=row.started_at,
            finished_at=row.finished_at,
            outcome=row.outcome,
            error=row.error,
            summary=row.summary,
        )
