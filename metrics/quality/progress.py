"""Checks of work that is in progress now."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from metrics.base import Context
from metrics.quality.checks import finding
from warehouse.findings import Finding
from warehouse.tables.computed import issue_flow, wip_aging
from warehouse.tables.loaded import issues

STUCK_DAYS = 180


def progress_findings(context: Context) -> Iterator[Finding]:
    """Issues that have been in progress for very long."""
    of = wip_aging.c
    statement = (
        select(of.issue_id, issues.c.key, of.status, issue_flow.c.started_on)
        .join(issues, issues.c.issue_id == of.issue_id)
        .join(issue_flow, issue_flow.c.issue_id == of.issue_id)
        .where(of.age_days > STUCK_DAYS)
    )
    for issue_id, key, status, started_on in context.connection.execute(statement):
        evidence = f"{key} has been in progress since {started_on}; it is in status '{status}'"
        yield finding("stuck_in_progress", issue_id, evidence)
