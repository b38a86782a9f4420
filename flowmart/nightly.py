"""A run as its operator knows it: noted in the warehouse, summed up, and told to whoever wants to know."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from flowmart.clock import utc_now
from flowmart.config import Config
from flowmart.errors import JobFailed
from flowmart.events import SyncEvents
from flowmart.run import RunReport, run_once
from flowmart.store import opened
from flowmart.syncing.sync import SyncOptions
from flowmart.telling.causes import Causes, failures
from flowmart.telling.changes import Changes, Standing, document, read_changes, read_standing
from flowmart.telling.notify import Send, Telling, tell, tell_without_warehouse
from flowmart.telling.receivers import deliver
from flowmart.telling.telemetry import write_file
from warehouse.job_runs import JobRun, begin_job, end_job, forget_jobs, take_back_job
from warehouse.leases import LeaseHeld
from warehouse.notices import forget_notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One run of a step: what is to be done, and how its operator hears of it."""

    config: Config
    step: str
    now: datetime
    run_id: str
    due_at: datetime | None = None
    """When the schedule had it due; None when no schedule began it."""
    explain: Callable[[BaseException], str]
    """A failure in one line."""
    mask: Callable[[str], str]
    """A text without secrets."""
    warn: Callable[[str], None]
    """Hears what went wrong with telling others: that never fails a run."""
    send: Send = deliver


@dataclass(slots=True)
class _Course:
    """What is known so far of how the run goes."""

    before: Standing | None = None
    report: RunReport | None = None
    changes: Changes | None = None

    def causes(self, step: str, error: BaseException | None, text: str | None) -> Causes:
        """What failed; a report tells that only if nothing else came between."""
        is_told = error is None or isinstance(error, JobFailed)
        return failures(step, self.report if is_told else None, text)


def perform(
    night: Night, options: SyncOptions | None, events: SyncEvents, show: Callable[[RunReport, Changes], None]
) -> RunReport:
    """Do the step, note it, and tell; `show` gets what it did, even if part of it failed; a whole one is returned too.

    Raises what `run_once` does.

    A run that could not begin, since another one is under way, leaves no trace and is no failure to tell.
    """
    try:
        engine = opened(night.config)
    except Exception as error:
        tell_failure(night, night.explain(error))
        raise
    course = _Course()
    try:
        _begin(engine, night, course)
        course.report = run_once(night.config, night.step, options, events=events, now=night.now, run_id=night.run_id)
        show(course.report, _changes(engine, night, course))
        course.report.require_success()
    except LeaseHeld:
        with engine.begin() as connection:
            take_back_job(connection, night.run_id)
        raise
    except BaseException as error:
        _end(engine, night, course, error)
        raise
    else:
        _end(engine, night, course, None)
        return course.report
    finally:
        engine.dispose()


def tell_failure(night: Night, text: str) -> None:
    """Tell people why a run could not even begin, each time: nothing remembers that they know."""
    _warn(night, tell_without_warehouse(_telling(night), failures(night.step, None, night.mask(text))))


def _begin(engine: Engine, night: Night, course: _Course) -> None:
    run = JobRun(
        run_id=night.run_id,
        step=night.step,
        due_at=night.due_at,
        holder=f"{socket.gethostname()} process {os.getpid()}",
        started_at=utc_now(),
    )
    with engine.begin() as connection:
        begin_job(connection, run)
        course.before = read_standing(connection, _today(night))


def _changes(engine: Engine, night: Night, course: _Course) -> Changes:
    with engine.connect() as connection:
        alerts = None if course.report is None else course.report.alerts
        before = course.before or read_standing(connection, _today(night))
        course.changes = read_changes(connection, before, _today(night), alerts)
    return course.changes


def _today(night: Night) -> date:
    return night.now.astimezone(night.config.zone).date()


def _end(engine: Engine, night: Night, course: _Course, error: BaseException | None) -> None:
    """Note how it ended, and tell. Raises what the warehouse raises only if the run itself went well."""
    is_broken_off = error is not None and not isinstance(error, Exception)
    text = None if error is None or is_broken_off else night.mask(night.explain(error))
    try:
        _note(engine, night, course, "interrupted" if is_broken_off else "done" if error is None else "failed", text)
        if not is_broken_off:
            alerts = None if course.report is None else course.report.alerts
            _warn(night, tell(engine, _telling(night), course.causes(night.step, error, text), alerts))
    except (SQLAlchemyError, sqlite3.Error) as failure:
        text = text or night.mask(night.explain(failure))
        if not is_broken_off:
            _warn(night, tell_without_warehouse(_telling(night), course.causes(night.step, error or failure, text)))
        if error is None:
            raise
    _warn(night, write_file(night.config, night.now))


def _note(engine: Engine, night: Night, course: _Course, outcome: str, text: str | None) -> None:
    summary = None if course.changes is None else json.dumps(document(course.changes), ensure_ascii=False)
    kept_from = night.now - timedelta(seconds=night.config.retention.sync_runs_seconds)
    with engine.begin() as connection:
        end_job(connection, night.run_id, outcome, utc_now(), error=text, summary=summary)
        forget_jobs(connection, kept_from)
        forget_notices(connection, kept_from)


def _telling(night: Night) -> Telling:
    return Telling(
        notify=night.config.notify,
        sources=night.config.sources,
        exports=night.config.exports,
        zone=night.config.zone,
        run_id=night.run_id,
        host=socket.gethostname(),
        now=night.now,
        mask=night.mask,
        send=night.send,
    )


def _warn(night: Night, problems: Sequence[str]) -> None:
    for problem in problems:
        night.warn(problem)
