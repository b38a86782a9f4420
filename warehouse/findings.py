"""Findings: rows of `data_quality`, and the two ways of bringing them up to date."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, select

from warehouse.fetching import portions
from warehouse.tables.operational import data_quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A row of `data_quality`. `what` tells several findings of one entity apart."""

    check_name: str
    severity: str
    source_id: str
    entity: str
    entity_id: str
    evidence: str
    advice: str
    what: str = ""

    @property
    def data_quality_id(self) -> str:
        """Its key: the same finding has the same key in every run."""
        return ":".join(part for part in (self.check_name, self.entity_id, self.what) if part)


def replace_findings(
    connection: Connection,
    source_ids: Sequence[str],
    checks: Sequence[str],
    findings: Iterable[Finding],
    found_at: datetime,
) -> None:
    """Make the findings of these checks on these sources exactly those given."""
    table = data_quality.c
    connection.execute(
        delete(data_quality).where(and_(table.source_id.in_(list(source_ids)), table.check_name.in_(list(checks))))
    )
    rows = [_row(one, found_at) for one in findings]
    if rows:
        connection.execute(data_quality.insert(), rows)


def renew_findings(
    connection: Connection,
    checks: Collection[str],
    findings: Iterable[Finding],
    now: datetime,
    entity_ids: Collection[str] | None = None,
) -> None:
    """Make the findings of these checks (on these entities, if given) exactly those given.

    What was found before keeps the instant at which it was found first.
    """
    table = data_quality.c
    held = {
        row.data_quality_id: row._asdict()
        for row in connection.execute(select(data_quality).where(table.check_name.in_(sorted(checks))))
        if entity_ids is None or row.entity_id in entity_ids
    }
    wanted = {
        one.data_quality_id: _row(one, held.get(one.data_quality_id, {}).get("found_at", now)) for one in findings
    }
    stale = [name for name, row in held.items() if wanted.get(name) != row]
    for some in portions(stale):
        connection.execute(delete(data_quality).where(table.data_quality_id.in_(some)))
    new = [row for name, row in wanted.items() if held.get(name) != row]
    if new:
        connection.execute(data_quality.insert(), new)


def _row(finding: Finding, found_at: datetime) -> dict[str, Any]:
    return {
        "data_quality_id": finding.data_quality_id,
        "check_name": finding.check_name,
        "severity": finding.severity,
        "source_id": finding.source_id,
        "entity": finding.entity,
        "entity_id": finding.entity_id,
        "evidence": finding.evidence,
        "advice": finding.advice,
        "found_at": found_at,
    }
