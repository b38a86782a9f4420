"""Issues of a made-up company and the links between them as records, as of either load."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from tests.metrics.laws.histories import Told, changes_of, key_at, value_at
from tests.metrics.laws.places import LEVELS
from tests.metrics.laws.scripts import Company, Tie, at
from warehouse.records import Issue, IssueLabel, IssueLink, IssueVersion, LinkEvent, Record


def issue_records(company: Company, told: Told, load: int) -> Iterator[Record]:
    """An issue with its changes, labels and versions."""
    life = told.life
    load = load if told.until > company.cut else 1
    gaps = life.gaps if load >= life.gaps_from else {}
    now = {name: gaps.get(name, value_at(told, name)) for name in _FIELDS}
    issue_id = f"{life.source_id}:{life.number}"
    yield _issue(company, told, load, now)
    yield from changes_of(told)
    for label in now["labels"]:
        yield IssueLabel(issue_label_id=f"{issue_id}:{label}", issue_id=issue_id, label=label)
    for version in now["affects"]:
        yield IssueVersion(
            issue_version_id=f"{issue_id}:affects:{version}",
            issue_id=issue_id,
            version_id=f"{life.source_id}:{version}",
            role="affects",
        )


_FIELDS = (
    "status",
    "points",
    "sprint",
    "flagged",
    "labels",
    "affects",
    "area",
    "type",
    "project",
    "severity",
    "resolution",
)


def _issue(company: Company, told: Told, load: int, now: dict[str, Any]) -> Issue:
    life, issue_type, project = told.life, now["type"], now["project"]
    parent = life.parent[load - 1]
    last = max([life.created, *(step.hour for step in told.steps), *_linked(company, life.number, told.until)])
    renamed = life.source_id == "acme" and now["status"] == "Review" and company.statuses[load - 1] == 1
    told_fields: dict[str, Any] = {
        "issue_id": f"{life.source_id}:{life.number}",
        "source_id": life.source_id,
        "project_id": f"{life.source_id}:{project}",
        "key": key_at(told, math.inf),
        "url": "https://acme.example/browse",
        "issue_type": issue_type,
        "level": LEVELS[issue_type],
        "summary": "Pay by card",
        "status_id": f"{life.source_id}:{told.status_id(now['status'], project, issue_type)}",
        "status": "In Review" if renamed else now["status"],
        "severity": now["severity"],
        "resolution": now["resolution"],
        "parent_id": None if parent in {None, life.number} else f"{'acme' if parent % 3 else 'ado'}:{parent}",
        "story_points": now["points"],
        "created_at": at(company, life.created),
        "updated_at": at(company, last),
        "sprint_ids": now["sprint"],
        "area_path": now["area"],
        "is_flagged": bool(now["flagged"]),
        "custom_fields": "{}",
    }
    return Issue(**dict.fromkeys(Issue.__struct_fields__) | told_fields)


def _linked(company: Company, number: int, until: float) -> Iterable[float]:
    """When links of the issue were made or removed: that changes the issue too."""
    return (
        hour
        for tie in company.ties
        if number in {tie.one, tie.other}
        for hour in (tie.made, tie.removed)
        if hour is not None and hour <= until
    )


def tie_records(company: Company, place: int, tie: Tie, load: int) -> Iterator[Record]:
    """A link, and what histories tell of it; a removed one of Jira is known by the other side's key only."""
    until = company.cut if load == 1 else math.inf
    if tie.made > until:
        return
    source_id = "acme" if tie.one % 3 else "ado"
    removed = tie.removed if tie.removed is not None and tie.removed <= until else None
    by_key = removed is not None and source_id == "acme"
    yield IssueLink(
        link_id=f"{source_id}:{'removed:' if by_key else ''}{place}",
        issue_id=f"{source_id}:{tie.one}",
        other_issue_id=None if by_key else f"{source_id}:{tie.other}",
        other_key=_key(company, tie.other, until if removed is None else removed),
        link_type=tie.link_type,
        direction="outward",
        created_at=at(company, tie.made) if tie.is_dated else None,
        removed_at=None if removed is None else at(company, removed),
    )
    sides = {"both": (tie.one, tie.other), "one": (tie.one,), "other": (tie.other,), "vaguely": (tie.one,), "": ()}
    for number in sides[tie.told]:
        for hour, is_made in ((tie.made, True), (removed, False)):
            if hour is not None:
                yield _event(company, f"{source_id}:{place}", tie, number, hour, is_made=is_made)


def _event(company: Company, link_id: str, tie: Tie, number: int, hour: float, *, is_made: bool) -> LinkEvent:
    source_id = link_id.partition(":")[0]
    other = tie.other if number == tie.one else tie.one
    is_vague = tie.told == "vaguely" and is_made
    direction = "outward" if number == tie.one else "inward"
    return LinkEvent(
        link_event_id=f"{link_id}:{number}:{is_made}",
        issue_id=f"{source_id}:{number}",
        other_issue_id=None if source_id == "acme" else f"{source_id}:{other}",
        other_key=_key(company, other, hour),
        link_type=None if is_vague else tie.link_type,
        direction=None if is_vague else direction,
        # the other side's history tells it a bit later
        happened_at=at(company, hour) + timedelta(milliseconds=5 * (number == tie.other)),
        is_made=is_made,
    )


def _key(company: Company, number: int, hour: float) -> str:
    """The key of an issue at an hour; of one that nobody holds too."""
    life = next((life for life in company.lives if life.number == number), None)
    return f"PAY-{number}" if life is None else key_at(Told(life, company.epoch, life.steps, math.inf), hour)
