"""`flowmart reconcile`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from flowmart import completing
from flowmart.commands.options import AcceptLoss, AsJson, MaxInFlight, print_json, row, session_of, table
from flowmart.errors import DIFFERENT
from flowmart.lake import refuse_lake
from flowmart.run import require_whole
from flowmart.session import Session
from flowmart.syncing.reconcile import SourceComparison, SprintComparison, reconcile
from flowmart.syncing.sync import SyncOptions
from flowmart.text import count, printable

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE", help="Sources to compare; all if none is named.", autocompletion=completing.sources
    ),
]
Sprints = Annotated[
    int, typer.Option("--sprints", metavar="N", min=0, help="Closed sprints of each board that are compared.")
]


def command(
    context: typer.Context,
    sources: Names = None,
    accept_loss: AcceptLoss = False,  # noqa: FBT002 - Typer's shape
    sprints: Sprints = 5,
    max_in_flight: MaxInFlight = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Compare the warehouse with the trackers.

    Syncs first. Then come the ids of all issues (what was deleted, moved away or hidden is marked, what is missing is
    pulled), their counts, and Jira's own sprint reports. Differences are shown and stored in the table data_quality.
    Exit code 3 when there are any, 1 when a source failed.
    """
    session = session_of(context)
    config, now = session.config(), session.begin()
    refuse_lake(config, "reconcile")
    options = SyncOptions(sources=sources or (), accept_loss=accept_loss, max_in_flight=max_in_flight, census_now=True)
    with session.watching() as events:
        found = reconcile(config, options, sprints=sprints, events=events, now=now, run_id=session.run_id)
    if as_json:
        print_json(session, [_plain(one) for one in found])
    else:
        _show(session, found)
    require_whole([one.report for one in found])
    if any(one.findings for one in found):
        raise typer.Exit(DIFFERENT)


def _plain(one: SourceComparison) -> dict[str, object]:
    """The comparison without the ids of what agrees."""
    return {
        "source": one.report.name,
        "error": one.report.error,
        "problems": one.report.problems,
        "counts": [{**asdict(each), "differs": each.differs} for each in one.counts],
        "sprints": [asdict(each) for each in one.sprints],
        "findings": [asdict(each) for each in one.findings],
    }


def _show(session: Session, found: Sequence[SourceComparison]) -> None:
    if any(one.counts for one in found):
        _show_counts(session, found)
    for one in found:
        _show_sprints(session, one.report.name, one.sprints)
        _show_findings(session, one)
    different = sum(len(one.findings) for one in found)
    compared = [one.report.name for one in found if one.report.error is None]
    session.print(f"compared {count(len(compared), 'source')}: {count(different, 'difference')}")


def _show_counts(session: Session, found: Sequence[SourceComparison]) -> None:
    right = ("counted", "listed", "here")
    made = table("source", "part", *right, "", right=right)
    for name, each in ((one.report.name, each) for one in found for each in one.counts):
        counted = None if each.counted is None else f"{each.counted:,}"
        says = "cannot be told" if each.problem is not None else "differs" if each.differs else ""
        row(made, name, each.part, counted, f"{each.listed:,}", f"{each.held:,}", says)
    session.print("issues by the tracker's count, by its list, and here")
    session.show(made)


def _show_sprints(session: Session, name: str, sprints: Sequence[SprintComparison]) -> None:
    reported = [one for one in sprints if one.differences is not None]
    if not reported:
        return
    agree = sum(1 for one in reported if not one.differences)
    session.print(f"{name}: {agree} of {count(len(reported), 'sprint')} agree with the tracker's own report")
    made = table("sprint", "issue", "the tracker says", "flowmart says")
    for one in reported:
        for each in one.differences or ():
            row(made, one.sprint.name, each.key, each.tracker, each.here)
    if made.row_count:
        session.show(made)


def _show_findings(session: Session, one: SourceComparison) -> None:
    for finding in one.findings:
        if finding.entity == "issue":
            session.print(f"{one.report.name}: {printable(finding.evidence)}")
