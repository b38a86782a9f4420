"""`flowmart compute`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from exports.catalog import EXPORTERS
from flowmart import completing
from flowmart.as_of import asked, compute_as_of
from flowmart.commands import export as export_command
from flowmart.commands.options import row, session_of, table
from flowmart.compute import ComputeReport, compute
from flowmart.errors import UsageError
from flowmart.session import Session
from flowmart.text import count

Format = StrEnum("Format", {name.upper(): name for name in EXPORTERS})  # type: ignore[misc]  # built from the catalogue

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="METRIC", help="Metrics to compute; all if none is named.", autocompletion=completing.metrics
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Compute all rows anew, not only those that changed.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="All metrics as they were at the end of that day, into files."),
]
To = Annotated[
    Path | None, typer.Option("--to", metavar="DIR", help="Folder for --as-of [default: as-of-DATE beside the config].")
]
AsOfFormat = Annotated[Format | None, typer.Option("--format", help="Format for --as-of [default: parquet].")]


def command(
    context: typer.Context,
    metrics: Names = None,
    full: Full = False,  # noqa: FBT002
    as_of: AsOf = None,
    to: To = None,
    format_: AsOfFormat = None,
) -> None:
    """Bring the metric tables up to date, asking no tracker.

    Do this after changing the workflow, the calendar or the defect rules in the configuration. With --as-of the
    warehouse stays as it is: the metrics of a past day, or of an instant such as 2026-06-30T12:00Z, become files.
    """
    session = session_of(context)
    if as_of is None and (to is not None or format_ is not None):
        raise UsageError("--to and --format belong to --as-of")
    config, now = session.config(), session.begin()
    if as_of is None:
        with session.watching() as events:
            report = compute(config, metric_names=metrics or (), now=now, full=full, step=events.step)
        show(session, report)
        return
    if metrics:
        raise UsageError("--as-of computes all metrics; leave their names out")
    instant, folder = asked(as_of, config.zone)
    written = compute_as_of(
        config,
        instant,
        now=now,
        to=session.config_file.absolute().parent / folder if to is None else to,
        format_="parquet" if format_ is None else format_.value,
    )
    export_command.show(session, {"as of": written})


def show(session: Session, report: ComputeReport) -> None:
    """The tables and their rows."""
    made = table("table", "rows", right=("rows",))
    for name, rows in report.tables.items():
        row(made, name, f"{rows:,}")
    session.show(made)
    session.tell(f"computed {count(len(report.tables), 'table')} in {report.seconds:.1f} s")
