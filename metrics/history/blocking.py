"""What blocked an issue, and when: spans of each cause, united into stretches that never overlap. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, TypeVar

from metrics.history.stages import DONE, REMOVED
from metrics.history.timeline import Change, StatusStay

FLAG_FIELD = "flagged"
LABELS_FIELD = "labels"

T = TypeVar("T")
Period = tuple[datetime | None, datetime | None]
"""Half open: its begin is None where nothing tells it, its end None while it lasts."""


class Span(NamedTuple):
    """How long something blocked an issue: half open, `end` is None while it lasts."""

    begin: datetime
    end: datetime | None
    cause: str


class BlockedStay(NamedTuple):
    """A stretch of an issue's life in which something blocked it. `causes` are sorted, with `; ` between."""

    entered_at: datetime
    left_at: datetime | None
    causes: str


def blocked(created_at: datetime, spans: Iterable[Span]) -> list[BlockedStay]:
    """The union of the spans since creation, in order of time. What touches is one stretch; empty spans are none."""
    lived = ((max(begin, created_at), end, cause) for begin, end, cause in spans)
    lasting = sorted((span for span in lived if span[1] is None or span[1] > span[0]), key=itemgetter(0))
    found: list[BlockedStay] = []
    causes: set[str] = set()
    for begin, end, cause in lasting:
        last = found[-1] if found else None
        if last is not None and (last.left_at is None or begin <= last.left_at):
            causes.add(cause)
            left_at = None if end is None or last.left_at is None else max(end, last.left_at)
            found[-1] = BlockedStay(last.entered_at, left_at, "; ".join(sorted(causes)))
        else:
            causes = {cause}
            found.append(BlockedStay(begin, end, cause))
    return found


def flag_spans(
    created_at: datetime,
    changes: Iterable[Change],
    is_flagged: bool,  # noqa: FBT001 - the value of a field
    now: datetime,
) -> tuple[list[Span], bool]:
    """When the Flagged field was set, and whether its history misses the current value.

    Where it does, the current value holds from the last change on.
    """
    own = [change for change in changes if change[5] == FLAG_FIELD]
    steps, is_gap = _steps(created_at, own, bool, is_flagged, now)
    return [Span(at, end, "flag") for at, end, is_set in _lasting(steps) if is_set], is_gap


def label_spans(
    created_at: datetime,
    changes: Iterable[Change],
    labels: Iterable[str],
    marked: Callable[[str | None], frozenset[str]],
    now: datetime,
) -> list[Span]:
    """When the issue had labels that mean blocked, a span for each label and time.

    `marked` gives those among the labels of a history's text; `labels` are those of them that the issue has now. They
    hold from the last change on whatever it says: a tag can be renamed or deleted everywhere without a trace.
    """
    own = [change for change in changes if change[5] == LABELS_FIELD]
    steps, _ = _steps(created_at, own, marked, frozenset(labels), now)
    return [Span(at, end, f"label: {label}") for at, end, held in _lasting(steps) for label in sorted(held)]


def _steps(
    created_at: datetime, changes: Sequence[Change], read: Callable[[str | None], T], current: T, now: datetime
) -> tuple[list[tuple[datetime, T]], bool]:
    """(Instant, value from then on), the first at creation; and whether the history ends in another value."""
    seen = [change for change in changes if change[1] <= now]
    if len(seen) < len(changes):
        current = read(_before(changes[len(seen)]))
    values = [(created_at, read(_before(seen[0])) if seen else current)]
    values += [(max(change[1], created_at), read(change[9] or change[8])) for change in seen]
    is_gap = values[-1][1] != current
    values[-1] = (values[-1][0], current)
    return values, is_gap


def _lasting(steps: Sequence[tuple[datetime, T]]) -> list[tuple[datetime, datetime | None, T]]:
    """Each value with its begin and end."""
    ends: list[datetime | None] = [*(at for at, _ in steps[1:]), None]
    return [(at, end, value) for (at, value), end in zip(steps, ends, strict=True)]


def _before(change: Change) -> str | None:
    return change[7] or change[6]


def status_spans(stays: Iterable[StatusStay], is_marked: Callable[[str | None, str], bool]) -> list[Span]:
    """The stays in statuses that `is_marked` says mean blocked, by their id and their name of then; in any stage."""
    return [Span(stay[0], stay[1], f"status: {stay[3]}") for stay in stays if is_marked(stay[2], stay[3])]


def open_periods(stays: Iterable[StatusStay]) -> list[tuple[datetime, datetime | None]]:
    """When an issue was neither done nor removed. A status never known changes nothing, and at creation means open."""
    turns: list[tuple[datetime, bool]] = []
    for stay in stays:
        if not turns or stay[4] is not None:
            is_open = stay[4] not in {DONE, REMOVED}
            if not turns or turns[-1][1] != is_open:
                turns.append((stay[0], is_open))
    return [(at, end) for at, end, is_open in _lasting(turns) if is_open]


def link_periods(told: Iterable[tuple[datetime, bool]], *, is_current: bool, since: datetime | None) -> list[Period]:
    """When a link between two issues was there, from what both their histories tell: (instant, made or removed).

    Both tell each step, perhaps some milliseconds apart: one that changes nothing is passed over. Made and removed at
    one instant leaves it as before. `is_current` says whether the link is there now, `since` when that one was made.
    Without a known beginning it was there from the start. One that was made, is gone, and was never seen to go, does
    not count: nothing tells for how long it was there.
    """
    found: list[Period] = []
    begin: datetime | None = None
    last_removal: datetime | None = None
    is_held = False
    for at, steps in groupby(sorted(set(told)), key=itemgetter(0)):
        ways = {is_made for _, is_made in steps}
        if ways == {True} and not is_held:
            begin, is_held = at, True
        elif ways == {False} and (is_held or last_removal is None):
            found.append((begin, at))
            is_held = False
        if False in ways:
            last_removal = at
    if is_held and is_current:
        found.append((begin, None))
    elif is_held and begin is not None and last_removal is not None and begin < last_removal:
        found.append((begin, last_removal))  # told as made and removed at one instant: the removal came last
    elif is_current and not is_held and (since is None or last_removal is None or since >= last_removal):
        # a date before the last removal is that of a link that has gone since: its row is older than the history
        found.append((since or last_removal, None))
    return found


def overlaps(
    periods: Iterable[Period], others: Sequence[tuple[datetime, datetime | None]]
) -> list[tuple[datetime, datetime | None]]:
    """The parts of the periods that lie within the others."""
    found = []
    for begin, end in periods:
        for other_begin, other_end in others:
            start = other_begin if begin is None else max(begin, other_begin)
            stop = other_end if end is None else end if other_end is None else min(end, other_end)
            if stop is None or stop > start:
                found.append((start, stop))
    return found
