"""The shapes every metric has: what it fills, what it stands on, and what it is computed from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Table

from metrics.settings import MetricSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in the data that a person should know, e.g. a history that does not end in the current state."""

    check_name: str
    entity: str
    entity_id: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What one computation works with. Metrics add to `findings`; nothing else in it changes."""

    connection: Connection
    settings: MetricSettings
    now: datetime
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Tables (or derived columns) that are computed together.

    `depends_on` names metrics that must have been computed before. `compute` replaces all rows of `tables` and runs
    within its caller's transaction.
    """

    name: str
    tables: Sequence[Table] = ()
    depends_on: Sequence[str] = ()
    compute: Callable[[Context], None]
