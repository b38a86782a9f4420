"""A connector whose tracker is a dictionary, and a job to sync it with: for rules of the sync and the census."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import msgspec
from sqlalchemy import Engine, select

from connectors.base import (
    Absence,
    CensusPart,
    Counters,
    Identity,
    Located,
    Missing,
    Page,
    Progress,
    SprintReport,
    Stream,
    Survey,
)
from connectors.errors import SourceError
from flowmart.clock import utc_now
from flowmart.events import StreamOutcome
from flowmart.privacy.rules import PrivacyRules
from flowmart.syncing.census import CensusRules
from flowmart.syncing.job import Job
from flowmart.syncing.sync_source import SourceReport, SourceRun, sync_source
from warehouse.leases import hold
from warehouse.records import Issue, Project, Source
from warehouse.tables.loaded import issues, sources
from warehouse.tables.operational import sync_runs

NOW = datetime(2026, 10, 2, 2, 15, tzinfo=UTC)
BORN = datetime(2026, 9, 1, 9, tzinfo=UTC)


def an_issue(number: int, project: str = "PAY", **changes: Any) -> Issue:
    """An issue of `acme`; its id is `acme:<number>`, its key `<project>-<number>`."""
    issue = Issue(
        issue_id=f"acme:{number}", source_id="acme", project_id=f"acme:{project}", key=f"{project}-{number}",
        url="https://acme.example", issue_type="Story", level="standard", summary="A story", status_id="acme:1",
        status="To Do", priority=None, severity=None, resolution=None, assignee_id=None, reporter_id=None,
        parent_id=None, story_points=None, original_estimate_seconds=None, found_in=None, created_at=BORN,
        updated_at=BORN, resolved_at=None, due_on=None, deleted_at=None, absence=None, sprint_ids=None,
        area_path=None, is_flagged=False, custom_fields="{}",
    )  # fmt: skip
    return msgspec.structs.replace(issue, **changes)


@dataclass(slots=True)
class Scripted:
    """A source of which a test says what it answers."""

    issues: dict[int, str] = field(default_factory=dict)
    """What the tracker shows in the scope now: number → project."""
    elsewhere: dict[int, tuple[Absence | None, str]] = field(default_factory=dict)
    """Where `locate` finds what is missing: number → absence and project; what is not here is deleted."""
    account: str = "bot"
    listed: Sequence[CensusPart] | None = None
    """The census, if it is not simply what there is."""
    more: Sequence[Stream] = ()
    """Streams after that of issues."""
    counters: Counters = field(default_factory=Counters)
    asked: list[str] = field(default_factory=list)
    """What the census asked for, in order."""
    reports: Sequence[SprintReport] = ()
    locating: Callable[[Sequence[Missing]], Iterator[Located]] | None = None
    """Locates in another way."""
    loses_by_id: bool = False
    """Whether nothing is given when it is asked for by id."""

    def identify(self) -> Identity:
        return Identity(kind="jira_cloud", account=self.account, display_name=self.account.title(), version="1")

    def survey(self) -> Survey:
        return Survey()

    def streams(self) -> Sequence[Stream]:
        return (Stream("projects", self._projects), Stream("issues", self._issues), *self.more)

    def census(self) -> Scripted:
        return self

    def close(self) -> None:
        pass

    def parts(self) -> Iterator[CensusPart]:
        self.asked.append("parts")
        yield from self.parts_now() if self.listed is None else self.listed

    def parts_now(self) -> list[CensusPart]:
        """A part for each project, with the right count."""
        return [self.part(project) for project in sorted({*self.issues.values(), "PAY"})]

    def part(self, project: str, **changes: Any) -> CensusPart:
        """What a project has."""
        ids = frozenset(f"acme:{number}" for number, own in self.issues.items() if own == project)
        made = CensusPart(label=f"project {project}", project_id=f"acme:{project}", ids=ids, expected=len(ids))
        return replace(made, **changes)

    def locate(self, missing: Sequence[Missing]) -> Iterator[Located]:
        if self.locating is not None:
            yield from self.locating(missing)
            return
        for one in missing:
            self.asked.append(f"locate {one.issue_id}")
            number = int(one.issue_id.partition(":")[2])
            absence, project = self.elsewhere.get(number, ("deleted", ""))
            page = Page(records=[an_issue(number, project)]) if project else None
            yield Located(issue_id=one.issue_id, absence=absence, page=page, reason="so it is told")

    def pull(self, issue_ids: Sequence[str]) -> Iterator[Page]:
        self.asked.append(f"pull {', '.join(issue_ids)}")
        if not self.loses_by_id:
            numbers = [int(issue_id.partition(":")[2]) for issue_id in issue_ids]
            yield Page(records=[an_issue(number, self.issues[number]) for number in numbers])

    def sprint_reports(self, sprints: Mapping[str, str]) -> Iterator[SprintReport]:
        yield from (report for report in self.reports if report.sprint_id in sprints)

    def _projects(self, _: str | None) -> Iterator[Page]:
        rows = [Project(project_id=f"acme:{key}", source_id="acme", key=key, name=key) for key in ("PAY", "WEB")]
        yield Page(records=[Source(source_id="acme", kind="jira_cloud", url="https://acme.example"), *rows])

    def _issues(self, bookmark: str | None) -> Iterator[Page]:
        """All of them once; then nothing, as if nothing had changed."""
        numbers = [] if bookmark else sorted(self.issues)
        found = [an_issue(number, self.issues[number]) for number in numbers]
        yield Page(records=found, bookmark="done", progress=Progress(done=len(found), total=len(found)))


@dataclass(slots=True)
class Heard:
    """`SyncEvents` that remembers, and can be told to do something at a page."""

    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    finished: list[tuple[str, str]] = field(default_factory=list)
    on_page: Callable[[str, str], None] = lambda *_: None
    _lock: Lock = field(default_factory=Lock)

    def step(self, text: str) -> None:
        pass

    def stream_started(self, source: str, stream: str, counters: Counters | None = None) -> None:
        pass

    def page_committed(self, source: str, stream: str, rows: int, progress: Progress | None) -> None:  # noqa: ARG002
        self.on_page(source, stream)

    def stream_finished(self, source: str, stream: str, outcome: StreamOutcome) -> None:  # noqa: ARG002
        with self._lock:
            self.finished.append((source, stream))

    def note(self, source: str, text: str) -> None:  # noqa: ARG002
        with self._lock:
            self.notes.append(text)

    def problem(self, source: str, text: str) -> None:  # noqa: ARG002
        with self._lock:
            self.problems.append(text)


@contextmanager
def a_job(engine: Engine, events: Heard, *, run_id: str = "r", now: datetime = NOW) -> Iterator[Job]:
    """A job that holds its lease."""
    with hold(engine, "run", utc_now) as lease:
        rules = PrivacyRules()
        yield Job(engine=engine, lease=lease, events=events, run_id=run_id, now=now, privacy=rules)


def a_run(*, name: str = "acme", max_loss: float = 0.05, **changes: Any) -> SourceRun:
    """How `acme` is synced; its census is due after a day."""
    rules = {"max_loss": max_loss, "accept_loss": False, "history_since": None}
    given = {key: changes.pop(key) for key in list(changes) if key in rules}
    run = SourceRun(
        name=name, full=False, reads_bookmarks=True, census_now=False, census_every_seconds=86_400.0,
        rules=CensusRules(**{**rules, **given}),
    )  # fmt: skip
    return replace(run, **changes)


@dataclass(slots=True)
class Night:
    """Syncs a scripted source night after night."""

    engine: Engine
    source: Scripted
    events: Heard = field(default_factory=Heard)
    nights: int = 0

    def sync(self, **run: Any) -> SourceReport:
        """One sync, in which the census is taken."""
        self.nights += 1
        with a_job(self.engine, self.events, run_id=f"r{self.nights}") as job:
            return sync_source(job, a_run(**{"census_now": True, **run}), self.source)

    def absences(self) -> dict[str, str | None]:
        """Key → absence, of all issues."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(issues.c.key, issues.c.absence).order_by(issues.c.issue_id))
            return {row.key: row.absence for row in rows}

    def noted(self) -> Any:
        """The row of the source."""
        with self.engine.connect() as connection:
            return connection.execute(select(sources)).one()

    def run_of(self, stream: str) -> Any:
        """The newest row of a stream in `sync_runs`."""
        statement = select(sync_runs).where(sync_runs.c.sync_run_id == f"r{self.nights}:acme:{stream}")
        with self.engine.connect() as connection:
            return connection.execute(statement).one()


def failing(_: str | None) -> Iterator[Page]:
    """A stream that fails after a page."""
    yield Page(bookmark="half")
    raise SourceError("the tracker is away")
