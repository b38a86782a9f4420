"""An issue explained: its history, its numbers with their formulas, and what counts it."""

from __future__ import annotations

from flowmart.explaining.counted import Case, counted
from flowmart.explaining.defect import defect_of
from flowmart.explaining.in_sprints import estimates_of, sprints_of
from flowmart.explaining.naming import FoundIssue
from flowmart.explaining.numbers import measures, why_excluded
from flowmart.explaining.reading import AnyRow, Source, freshness, keys_of
from flowmart.explaining.shapes import Finding, Head, IssuePage
from flowmart.explaining.timeline import blocked_of, changes_of, stays_of

_TABLES = (
    "status_intervals",
    "blocked_intervals",
    "sprint_memberships",
    "estimates",
    "issue_flow",
    "sprint_issues",
    "sprint_scope_events",
    "defects",
)


def issue_page(source: Source, found: FoundIssue) -> IssuePage:
    """Everything about one issue of the warehouse."""
    issue, flow = source.one("issues", issue_id=found.issue_id), source.one("issue_flow", issue_id=found.issue_id)
    if issue is None:
        raise AssertionError("an issue is found before it is explained")
    changes = changes_of(source, issue.issue_id)
    by_id = {change.change_id: change for change in changes}
    in_sprints = sprints_of(source, issue.issue_id, by_id, issue.level)
    why = None if flow is None else why_excluded(flow, issue.resolution)
    defect = defect_of(source, issue.issue_id)
    case = None
    if flow is not None:
        case = Case(
            source=source,
            issue=issue,
            flow=flow,
            why=why,
            sprints=in_sprints,
            defect=defect,
            defect_row=source.one("defects", issue_id=issue.issue_id),
        )
    return IssuePage(
        asked=found.asked,
        found_by=found.found_by,
        head=_head(source, issue),
        freshness=freshness(source, *_TABLES, notes=_since(source, issue, flow)),
        timeline=stays_of(source, issue.issue_id, by_id, flow),
        blocked=blocked_of(source, issue.issue_id),
        numbers=() if flow is None else measures(source, flow, why),
        counted=() if case is None else counted(case),
        sprints=in_sprints,
        estimates=estimates_of(source, issue.issue_id, changes),
        defect=defect,
        findings=_findings(source, issue.issue_id),
    )


def _head(source: Source, issue: AnyRow) -> Head:
    project = source.projects.get(issue.project_id)
    return Head(
        issue_id=issue.issue_id,
        key=issue.key,
        issue_type=issue.issue_type,
        level=issue.level,
        summary=issue.summary,
        url=issue.url,
        source=issue.source_id,
        project=issue.project_id if project is None else f"{project.key} ({project.name})",
        board=source.boards.get(issue.board_id or "", issue.board_id),
        status=issue.status,
        stage=issue.stage,
        resolution=issue.resolution,
        points=issue.story_points,
        created_at=issue.created_at,
        updated_at=issue.updated_at,
        absence=issue.absence,
        epic=keys_of(source, [issue.epic_id]).get(issue.epic_id or ""),
    )


def _since(source: Source, issue: AnyRow, flow: AnyRow | None) -> list[str]:
    """What the computed numbers of the issue do not know."""
    as_of = source.as_of
    if as_of is None:
        return []
    if flow is None:
        return ["the issue came after the last compute: run `flowmart compute`"]
    is_stale = source.one("stale_issues", issue_id=issue.issue_id) is not None
    if issue.updated_at > as_of:
        return [f"the issue changed after that, at {source.local(issue.updated_at)}: run `flowmart compute`"]
    if is_stale:
        return ["the issue, or what it stands on, was loaded anew after that: run `flowmart compute`"]
    return []


def _findings(source: Source, issue_id: str) -> tuple[Finding, ...]:
    rows = source.of("data_quality", entity="issue", entity_id=issue_id)
    return tuple(
        Finding(check_name=row.check_name, severity=row.severity, evidence=row.evidence, advice=row.advice)
        for row in rows
    )
