"""`flowmart run`."""

from __future__ import annotations

import typer

from flowmart.commands.export import file_count, tell_notes, tell_published
from flowmart.commands.options import AcceptLoss, MaxInFlight, session_of
from flowmart.commands.sync import told
from flowmart.config import Config
from flowmart.run import RunReport, run_once
from flowmart.session import Session
from flowmart.syncing.sync import SyncOptions
from flowmart.text import count, size


def command(
    context: typer.Context,
    accept_loss: AcceptLoss = False,  # noqa: FBT002 - Typer's shape
    max_in_flight: MaxInFlight = None,
) -> None:
    """Sync, compute, export and report: the nightly job.

    A source that fails is named (exit code 1); the others are synced, and metrics, exports and the report are made
    all the same.
    """
    session = session_of(context)
    config, now = session.config(), session.begin()
    with session.watching() as events:
        options = SyncOptions(accept_loss=accept_loss, max_in_flight=max_in_flight)
        report = run_once(config, "run", options, events=events, now=now, run_id=session.run_id)
    show(session, config, report)
    report.require_success()


def show(session: Session, config: Config, report: RunReport) -> None:
    """A line for each step."""
    if report.sync is not None:
        session.print(told(report.sync))
    if report.compute is not None:
        rows = sum(report.compute.tables.values())
        session.print(f"computed {count(len(report.compute.tables), 'table')}: {count(rows, 'row')}")
    for name, files in report.written.items():
        session.print(f"exported {name}: {count(file_count(files), 'file')} in {config.exports[name].shown_to}")
        tell_notes(session, files)
    tell_published(session, report.published)
    if report.report is not None:
        session.print(f"reported in {report.report.path} ({size(report.report.size_bytes)})")
