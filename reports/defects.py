"""Defects of the page, their classes, and each entry into done with what followed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from reports.columns import Issues, Places, by_column, epoch_day, plain
from reports.issues import NAMED
from warehouse.tables import table
from warehouse.tables.computed import issue_flow
from warehouse.tables.computed_defects import defects

CLASSES = ("escaped", "internal", "unknown")
_OF = defects.c
_STATEMENT = (
    select(_OF.issue_id, _OF.created_at, _OF.created_on, _OF.severity, _OF.escape_class, _OF.escape_rule)
    .add_columns(_OF.escape_evidence)
    .add_columns(_OF.introduced_in_version_id, _OF.finished_at, _OF.finished_on, _OF.resolve_seconds, _OF.stage_moves)
    .add_columns(*NAMED)
    .join(issue_flow, issue_flow.c.issue_id == _OF.issue_id)
    .join(table("issues"), table("issues").c.issue_id == _OF.issue_id)
    .where(_OF.is_cancelled.is_(False))
    .order_by(_OF.created_at, _OF.issue_id)
)
_PROBATION = timedelta(days=14)
"""An entry into done counts once it is so old, and as reopened when it was left again within this time."""


def found(
    connection: Connection, issues: Issues, severities: Places, now: datetime | None, zone: ZoneInfo
) -> dict[str, dict[str, list[Any]]]:
    """`defects` (not cancelled), their `doneEvents` that are old enough, and the `releases` that introduced some.

    `age` is in seconds up to now, and NULL for those that are finished.
    """
    rows = connection.execute(_STATEMENT).all()
    versions, rules = Places(), Places()
    names = ("issue", "created", "class", "finished", "resolve", "age", "release", "severity", "rule", "evidence")
    columns = by_column(
        names,
        (
            (
                issues.add(row.issue_id, row),
                epoch_day(row.created_on),
                CLASSES.index(row.escape_class),
                epoch_day(row.finished_on),
                plain(row.resolve_seconds),
                _age(row, now),
                versions.of(row.introduced_in_version_id),
                severities.of(row.severity),
                rules.of(row.escape_rule),
                row.escape_evidence,
            )
            for row in rows
        ),
    )
    events = [] if now is None else [event for n, row in enumerate(rows) for event in _events(n, row, now, zone)]
    return {
        "defects": columns,
        "doneEvents": by_column(("defect", "day", "reopened"), events),
        "releases": _releases(connection, versions),
        "rules": {"name": rules.all()},
    }


def _age(row: Row[Any], now: datetime | None) -> float | int | None:
    return None if now is None or row.finished_at is not None else plain((now - row.created_at).total_seconds())


def severity_weights(connection: Connection, severities: Places) -> list[float | int | None]:
    """How much a defect of each severity weighs in the weighted escape rate, as the last compute was told."""
    of = table("definitions").c
    told = connection.scalar(select(of.settings).where(of.table_name == "defect_escape"))
    known: Mapping[str, float] = json.loads(told)["defects"]["severity_weights"] if told else {}
    folded = {severity.casefold(): weight for severity, weight in known.items()}
    return [plain(folded.get(severity.casefold(), 1)) for severity in severities.all()]


def _releases(connection: Connection, versions: Places) -> dict[str, list[Any]]:
    of = table("versions").c
    known: Mapping[str, Any] = {
        row.version_id: row for row in connection.execute(select(of.version_id, of.name, of.released_on))
    }
    rows = (known.get(version_id) for version_id in versions.all())
    return by_column(
        ("name", "released"), ((row.name, epoch_day(row.released_on)) if row else ("?", None) for row in rows)
    )


def _events(place: int, row: Row[Any], now: datetime, zone: ZoneInfo) -> Iterator[tuple[int, int | None, int]]:
    mature = now - _PROBATION
    if row.stage_moves is None:
        if row.finished_at is not None and row.finished_at <= mature:
            yield place, epoch_day(row.finished_on), 0
        return
    for at, is_reopened in _entries(row.stage_moves.split("; ")):
        if at <= mature:
            yield place, epoch_day(at.astimezone(zone).date()), int(is_reopened)


def _entries(moves: Iterable[str]) -> Iterator[tuple[datetime, bool]]:
    """Each entry into done, and whether it was left for work in time, not by a move or change of type."""
    entered: datetime | None = None
    for move in moves:
        instant, stage, *moved = move.split(" ")
        at = datetime.fromisoformat(instant)
        if entered is not None:
            yield entered, not moved and stage in {"todo", "in_progress"} and at - entered <= _PROBATION
        entered = at if stage == "done" else None
    if entered is not None:
        yield entered, False
