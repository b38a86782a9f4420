"""What a run changed: issues, sprints, numbers and alerts, by what the warehouse held before it and holds after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, func, select

from flowmart.alerting import AlertReport
from flowmart.telling.numbers import Number, read_numbers
from flowmart.text import printable
from warehouse.tables import table

_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the warehouse holds at one moment."""

    issues: int
    absent: int
    synced_at: Mapping[str, datetime]
    """Source → start of its last complete sync."""
    closed: Mapping[str, str]
    """Id → name of the closed sprints."""
    numbers: Mapping[str, Number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What differs. Issues are counted as they stand in the warehouse: rows are never deleted there."""

    new: int = 0
    """Issues that were not here before, whenever they were created."""
    changed: int = 0
    """Others that the tracker says were updated since the last complete sync of their source."""
    gone: int = 0
    """Net of those that came back: deleted, moved away, or hidden from the account."""
    came_back: int = 0
    closed: Sequence[str] = ()
    """Names of the sprints that were closed."""
    moved: Mapping[str, tuple[Number | None, Number | None]] = field(default_factory=dict)
    """Label → number before and after; None where there is none."""
    alerts: AlertReport | None = None


def read_standing(connection: Connection, today: date) -> Standing:
    """What there is now. `today` is a local day."""
    issues, sources, sprints, boards = table("issues"), table("sources"), table("sprints"), table("boards")
    absent = select(func.count()).select_from(issues).where(issues.c.absence.is_not(None))
    names = (
        select(sprints.c.sprint_id, sprints.c.name, boards.c.name.label("board"))
        .join(boards, boards.c.board_id == sprints.c.board_id, isouter=True)
        .where(sprints.c.state == "closed")
    )
    synced = select(sources.c.source_id, sources.c.last_synced_at).where(sources.c.last_synced_at.is_not(None))
    return Standing(
        issues=connection.scalar(select(func.count()).select_from(issues)) or 0,
        absent=connection.scalar(absent) or 0,
        synced_at={row.source_id: row.last_synced_at for row in connection.execute(synced)},
        closed={row.sprint_id: _sprint(row.name, row.board) for row in connection.execute(names)},
        numbers=read_numbers(connection, today),
    )


def read_changes(connection: Connection, before: Standing, today: date, alerts: AlertReport | None = None) -> Changes:
    """What differs from before."""
    after = read_standing(connection, today)
    new, gone = after.issues - before.issues, after.absent - before.absent
    labels = list(dict.fromkeys([*before.numbers, *after.numbers]))
    moved = {label: (before.numbers.get(label), after.numbers.get(label)) for label in labels}
    return Changes(
        new=new,
        changed=max(0, sum(_updated(connection, source, at) for source, at in before.synced_at.items()) - new),
        gone=max(0, gone),
        came_back=max(0, -gone),
        closed=[name for sprint_id, name in sorted(after.closed.items()) if sprint_id not in before.closed],
        moved={label: pair for label, pair in moved.items() if _shown(pair[0]) != _shown(pair[1])},
        alerts=alerts,
    )


def lines(changes: Changes) -> Iterator[str]:
    """For a terminal of 80 columns: a word, then what it is about."""
    issues = [(changes.new, "new"), (changes.changed, "changed"), (changes.gone, "gone"), (changes.came_back, "back")]
    counts = ", ".join(f"{number:,} {word}" for number, word in issues if number)
    yield from _item("issues", [counts] if counts else ["none new, changed or gone"])
    if changes.closed:
        more = [f"and {len(changes.closed) - _NAMED} more"] if len(changes.closed) > _NAMED else []
        yield from _item("closed", [*map(printable, changes.closed[:_NAMED]), *more])
    yield from _item(
        "moved", [f"{printable(name)}: {_shown(a)} → {_shown(b)}" for name, (a, b) in changes.moved.items()]
    )


def document(changes: Changes) -> Mapping[str, object]:
    """The same for programs; values as they are, in their units."""
    found: dict[str, object] = {
        "issues": {
            "new": changes.new,
            "changed": changes.changed,
            "gone": changes.gone,
            "came_back": changes.came_back,
        },
        "sprints_closed": list(changes.closed),
        "numbers_moved": [
            {"name": name, "before": _value(a), "after": _value(b), "unit": next(n.unit for n in (b, a) if n)}
            for name, (a, b) in changes.moved.items()
        ],
    }
    if changes.alerts is not None:
        opened = [
            {"cause": one.cause, "severity": one.severity, "text": one.text, "url": one.url}
            for one in changes.alerts.opened
        ]
        found["alerts"] = {
            "opened": opened,
            "closed": [one.cause for one in changes.alerts.closed],
            "open": len(changes.alerts.open),
        }
    return found


def _item(word: str, told: Sequence[str]) -> Iterator[str]:
    for number, each in enumerate(told):
        yield f"{word if number == 0 else '':<8}{each}"


def _sprint(name: str, board: str | None) -> str:
    return name if board is None or board in name else f"{name} ({board})"


def _updated(connection: Connection, source: str, since: datetime) -> int:
    issues = table("issues")
    statement = (
        select(func.count())
        .select_from(issues)
        .where(issues.c.source_id == source, issues.c.updated_at > since, issues.c.absence.is_(None))
    )
    return connection.scalar(statement) or 0


def _shown(number: Number | None) -> str:
    return "–" if number is None else number.shown()


def _value(number: Number | None) -> float | None:
    return None if number is None else number.value
