"""Whether an issue was open, delivered or cancelled, from its stays and resolutions. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from metrics.history.stages import DONE, REMOVED
from metrics.history.timeline import Timeline

OPEN = "open"
CANCELLED = "cancelled"


def outcomes(timeline: Timeline, cancelled: frozenset[str]) -> list[tuple[datetime, str]]:
    """(instant, `open`, `done` or `cancelled`) in order of time, at least one; of equal instants the last counts.

    `cancelled` are the resolutions of undelivered work, case-folded. Statuses never known are passed over.
    """
    known: list[tuple[datetime, str]] = []
    last: str | None = None
    for stay in timeline.stays:
        stage = stay[4]
        if stage is not None and stage != last:
            known.append((stay[0], stage))
            last = stage
    marked = [(at, text is not None and text.casefold() in cancelled) for at, text in timeline.resolutions]
    if len(marked) == 1:
        return [(at, _outcome(stage, marked[0][1])) for at, stage in known] or [(timeline.stays[0][0], OPEN)]
    return _with_marks(known, marked)


def _with_marks(
    known: Sequence[tuple[datetime, str]], marked: Sequence[tuple[datetime, bool]]
) -> list[tuple[datetime, str]]:
    """Stages and resolutions that change at times of their own."""
    stage: str | None = None
    is_marked = False
    steps: list[tuple[datetime, str]] = []
    both = [(at, 0, stage_then) for at, stage_then in known] + [(at, 1, mark) for at, mark in marked]
    for at, kind, value in sorted(both, key=lambda step: step[0]):
        if kind:
            is_marked = value is True
        else:
            stage = str(value)
        steps.append((at, _outcome(stage, is_marked)))
    return steps


def _outcome(stage: str | None, is_cancelled: bool) -> str:  # noqa: FBT001 - the two halves of one fact
    if stage == REMOVED:
        return CANCELLED
    if stage == DONE:
        return CANCELLED if is_cancelled else DONE
    return OPEN
