"""One source's sync: its streams in order, each page in a transaction of its own, and the census when it is due."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from connectors.base import Connector, Identity, Page, Progress, Stream, is_short
from connectors.errors import SourceError
from flowmart.events import StreamOutcome
from flowmart.syncing.asking_again import STREAM, ask_again, malformed_before
from flowmart.syncing.census import CensusReport, CensusRules, take_census
from flowmart.syncing.job import Job, Tally
from flowmart.syncing.pages import sentence, write_page
from warehouse.bookmarks import forget_bookmark, read_bookmark, save_bookmark
from warehouse.census import LastCensus, last_census, note_account
from warehouse.names import follow_status_names
from warehouse.runs import mark_synced

IDENTITY = "login"
CENSUS = "census"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRun:
    """How one source is synced."""

    name: str
    full: bool
    reads_bookmarks: bool
    """Else every stream looks back as told, and no bookmark moves."""
    census_now: bool
    census_every_seconds: float
    rules: CensusRules


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """How a source's sync ended. `problems` are things configured but not to be seen; `error` ended it early."""

    name: str
    error: str | None
    problems: tuple[str, ...]
    streams: tuple[tuple[str, StreamOutcome], ...]
    census: CensusReport | None = None
    """None when it was not due or not reached."""

    @property
    def ok(self) -> bool:
        """Nothing is missing."""
        return self.error is None and not self.problems


@dataclass(slots=True)
class _Ending:
    """What is known so far of how the source ends."""

    problems: list[str] = field(default_factory=list)
    outcomes: list[tuple[str, StreamOutcome]] = field(default_factory=list)
    error: str | None = None
    census: CensusReport | None = None


def sync_source(job: Job, run: SourceRun, source: Connector) -> SourceReport:
    """All streams in order, then the census; the first that fails ends the source, since later ones build on it."""
    ending = _Ending()
    try:
        with job.noted(run.name, IDENTITY, source.counters, ending.outcomes):
            identity = _as_stored(source.identify(), job, run.name)
        for stream in source.streams():
            with job.noted(run.name, stream.name, source.counters, ending.outcomes) as tally:
                ending.problems += _load(job, run, stream, tally)
        if asked := malformed_before(job, run.name):
            with job.noted(run.name, STREAM, source.counters, ending.outcomes) as tally:
                ask_again(job, run.name, asked, source.census(), tally)
        with job.writing() as connection:
            follow_status_names(connection, run.name)
        _count(job, run, source, identity, ending)
    except SourceError as failure:
        ending.error = str(failure)
    if ending.error is None and not ending.problems:
        with job.writing() as connection:
            mark_synced(connection, run.name, job.now)
    return SourceReport(
        name=run.name,
        error=ending.error,
        problems=tuple(ending.problems),
        streams=tuple(ending.outcomes),
        census=ending.census,
    )


def _as_stored(identity: Identity, job: Job, source: str) -> Identity:
    """The account under the name by which the warehouse knows it."""
    account = job.privacy.login(source, identity.account)
    return identity if account == identity.account else replace(identity, account=account, display_name="the login")


def _count(job: Job, run: SourceRun, source: Connector, identity: Identity, ending: _Ending) -> None:
    """The census, if it is due. A source is believed to have the account that it was first synced with."""
    with job.writing() as connection:
        last = last_census(connection, run.name)
        if last.account is None:
            note_account(connection, run.name, identity.account)
    if not (run.census_now or run.full or _is_due(job, run, last)):
        return
    with job.noted(run.name, CENSUS, source.counters, ending.outcomes) as tally:
        ending.census = take_census(job, run.name, source.census(), run.rules, identity, last, tally)
        for problem in ending.census.problems:
            if problem not in ending.problems:  # a stream may have told it
                job.events.problem(run.name, problem)
                ending.problems.append(problem)


def _is_due(job: Job, run: SourceRun, last: LastCensus) -> bool:
    return last.at is None or job.now - last.at >= timedelta(seconds=run.census_every_seconds)


def _load(job: Job, run: SourceRun, stream: Stream, tally: Tally) -> list[str]:
    """Load every page of a stream; returns the problems that the pages tell, and that of a stream cut short."""
    problems: list[str] = []
    for page in stream.pages(_begin(job, run, stream.name)):
        with job.writing() as connection:
            written = write_page(connection, page, job.privacy, job.now)
            if page.bookmark is not None and run.reads_bookmarks:
                save_bookmark(connection, run.name, stream.name, page.bookmark, job.now)
        _tell(job, run.name, stream.name, page, written, tally)
        problems += page.problems
    if not problems and _is_cut_short(tally):
        problem = (
            f"{stream.name}: {tally.received:,} of {tally.expected:,} came, and the tracker did not say why; "
            "`flowmart sync --full` asks for all of them again"
        )
        job.events.problem(run.name, problem)
        problems.append(problem)
    return problems


def _tell(job: Job, name: str, stream: str, page: Page, written: int, tally: Tally) -> None:
    read = len(page.records) + sum(len(replacement.records) for replacement in page.replacements)
    tally.rows_read += read
    tally.rows_written += written
    _keep_progress(tally, page.progress)
    job.events.page_committed(name, stream, read, page.progress)
    for note in (*page.notes, *map(sentence, page.malformed)):
        job.events.note(name, note)
    for problem in page.problems:
        job.events.problem(name, problem)


def _keep_progress(tally: Tally, progress: Progress | None) -> None:
    if progress is not None:
        tally.received, tally.expected = progress.done, progress.total


def _is_cut_short(tally: Tally) -> bool:
    return tally.received is not None and tally.expected is not None and is_short(tally.received, tally.expected)


def _begin(job: Job, run: SourceRun, stream: str) -> str | None:
    """The bookmark to go on from; a full sync forgets it first."""
    if not run.reads_bookmarks:
        return None
    if run.full:
        with job.writing() as connection:
            forget_bookmark(connection, run.name, stream)
        return None
    with job.engine.connect() as connection:
        return read_bookmark(connection, run.name, stream)
