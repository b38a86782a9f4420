"""`flowmart sync`."""

from __future__ import annotations

from typing import Annotated

import typer

from flowmart.commands.options import day, session_of
from flowmart.run import require_whole
from flowmart.sync import SyncReport, sync
from flowmart.text import count

Names = Annotated[list[str] | None, typer.Argument(metavar="SOURCE", help="Sources to sync; all if none is named.")]
Full = Annotated[bool, typer.Option("--full", help="Pull everything again instead of what changed.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Pull again what changed since this day (YYYY-MM-DD).")
]


def command(context: typer.Context, sources: Names = None, full: Full = False, since: Since = None) -> None:  # noqa: FBT002 - Typer's shape
    """Pull what changed in the trackers into the warehouse.

    The first sync pulls everything, the next ones only what changed. A sync that breaks off loses nothing: the next
    one goes on where it stopped. A source that fails is named and the others are synced (exit code 1).
    """
    session = session_of(context)
    config, now = session.config(), session.begin()
    with session.watching() as events:
        report = sync(
            config,
            sources=sources or (),
            full=full,
            since=day(since),
            events=events,
            now=now,
            run_id=session.run_id,
        )
    session.print(told(report))
    require_whole(report.sources)


def told(report: SyncReport) -> str:
    """`synced 2 sources: 12,034 rows, 120 requests`."""
    outcomes = [outcome for source in report.sources for _, outcome in source.streams]
    rows, requests = sum(o.rows_read for o in outcomes), sum(o.requests for o in outcomes)
    whole = sum(source.ok for source in report.sources)
    of = "" if whole == len(report.sources) else f"{whole} of "
    return f"synced {of}{count(len(report.sources), 'source')}: {count(rows, 'row')}, {count(requests, 'request')}"
