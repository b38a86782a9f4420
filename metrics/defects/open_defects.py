"""How many defects were open at given instants, and how old they were. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from metrics.defects.stage_moves import Move
from metrics.history.stages import DONE, REMOVED
from metrics.periods import percentile

_DAY_SECONDS = 86_400


Open = tuple[float, float, float]
"""Creation of a defect, and begin and end of a stretch in which it was neither done nor removed: seconds since 1970."""


class OpenFigures(NamedTuple):
    """At an instant; ages in days, None when nothing was open."""

    open_defects: int = 0
    age_mean: float | None = None
    age_p50: float | None = None


def stretches(created_at: datetime, moves: Iterable[Move]) -> Iterator[Open]:
    """The stretches of a defect, from its moves into done and removed and out of them."""
    created = begin = created_at.timestamp()
    is_open = True
    for at, stage, _ in moves:
        if is_open:
            yield created, begin, at.timestamp()
        is_open = stage not in {DONE, REMOVED}
        begin = at.timestamp()
    if is_open:
        yield created, begin, math.inf


def stretch(created_at: datetime, finished_at: datetime | None) -> Open:
    """The only stretch of a defect that was never reopened."""
    created = created_at.timestamp()
    return created, created, math.inf if finished_at is None else finished_at.timestamp()


def open_at(found: Iterable[Open], moments: Sequence[datetime], now: datetime) -> Mapping[datetime, OpenFigures]:
    """Figures at each of the moments, which are in order of time.

    What happens exactly then has happened; a defect created exactly then belongs to what follows, but not at `now`.
    """
    waiting = sorted(found, key=itemgetter(1), reverse=True)
    figures: dict[datetime, OpenFigures] = {}
    lasting: list[Open] = []
    for moment in moments:
        instant = moment.timestamp()
        while waiting and waiting[-1][1] <= instant:
            lasting.append(waiting.pop())
        lasting = [one for one in lasting if one[2] > instant]
        created = [one[0] for one in lasting]
        if moment != now and created and max(created) == instant:
            created = [one for one in created if one < instant]
        figures[moment] = _figures(instant, created)
    return figures


def _figures(instant: float, created: list[float]) -> OpenFigures:
    if not created:
        return OpenFigures()
    created.sort(reverse=True)
    ages = [instant - one for one in created]
    return OpenFigures(len(ages), math.fsum(ages) / len(ages) / _DAY_SECONDS, percentile(ages, 50) / _DAY_SECONDS)
