"""What people were told of, cause by cause, so that each is told once and its end is told too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select, update

from warehouse.tables.operational import notices

_CHANGEABLE = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A cause, and whether people know of it."""

    cause: str
    kind: str
    content: str
    first_at: datetime
    told_at: datetime | None = None
    recovered_at: datetime | None = None
    problem: str | None = None


def note_causes(
    connection: Connection, kind: str, found: Mapping[str, str], over: Sequence[str], now: datetime
) -> None:
    """Note what there is now (cause → text), and that `over` are no more.

    A cause that is there already keeps its first instant. It is to be told again if its text says something else; other
    figures in the same words do not count. A cause that ended before anybody was told of it is forgotten.
    """
    known = {each.cause: each for each in open_notices(connection)}
    for cause, content in found.items():
        old = known.get(cause)
        if old is None:
            connection.execute(delete(notices).where(notices.c.notice_id == cause))  # it is there again
            row = {"notice_id": cause, "kind": kind, "content": content, "first_at": now}
            connection.execute(notices.insert().values(row))
        elif _words(old.content) != _words(content):
            _change(connection, cause, content=content, told_at=None)
    for cause in over:
        if cause in known and known[cause].told_at is None:
            connection.execute(delete(notices).where(notices.c.notice_id == cause))
        elif cause in known:
            _change(connection, cause, recovered_at=now)


def open_notices(connection: Connection) -> list[Notice]:
    """What is not over, the oldest first."""
    return _read(connection, notices.c.recovered_at.is_(None))


def to_tell(connection: Connection) -> list[Notice]:
    """What people do not know yet: causes that are new or say something else, then those that are over."""
    untold = _read(connection, notices.c.recovered_at.is_(None) & notices.c.told_at.is_(None))
    return untold + _read(connection, notices.c.recovered_at.is_not(None) & notices.c.recovery_told_at.is_(None))


def note_told(connection: Connection, told: Sequence[Notice], now: datetime, *, problem: str | None) -> None:
    """Note that at least one receiver got the message; `problem` if another one did not."""
    for each in told:
        column = "told_at" if each.recovered_at is None else "recovery_told_at"
        _change(connection, each.cause, **{column: now, "problem": problem})


def note_untold(connection: Connection, untold: Sequence[Notice], problem: str) -> None:
    """Note that nobody got the message: the next run tries again."""
    for each in untold:
        _change(connection, each.cause, problem=problem)


def forget_notices(connection: Connection, before: datetime) -> int:
    """Delete what was over before; returns how many."""
    return connection.execute(delete(notices).where(notices.c.recovered_at < before)).rowcount


def _change(connection: Connection, cause: str, **values: object) -> None:
    connection.execute(update(notices).where(notices.c.notice_id == cause).values(values))


def _read(connection: Connection, where: ColumnElement[bool]) -> list[Notice]:
    rows = connection.execute(select(notices).where(where).order_by(notices.c.first_at, notices.c.notice_id))
    return [
        Notice(
            cause=row.notice_id,
            kind=row.kind,
            content=row.content,
            first_at=row.first_at,
            told_at=row.told_at,
            recovered_at=row.recovered_at,
            problem=row.problem,
        )
        for row in rows
    ]


def _words(content: str) -> str:
    return _CHANGEABLE.sub("#", content)
