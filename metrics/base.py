"""The shapes every metric has: what it fills, what it stands on, and what of it is to be renewed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, Table

from metrics.flow_steps import FlowSteps
from metrics.settings import MetricSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in an issue's history that a person should know, e.g. that it does not end in the current state."""

    check_name: str
    issue_id: str
    evidence: str


@dataclass(slots=True, kw_only=True)
class Reach:
    """What changed so far in this computation: a metric that is not computed as a whole renews only what this names.

    Days are local days. Issues that changed are there with the days of before and of now.
    """

    issue_ids: set[str] = field(default_factory=set)
    """Issues whose facts are renewed."""
    finished_on: set[date] = field(default_factory=set)
    """Days on which issues finished whose rows of `issue_flow` differ from before."""
    sprint_ids: set[str] = field(default_factory=set)
    """Sprints whose window, issues or events may differ."""
    defect_ids: set[str] = field(default_factory=set)
    """Defects (of before or now) whose rows of `defects` may differ."""
    version_ids: set[str] = field(default_factory=set)
    """Versions that differ."""
    steps: FlowSteps | None = None
    """What `daily_flow` is made of: of all issues, or the differences of the renewed ones. None: nobody counted."""
    findings: list[Finding] = field(default_factory=list)
    """What was found in the histories of the renewed issues."""
    inputs: dict[str, str] = field(default_factory=dict)
    """Fingerprints of what many issues share, to be kept when all is computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What one computation works with. Metrics add to `reach`; nothing else in it changes."""

    connection: Connection
    settings: MetricSettings
    now: datetime
    everything: bool = True
    """Compute all rows; else only those that `reach` names."""
    compares: bool = False
    """A later metric is not computed as a whole: `reach` must tell what differs from before."""
    reach: Reach = field(default_factory=Reach)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Tables (or derived columns) that are computed together.

    `depends_on` names metrics that must have been computed before. `reads` names the settings that decide on its rows,
    e.g. `calendar.timezone`; when one of them changes the metric is computed as a whole. `compute` runs within its
    caller's transaction and leaves rows that equal those of a computation from scratch.
    """

    name: str
    tables: Sequence[Table] = ()
    depends_on: Sequence[str] = ()
    reads: Sequence[str] = ()
    compute: Callable[[Context], None]
