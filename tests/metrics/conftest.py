"""Builders of histories and small companies: a test says only what matters to its rule, in hours from a Monday."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from metrics.base import Metric
from metrics.catalog import METRICS, compute
from metrics.history.boards import AreaRow, SprintCatalogue, SprintRow
from metrics.history.stages import StatusCatalogue, StatusRow
from metrics.history.timeline import Change, IssueState, Timeline, replay
from metrics.settings import MetricSettings
from warehouse.loader import Loader
from warehouse.records import Board, Issue, IssueChange, Project, Record, Source, Sprint, Status
from warehouse.tables import table

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NOW = 1_000

STATUSES: Mapping[str, tuple[str, str]] = {
    "To Do": ("1", "new"),
    "Doing": ("2", "indeterminate"),
    "Review": ("3", "indeterminate"),
    "Done": ("4", "done"),
    "Closed": ("5", "done"),
    "Dropped": ("6", "removed"),
}
"""Name → id and category of the statuses that the builders know; a status of another name has no row."""

_SOURCE_KINDS = {"acme": "jira_cloud", "ado": "azure_devops"}
_STATE_FIELDS = {
    "status": "status",
    "sprint": "sprint_ids",
    "points": "story_points",
    "project": "project",
    "type": "issue_type",
    "area": "area_path",
    "resolution": "resolution",
    "flagged": "flagged",
}
_FIELD_NAMES = {"points": "story_points"}


def at(hours: float) -> datetime:
    """The instant so many hours after the Monday."""
    return MONDAY + timedelta(hours=hours)


def hours_of(moment: datetime | None) -> float | None:
    """The reverse of `at`."""
    return None if moment is None else (moment - MONDAY).total_seconds() / 3600


def _raw(source_id: str, name: str, value: Any) -> tuple[str | None, str | None]:
    """Value and text of a field in a change."""
    if value is None:
        return None, None
    if name == "status" and source_id == "acme":
        return STATUSES.get(value, (f"id of {value}", ""))[0], value
    return str(value), str(value)


@dataclass
class Life:
    """An issue: its values at creation, then what `then` does to them. Its history is consistent by construction."""

    number: int = 1
    source_id: str = "acme"
    created: float = 0
    status: str = "To Do"
    sprint_ids: str | None = None
    story_points: float | None = None
    project: str = "10"
    issue_type: str = "Story"
    area_path: str | None = None
    resolution: str | None = None
    flagged: str | None = None
    others: dict[str, Any] = field(default_factory=dict)
    changes: list[IssueChange] = field(default_factory=list)
    entries: int = 0

    @property
    def issue_id(self) -> str:
        return f"{self.source_id}:{self.number}"

    def then(self, hour: float, **fields: Any) -> Life:
        """One history entry that changes the fields in that order; a tuple changes its field several times."""
        self.entries += 1
        ordinal = 0
        for name, values in fields.items():
            for value in values if isinstance(values, tuple) else (values,):
                self._change(hour, ordinal, name, value)
                ordinal += 1
        return self

    def _change(self, hour: float, ordinal: int, name: str, value: Any) -> None:
        before = _raw(self.source_id, name, getattr(self, _STATE_FIELDS[name]))
        after = _raw(self.source_id, name, value)
        setattr(self, _STATE_FIELDS[name], value)
        self.changes.append(
            IssueChange(
                change_id=f"{self.issue_id}:{self.entries}:{ordinal}",
                issue_id=self.issue_id,
                entry_number=self.entries,
                ordinal=ordinal,
                changed_at=at(hour),
                author_id=None,
                field=_FIELD_NAMES.get(name, name),
                field_id=None,
                from_value=before[0],
                from_text=before[1],
                to_value=after[0],
                to_text=after[1],
            )
        )

    def history(self) -> list[Change]:
        """The changes in the order in which they are read."""
        rows = [Change(*(getattr(change, name) for name in Change._fields)) for change in self.changes]
        return sorted(rows, key=lambda change: change[1:4])

    def state(self) -> IssueState:
        """The issue as it is now."""
        return IssueState(
            issue_id=self.issue_id,
            source_id=self.source_id,
            project_id=f"{self.source_id}:{self.project}",
            issue_type=self.issue_type,
            created_at=at(self.created),
            status_value=_raw(self.source_id, "status", self.status)[0] or "",
            status=self.status,
            resolution=self.resolution,
            story_points=self.story_points,
            sprint_ids=self.sprint_ids,
            area_path=self.area_path,
        )

    def timeline(self, sprints: SprintCatalogue | None = None, now: float = NOW, **rules: Any) -> Timeline:
        """The replayed life."""
        catalogue = status_catalogue(MetricSettings(**rules))
        return replay(self.state(), self.history(), catalogue, sprints or SprintCatalogue(()), at(now))

    def records(self) -> list[Record]:
        """What a connector would make of it."""
        status_id = self.state().status_value
        if self.source_id == "ado":
            status_id = f"{self.project}:{self.issue_type}:{status_id}"
        last = max((change.changed_at for change in self.changes), default=at(self.created))
        values: dict[str, Any] = {
            "issue_id": self.issue_id,
            "source_id": self.source_id,
            "project_id": f"{self.source_id}:{self.project}",
            "key": f"PAY-{self.number}",
            "url": "https://acme.example/browse/PAY",
            "issue_type": self.issue_type,
            "level": "standard",
            "summary": "Pay by card",
            "status_id": f"{self.source_id}:{status_id}",
            "status": self.status,
            "resolution": self.resolution,
            "story_points": self.story_points,
            "created_at": at(self.created),
            "updated_at": last,
            "sprint_ids": self.sprint_ids,
            "area_path": self.area_path,
            "is_flagged": self.flagged is not None,
            "custom_fields": "{}",
            **self.others,
        }
        unset = [name for name in Issue.__struct_fields__ if name not in values]
        return [Issue(**values, **dict.fromkeys(unset)), *self.changes]


def status_catalogue(settings: MetricSettings) -> StatusCatalogue:
    """The statuses of `STATUSES` in acme, and in ado those of projects 10 and 20 for stories."""
    rows = [StatusRow(f"acme:{number}", "acme", None, None, name, kind) for name, (number, kind) in STATUSES.items()]
    rows += [StatusRow(*_ado_status(project, name)) for project in ("10", "20") for name in STATUSES]
    return StatusCatalogue(rows, {"acme:10": "PAY", "acme:20": "OPS"}, settings)


def _ado_status(project: str, name: str) -> tuple[str, str, str, str, str, str]:
    return f"ado:{project}:Story:{name}", "ado", f"ado:{project}", "Story", name, STATUSES[name][1]


def teams(areas: Mapping[str, str], iterations: Iterable[str]) -> SprintCatalogue:
    """An Azure DevOps source: team → the area it owns with all below; each team picked each iteration."""
    rows = [
        SprintRow(f"ado:{iteration}:{team}", f"ado:{iteration}", "ado", f"ado:{team}", "closed")
        for iteration in iterations
        for team in areas
    ]
    return SprintCatalogue(rows, [AreaRow("ado", f"ado:{team}", path, True) for team, path in areas.items()], ["ado"])


@dataclass
class Company:
    """A warehouse to fill, compute and read."""

    engine: Engine
    settings: MetricSettings = field(default_factory=MetricSettings)
    now: float = NOW
    metrics: Sequence[Metric] = METRICS

    def holds(self, *lives_or_records: Life | Record) -> Company:
        """Load the given beside a source, its projects PAY and OPS, board Red of PAY and the statuses."""
        records: list[Record] = [
            *(Source(source_id=name, kind=kind, url="https://acme.example") for name, kind in _SOURCE_KINDS.items()),
            *(
                Project(project_id=f"acme:{n}", source_id="acme", key=k, name=k)
                for n, k in (("10", "PAY"), ("20", "OPS"))
            ),
            Board(board_id="acme:7", source_id="acme", project_id="acme:10", name="Red", kind="scrum"),
            *(
                Status(
                    status_id=f"acme:{n}", source_id="acme", project_id=None, issue_type=None, name=name, category=kind
                )
                for name, (n, kind) in STATUSES.items()
            ),
        ]
        for given in lives_or_records:
            records.extend(given.records() if isinstance(given, Life) else [given])
        with self.engine.begin() as connection:
            Loader(connection).upsert(records)
        return self

    def computes(self, *names: str, full: bool = False) -> Company:
        """Run the named metrics and what they stand on, or all; with `full` as if nothing was computed before."""
        with self.engine.begin() as connection:
            compute(connection, self.settings, at(self.now), names, full=full, metrics=self.metrics)
        return self

    def rows(self, table_name: str, /, *columns: str, **where: Any) -> list[tuple[Any, ...]]:
        """The rows as tuples of the columns (all by default), sorted by them; instants as hours."""
        source = table(table_name)
        statement = select(*(source.c[name] for name in columns or source.columns.keys()))
        for name, value in where.items():
            statement = statement.where(source.c[name] == value)
        with self.engine.connect() as connection:
            found = [tuple(map(_readable, row)) for row in connection.execute(statement)]
        return sorted(found, key=lambda row: [(value is None, value) for value in row])

    def row(self, table_name: str, /, **where: Any) -> dict[str, Any]:
        """The only row, by column."""
        names: Sequence[str] = table(table_name).columns.keys()
        (only,) = self.rows(table_name, **where)
        return dict(zip(names, only, strict=True))


def _readable(value: Any) -> Any:
    return hours_of(value) if isinstance(value, datetime) else value


def a_sprint(number: int, start: float | None, end: float | None, state: str = "closed", **values: Any) -> Sprint:
    """A sprint of board Red, planned from start to end."""
    return Sprint(
        sprint_id=f"acme:{number}",
        iteration_id=f"acme:{number}",
        source_id="acme",
        name=f"Sprint {number}",
        state=state,
        **{
            "board_id": "acme:7",
            "start_at": None if start is None else at(start),
            "end_at": None if end is None else at(end),
            **values,
        },
    )


@pytest.fixture(scope="session")
def life() -> type[Life]:
    """Makes issues with their histories."""
    return Life


@pytest.fixture(scope="session")
def sprint() -> Callable[..., Sprint]:
    """Makes sprints."""
    return a_sprint


@pytest.fixture(scope="session")
def ado_teams() -> Callable[..., SprintCatalogue]:
    """Makes the teams and iterations of an Azure DevOps source."""
    return teams


@pytest.fixture
def company(warehouse: Engine) -> Company:
    """An empty company on each engine in turn."""
    return Company(warehouse)


@pytest.fixture(scope="session")
def firm() -> type[Company]:
    """Makes a company of an engine that the test brings."""
    return Company
