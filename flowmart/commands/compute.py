"""`flowmart compute`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from exports.catalog import EXPORTERS
from flowmart import completing
from flowmart.as_of import asked, compute_as_of
from flowmart.clustering import ClusterReport, compute_on_spark, require_engine
from flowmart.commands import export as export_command
from flowmart.commands.options import row, session_of, table
from flowmart.compute import ComputeReport, compute
from flowmart.config import Config
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
EngineName = StrEnum("EngineName", ["WAREHOUSE", "SPARK"])
Where = Annotated[
    EngineName | None,
    typer.Option(
        "--engine", help="Where: in the warehouse, or what a lake holds on Spark [default: spark if [engine] is set]."
    ),
]
IntoWarehouse = Annotated[
    bool, typer.Option("--into-warehouse", help="Then load what Spark computed into the warehouse, for BI.")
]
AsOfFormat = Annotated[Format | None, typer.Option("--format", help="Format for --as-of [default: parquet].")]


def command(
    context: typer.Context,
    metrics: Names = None,
    full: Full = False,  # noqa: FBT002
    as_of: AsOf = None,
    to: To = None,
    format_: AsOfFormat = None,
    engine: Where = None,
    into_warehouse: IntoWarehouse = False,  # noqa: FBT002
) -> None:
    """Bring the metric tables up to date, asking no tracker.

    Do this after changing the workflow, the calendar or the defect rules in the configuration. With --as-of the
    warehouse stays as it is: the metrics of a past day, or of an instant such as 2026-06-30T12:00Z, become files.
    With --engine spark the sources of the lake are computed side by side on a cluster, and stay in the lake.
    """
    session = session_of(context)
    if as_of is None and (to is not None or format_ is not None):
        raise UsageError("--to and --format belong to --as-of")
    config, now = session.config(), session.begin()
    if engine is EngineName.SPARK or (engine is None and as_of is None and config.engine is not None):
        if metrics or as_of:
            raise UsageError("--engine spark computes all metrics as of now; leave metrics and --as-of out")
        _on_spark(session, config, now, full=full, into_warehouse=into_warehouse)
        return
    if into_warehouse:
        raise UsageError("--into-warehouse belongs to --engine spark")
    if engine is None:
        require_engine(config)
    if as_of is None:
        with session.watching() as events:
            report = compute(config, metric_names=metrics or (), now=now, full=full, step=events.step)
        show(session, report)
        return
    if metrics:
        raise UsageError("--as-of computes all metrics; leave their names out")
    _as_of(session, config, now, as_of, to=to, format_="parquet" if format_ is None else format_.value)


def _as_of(session: Session, config: Config, now: datetime, day: str, *, to: Path | None, format_: str) -> None:
    instant, folder = asked(day, config.zone)
    written = compute_as_of(
        config,
        instant,
        now=now,
        to=session.config_file.absolute().parent / folder if to is None else to,
        format_=format_,
    )
    export_command.show(session, {"as of": written})


def _on_spark(session: Session, config: Config, now: datetime, *, full: bool, into_warehouse: bool) -> None:
    with session.watching() as events:
        report = compute_on_spark(config, now=now, full=full, into_warehouse=into_warehouse, step=events.step)
    show_cluster(session, report)
    report.require_success()


def show(session: Session, report: ComputeReport) -> None:
    """The tables and their rows."""
    made = table("table", "rows", right=("rows",))
    for name, rows in report.tables.items():
        row(made, name, f"{rows:,}")
    session.show(made)
    session.tell(f"computed {count(len(report.tables), 'table')} in {report.seconds:.1f} s")


def _how(went_on: int, of_all: int) -> str:
    """How many of the sources that were computed went on from their last computation, if any did."""
    if not went_on:
        return ""
    return f", {'' if went_on == of_all else f'{went_on} of them '}only where something changed,"


def show_cluster(session: Session, report: ClusterReport) -> None:
    """The sources that were computed, and what became of the others."""
    done = report.done
    made = table("source", "rows", "CPU s", right=("rows", "CPU s"))
    for one in sorted(done.computed, key=lambda one: one.source_id):
        row(made, one.source_id, f"{one.outline.rows:,}", f"{one.cpu_seconds:.1f}")
    if done.computed:
        session.show(made)
    if done.unchanged:
        session.tell(f"{count(len(done.unchanged), 'source')} did not change")
    how = _how(sum(one.went_on for one in done.computed), len(done.computed))
    told = f"computed {count(len(done.computed), 'source')}{how} in {report.seconds:.1f} s"
    session.tell(f"{told}; {done.cpu_seconds:.1f} CPU seconds of the engine; {done.rows:,} rows are in the lake")
    if report.loaded:
        rows = count(sum(report.loaded.values()), "row")
        session.tell(f"loaded {count(len(report.loaded), 'table')} with {rows} into the warehouse")
