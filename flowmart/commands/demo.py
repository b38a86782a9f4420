"""`flowmart demo`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from flowmart.commands.alerts import tell_alerts
from flowmart.commands.export import file_count
from flowmart.commands.options import session_of
from flowmart.config import Config
from flowmart.demo import company, served
from flowmart.errors import JobFailed, UsageError
from flowmart.headlines import eventful_issue, headlines
from flowmart.run import RunReport, run_once
from flowmart.session import Session
from flowmart.sparkline import draws_bars, sparkline
from flowmart.speaking import folded
from flowmart.store import opened
from flowmart.text import count, printable

_FLAVOURS = {
    "jira_cloud": "Jira Cloud",
    "azure_devops": "Azure DevOps",
    "jira_data_center": "Jira Data Center",
    "azure_devops_server": "Azure DevOps Server",
}

To = Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder for warehouse and files.")]
Issues = Annotated[int, typer.Option("--issues", min=50, max=200_000, help="Size of the simulated company.")]


Serve = Annotated[bool, typer.Option("--serve", help="Only run the trackers, for trying things by hand.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65_500, help="First port of the trackers, with --serve.")]


def command(
    context: typer.Context,
    to: To = Path("demo"),
    issues: Issues = 2000,
    serve: Serve = False,  # noqa: FBT002 - Typer's shape of a flag
    port: Port = 0,
) -> None:
    """Try the whole job against simulated trackers.

    Starts simulated trackers of one company on this machine (Jira Cloud, Jira Data Center, Azure DevOps), syncs them
    into a fresh warehouse, computes the metrics, writes the exports and the report, and prints some of the numbers.

    With --serve it starts simulators of all flavours, writes a ready configuration, says what to try, and serves until
    Ctrl-C.
    """
    session = session_of(context)
    if serve:
        _serve(session, to, issues, port)
        return
    if port:
        raise UsageError("--port: goes with --serve; without it the trackers use free ports")
    session.tell(f"starting simulated trackers with about {count(issues, 'issue')}")
    with company(to, issues) as environment:
        session.environment, session.config_option = environment, None
        config, now = session.config(), session.begin()
        with session.watching() as events:
            report = run_once(config, "run", events=events, now=now, run_id=session.run_id)
    report.require_success()
    _show_numbers(session, config)
    if report.alerts is not None and report.alerts.open:
        session.print("")
        tell_alerts(session, report.alerts)
    _show_files(session, config, report, to)


def _serve(session: Session, to: Path, issues: int, port: int) -> None:
    session.tell(f"starting simulated trackers with about {count(issues, 'issue')}")
    with served(to, issues, port=port, now=session.begin()) as (trackers, wait):
        for line in _offers(trackers, to):
            session.print(line)
        session.tell("Ctrl-C ends the trackers")
        try:
            code = wait()
        except KeyboardInterrupt:
            session.tell("stopped")
            return
    raise JobFailed(f"the simulated trackers ended by themselves (exit code {code}); what they say stands above")


def _offers(trackers: Mapping[str, Any], to: Path) -> Iterator[str]:
    """Addresses and logins, and what to try."""
    for name, label in _FLAVOURS.items():
        if name in trackers:
            told = trackers[name]
            login = f"{told['email']}, token {told['token']}" if "email" in told else f"token {told['token']}"
            yield f"{label:<20} {told['url']}  ({login}; projects {', '.join(told['projects'])})"
    entra = trackers["azure_devops"]["entra"]
    yield f"{'Entra':<20} {entra['authority']}  (tenant {entra['tenant_id']}, client {entra['client_id']}, \
secret {entra['client_secret']})"
    yield f"{'configuration':<20} {to / 'flowmart.toml'}"
    yield f"{'the company is at':<20} {trackers['now']}"
    control = f"{trackers['jira_cloud']['url']}/_simulator"
    yield ""
    yield "Try in another terminal:"
    for words in ("check", "run", "status"):
        yield f"  flowmart -c {to / 'flowmart.toml'} {words}"
    yield f"  curl -X POST {control}/advance -d '{{\"nights\": 1}}'      # then `run` again: what a night changed"
    yield f'  curl -X POST {control}/faults -d \'{{"status": 503, "every": 5}}\''
    yield f"  curl {control}/state"


def _show_numbers(session: Session, config: Config) -> None:
    engine = opened(config)
    today = session.begin().astimezone(config.zone).date()
    with engine.connect() as connection:
        lines = headlines(connection, today)
    engine.dispose()
    width = max((len(line.label) for line in lines), default=0)
    drawn = draws_bars(session.out)
    session.print("")
    for line in lines:
        bars = f"{sparkline(line.course)}  " if drawn and line.course else ""
        label = f"{printable_label(line.label):<{width}}  "
        for part in folded(f"{bars}{printable(line.sentence)}", session.out, len(label)):
            session.print(f"{label}{part}")
            label = " " * len(label)


def printable_label(label: str) -> str:
    """The label with its indentation."""
    return " " * (len(label) - len(label.lstrip())) + printable(label)


def _show_files(session: Session, config: Config, report: RunReport, to: Path) -> None:
    session.print("")
    session.print(f"warehouse      {to / Path(config.warehouse_url.removeprefix('sqlite:///')).name}")
    for name, files in report.written.items():
        folder = to / os.path.relpath(config.exports[name].to, to.absolute())
        session.print(f"{name:<14} {folder} ({count(file_count(files), 'file')})")
    session.print(f"configuration  {to / 'flowmart.toml'}")
    _show_tries(session, config, to)
    if report.report is not None:
        session.print("")
        session.print(f"Open the report: {to / report.report.path.name}")


def _show_tries(session: Session, config: Config, to: Path) -> None:
    """What to type next."""
    engine = opened(config)
    with engine.connect() as connection:
        key = eventful_issue(connection)
    engine.dispose()
    if key is None:
        return
    month = session.begin().astimezone(config.zone).date().replace(day=1) - timedelta(days=1)
    session.print("")
    session.print("Take a number apart:")
    for words in (key, f"--metric throughput --period {month:%Y-%m}"):
        session.print(f"  flowmart -c {to / 'flowmart.toml'} explain {words}")
