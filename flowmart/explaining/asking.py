"""What `--metric` asks for: a period, and the group of rows that `--project`, `--board` and `--type` name."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Table, select

from flowmart.errors import UsageError
from flowmart.explaining.naming import find_boards, find_projects, only
from flowmart.explaining.reading import AnyRow, Source
from flowmart.naming import meant
from warehouse.tables import table
from warehouse.tables.computed import issue_flow

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_WEEK = re.compile(r"(\d{4})-?W(\d{2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A week, a month or a day, both ends included."""

    kind: str
    first_on: date
    last_on: date
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Values of the columns that name a group; None: not asked for."""

    project_id: str | None = None
    board_id: str | None = None
    issue_type: str | None = None
    says: str = "all issues"

    @property
    def grouping(self) -> str:
        """As the tables call it: all, project, project_type, board, board_type; also ones that no table has."""
        named = {"project": self.project_id, "board": self.board_id, "type": self.issue_type}
        return "_".join(name for name, value in named.items() if value is not None) or "all"

    def where(self, of: Table) -> list[ColumnElement[bool]]:
        """Conditions on the columns of a table with issues (or rows at the finest grain)."""
        given = {"project_id": self.project_id, "board_id": self.board_id, "issue_type": self.issue_type}
        return [of.c[name] == value for name, value in given.items() if value is not None]


def period_of(word: str | None, *, kinds: Collection[str]) -> Period:
    """The period that a word means; `kinds` are those that the metric has. Raises `UsageError`."""
    wanted = (
        "2026-05-14 (a day)" if "day" in kinds else "2026-05 (a month), 2026-W20 (a week) or 2026-05-11 (its Monday)"
    )
    if word is None:
        raise UsageError(f"--period is missing: say {wanted}")
    try:
        found = _day(word) if "day" in kinds else _week_or_month(word)
    except ValueError:
        found = None
    if found is None:
        raise UsageError(f"--period: {word!r} is no period such as {wanted}")
    return found


def _day(word: str) -> Period:
    day = date.fromisoformat(word)
    return Period(kind="day", first_on=day, last_on=day, name=word)


def _week_or_month(word: str) -> Period | None:
    if match := _MONTH.fullmatch(word):
        first = date(int(match[1]), int(match[2]), 1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return Period(kind="month", first_on=first, last_on=last, name=word)
    if match := _WEEK.fullmatch(word):
        return _week(date.fromisocalendar(int(match[1]), int(match[2]), 1))
    monday = date.fromisoformat(word)
    if monday.weekday():
        begun = monday - timedelta(days=monday.weekday())
        raise UsageError(f"--period: {word} is no Monday; its week began on {begun}")
    return _week(monday)


def _week(monday: date) -> Period:
    year, week, _ = monday.isocalendar()
    return Period(kind="week", first_on=monday, last_on=monday + timedelta(days=6), name=f"{year}-W{week:02}")


def group_of(source: Source, project: str | None, board: str | None, issue_type: str | None) -> Group:
    """The group that the options name. Raises `UsageError` for unknown and ambiguous names."""
    project_id = None if project is None else only("project", project, find_projects(source, project))
    board_id = None if board is None else only("board", board, find_boards(source, board))
    kind = None if issue_type is None else _type(source, issue_type)
    said = [
        None if project_id is None else f"project {source.projects[project_id].key}",
        None if board_id is None else f"board {source.boards[board_id]}",
        None if kind is None else f"type {kind}",
    ]
    words = ", ".join(one for one in said if one) or "all issues"
    return Group(project_id=project_id, board_id=board_id, issue_type=kind, says=words)


def _type(source: Source, word: str) -> str:
    known: list[str] = sorted(source.connection.scalars(select(issue_flow.c.issue_type).distinct()))
    found = [name for name in known if name.casefold() == word.casefold()]
    if not found:
        raise UsageError(f"no issue has the type {word!r}{meant([word], known)}")
    return found[0]


def require_grouping(metric: str, group: Group, known: Sequence[str]) -> None:
    """Raise `UsageError` unless the metric has rows for groups of this kind."""
    if group.grouping in known:
        return
    options = " or ".join(" with ".join(f"--{part}" for part in name.split("_")) for name in known if name != "all")
    raise UsageError(f"{metric} has no rows for {group.says}; it takes {options}, or none of them")


def require_period(source: Source, of: Table, period: Period) -> None:
    """Raise `UsageError` unless the table has any row of the period."""
    if period.kind == "day":
        days = sorted(source.connection.scalars(select(of.c.day).distinct()))
    else:
        rows = select(of.c.period_start).where(of.c.period == period.kind).distinct()
        days = sorted(day for day in source.connection.scalars(rows) if day is not None)
    if period.first_on not in days:
        has = f"it has {period.kind}s that begin from {days[0]} to {days[-1]}" if days else "it is empty"
        raise UsageError(f"--period: {of.name} has no {period.kind} {period.name}; {has}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A metric's rows that are to be taken apart."""

    source: Source
    period: Period | None
    group: Group

    @property
    def period_name(self) -> str:
        """As `--period` takes it."""
        return "now" if self.period is None else self.period.name

    def row_of(self, name: str, **more: object) -> AnyRow | None:
        """The row of a table with groupings; NULL in the columns that the grouping doesn't use."""
        if self.period is None:
            raise AssertionError("tables with groupings have periods")
        given = {"project_id": self.group.project_id, "board_id": self.group.board_id}
        if "issue_type" in table(name).c:
            given["issue_type"] = self.group.issue_type
        period = {"period": self.period.kind, "period_start": self.period.first_on}
        return self.source.one(name, **period, grouping=self.group.grouping, **given, **more)
