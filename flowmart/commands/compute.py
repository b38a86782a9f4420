"""`flowmart compute`."""

from __future__ import annotations

from typing import Annotated

import typer

from flowmart.commands.options import row, session_of, table
from flowmart.compute import ComputeReport, compute
from flowmart.session import Session
from flowmart.text import count

Names = Annotated[list[str] | None, typer.Argument(metavar="METRIC", help="Metrics to compute; all if none is named.")]


def command(context: typer.Context, metrics: Names = None) -> None:
    """Bring the metric tables up to date, asking no tracker.

    Do this after changing the workflow, the calendar or the defect rules in the configuration.
    """
    session = session_of(context)
    config, now = session.config(), session.begin()
    show(session, compute(config, metric_names=metrics or (), now=now))


def show(session: Session, report: ComputeReport) -> None:
    """The tables and their rows."""
    made = table("table", "rows", right=("rows",))
    for name, rows in report.tables.items():
        row(made, name, f"{rows:,}")
    session.out.print(made)
    session.tell(f"computed {count(len(report.tables), 'table')} in {report.seconds:.1f} s")
