"""When a defect came into done or removed and left it again: what its finish alone does not tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, select

from metrics.defects.among import Among
from metrics.history.stages import DONE, REMOVED
from warehouse.fetching import fetch_rows, portions
from warehouse.tables.computed import status_intervals
from warehouse.tables.loaded import issue_changes
from warehouse.types import utc_text

_CLOSED = frozenset({DONE, REMOVED})
_MOVED = "(moved)"


class Move(NamedTuple):
    """An entry into done or removed, or the way out of it. `by_move`: its entry also moved or retyped the issue."""

    at: datetime
    stage: str
    by_move: bool = False


class Stay(NamedTuple):
    """A row of `status_intervals`, as far as it matters here."""

    stage: str | None
    entered_at: datetime
    change_id: str | None


def moves_of(stays: Iterable[Stay], moved: Collection[str] = ()) -> list[Move]:
    """The moves of an issue in order; it is open before the first. Statuses never known are passed over.

    `moved` are the changes whose entry also moved or retyped the issue.
    """
    found: list[Move] = []
    held: str | None = None
    for stage, entered_at, change_id in stays:
        if stage is None:
            continue
        closed = stage if stage in _CLOSED else None
        if closed != held:
            found.append(Move(entered_at, stage, change_id in moved))
            held = closed
    return found


def as_text(moves: Sequence[Move]) -> str:
    """The moves as the column `stage_moves` holds them."""
    return "; ".join(f"{utc_text(at)} {stage}{f' {_MOVED}' if by_move else ''}" for at, stage, by_move in moves)


def from_text(text: str) -> list[Move]:
    """The reverse."""
    parts = (part.split(" ") for part in text.split("; "))
    return [Move(datetime.fromisoformat(at), stage, bool(moved)) for at, stage, *moved in parts]


def read_moves(connection: Connection, among: Among) -> Mapping[str, list[Move]]:
    """Issue → its moves, for those of the issues that ever left done or removed."""
    of = status_intervals.c
    left = select(of.issue_id).where(of.left_at.is_not(None), of.stage.in_(sorted(_CLOSED)), among(of.issue_id))
    ids = sorted({issue_id for (issue_id,) in fetch_rows(connection, left.distinct())})
    found: dict[str, list[Move]] = {}
    for few in portions(ids):
        moved = _moved(connection, issue_changes.c.issue_id.in_(few))
        found.update((issue_id, moves_of(stays, moved)) for issue_id, stays in _stays(connection, few).items())
    return found


def _stays(connection: Connection, ids: Sequence[str]) -> Mapping[str, list[Stay]]:
    of = status_intervals.c
    rows = fetch_rows(
        connection,
        select(of.issue_id, of.status_interval_id, of.stage, of.entered_at, of.entered_by_change_id).where(
            of.issue_id.in_(ids)
        ),
    )
    rows.sort(key=lambda row: int(row[1].rpartition(":")[2]))  # the ordinal of the stay
    found: defaultdict[str, list[Stay]] = defaultdict(list)
    for issue_id, _, *stay in rows:
        found[issue_id].append(Stay(*stay))
    return found


def _moved(connection: Connection, among: ColumnElement[bool]) -> frozenset[str]:
    """The changes whose entry also changed the project or the type."""
    one, other = issue_changes.c, issue_changes.alias().c
    same_entry = and_(
        one.issue_id == other.issue_id, one.changed_at == other.changed_at, one.entry_number == other.entry_number
    )
    statement = select(one.change_id).join(other.issue_id.table, same_entry)
    rows = fetch_rows(connection, statement.where(among, other.field.in_(["project", "type"])).distinct())
    return frozenset(change_id for (change_id,) in rows)
