"""`flowmart run`."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

import typer

from flowmart.commands.alerts import tell_alerts
from flowmart.commands.compute import show_cluster
from flowmart.commands.export import file_count, tell_notes, tell_published
from flowmart.commands.options import AcceptLoss, MaxInFlight, session_of
from flowmart.commands.sync import told
from flowmart.config import Config
from flowmart.errors import DIFFERENT
from flowmart.failures import one_line
from flowmart.logs import LogFormat, facts
from flowmart.nightly import Night, perform
from flowmart.run import RunReport
from flowmart.session import Session
from flowmart.syncing.sync import SyncOptions
from flowmart.telling.changes import Changes, document, lines
from flowmart.text import count, size

_LOG = logging.getLogger(__name__)


def command(
    context: typer.Context,
    accept_loss: AcceptLoss = False,  # noqa: FBT002 - Typer's shape
    max_in_flight: MaxInFlight = None,
) -> None:
    """Sync, compute, alert, export and report: the nightly job.

    A source that fails is named (exit code 1); the others are synced, and metrics, exports and the report are made
    all the same. Exit code 3 when nothing failed and there are new alerts of severity high.
    """
    session = session_of(context)
    config, now = session.config(), session.begin()
    night = night_of(session, config, "run", now)
    with session.watching() as events:
        options = SyncOptions(accept_loss=accept_loss, max_in_flight=max_in_flight)
        report = perform(night, options, events, partial(show, session, config))
    if config.lake is not None and report.engine is None:
        session.tell("what was synced is in the lake; without [engine] nothing of it is computed, exported or reported")
    if report.alerts is not None and report.alerts.is_grave:
        raise typer.Exit(DIFFERENT)


def night_of(session: Session, config: Config, step: str, now: datetime, due_at: datetime | None = None) -> Night:
    """A run of a step that begins now, in the session's words."""
    return Night(
        config=config,
        step=step,
        now=now,
        run_id=session.run_id,
        due_at=due_at,
        explain=lambda error: explained(session, error),
        mask=session.context.mask,
        warn=_LOG.warning,
    )


def explained(session: Session, error: BaseException) -> str:
    """Any failure in one line."""
    failure = session.explain(error)
    return f"a defect of flowmart: {type(error).__name__}: {one_line(error)}" if failure is None else failure.text


def show(session: Session, config: Config, report: RunReport, changes: Changes) -> None:
    """A line for each step, then what changed."""
    if report.sync is not None:
        session.print(told(report.sync))
    if report.compute is not None:
        rows = sum(report.compute.tables.values())
        session.print(f"computed {count(len(report.compute.tables), 'table')}: {count(rows, 'row')}")
    if report.engine is not None:
        show_cluster(session, report.engine)
    if report.alerts is not None:
        tell_alerts(session, report.alerts)
    for name, files in report.written.items():
        session.print(f"exported {name}: {count(file_count(files), 'file')} in {config.exports[name].shown_to}")
        tell_notes(session, files)
    tell_published(session, report.published)
    if report.report is not None:
        session.print(f"reported in {report.report.path} ({size(report.report.size_bytes)})")
    if report.sync is not None or report.compute is not None or report.engine is not None:
        for line in lines(changes):
            session.print(line)
        level = logging.INFO if session.log_format is LogFormat.JSON else logging.DEBUG
        _LOG.log(level, "what changed", extra=facts(changes=document(changes)))
