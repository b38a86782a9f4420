"""`flowmart schedule`."""

from __future__ import annotations

import logging

import typer

from flowmart.commands.options import session_of
from flowmart.commands.run import show
from flowmart.cron import next_due, trigger
from flowmart.errors import UsageError
from flowmart.run import run_once
from flowmart.schedule import serve
from flowmart.session import Session
from flowmart.text import instant

_LOG = logging.getLogger(__name__)


def command(context: typer.Context) -> None:
    """Stay and do the nightly job when it is due, until stopped.

    The times are cron expressions under [schedule] in the configuration, in calendar.timezone. Only one run works at a
    time, whoever started it. The configuration is read anew before each run. SIGTERM and Ctrl-C end it (exit code 0).
    """
    session = session_of(context)
    config, now = session.config(), session.begin()
    crons = config.schedule.crons()
    if not crons:
        raise UsageError(f'{session.config_file}: schedule.run: say when, e.g. run = "15 2 * * *"')

    def tell_when() -> None:
        for step, cron in crons.items():
            due = next_due(cron, config.zone, now)
            session.tell(f"{step} is next due {instant(due, config.zone) if due else 'never'}")

    due = {step: trigger(cron, config.zone) for step, cron in crons.items()}
    serve(due, lambda step: perform(session, step), tell_when)
    session.tell("stopped")


def perform(session: Session, step: str) -> None:
    """One run. What a user or the world can cause is logged in one line, and the schedule goes on."""
    try:
        config, now = session.config(), session.begin()
        _LOG.info("%s begins", step)
        with session.watching() as events:
            report = run_once(config, step, events=events, now=now, run_id=session.run_id)
        show(session, config, report)
        report.require_success()
    except Exception as error:
        failure = session.explain(error)
        if failure is None:
            raise
        _LOG.error("%s: %s", step, failure.text)
    else:
        _LOG.info("%s is done", step)
