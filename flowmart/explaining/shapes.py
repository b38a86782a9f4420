"""What explanations are made of, the same for the terminal and for JSON: instants in UTC, days local."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

Value = str | float | int | bool | date | datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """What the computed numbers know. `as_of` is None where metrics were never computed."""

    as_of: datetime | None
    code_version: str | None
    notes: tuple[str, ...] = ()
    """What happened since, each a sentence that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The issue as it is now."""

    issue_id: str
    key: str
    issue_type: str
    level: str
    summary: str
    url: str
    source: str
    project: str
    board: str | None
    """Home board."""
    status: str
    stage: str | None
    resolution: str | None
    points: float | None
    created_at: datetime
    updated_at: datetime
    absence: str | None
    epic: str | None = None
    """Key of its epic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row of `issue_changes`."""

    change_id: str
    at: datetime
    by: str | None
    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A stay in a status. `change` began it; None: the status at creation."""

    entered_at: datetime
    left_at: datetime | None
    seconds: float | None
    """How long; so far, while it lasts."""
    status: str
    stage: str | None
    is_waiting: bool
    change: Change | None
    marks: tuple[str, ...]
    """What its beginning meant: created, started, finished, reopened, moved back, …"""
    blocked_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A stretch in which something blocked the issue."""

    entered_at: datetime
    left_at: datetime | None
    seconds: float | None
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number of the issue: how it came about, or why there is none."""

    name: str
    value: Value
    unit: str
    """seconds, working seconds, days, ratio, count or points."""
    formula: str
    why_none: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Whether a metric counts the issue; `says` completes `counted …` or `left out: …`."""

    metric: str
    is_counted: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeEvent:
    """A row of `sprint_scope_events`."""

    event: str
    at: datetime
    points_before: float | None
    points_after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A stay in a sprint, and the change that brought the issue in; None: it was created there."""

    entered_at: datetime
    left_at: datetime | None
    change: Change | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InSprint:
    """An issue's part in a sprint. Without an outcome it is in no figure of the sprint, and `why_none` says why."""

    sprint_id: str
    name: str
    board: str | None
    state: str
    start_at: datetime | None
    end_at: datetime | None
    memberships: tuple[Member, ...]
    is_committed: bool | None = None
    added_at: datetime | None = None
    removed_at: datetime | None = None
    points_at_start: float | None = None
    points_at_end: float | None = None
    outcome: str | None = None
    carried_to: str | None = None
    events: tuple[ScopeEvent, ...] = ()
    why_none: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An estimate and how long it held."""

    points: float | None
    valid_from: datetime
    valid_to: datetime | None
    change: Change | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTried:
    """A rule of escape in words, and whether it decided."""

    name: str
    condition: str
    gives: str
    decided: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectPart:
    """What is known of a defect. `rules` are those of the configuration, in order."""

    escape_class: str
    rule: str | None
    evidence: str | None
    class_at_creation: str
    severity: str | None
    is_cancelled: bool
    introduced_in: str | None
    released_on: date | None
    days_after_release: int | None
    rules: tuple[RuleTried, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A row of `data_quality` about the issue."""

    check_name: str
    severity: str
    evidence: str | None
    advice: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePage:
    """All that decides on an issue's numbers."""

    asked: str
    found_by: str
    """key, id, address, or former key."""
    head: Head
    freshness: Freshness
    timeline: tuple[Stay, ...]
    blocked: tuple[Blocked, ...]
    numbers: tuple[Measure, ...]
    counted: tuple[Counted, ...]
    sprints: tuple[InSprint, ...]
    estimates: tuple[Held, ...]
    defect: DefectPart | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An issue behind a number, with its values by name."""

    issue_id: str
    key: str
    issue_type: str
    summary: str
    values: Mapping[str, Value]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Issues behind a number; `rule` says which these are."""

    name: str
    rule: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number of a table, and the same from the issues listed; the two agree unless something changed since."""

    name: str
    stored: Value
    from_issues: Value
    formula: str
    agrees: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPart:
    """A row of a metric's table (or a sum of rows) taken apart."""

    title: str
    figures: tuple[Figure, ...]
    lists: tuple[Listed, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A number of a metric in the periods up to the one asked for, the oldest first; None where it has no value."""

    name: str
    periods: tuple[date, ...]
    """Their first days."""
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricPage:
    """The rows of a metric for a period and group, taken apart."""

    metric: str
    says: str
    """What the metric is, in a sentence."""
    period: str | None
    first_on: date | None
    last_on: date | None
    group: str
    freshness: Freshness
    rows: tuple[RowPart, ...]
    trends: tuple[Trend, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SprintPage:
    """A sprint's row of `sprint_metrics` taken apart; `row` has a list for each figure."""

    sprint_id: str
    name: str
    board: str | None
    state: str
    source: str
    start_at: datetime
    end_at: datetime
    freshness: Freshness
    row: RowPart
    notes: tuple[str, ...] = ()
