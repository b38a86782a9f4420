"""An issue's stays in statuses with the changes that began them, and what blocked it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from flowmart.explaining.reading import AnyRow, Source, keys_of, names_of
from flowmart.explaining.shapes import Blocked, Change, Stay
from metrics.history.stages import DONE, IN_PROGRESS, is_backward
from warehouse.tables.loaded import issue_changes

_LINK = "link: "


def changes_of(source: Source, issue_id: str) -> list[Change]:
    """All changes of the issue in order, with the names of who made them."""
    of = issue_changes.c
    rows = source.rows(
        select(issue_changes).where(of.issue_id == issue_id).order_by(of.changed_at, of.entry_number, of.ordinal)
    )
    people = names_of(source, (row.author_id for row in rows))
    return [
        Change(
            change_id=row.change_id,
            at=row.changed_at,
            by=people.get(row.author_id or "", row.author_id),
            field=row.field,
            old=row.from_text or row.from_value,
            new=row.to_text or row.to_value,
        )
        for row in rows
    ]


def moves(changes: Iterable[Change]) -> dict[str, str]:
    """Change id → what else its history entry did to the issue: `moved from WEB to PAY`, `Bug became Story`."""
    by_entry: dict[tuple[datetime, str], list[Change]] = {}
    for change in changes:
        by_entry.setdefault((change.at, change.change_id.rpartition(":")[0]), []).append(change)
    words: dict[str, str] = {}
    for entry in by_entry.values():
        said = [_moved(change) for change in entry if change.field in {"project", "type"}]
        words |= {change.change_id: ", ".join(said) for change in entry if said}
    return words


def _moved(change: Change) -> str:
    if change.field == "type":
        return f"{change.old} became {change.new}"
    return f"moved from {change.old} to {change.new}"


def stays_of(source: Source, issue_id: str, changes: Mapping[str, Change], flow: AnyRow | None) -> tuple[Stay, ...]:
    """The stays in order; `flow` is the issue's row of `issue_flow`."""
    rows = sorted(
        source.of("status_intervals", issue_id=issue_id), key=lambda row: int(row.status_interval_id.rpartition(":")[2])
    )
    blocked = source.of("blocked_intervals", issue_id=issue_id)
    moved = moves(changes.values())
    marks = _marks(rows, flow, moved)
    return tuple(
        Stay(
            entered_at=row.entered_at,
            left_at=row.left_at,
            seconds=_lasted(row, source.as_of),
            status=row.status,
            stage=row.stage,
            is_waiting=row.is_waiting,
            change=changes.get(row.entered_by_change_id or ""),
            marks=tuple(own),
            blocked_seconds=sum(_overlap(row, one, source.as_of) for one in blocked),
        )
        for row, own in zip(rows, marks, strict=True)
    )


def _marks(rows: Sequence[AnyRow], flow: AnyRow | None, moved: Mapping[str, str]) -> Iterator[list[str]]:
    """What the begin of each stay meant, by the rules of `issue_flow`."""
    stage: str | None = None
    for place, row in enumerate(rows):
        marks = [] if place else ["created"]
        move = moved.get(row.entered_by_change_id or "")
        if move is not None:
            marks.append(move)
        elif row.stage is not None and is_backward(stage, row.stage):
            marks.append("reopened" if stage == DONE else "moved back")
        if row.stage is None:
            marks.append("stage unknown: passed over")
        if _begins(row, flow, "started"):
            marks.append("cycle time starts")
        if _begins(row, flow, "finished"):
            marks.append("finished")
        stage = row.stage or stage
        yield marks


def _begins(row: AnyRow, flow: AnyRow | None, what: str) -> bool:
    if flow is None or getattr(flow, f"{what}_at") is None:
        return False
    evidence = (getattr(flow, f"{what}_at"), getattr(flow, f"{what}_by_change_id"))
    stage = IN_PROGRESS if what == "started" else DONE
    return (row.entered_at, row.entered_by_change_id) == evidence and row.stage == stage


def _lasted(row: AnyRow, now: datetime | None) -> float | None:
    """Seconds of an interval, so far while it lasts."""
    seconds: float | None = row.seconds
    return max(0.0, (now - row.entered_at).total_seconds()) if seconds is None and now is not None else seconds


def _overlap(stay: AnyRow, other: AnyRow, now: datetime | None) -> float:
    begin = max(stay.entered_at, other.entered_at)
    ends = [end for end in (stay.left_at, other.left_at, now) if end is not None]
    return max(0.0, (min(ends) - begin).total_seconds()) if ends else 0.0


def blocked_of(source: Source, issue_id: str) -> tuple[Blocked, ...]:
    """What blocked the issue, in order of time, blockers by their keys."""
    rows = sorted(source.of("blocked_intervals", issue_id=issue_id), key=lambda row: row.entered_at)
    causes = {row.blocked_interval_id: (row.causes or "").split("; ") for row in rows}
    blockers = keys_of(source, (one.removeprefix(_LINK) for some in causes.values() for one in some))
    return tuple(
        Blocked(
            entered_at=row.entered_at,
            left_at=row.left_at,
            seconds=_lasted(row, source.as_of),
            causes=tuple(_cause(one, blockers) for one in causes[row.blocked_interval_id] if one),
        )
        for row in rows
    )


def _cause(cause: str, blockers: Mapping[str, str]) -> str:
    if cause == "flag":
        return "flagged"
    if cause.startswith(_LINK):
        other = cause.removeprefix(_LINK)
        return f"blocked by {blockers.get(other, other)}"
    return cause
