"""What goes from the driver to the executors and back: plain data, small whatever the size of the lake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

import msgspec

from lake.computed import Computation
from lake.opening import Lake
from metrics.crossing.chunks import Chunk
from metrics.crossing.outlines import Outline
from metrics.settings import MetricSettings

Item = TypeVar("Item")
Result = TypeVar("Result", bound=msgspec.Struct)


class Cluster(Protocol):
    """Something that does pieces of work elsewhere, several at a time, and does one again whose machine went away."""

    def map(
        self, work: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item], result: type[Result]
    ) -> Iterator[Result]:
        """The result of each item, in any order; items are begun in theirs. `work` is a function of a module."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What every piece of work of a computation needs."""

    lake: Lake
    settings: MetricSettings
    now: datetime
    code_version: str
    """Of the driver: rows of two versions are not mixed."""

    @property
    def today(self) -> date:
        """The local day of now."""
        return self.now.astimezone(self.settings.calendar.timezone).date()


@dataclass(frozen=True, slots=True)
class SourceAsked:
    """A source that is to be computed."""

    source_id: str
    page: int
    before: Computation | None
    """Its last computation, if there was one."""
    anew: bool = False
    """Everything is to be computed, whatever did not change."""


class SourceDone(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a source. Its rows are in the lake, under the name of `computation`, and nobody sees them yet."""

    source_id: str
    page: int
    computation: str = ""
    outline: Outline = Outline()
    went_on: bool = False
    """Only what changed since the last computation was computed."""
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    """The most memory that the executor's process has held so far; 0 where the system does not tell."""
    error: str | None = None
    """Why it could not be computed, in one line; there are no rows then."""


@dataclass(frozen=True, slots=True)
class ChunkAsked:
    """Periods whose rows of all sources are wanted."""

    chunk: Chunk
    computations: Sequence[str]
    """Those whose rows count."""
    outline: Outline
    """Of all sources together."""


@dataclass(frozen=True, slots=True)
class JoinAsked:
    """The last piece of work: everything that belongs to no source alone, under one name."""

    computations: Sequence[str]
    parts: Sequence[str]
    """What the chunks wrote."""
    outline: Outline


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that a piece of work wrote under a name of its own."""

    computation: str
    rows: int
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class SweepAsked:
    """A computed table, of which all rows are to go but those of some computations and those of the last day."""

    table: str
    kept: Sequence[str]


class Swept(msgspec.Struct, frozen=True):
    """A table that was swept."""

    table: str
