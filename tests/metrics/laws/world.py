"""Makes records of a company: all that a tracker would have told by either load, and what differs between the two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tests.metrics.laws.histories import Told, changes_of, key_at, value_at
from tests.metrics.laws.scripts import Company, Life, Step, Tie
from warehouse.records import (
    Board,
    BoardArea,
    Issue,
    IssueChange,
    IssueLabel,
    IssueLink,
    IssueVersion,
    LinkEvent,
    Project,
    Record,
    Source,
    Sprint,
    Status,
    Version,
)

CATEGORIES: Mapping[str, tuple[str, str]] = {
    "To Do": ("1", "new"),
    "Doing": ("2", "indeterminate"),
    "Review": ("3", "indeterminate"),
    "Done": ("4", "done"),
    "Closed": ("5", "done"),
    "Dropped": ("6", "removed"),
}
LEVELS = {"Story": "standard", "Bug": "standard", "Task": "subtask", "Epic": "portfolio"}

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
    records: list[Record] = [*_places(company, load), *_sprints(company, load), *_versions(company, load)]
    told = {life.number: _told(company, life, load) for life in seen}
    for life in seen:
        if told[life.number].until >= life.created:
            records += _issue(company, told[life.number], load)
    for place, tie in enumerate(company.ties):
        records += _tie(company, place, tie, load)
    return _State(
        {(type(record), msgspec.structs.astuple(record)[0]): record for record in records},
        {issue_id: why for issue_id, why in absent.items() if why is not None},
    )


def _told(company: Company, life: Life, load: int) -> Told:
    """What is told of an issue: that of an absent one stays as the first load found it."""
    stays = load == 1 or (life.absence[1] is not None and not life.comes_late)
    until = company.cut if stays else float("inf")
    steps = [step for step in life.steps if step.hour <= until]
    lost = life.lost if stays else None
    return Told(life, company.epoch, steps, until, lost)


def _crowd(company: Company) -> Iterator[Life]:
    """Plain issues with cycle times of their own."""
    for place in range(company.crowd):
        sets = [Step(place, [("status", "Doing")]), Step(3 * place + 1, [("status", "Done"), ("resolution", "Fixed")])]
        first = {"status": "To Do", "points": 2.0, "type": "Story", "project": "10", "sprint": "36"}
        yield Life(101 + 3 * place, "acme", 0, first, sets)


def _at(company: Company, hour: float) -> datetime:
    return company.epoch + timedelta(hours=hour)


def _places(company: Company, load: int) -> Iterator[Record]:
    """Sources, projects, statuses, boards and the areas of teams."""
    for source_id, kind in (("acme", "jira_cloud"), ("ado", "azure_devops")):
        yield Source(source_id=source_id, kind=kind, url="https://acme.example")
        for native, key in (("10", "PAY"), ("20", "OPS")):
            yield Project(project_id=f"{source_id}:{native}", source_id=source_id, key=key, name=key)
    yield from _statuses(company.statuses[load - 1])
    variant = company.places[load - 1]
    boards = [("acme:7", "acme", "acme:10"), ("ado:red", "ado", "ado:10"), ("ado:blue", "ado", "ado:10")]
    if load == 2 or variant:
        boards.append(("acme:8", "acme", ["acme:20", "acme:20", "acme:10"][variant]))
    for board_id, source_id, project_id in boards:
        yield Board(board_id=board_id, source_id=source_id, project_id=project_id, name=board_id, kind="scrum")
    areas = {
        0: [("ado:red", "Pay\\Red", True), ("ado:blue", "Pay\\Blue", True)],
        1: [("ado:red", "Pay\\Red", False), ("ado:blue", "Pay", True)],
        2: [("ado:red", "Pay", True), ("ado:blue", "Pay\\Red", True), ("ado:blue", "Ops", False)],
    }
    for board_id, path, with_children in areas[variant]:
        yield BoardArea(
            board_area_id=f"{board_id}:{path}", board_id=board_id, area_path=path, includes_children=with_children
        )


def _statuses(variant: int) -> Iterator[Status]:
    """As one knows them; with Review renamed (1), Closed in another category (2), or Parked known at last (3)."""
    for name, (number, category) in [*CATEGORIES.items(), *([("Parked", ("9", "new"))] if variant == 3 else [])]:
        called = "In Review" if variant == 1 and name == "Review" else name
        kind = "indeterminate" if variant == 2 and name == "Closed" else category
        status_id = "id of Parked" if name == "Parked" else number
        yield Status(
            status_id=f"acme:{status_id}", source_id="acme", project_id=None, issue_type=None, name=called, category=kind
        )
        for project in ("10", "20"):
            for issue_type in LEVELS if project == "10" else ("Story", "Bug"):
                yield Status(
                    status_id=f"ado:{project}:{issue_type}:{name}",
                    source_id="ado",
                    project_id=f"ado:{project}",
                    issue_type=issue_type,
                    name=name,
                    category=kind,
                )


_JIRA_SPRINTS: Mapping[str, tuple[str, float]] = {"36": ("7", 5), "37": ("7", 60), "38": ("7", 125), "39": ("8", 40)}
"""Sprint → board and planned start."""
_ITERATIONS = {"5": 0, "6": 4, "7": 8}
"""Iteration → number of its first day."""


def _sprints(company: Company, load: int) -> Iterator[Sprint]:
    for native, variants in company.sprints.items():
        variant = variants[load - 1]
        if variant is None:
            continue
        if native in _JIRA_SPRINTS:
            yield _jira_sprint(company, native, variant, load)
        else:
            yield from _iteration(company, native, variant)


def _jira_sprint(company: Company, native: str, variant: int, load: int) -> Sprint:
    """Future, active, or closed: late, early, or without a word when."""
    board, start = _JIRA_SPRINTS[native]
    states = ["future", "active", "closed", "closed", "closed"]
    end = start + [50, 50, 50, 80, 50][variant]
    completed = [None, None, end + 2, end - 20, None][variant]
    return Sprint(
        sprint_id=f"acme:{native}",
        iteration_id=f"acme:{native}",
        source_id="acme",
        board_id=f"acme:{board}",
        name=f"Sprint {native} of load {load}",
        state=states[variant],
        start_at=None if variant == 0 and native == "38" else _at(company, start + (variant == 3)),
        end_at=_at(company, end),
        completed_at=None if completed is None else _at(company, completed),
    )


def _iteration(company: Company, native: str, variant: int) -> Iterator[Sprint]:
    """Picked by both teams, one of them, or without days."""
    first = (company.epoch + timedelta(days=_ITERATIONS[native])).date()
    teams = {0: ("red", "blue"), 1: ("red",), 2: ("blue",), 3: ("red", "blue"), 4: ("red",)}[variant]
    for team in teams:
        dated = variant != 4
        yield Sprint(
            sprint_id=f"ado:{native}:{team}",
            iteration_id=f"ado:{native}",
            source_id="ado",
            board_id=f"ado:{team}",
            name=f"Iteration {native}",
            state="future",
            start_on=first if dated else None,
            finish_on=first + timedelta(days=3 + 2 * (variant == 3)) if dated else None,
        )


def _versions(company: Company, load: int) -> Iterator[Version]:
    for name, days in company.versions.items():
        day = days[load - 1]
        released_on = None if day is None else (company.epoch + timedelta(days=day)).date()
        for source_id in ("acme", "ado"):
            yield Version(
                version_id=f"{source_id}:{name}",
                project_id=f"{source_id}:10",
                name=name,
                is_released=day is not None,
                released_on=released_on,
            )


def _issue(company: Company, told: Told, load: int) -> Iterator[Record]:
    life = told.life
    load = load if told.until > company.cut else 1
    gaps = life.gaps if load >= life.gaps_from else {}
    now = {name: gaps.get(name, value_at(told, name)) for name in ("status", "points", "sprint", "flagged", "labels")}
    area, issue_type, project = (gaps.get(name, value_at(told, name)) for name in ("area", "type", "project"))
    issue_id, source_id = f"{life.source_id}:{life.number}", life.source_id
    parent = life.parent[load - 1]
    last = max([life.created, *(step.hour for step in told.steps), *_linked(company, life.number, told.until)])
    renamed = source_id == "acme" and now["status"] == "Review" and company.statuses[load - 1] == 1
    unset = dict.fromkeys(Issue.__struct_fields__)
    yield Issue(**unset | {
        "issue_id": issue_id,
        "source_id": source_id,
        "project_id": f"{source_id}:{project}",
        "key": key_at(told, float("inf")),
        "url": "https://acme.example/browse",
        "issue_type": issue_type,
        "level": LEVELS[issue_type],
        "summary": "Pay by card",
        "status_id": told.status_id(now["status"], project, issue_type),
        "status": "In Review" if renamed else now["status"],
        "severity": value_at(told, "severity"),
        "resolution": value_at(told, "resolution"),
        "parent_id": None if parent in {None, life.number} else f"{'acme' if parent % 3 else 'ado'}:{parent}",
        "story_points": now["points"],
        "created_at": _at(company, life.created),
        "updated_at": _at(company, last),
        "resolved_at": None,
        "sprint_ids": now["sprint"],
        "area_path": area,
        "is_flagged": bool(now["flagged"]),
        "custom_fields": "{}",
    })
    yield from changes_of(told)
    for label in now["labels"] or ():
        yield IssueLabel(issue_label_id=f"{issue_id}:{label}", issue_id=issue_id, label=label)
    for version in value_at(told, "affects") or ():
        yield IssueVersion(
            issue_version_id=f"{issue_id}:affects:{version}",
            issue_id=issue_id,
            version_id=f"{source_id}:{version}",
            role="affects",
        )


def _linked(company: Company, number: int, until: float) -> Iterable[float]:
    """When links of the issue were made or removed: that changes the issue too."""
    return (
        hour
        for tie in company.ties
        if number in {tie.one, tie.other}
        for hour in (tie.made, tie.removed)
        if hour is not None and hour <= until
    )


def _tie(company: Company, place: int, tie: Tie, load: int) -> Iterator[Record]:
    until = company.cut if load == 1 else float("inf")
    if tie.made > until:
        return
    source_id = "acme" if tie.one % 3 else "ado"
    ids = {number: f"{source_id}:{number}" for number in (tie.one, tie.other)}
    lives = {life.number: life for life in company.lives}
    gone = tie.removed is not None and tie.removed <= until
    made_at = _at(company, tie.made)

    def key(number: int, hour: float) -> str:
        life = lives.get(number)
        return f"PAY-{number}" if life is None else key_at(Told(life, company.epoch, life.steps, until), hour)

    removed_at = _at(company, tie.removed) if gone and tie.removed is not None else None
    by_key = gone and source_id == "acme"
    yield IssueLink(
        link_id=f"{source_id}:{'removed:' if by_key else ''}{place}",
        issue_id=ids[tie.one],
        other_issue_id=None if by_key else ids[tie.other],
        other_key=key(tie.other, tie.removed or 0 if by_key else until),
        link_type=tie.link_type,
        direction="outward",
        created_at=made_at if tie.is_dated else None,
        removed_at=removed_at,
    )
    sides = {"both": (tie.one, tie.other), "one": (tie.one,), "other": (tie.other,), "vaguely": (tie.one,), "": ()}
    for number in sides[tie.told]:
        other = tie.other if number == tie.one else tie.one
        lag = timedelta(milliseconds=5 * (number == tie.other))
        for at, is_made in ((made_at, True), (removed_at, False)):
            if at is not None:
                is_vague = tie.told == "vaguely" and is_made
                yield LinkEvent(
                    link_event_id=f"{source_id}:{place}:{number}:{is_made}",
                    issue_id=ids[number],
                    other_issue_id=None if source_id == "acme" else ids[other],
                    other_key=key(other, tie.made if is_made else tie.removed or 0),
                    link_type=None if is_vague else tie.link_type,
                    direction=None if is_vague else "outward" if number == tie.one else "inward",
                    happened_at=at + lag,
                    is_made=is_made,
                )
