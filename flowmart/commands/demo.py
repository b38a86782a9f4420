"""`flowmart demo`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from flowmart.commands.options import session_of
from flowmart.config import Config
from flowmart.demo import company
from flowmart.headlines import headlines
from flowmart.run import RunReport, run_once
from flowmart.session import Session
from flowmart.store import opened
from flowmart.text import count, printable

To = Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder for warehouse and files.")]
Issues = Annotated[int, typer.Option("--issues", min=50, max=200_000, help="Size of the simulated company.")]


def command(context: typer.Context, to: To = Path("demo"), issues: Issues = 2000) -> None:
    """Try the whole job against simulated trackers.

    Starts a simulated Jira site and a simulated Azure DevOps organisation on this machine, syncs them into a fresh
    warehouse, computes the metrics, writes the exports, and prints some of the numbers.
    """
    session = session_of(context)
    session.tell(f"starting simulated trackers with about {count(issues, 'issue')}")
    with company(to, issues) as environment:
        session.environment, session.config_option = environment, None
        config, now = session.config(), session.begin()
        with session.watching() as events:
            report = run_once(config, "run", events=events, now=now, run_id=session.run_id)
    report.require_success()
    _show_numbers(session, config)
    _show_files(session, config, report, to)


def _show_numbers(session: Session, config: Config) -> None:
    engine = opened(config)
    today = session.begin().astimezone(config.zone).date()
    with engine.connect() as connection:
        lines = headlines(connection, today)
    engine.dispose()
    width = max((len(label) for label, _ in lines), default=0)
    session.print("")
    for label, sentence in lines:
        session.print(f"{printable_label(label):<{width}}  {printable(sentence)}")


def printable_label(label: str) -> str:
    """The label with its indentation."""
    return " " * (len(label) - len(label.lstrip())) + printable(label)


def _show_files(session: Session, config: Config, report: RunReport, to: Path) -> None:
    session.print("")
    session.print(f"warehouse      {to / Path(config.warehouse_url.removeprefix('sqlite:///')).name}")
    for name, files in report.written.items():
        folder = to / os.path.relpath(config.exports[name].to, to.absolute())
        session.print(f"{name:<14} {folder} ({count(len(files), 'file')})")
    session.print(f"configuration  {to / 'flowmart.toml'}")
