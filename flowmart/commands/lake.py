"""`flowmart lake`."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from flowmart import completing
from flowmart.clock import utc_now
from flowmart.commands.options import session_of
from flowmart.errors import JobFailed
from flowmart.lake import configured_lake, opener
from flowmart.syncing.sync import chosen
from flowmart.text import count
from warehouse.leases import LeaseHeld


class Action(Enum):
    """What can be done with a lake."""

    COMPACT = "compact"


What = Annotated[Action, typer.Argument(help="compact: write each source's rows anew as one page.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="SOURCE", help="Sources; all if none is named.", autocompletion=completing.sources),
]


def command(context: typer.Context, what: What, sources: Names = None) -> None:  # noqa: ARG001 - there is one so far
    """Merge the pages of a lake, so that it stays fast and small.

    Every sync adds a few small files to most tables. Readers go through all of them since the last compaction: once a
    week is a good measure. Readers see the same rows before, during and after it; files that are needed no more stay
    for a day. A source that is being synced is passed over, and named (exit code 1). Of what was computed, the last two
    states of each source stay.
    """
    session = session_of(context)
    config = session.config()
    session.begin()
    lake = configured_lake(config)
    from lake.compacting import compact  # here, since they need the extra that was just asked for
    from lake.computed import forget_older

    held = []
    for name in chosen(config, sources or ()):
        try:
            done = compact(lake, name, utc_now, opener(config), session.run_id)
        except LeaseHeld as error:
            held.append(f"{name}: {error}")
            continue
        if done.page is None:
            session.print(f"{name}: nothing to merge")
        else:
            session.print(
                f"{name}: {count(done.merged_pages, 'page')} merged into page {done.page:,}, {count(done.rows, 'row')}"
            )
    for name in (*chosen(config, sources or ()), *([] if sources else [""])):
        forget_older(lake, name)
    if held:
        raise JobFailed("; ".join(held))
