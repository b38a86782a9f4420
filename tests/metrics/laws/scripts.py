"""Strategies of whole companies: what happens to issues, links, sprints and versions, as plain data that can shrink.

Hours count from the company's first midnight (UTC). A company is told in two parts: what a first load brings, as of the
hour `cut`, and what a second one brings. The computations have hours of their own, so that changes come late, or lie
after now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

EPOCHS = (
    datetime(2026, 3, 27, tzinfo=UTC),  # two nights before the clocks of Berlin go forward
    datetime(2026, 10, 23, tzinfo=UTC),  # and before they go back
    datetime(2026, 3, 6, tzinfo=UTC),  # before those of New York go forward
    datetime(2026, 12, 28, tzinfo=UTC),  # a week of two years
)
LAST_HOUR = 240
_NIGHT = [hour / 2 for hour in range(92, 108)]
HOURS = st.sampled_from([*range(0, LAST_HOUR + 1, 12), *_NIGHT, *range(1, LAST_HOUR, 17), 30.0001, 30.0002])
AFTER = st.sampled_from([0, -30, 1, 5, 24, 70, 14 * 24, 14 * 24 + 1, 35 * 24, 95 * 24])
"""Hours between one computation and the next."""

STATUSES = ["To Do", "Doing", "Review", "Done", "Closed", "Dropped", "Parked"]
"""The last one has no row at first."""
TYPES = ["Story", "Bug", "Task", "Epic"]
POINTS = [None, 3.0, 0.1, 0.0, 0.7, 8.0]
SPRINTS = {
    "acme": [None, "36", "37", "36, 37", "37, 38", "39", "38", "99"],
    "ado": [None, "5", "6", "7"],
}
AREAS = ["Pay\\Red", "Pay\\Red\\Deep", "Pay\\Blue", "Pay", "Ops"]
RESOLUTIONS = [None, "Fixed", "Won't Do"]
LABELS = [(), ("blocked",), ("blocked", "prod"), ("prod",)]
SEVERITIES = [None, "High", "Low"]
VERSIONS = [(), ("v1",), ("v2",), ("v1", "v2")]
ABSENCES = [None, None, None, None, None, "deleted", "moved_away", "access_lost"]
LINK_TYPES = ["Blocks", "Blocks", "Caused by"]

_VALUES: Mapping[str, Sequence[Any]] = {
    "status": STATUSES,
    "points": POINTS,
    "resolution": RESOLUTIONS,
    "project": ["10", "20"],
    "type": TYPES,
    "flagged": [False, True],
    "labels": LABELS,
    "severity": SEVERITIES,
    "affects": VERSIONS,
}
_OFTEN = ["status"] * 6 + ["sprint"] * 4 + ["points"] * 2 + ["resolution"]
_FIELDS = [*_OFTEN, "project", "type", "flagged", "labels", "severity", "affects"]


@dataclass(frozen=True)
class Step:
    """One history entry: fields and what they become, in order."""

    hour: float
    sets: Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Life:
    """An issue. `gaps` are values that it has now and its history does not lead to, from the load `gaps_from` on."""

    number: int
    source_id: str
    created: float
    first: Mapping[str, Any]
    steps: Sequence[Step]
    gaps: Mapping[str, Any] = field(default_factory=dict)
    gaps_from: int = 1
    absence: Sequence[str | None] = (None, None)
    """As of either load."""
    parent: Sequence[int | None] = (None, None)
    comes_late: bool = False
    """The first load does not see it."""
    lost: int | None = None
    """The place of a step that the first load misses."""


@dataclass(frozen=True)
class Tie:
    """A link from one issue to another one of its source."""

    one: int
    other: int
    link_type: str
    made: float
    removed: float | None
    is_dated: bool
    """Its row says when it was made."""
    told: str
    """Whose history tells of it: `both`, `one`, `other`, `vaguely` (its making in words that fit no type) or none."""


@dataclass(frozen=True)
class Company:
    """All that happens, and when it is loaded and computed."""

    epoch: datetime
    lives: Sequence[Life]
    ties: Sequence[Tie]
    sprints: Mapping[str, Sequence[Any]]
    """Sprint → its variant (see `world`) as of either load; None: not there."""
    versions: Mapping[str, Sequence[Any]]
    """Version → release day, counted from the first, or None for one that is not released, as of either load."""
    places: Sequence[int]
    """Variant of boards and areas as of either load."""
    statuses: Sequence[int]
    """Variant of the statuses as of either load."""
    crowd: int
    """So many plain issues that were finished."""
    cut: float
    computes: Sequence[float]
    """Hours of the computations: one after the first load, one or two after the second."""


def at(company: Company, hour: float) -> datetime:
    """The instant of an hour of the company."""
    return company.epoch + timedelta(hours=hour)


def _pairs(draw: st.DrawFn, values: Sequence[Any], same: int = 2) -> tuple[Any, Any]:
    """A value as of either load: so many times the same, against once another."""
    first = draw(st.sampled_from(values))
    return (first, draw(st.sampled_from(values))) if draw(st.integers(0, same)) == same else (first, first)


@st.composite
def _steps(draw: st.DrawFn, source_id: str, begin: float) -> Step:
    names = draw(st.lists(st.sampled_from(_FIELDS), min_size=1, max_size=3))
    values = {**_VALUES, "sprint": SPRINTS[source_id]}
    sets = [(name, draw(st.sampled_from(values[name]))) for name in names]
    if source_id == "ado" and draw(st.sampled_from([False, False, False, True])):
        sets.append(("area", draw(st.sampled_from(AREAS))))
    hour = draw(HOURS)
    return Step(max(hour, begin) if hour % 34 else hour, sets)  # a few lie before the creation


@st.composite
def lives(draw: st.DrawFn, number: int) -> Life:
    source_id = "acme" if number % 3 else "ado"
    created = draw(HOURS)
    first = {
        "status": draw(st.sampled_from(STATUSES)),
        "sprint": draw(st.sampled_from(SPRINTS[source_id])),
        "points": draw(st.sampled_from(POINTS)),
        "type": draw(st.sampled_from(["Story", "Story", "Bug", "Bug", *TYPES])),
        "project": draw(st.sampled_from(["10", "10", "20"])),
        "area": draw(st.sampled_from(AREAS)) if source_id == "ado" else None,
        "labels": draw(st.sampled_from(LABELS)),
        "affects": draw(st.sampled_from(VERSIONS)),
    }
    steps = sorted(draw(st.lists(_steps(source_id, created), max_size=7)), key=lambda step: step.hour)
    is_odd = draw(st.integers(0, 11))
    gaps = {}
    if is_odd == 1:
        name = draw(st.sampled_from(["status", "points", "sprint", "flagged", "labels", "area"]))
        values = {**_VALUES, "sprint": SPRINTS[source_id], "area": AREAS}
        gaps = {name: draw(st.sampled_from(values[name]))}
    return Life(
        number=number,
        source_id=source_id,
        created=created,
        first=first,
        steps=steps,
        gaps=gaps,
        gaps_from=draw(st.integers(1, 2)) if gaps else 1,
        absence=_pairs(draw, ABSENCES),
        parent=_pairs(draw, [None, None, 1, 2, 4]),
        comes_late=is_odd == 2,
        lost=draw(st.integers(0, len(steps) - 1)) if steps and is_odd == 3 else None,
    )


@st.composite
def _ties(draw: st.DrawFn, most: int) -> Tie:
    one, made = draw(st.integers(1, most)), draw(HOURS)
    # of one source: those of Azure DevOps have numbers that three divides
    others = [other for other in range(1, most + 2) if other != one and (other % 3 == 0) == (one % 3 == 0)]
    return Tie(
        one=one,
        other=draw(st.sampled_from(others)),
        link_type=draw(st.sampled_from(LINK_TYPES)),
        made=made,
        removed=draw(st.none() | HOURS.map(lambda hour: max(hour, made))),
        is_dated=draw(st.booleans()),
        told=draw(st.sampled_from(["both", "one", "other", "vaguely", ""])),
    )


@st.composite
def companies(draw: st.DrawFn, least: int = 9, most: int = 11) -> Company:
    """Companies of that many issues, beside a crowd of plain ones."""
    count = draw(st.integers(least, most))
    cut = draw(HOURS)
    first = max(0, cut + draw(st.sampled_from([-30, -1, 0, 0, 1, 24, 100])))
    hours = [first, first + draw(AFTER)]
    if draw(st.booleans()):
        hours.append(hours[-1] + draw(AFTER))
    return Company(
        epoch=draw(st.sampled_from(EPOCHS)),
        lives=[draw(lives(number)) for number in range(1, count + 1)],
        ties=draw(st.lists(_ties(count), max_size=6)),
        sprints={
            sprint_id: _pairs(draw, [0, 1, 2, 3, 4, 5, None]) for sprint_id in ("36", "37", "38", "39", "5", "6", "7")
        },
        versions={name: _pairs(draw, [None, 0, 2, 40]) for name in ("v1", "v2")},
        # what reaches all issues is rare: it hides whatever does not reach some
        places=_pairs(draw, [0, 1, 2], same=5),
        statuses=_pairs(draw, [0, 0, 1, 2, 3], same=5),
        crowd=draw(st.sampled_from([0, 0, 0, 12])),
        cut=cut,
        computes=hours,
    )
