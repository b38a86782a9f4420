"""`flowmart report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flowmart.commands.options import session_of
from flowmart.errors import UsageError
from flowmart.report import report
from flowmart.text import size

To = Annotated[Path | None, typer.Option("--to", metavar="FILE", help="The file. Default: report.to.")]


def command(context: typer.Context, to: To = None) -> None:
    """Write the report as one HTML file.

    The file holds its data and its charts: it asks no server for anything, and can be mailed, put on a share or
    printed. It shows what the last `compute` made; filters and numbers work in the browser.
    """
    session = session_of(context)
    config, now = session.config(), session.begin()
    if to is None and config.report is None:
        raise UsageError(f"{session.config_file}: no [report] is configured; add one, or name a file by --to")
    with session.watching() as events:
        events.step("writing the report")
        written = report(config, now=now, to=to)
    session.print(f"{written.path} ({size(written.size_bytes)})")
