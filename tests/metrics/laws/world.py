"""A made-up company as loads: all that a tracker would have told by either, and what differs between the two."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from tests.metrics.laws.histories import Told
from tests.metrics.laws.issues import issue_records, tie_records
from tests.metrics.laws.places import shared
from tests.metrics.laws.scripts import Company, Life, Step
from warehouse.records import BoardArea, Issue, IssueChange, IssueLabel, IssueLink, IssueVersion, LinkEvent, Record

_OWNED: Mapping[type[Record], str] = {
    IssueLabel: "issue_id",
    IssueVersion: "issue_id",
    IssueLink: "issue_id",
    IssueChange: "issue_id",
    BoardArea: "board_id",
}
"""Record types whose rows vanish without a trace → their owner: a load replaces all rows of an owner."""


@dataclass(frozen=True)
class Replacement:
    """What `Loader.replace` wants."""

    record_type: type[Record]
    scope: str
    values: Sequence[str]
    records: Sequence[Record]


@dataclass(frozen=True)
class Load:
    """What a load writes, in this order."""

    replacements: Sequence[Replacement]
    records: Sequence[Record]
    absences: Mapping[str, str]


def first_load(company: Company) -> Load:
    """All that there is as of the first load."""
    return _as_load(_state(company, 1))


def second_load(company: Company) -> Load:
    """What a sync after the first load writes: what differs, and both ends of links that do."""
    before, after = _state(company, 1), _state(company, 2)
    replacements = []
    for kind, scope in _OWNED.items():
        old, new = (_by_owner(state.records, kind, scope) for state in (before, after))
        owners = sorted(owner for owner, rows in old.items() if rows.keys() - new.get(owner, {}).keys())
        rows = [row for owner in owners for row in new.get(owner, {}).values()]
        if owners:
            replacements.append(Replacement(kind, scope, owners, rows))
    touched = {end for tie in _differing_ties(before, after) for end in tie}
    records = [
        record
        for key, record in after.records.items()
        if before.records.get(key) != record
        or (isinstance(record, Issue) and record.issue_id in touched and record.issue_id not in after.absences)
        or (isinstance(record, Issue) and before.absences.get(record.issue_id) and not after.absences.get(key[1]))
    ]
    absences = {one: why for one, why in after.absences.items() if before.absences.get(one) != why}
    return Load(replacements, records, absences)


def both_loads(company: Company) -> Load:
    """All that there is as of the second load, as a sync into an empty warehouse finds it."""
    before, after = _state(company, 1), _state(company, 2)
    kept = {key: record for key, record in before.records.items() if key[0] not in _OWNED and key not in after.records}
    return _as_load(_State({**after.records, **kept}, after.absences))


@dataclass(frozen=True)
class _State:
    records: Mapping[tuple[type[Record], str], Record]
    absences: Mapping[str, str]


def _as_load(state: _State) -> Load:
    return Load((), [*state.records.values()], state.absences)


def _by_owner(
    records: Mapping[tuple[type[Record], str], Record], kind: type[Record], scope: str
) -> Mapping[str, Mapping[str, Record]]:
    found: defaultdict[str, dict[str, Record]] = defaultdict(dict)
    for (a_kind, key), record in records.items():
        if a_kind is kind:
            found[getattr(record, scope)][key] = record
    return found


def _differing_ties(before: _State, after: _State) -> Iterator[set[str]]:
    keys = {*before.records, *after.records}
    for key in keys:
        if key[0] in {IssueLink, LinkEvent} and before.records.get(key) != after.records.get(key):
            for record in (before.records.get(key), after.records.get(key)):
                if record is not None:
                    one, other = record.issue_id, record.other_issue_id  # type: ignore[attr-defined]
                    yield {one, other} - {None}


def _state(company: Company, load: int) -> _State:
    lives = [*company.lives, *_crowd(company)]
    seen = [life for life in lives if load == 2 or not life.comes_late]
    absent = {f"{life.source_id}:{life.number}": life.absence[load - 1] for life in seen}
    records: list[Record] = [*shared(company, load)]
    told = {life.number: _told(company, life, load) for life in seen}
    for life in seen:
        if told[life.number].until >= life.created:
            records += issue_records(company, told[life.number], load)
    for place, tie in enumerate(company.ties):
        records += tie_records(company, place, tie, load)
    return _State(
        {(type(record), msgspec.structs.astuple(record)[0]): record for record in records},
        {issue_id: why for issue_id, why in absent.items() if why is not None},
    )


def _told(company: Company, life: Life, load: int) -> Told:
    """What is told of an issue: that of an absent one stays as the first load found it."""
    stays = load == 1 or (life.absence[1] is not None and not life.comes_late)
    until = company.cut if stays else math.inf
    steps = [step for step in life.steps if step.hour <= until]
    lost = life.lost if stays else None
    return Told(life, company.epoch, steps, until, lost)


def _crowd(company: Company) -> Iterator[Life]:
    """Plain issues with cycle times of their own."""
    for place in range(company.crowd):
        sets = [Step(place, [("status", "Doing")]), Step(3 * place + 1, [("status", "Done"), ("resolution", "Fixed")])]
        first = {"status": "To Do", "points": 2.0, "type": "Story", "project": "10", "sprint": "36"}
        yield Life(101 + 3 * place, "acme", 0, first, sets)
