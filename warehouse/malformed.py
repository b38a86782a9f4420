"""Issues that came and could not be read: findings of `data_quality` from the sync that met them until they can be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from warehouse.fetching import portions
from warehouse.findings import Finding, renew_findings
from warehouse.tables.operational import data_quality

CHECK = "malformed_entity"
_ADVICE = (
    "Look at the issue in the tracker: a damaged field mostly comes from an import or an app. Each sync asks for it "
    "again. If nothing is wrong with it there, report this line."
)


def malformed_finding(source_id: str, issue_id: str, evidence: str) -> Finding:
    """The finding of one issue."""
    return Finding(
        check_name=CHECK,
        severity="error",
        source_id=source_id,
        entity="issue",
        entity_id=issue_id,
        evidence=evidence,
        advice=_ADVICE,
    )


def settle_malformed(connection: Connection, found: Sequence[Finding], settled: Iterable[str], now: datetime) -> None:
    """Note these, and forget what was noted of the issues that are `settled`: read in the meantime, or gone.

    What was noted before keeps the instant at which it was found first.
    """
    ids = {one.entity_id for one in found}.union(settled)
    noted = {
        name
        for some in portions([f"{CHECK}:{each}" for each in sorted(ids)])
        for name in connection.scalars(select(data_quality.c.entity_id).where(data_quality.c.data_quality_id.in_(some)))
    }
    if found or noted:
        renew_findings(connection, [CHECK], found, now, entity_ids=ids)


def malformed_issues(connection: Connection, source_id: str, before: datetime, limit: int) -> list[str]:
    """The issues of a source that were found to be malformed before that instant, the longest known first."""
    columns = data_quality.c
    wanted = select(columns.entity_id).where(
        columns.check_name == CHECK, columns.source_id == source_id, columns.found_at < before
    )
    return list(connection.scalars(wanted.order_by(columns.found_at, columns.entity_id).limit(limit)))
