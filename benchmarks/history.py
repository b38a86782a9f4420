"""Makes a warehouse of issues with long histories, for measurements of `compute`: the same rows for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from warehouse.bulk import insert_rows
from warehouse.loader import Loader
from warehouse.records import Issue, IssueChange, Record
from warehouse.tables import loaded_columns, table

NOW = datetime(2026, 10, 2, 6, tzinfo=UTC)
_BEGIN = datetime(2023, 10, 2, 6, tzinfo=UTC)
_LIFE = timedelta(days=40)
_SOURCE = "acme"
_URL = "https://acme.example"
_STATUSES = ("To Do", "In Progress", "In Review", "In Test", "Done")
_CATEGORIES = ("new", "indeterminate", "indeterminate", "indeterminate", "done")
_TYPES = ("Story", "Task", "Bug")
_PROJECTS = 8
_CUSTOM = '{"Team":"Red"}'
_SPRINT = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How large the warehouse is: issues, and status changes of each."""

    issues: int
    status_changes: int
    seed: int = 1
    source: str = _SOURCE
    begins: datetime = _BEGIN
    """When its first sprint begins; issues are created from then until `NOW`."""
    statuses: tuple[str, ...] = field(default=_STATUSES)


def fill(connection: Connection, history: History) -> None:
    """Fill the loaded tables of an empty warehouse."""
    _insert(connection, "sources", [{"source_id": history.source, "kind": "jira_cloud", "url": _URL}])
    _insert(connection, "projects", (_project(history.source, number) for number in range(_PROJECTS)))
    _insert(connection, "boards", (_board(history.source, number) for number in range(_PROJECTS)))
    _insert(connection, "statuses", (_status(history.source, number) for number in range(len(_STATUSES))))
    _insert(connection, "sprints", _sprints(history))
    _insert(connection, "issues", _issues(history))
    _insert(connection, "issue_changes", _changes(history))
    _insert(connection, "issue_labels", _labels(history))


def _insert(connection: Connection, name: str, rows: Any) -> None:  # noqa: ANN401 - dicts of any columns
    target = table(name)
    columns = loaded_columns(target)
    insert_rows(connection, target, columns, (tuple(row.get(column) for column in columns) for row in rows))


def _project(source: str, number: int) -> dict[str, Any]:
    key = f"P{number}"
    return {"project_id": f"{source}:{number}", "source_id": source, "key": key, "name": key}


def _board(source: str, number: int) -> dict[str, Any]:
    return {
        "board_id": f"{source}:{number}",
        "source_id": source,
        "project_id": f"{source}:{number}",
        "name": f"Board {number}",
        "kind": "scrum",
    }


def _status(source: str, number: int) -> dict[str, Any]:
    return {
        "status_id": f"{source}:{number}",
        "source_id": source,
        "name": _STATUSES[number],
        "category": _CATEGORIES[number],
    }


def _sprints(history: History) -> Iterator[dict[str, Any]]:
    source = history.source
    for board in range(_PROJECTS):
        start, number = history.begins, 0
        while start < NOW:
            end = start + _SPRINT
            is_over = end < NOW
            yield {
                "sprint_id": f"{source}:{_sprint(board, number)}",
                "iteration_id": f"{source}:{_sprint(board, number)}",
                "source_id": source,
                "board_id": f"{source}:{board}",
                "name": f"Sprint {number}",
                "state": "closed" if is_over else "active",
                "start_at": start,
                "end_at": end,
                "activated_at": start,
                "completed_at": end if is_over else None,
            }
            start, number = end, number + 1


def _sprint(board: int, number: int) -> int:
    return 10_000 * (board + 1) + number


