"""`flowmart explain`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec
import typer

from exports.snapshot import snapshot
from flowmart import completing, completing_stored
from flowmart.commands.options import AsJson, print_json, session_of
from flowmart.config import Config
from flowmart.errors import UsageError
from flowmart.explaining.issue import issue_page
from flowmart.explaining.issue_text import show_issue
from flowmart.explaining.metric import OF_SPRINTS, metric_page, require_known
from flowmart.explaining.naming import find_issues
from flowmart.explaining.number_text import show_metric, show_sprint
from flowmart.explaining.paper import Paper
from flowmart.explaining.reading import Source, open_source
from flowmart.explaining.shapes import IssuePage, MetricPage, SprintPage
from flowmart.explaining.sprint import sprint_page
from flowmart.explaining.velocity import velocity_page
from flowmart.session import Session
from flowmart.store import standing

Issues = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ISSUE",
        help="Key (a former one too), number, id or address of an issue; several.",
        autocompletion=completing_stored.issues,
    ),
]
Sprint = Annotated[
    str | None,
    typer.Option(
        "--sprint",
        metavar="NAME",
        help="Take the figures of a sprint apart (name or id).",
        autocompletion=completing_stored.sprints,
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(
        "--metric",
        metavar="NAME",
        help="Take a metric's rows apart, e.g. defect_escape.",
        autocompletion=completing.explained,
    ),
]
Period = Annotated[
    str | None,
    typer.Option("--period", metavar="P", help="With --metric: 2026-05, 2026-W20, 2026-05-11; daily_flow: a day."),
]
Project = Annotated[
    str | None,
    typer.Option(
        "--project",
        metavar="KEY",
        help="With --metric: rows of a project.",
        autocompletion=completing_stored.projects,
    ),
]
Board = Annotated[
    str | None,
    typer.Option(
        "--board",
        metavar="NAME",
        help="With --metric or --sprint: rows or sprints of a board.",
        autocompletion=completing_stored.boards,
    ),
]
Type = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="With --metric: rows of an issue type.")]


def command(
    context: typer.Context,
    issues: Issues = None,
    sprint: Sprint = None,
    metric: Metric = None,
    period: Period = None,
    project: Project = None,
    board: Board = None,
    issue_type: Type = None,
    as_json: AsJson = False,  # noqa: FBT002 - Typer's shape
) -> None:
    """Show how a number came to be.

    Of an issue: its history, stage by stage, with who changed what; its numbers with their formulas; its sprints; and
    why each metric counts it or leaves it out. Of a sprint or a metric: the issues behind each figure. Nothing is
    computed anew: the page shows what the warehouse holds, and says when that is out of date.

    Metrics: cycle_time_trend, throughput, daily_flow, wip_aging, defect_escape, defect_quality; with --sprint:
    sprint_metrics, velocity_trend.
    """
    session = session_of(context)
    asked = _Asked(issues or [], sprint, metric, period, project, board, issue_type)
    _require_one_thing(asked)
    config = session.config()
    with standing(config) as engine, snapshot(engine) as connection:
        found = _find(open_source(connection, config.metric_settings()), asked)
    if as_json:
        print_json(session, msgspec.to_builtins(found))
    else:
        _show(session, config, found)


class _Asked(NamedTuple):
    """What the command line asks for."""

    issues: Sequence[str]
    sprint: str | None
    metric: str | None
    period: str | None
    project: str | None
    board: str | None
    issue_type: str | None


_Found = list[IssuePage] | SprintPage | MetricPage


def _find(source: Source, asked: _Asked) -> _Found:
    if asked.metric == "velocity_trend":
        return velocity_page(source, asked.sprint or "", asked.board)
    if asked.sprint is not None:
        return sprint_page(source, asked.sprint, asked.board)
    if asked.metric is None:
        return [issue_page(source, one) for one in find_issues(source, asked.issues)]
    return metric_page(
        source,
        asked.metric,
        period=asked.period,
        project=asked.project,
        board=asked.board,
        issue_type=asked.issue_type,
    )


def _require_one_thing(asked: _Asked) -> None:
    """Raises `UsageError` for options that do not go together."""
    if bool(asked.issues) + (asked.sprint is not None or asked.metric is not None) != 1:
        raise UsageError("name issues, or --sprint, or --metric: one of the three; see `flowmart explain --help`")
    of_metrics = asked.period or asked.project or asked.issue_type
    if asked.metric is None:
        if of_metrics or (asked.board is not None and asked.sprint is None):
            raise UsageError("--period, --project, --board and --type go with --metric (--board with --sprint too)")
        return
    require_known(asked.metric)
    if asked.metric in OF_SPRINTS and (asked.sprint is None or of_metrics):
        raise UsageError(f"--metric: {asked.metric} takes --sprint NAME, and --board at most beside it")
    if asked.metric not in OF_SPRINTS and asked.sprint is not None:
        raise UsageError(f"--sprint: {asked.metric} has no rows by sprint")


def _show(session: Session, config: Config, found: _Found) -> None:
    paper = Paper(session=session, zone=config.zone)
    if isinstance(found, SprintPage):
        show_sprint(paper, found)
    elif isinstance(found, MetricPage):
        show_metric(paper, found)
    else:
        for place, page in enumerate(found):
            if place:
                session.print("")
            show_issue(paper, page)
