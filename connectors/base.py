"""The shapes every connector fills: a connector has streams, a stream has pages, a page has records and a bookmark.

Beside its streams a connector can list the ids that the tracker has now, say where missing ones went, and pull single
issues: what a census needs (`connectors.base.Census`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from warehouse.records import Record

Recall = Callable[[Sequence[str]], Mapping[str, str]]
"""Issue ids → the snapshots (`IssueSnapshot.content`) that earlier pages stored; ids without one are left out.

It sees every page yielded so far, of this run and of earlier ones.
"""

Held = Callable[[Sequence[str]], frozenset[str]]
"""Those of these issue ids that the warehouse has, alive or marked; it too sees every page yielded so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """In the table of `record_type`, the rows whose `scope` column is one of `values` become exactly `records`.

    For parts that belong to an owner and vanish without a trace, such as the labels of an issue.
    """

    record_type: type[Record]
    scope: str
    values: Sequence[str]
    records: Sequence[Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """In the table of `record_type`, rows with these keys get an instant in `column`, where they are there without one.

    For what is gone in the tracker (`deleted_at`, `removed_at`): the row stays, marked.
    """

    record_type: type[Record]
    column: str
    at: Mapping[str, datetime]
    """Primary key → instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """An issue that came and cannot be read. Nothing of it is written: what the warehouse has of it stays."""

    issue_id: str
    """Qualified, from the raw id."""
    label: str
    """For people: its key, or what there is of it."""
    reason: str
    """What is wrong, and where in the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is committed together: rows to upsert (of any record types), parts to replace, and how to go on after it.

    A page with `bookmark=None` leaves the stream's bookmark as it is.
    """

    records: Sequence[Record] = ()
    replacements: Sequence[Replacement] = ()
    marks: Sequence[Mark] = ()
    """Done after the others."""
    bookmark: str | None = None
    notes: Sequence[str] = ()
    """Sentences for the operator about something left out or odd here, e.g. a board without sprints."""
    problems: Sequence[str] = ()
    """Like notes, but each means that something configured is missing: the source ends with exit code 1."""
    progress: Progress | None = None
    malformed: Sequence[Malformed] = ()
    """Each becomes a row of `data_quality`; it is asked for again in each sync, until it can be read or is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a stream is, in its own units (issues, revisions); `total` is None when the tracker does not tell.

    The last one of a stream is what `sync_runs` keeps as received and expected.
    """

    done: int
    total: int | None = None


SHORTFALL_SHARE = 0.05
SHORTFALL_ISSUES = 2


def is_short(received: int, expected: int, *, exact: bool = False) -> bool:
    """Whether fewer came than the tracker's own count promised: clearly fewer, where counts are approximate and lag."""
    missing = expected - received
    if exact:
        return missing > 0
    return missing > SHORTFALL_ISSUES and missing > expected * SHORTFALL_SHARE


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of thing a connector yields. Streams are synced in the connector's order: parents before children."""

    name: str
    pages: Callable[[str | None], Iterator[Page]]
    """Bookmark of the last committed page (None: from the beginning) → pages.

    Each page is committed before the next is asked for.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the tracker says we are, and what it is."""

    kind: str
    """`jira_cloud`, `jira_data_center` or `azure_devops`."""
    account: str
    display_name: str
    version: str | None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One thing that the account can see, for `check` and `init`: its native id, its key or name, and a detail."""

    what: str
    """`project`, `board`, `team`, `field`, `status`, `issue type`."""
    native_id: str
    name: str
    detail: str = ""
    issues: int | None = None
    """Of a project: how many issues it has in scope; on Jira Cloud about how many. None: not asked or not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChoice:
    """The tracker field that plays a role, and why it was chosen."""

    role: str
    """`story_points`, `severity`, `found_in`, `sprint`, `epic_link`, `parent`, `flagged`, `team`, `rank`."""
    native_ids: tuple[str, ...]
    """In order of preference: a project uses the first that is filled. Empty: none found."""
    name: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCandidate:
    """A field that could play a role, and how many issues of the scope fill it."""

    role: str
    native_id: str
    name: str
    filled: int | None
    """None: the tracker does not tell."""
    asked: int | None
    """Of how many issues."""
    evidence: str
    """Why it is a candidate: its type, its name, boards that estimate with it."""
    by_project: Mapping[str, int] = field(default_factory=dict)
    """Project → how many of its issues fill it, for the projects that were asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a look round the tracker found, without writing anything."""

    seen: Sequence[Seen] = ()
    fields: Sequence[FieldChoice] = ()
    candidates: Sequence[FieldCandidate] = ()
    """For each role that the config may name, likeliest first."""
    missing_permissions: Sequence[str] = ()
    """The tracker's names of permissions and scopes that the account lacks, with what is lost without them."""
    token_expires_at: datetime | None = None
    """Where the tracker tells."""
    token_note: str = ""
    """How the expiry is known, or why it is not."""
    problems: Sequence[str] = ()
    """Each means that something configured is missing, or that a sync could not be whole."""
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusPart:
    """The ids of the issues of one part of the scope, as the tracker lists them now.

    `problem` says why the listing cannot be believed; then nothing is concluded from what is missing in it.
    """

    label: str
    """For people: `project PAY`, `the filter of board 12`, `the whole scope`."""
    project_id: str | None
    """Qualified id of the project that the part is; None: the part is all of the scope."""
    ids: frozenset[str]
    """Qualified ids."""
    expected: int | None = None
    """The tracker's own count; None where it tells none."""
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An issue that is alive in the warehouse and was not in the census."""

    issue_id: str
    project_id: str
    key: str
    area_path: str | None = None


Absence = Literal["deleted", "moved_away", "access_lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where a missing issue is: gone (`absence`), or there after all (None: the listing missed it)."""

    issue_id: str
    absence: Absence | None
    page: Page | None = None
    """Its rows as they are now, where the tracker still shows it; the issue's row carries the absence."""
    reason: str = ""
    """Why it is taken for that, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SprintReport:
    """What the tracker itself says of a sprint, by issue id: for comparison, never a source of numbers."""

    sprint_id: str
    completed: frozenset[str]
    not_completed: frozenset[str]
    removed: frozenset[str]
    added_during: frozenset[str]


class Census(Protocol):
    """What reconciling asks of a connector."""

    def parts(self) -> Iterator[CensusPart]:
        """Every part of the scope: together they are all that is to be alive. A part that fails tells its problem."""
        ...

    def locate(self, missing: Sequence[Missing]) -> Iterator[Located]:
        """Where each of these is, asked for by id."""
        ...

    def pull(self, issue_ids: Sequence[str]) -> Iterator[Page]:
        """These issues with their whole histories, without a bookmark; those that are not to be seen are left out."""
        ...

    def sprint_reports(self, sprints: Mapping[str, str]) -> Iterator[SprintReport]:
        """The tracker's reports on these sprints (sprint id → board id), as far as it gives any."""
        ...


@dataclass(slots=True)
class Counters:
    """Requests and retries of one source so far."""

    requests: int = 0
    retries: int = 0


class Connector(Protocol):
    """One configured source. All methods raise `SourceError`s only."""

    @property
    def counters(self) -> Counters:
        """Requests and retries so far."""
        ...

    def identify(self) -> Identity:
        """Prove the login. Called once before anything else of a run."""
        ...

    def survey(self) -> Survey:
        """Look round for `check` and `init`: what is visible, which fields play which role, what is missing."""
        ...

    def streams(self) -> Sequence[Stream]:
        """The streams in the order in which they must be synced."""
        ...

    def census(self) -> Census:
        """What reconciling asks; to be used after the streams of a run, which learn whom and what is known."""
        ...

    def close(self) -> None:
        """Give back connections and threads."""
        ...