def _sprint_at(history: History, board: int, moment: datetime) -> int:
    return _sprint(board, (moment - history.begins) // _SPRINT)


@dataclass(frozen=True, slots=True)
class _Life:
    """What one issue did: its moves as (instant, status), the sprint it joined, the points it got."""

    number: int
    project: int
    issue_type: str
    created_at: datetime
    moves: list[tuple[datetime, int]]
    sprint: tuple[datetime, int]
    points: list[tuple[datetime, int]]


def _lives(history: History) -> Iterator[_Life]:
    chance = random.Random(history.seed)
    span = (NOW - history.begins).total_seconds()
    last = len(_STATUSES) - 1
    for number in range(history.issues):
        project = chance.randrange(_PROJECTS)
        created_at = history.begins + timedelta(seconds=round(chance.random() * span))
        steps = sorted(chance.random() ** 2 for _ in range(history.status_changes))
        moments = [created_at + timedelta(seconds=round(share * _LIFE.total_seconds())) for share in steps]
        places = [1 + chance.randrange(last - 1) for _ in steps]
        places[-1] = last
        moves = [(at, place) for at, place in zip(moments, places, strict=True) if at < NOW]
        joined = created_at + (moments[0] - created_at) / 2
        points = [(created_at, chance.choice((1, 2, 3, 5, 8)))]
        if number % 3 == 0:
            points.append((joined, chance.choice((1, 2, 3, 5, 8))))
        held = [point for point in points if point[0] < NOW]
        yield _Life(
            number,
            project,
            chance.choice(_TYPES),
            created_at,
            moves,
            (joined, _sprint_at(history, project, joined)),
            held,
        )


def _issues(history: History) -> Iterator[dict[str, Any]]:
    for life in _lives(history):
        place = life.moves[-1][1] if life.moves else 0
        yield {
            "issue_id": f"{history.source}:{life.number}",
            "source_id": history.source,
            "project_id": f"{history.source}:{life.project}",
            "key": f"P{life.project}-{life.number}",
            "url": f"{_URL}/browse/P{life.project}-{life.number}",
            "issue_type": life.issue_type,
            "level": "standard",
            "summary": "Pay by card, also where the shop has no network",
            "status_id": f"{history.source}:{place}",
            "status": _STATUSES[place],
            "resolution": "Done" if place == len(_STATUSES) - 1 else None,
            "story_points": float(life.points[-1][1]),
            "created_at": life.created_at,
            "updated_at": life.moves[-1][0] if life.moves else life.created_at,
            "sprint_ids": str(life.sprint[1]) if life.sprint[0] < NOW else None,
            "is_flagged": False,
            "custom_fields": _CUSTOM,
        }


def _changes(history: History) -> Iterator[dict[str, Any]]:
    entry = 0
    for life in _lives(history):
        for at, field_name, before, after in sorted(_steps(life), key=lambda step: step[0]):
            entry += 1
            yield {
                "change_id": f"{history.source}:{entry}:0",
                "issue_id": f"{history.source}:{life.number}",
                "entry_number": entry,
                "ordinal": 0,
                "changed_at": at,
                "author_id": f"{history.source}:user{life.number % 50}",
                "field": field_name,
                "field_id": field_name,
                "from_value": before[0],
                "from_text": before[1],
                "to_value": after[0],
                "to_text": after[1],
            }


_Value = tuple[str | None, str | None]


def _steps(life: _Life) -> Iterator[tuple[datetime, str, _Value, _Value]]:
    place = 0
    for at, to in life.moves:
        yield at, "status", (str(place), _STATUSES[place]), (str(to), _STATUSES[to])
        place = to
    if life.sprint[0] < NOW:
        yield life.sprint[0], "sprint", (None, None), (str(life.sprint[1]), f"Sprint {life.sprint[1]}")
    for (_, before), (at, after) in zip(life.points, life.points[1:], strict=False):
        yield at, "story_points", (str(before), str(before)), (str(after), str(after))


def _labels(history: History) -> Iterator[dict[str, Any]]:
    for number in range(0, history.issues, 7):
        issue_id = f"{history.source}:{number}"
        yield {"issue_label_id": f"{issue_id}:customer", "issue_id": issue_id, "label": "customer"}


def change_some(connection: Connection, count: int, after: datetime, source: str = _SOURCE) -> None:
    """What a sync of a usual night loads: so many of the youngest issues that are not done yet get one move more."""
    of, changes = table("issues").c, table("issue_changes").c
    youngest = select(table("issues")).where(of.source_id == source, of.status_id != f"{source}:{len(_STATUSES) - 1}")
    rows = connection.execute(youngest.order_by(of.created_at.desc(), of.issue_id).limit(count)).mappings().all()
    mine = changes.change_id.startswith(f"{source}:")
    entry = connection.scalar(select(func.max(changes.entry_number)).where(mine)) or 0
    records: list[Record] = []
    for place, row in enumerate(rows, 1):
        before = int(row["status_id"].partition(":")[2])
        moved = {
            "status_id": f"{source}:{before + 1}",
            "status": _STATUSES[before + 1],
            "updated_at": after + timedelta(minutes=place),
            "custom_fields": _CUSTOM,  # PostgreSQL gives what the text means
        }
        values = {name: row[name] for name in loaded_columns(table("issues"))}
        records.append(Issue(**{**values, **moved}))
        records.append(_move(source, row["issue_id"], entry + place, after + timedelta(minutes=place), before))
    Loader(connection).upsert(records)


def _move(source: str, issue_id: str, entry: int, at: datetime, before: int) -> IssueChange:
    return IssueChange(
        change_id=f"{source}:{entry}:0",
        issue_id=issue_id,
        entry_number=entry,
        ordinal=0,
        changed_at=at,
        author_id=f"{source}:user1",
        field="status",
        field_id="status",
        from_value=str(before),
        from_text=_STATUSES[before],
        to_value=str(before + 1),
        to_text=_STATUSES[before + 1],
    )
