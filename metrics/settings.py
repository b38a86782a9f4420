"""The rules that metrics are computed by: what the config says, in the form that the computing code reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import NamedTuple
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class StageNames:
    """Status names by stage; they go before the tracker's category. Compared without regard to case."""

    todo: frozenset[str] = frozenset()
    in_progress: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


DEFAULT_CANCELLED = frozenset(
    {
        "Won't Do",
        "Won't Fix",
        "Duplicate",
        "Cannot Reproduce",
        "Declined",
        "Invalid",
        "Rejected",
        "Obsolete",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """What statuses, labels, links and resolutions mean. For a source, the config has merged the general rules in.

    Stage names of the narrowest scope win: `types` (by issue type), then `projects` (by key), then `stages`.
    """

    stages: StageNames = field(default_factory=StageNames)
    projects: Mapping[str, StageNames] = field(default_factory=dict)
    types: Mapping[str, StageNames] = field(default_factory=dict)
    waiting: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    blocked_labels: frozenset[str] = frozenset()
    blocked_by_links: bool = True
    blocking_link_types: frozenset[str] = frozenset({"Blocks", "Predecessor"})
    cancelled_resolutions: frozenset[str] = DEFAULT_CANCELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Days, hours and holidays. `working_days` are 0 (Monday) to 6; `holidays` a code such as `DE` or `DE-BY`."""

    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    working_days: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    working_hours: tuple[time, time | None] = (time(9), time(17))
    """The second is None for midnight at the end of the day."""
    holidays: str | None = None


class GroupName(NamedTuple):
    """A group of people that a rule names."""

    source_id: str
    """The source that it is meant for; empty: every source."""
    name: str

    def is_of(self, source_id: str) -> bool:
        """Whether it is meant for that source, be it among all others."""
        return self.source_id in {"", source_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectRule:
    """One rule of escape: exactly one condition is set; the first rule that matches a defect decides."""

    name: str
    escaped: bool
    field: str | None = None
    """`found_in`, `severity`, `priority` …: a column of `issues`, else a name in custom_fields."""
    values: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    affects_released: bool = False
    link_types: frozenset[str] = frozenset()
    linked_types: frozenset[str] = frozenset()
    reporter_groups: frozenset[GroupName] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Defects:
    """What a defect is, when it escaped, and how much each severity weighs (1 where it is not named)."""

    types: frozenset[str] = frozenset({"Bug", "Defect", "Incident"})
    rules: tuple[DefectRule, ...] = ()
    severity_weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSettings:
    """All rules of a computation."""

    workflow: Workflow = field(default_factory=Workflow)
    source_workflows: Mapping[str, Workflow] = field(default_factory=dict)
    grace_hours: float = 0.0
    calendar: Calendar = field(default_factory=Calendar)
    defects: Defects = field(default_factory=Defects)
    levels: frozenset[str] = frozenset({"standard"})

    def workflow_of(self, source_id: str) -> Workflow:
        """The rules in force for a source."""
        return self.source_workflows.get(source_id, self.workflow)
