"""Compares the warehouse with the trackers: who is there, how many, and what became of sprints.

It brings the sources and the sprint metrics up to date first, so that a difference is one and no delay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Engine

from connectors.base import Connector, SprintReport
from connectors.errors import SourceError
from flowmart.clock import utc_now
from flowmart.compute import compute
from flowmart.config import Config
from flowmart.events import SyncEvents
from flowmart.store import opened
from flowmart.syncing.comparing import SprintDifference, differences
from flowmart.syncing.job import Job, side_by_side
from flowmart.syncing.sync import SyncOptions, chosen, connected, job_of, sync
from flowmart.syncing.sync_source import SourceReport
from metrics.sprints import sprint_metrics
from warehouse.census import project_names
from warehouse.findings import Finding, replace_findings
from warehouse.leases import hold
from warehouse.reconciling import ComparedSprint, count_alive, keys_and_levels, read_sprint_issues, sprints_to_compare

SPRINTS = "sprint reports"
COUNT, SPRINT = "count_differs", "sprint_report_differs"
CHECKS = (COUNT, SPRINT, "issue_deleted", "issue_moved_away", "issue_access_lost", "issue_was_missing")
_ADVICE: Mapping[str, str] = {
    "deleted": "nothing, if the deletion was meant; its row stays, marked, and no metric counts it",
    "moved_away": "if its new project belongs to the team, add it to the scope of the source",
    "access_lost": "give the account the permission to see it, or nothing, if it is hidden on purpose",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCount:
    """The issues of a part of a source: what the tracker counts and lists, and what is alive here."""

    part: str
    counted: int | None
    listed: int
    held: int
    problem: str | None

    @property
    def differs(self) -> bool:
        """Whether there are more here than there, or fewer."""
        return self.listed != self.held


@dataclass(frozen=True, slots=True, kw_only=True)
class SprintComparison:
    """A sprint and the issues on which the tracker's report disagrees; None where the tracker gives no report."""

    sprint: ComparedSprint
    differences: tuple[SprintDifference, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceComparison:
    """What was found of one source. `report` tells what went wrong, and what the census did."""

    report: SourceReport
    counts: tuple[ProjectCount, ...] = ()
    sprints: tuple[SprintComparison, ...] = ()
    findings: tuple[Finding, ...] = ()


def reconcile(
    config: Config, options: SyncOptions, *, sprints: int, events: SyncEvents, now: datetime, run_id: str
) -> tuple[SourceComparison, ...]:
    """Compare the sources, each with the last `sprints` closed sprints of each board and the active ones.

    What is found takes the place of earlier findings in `data_quality`; those of a source that failed stay. Raises
    `LeaseHeld` while another process syncs or computes.
    """
    synced = sync(config, options, events=events, now=now, run_id=run_id)
    compute(config, metric_names=[sprint_metrics.METRIC.name], now=now, step=events.step)
    engine = opened(config)
    try:
        with hold(engine, "run", utc_now) as lease:
            job = job_of(config, engine, lease, events=events, now=now, run_id=run_id)
            names = chosen(config, options.sources)
            with connected(config, engine, names, options, now, job.privacy) as sources:
                calls = [
                    partial(compare, job, report, source, sprints)
                    for report, (_, source) in zip(synced.sources, sources, strict=True)
                ]
                compared = side_by_side(calls, job)
            whole = [one for one in compared if one.report.error is None]
            with job.writing() as connection:
                findings = [finding for one in whole for finding in one.findings]
                replace_findings(connection, [one.report.name for one in whole], CHECKS, findings, now)
    finally:
        engine.dispose()
    return tuple(compared)


def compare(job: Job, report: SourceReport, source: Connector, last: int) -> SourceComparison:
    """A source that failed is not compared."""
    if report.error is not None:
        return SourceComparison(report=report)
    counts, count_findings = _compare_counts(job.engine, report)
    try:
        with job.noted(report.name, SPRINTS, source.counters, []) as tally:
            compared = _compare_sprints(job, report.name, source, last)
            tally.expected = len(compared)
            tally.received = sum(1 for one in compared if one.differences is not None)
    except SourceError as failure:
        failed = SourceReport(
            name=report.name,
            error=str(failure),
            problems=report.problems,
            streams=report.streams,
            census=report.census,
        )
        return SourceComparison(report=failed, counts=counts)
    findings = (*_absences(report), *count_findings, *_of_sprints(report.name, compared))
    return SourceComparison(report=report, counts=counts, sprints=compared, findings=findings)


def _compare_counts(engine: Engine, report: SourceReport) -> tuple[tuple[ProjectCount, ...], list[Finding]]:
    """Each part of the census against what is alive here after it."""
    parts = report.census.parts if report.census is not None else ()
    with engine.connect() as connection:
        alive = count_alive(connection, report.name)
        names = project_names(connection, [part.project_id for part in parts if part.project_id is not None])
    counts, findings = [], []
    for part in parts:
        held = sum(alive.values()) if part.project_id is None else alive.get(part.project_id, 0)
        label = part.label if part.project_id is None else names.get(part.project_id, part.label)
        found = ProjectCount(part=label, counted=part.expected, listed=len(part.ids), held=held, problem=part.problem)
        counts.append(found)
        if part.problem is None and found.differs:
            findings.append(_count_finding(report.name, part.project_id, found))
    return tuple(counts), findings


def _count_finding(source: str, project_id: str | None, found: ProjectCount) -> Finding:
    return Finding(
        check_name=COUNT,
        severity="error",
        source_id=source,
        entity="source" if project_id is None else "project",
        entity_id=project_id or source,
        evidence=f"{found.part}: the tracker lists {found.listed:,} issues, {found.held:,} are alive here",
        advice="look at what the census tells; `flowmart sync --full` pulls everything again",
    )


def _absences(report: SourceReport) -> Iterator[Finding]:
    """What the census marked and what it pulled."""
    if report.census is None:
        return
    for one in report.census.gone:
        yield Finding(
            check_name=f"issue_{one.absence}",
            severity="warning",
            source_id=report.name,
            entity="issue",
            entity_id=one.issue_id,
            evidence=f"{one.key} is {one.absence.replace('_', ' ')}: {one.reason}",
            advice=_ADVICE[one.absence],
        )
    for issue_id, key in sorted(report.census.pulled.items()):
        yield Finding(
            check_name="issue_was_missing",
            severity="warning",
            source_id=report.name,
            entity="issue",
            entity_id=issue_id,
            evidence=f"{key} was listed by the tracker and not alive here; it was pulled",
            advice="nothing, if it was created a moment ago or came back; else tell the makers of flowmart",
        )


def _compare_sprints(job: Job, name: str, source: Connector, last: int) -> tuple[SprintComparison, ...]:
    with job.engine.connect() as connection:
        wanted = sprints_to_compare(connection, name, last)
    if not wanted:
        return ()
    source.identify()
    boards = {sprint.sprint_id: sprint.board_id for sprint in wanted}
    reports = {report.sprint_id: report for report in source.census().sprint_reports(boards)}
    if len(reports) < len(wanted):
        untold = f"{len(wanted) - len(reports)} of {len(wanted)} sprints"
        job.events.note(name, f"the tracker gives no report of its own on {untold}")
    return tuple(
        SprintComparison(sprint=sprint, differences=_differences(job.engine, reports.get(sprint.sprint_id)))
        for sprint in wanted
    )


def _differences(engine: Engine, report: SprintReport | None) -> tuple[SprintDifference, ...] | None:
    if report is None:
        return None
    told = report.completed | report.not_completed | report.removed
    with engine.connect() as connection:
        ours = read_sprint_issues(connection, report.sprint_id)
        known = keys_and_levels(connection, told | ours.keys())
    return tuple(differences(report, ours, known))


def _of_sprints(source: str, compared: Sequence[SprintComparison]) -> Iterator[Finding]:
    for one in compared:
        for difference in one.differences or ():
            yield Finding(
                check_name=SPRINT,
                severity="warning",
                source_id=source,
                entity="sprint",
                entity_id=one.sprint.sprint_id,
                what=difference.issue_id,
                evidence=f"{difference.key} in {one.sprint.name}: the tracker's report says {difference.tracker}, "
                f"flowmart {difference.here}",
                advice="compare with the issue's history in the tracker: the report is computed when the sprint is "
                "closed, flowmart goes by the history",
            )
