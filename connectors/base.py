"""The shapes every connector fills: a connector has streams, a stream has pages, a page has records and a bookmark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from warehouse.records import Record

Recall = Callable[[Sequence[str]], Mapping[str, str]]
"""Issue ids → the snapshots (`IssueSnapshot.content`) that earlier pages stored; ids without one are left out.

It sees every page yielded so far, of this run and of earlier ones.
"""


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
class Page:
    """What is committed together: rows to upsert (of any record types), parts to replace, and how to go on after it.

    A page with `bookmark=None` leaves the stream's bookmark as it is.
    """

    records: Sequence[Record] = ()
    replacements: Sequence[Replacement] = ()
    bookmark: str | None = None
    notes: Sequence[str] = ()
    """Sentences for the operator about something left out or odd here, e.g. a board without sprints."""
    problems: Sequence[str] = ()
    """Like notes, but each means that something configured is missing: the source ends with exit code 1."""
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a stream is, in its own units (issues, revisions); `total` is None when the tracker does not tell."""

    done: int
    total: int | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChoice:
    """The tracker field that plays a role, and why it was chosen."""

    role: str
    """`story_points`, `severity`, `found_in`, `sprint`, `epic_link`, `flagged`."""
    native_ids: tuple[str, ...]
    """In order of preference: a project uses the first that is filled. Empty: none found."""
    name: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a look round the tracker found, without writing anything."""

    seen: Sequence[Seen] = ()
    fields: Sequence[FieldChoice] = ()
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()


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

    def close(self) -> None:
        """Give back connections and threads."""
        ...
