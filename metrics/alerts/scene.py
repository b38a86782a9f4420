"""What all rules look at: the warehouse at an instant, the names of its things, and the filters of rules as SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, or_, select

from metrics.alerts.grounds import Ground, Shape
from metrics.alerts.rules import Rule, Wanted
from metrics.calendar import local_day
from warehouse.fetching import fetch_as
from warehouse.tables.loaded import boards, projects


class Board(NamedTuple):
    """A board and the project it lives in."""

    board_id: str
    name: str
    project_id: str | None


@dataclass(slots=True)
class Scene:
    """The computed tables as of now."""

    connection: Connection
    now: datetime
    zone: ZoneInfo
    sources: Collection[str]
    """Names of the configured sources."""
    _boards: dict[str, Board] | None = field(default=None, init=False)
    _projects: dict[str, str] | None = field(default=None, init=False)

    @property
    def today(self) -> date:
        """The local day."""
        return local_day(self.now, self.zone)

    @property
    def boards(self) -> Mapping[str, Board]:
        """All boards by id."""
        if self._boards is None:
            statement = select(boards.c.board_id, boards.c.name, boards.c.project_id)
            self._boards = {board.board_id: board for board in fetch_as(Board, self.connection, statement)}
        return self._boards

    @property
    def projects(self) -> Mapping[str, str]:
        """Project → key."""
        if self._projects is None:
            rows = self.connection.execute(select(projects.c.project_id, projects.c.key))
            self._projects = {row.project_id: row.key for row in rows}
        return self._projects


def conditions(rule: Rule, ground: Ground) -> Iterator[ColumnElement[bool]]:
    """The filter of a rule, and what its table shows of itself."""
    columns = ground.filters
    for name, values in ground.filter_of(rule).items():
        yield in_(columns[name], values) if name in columns else _named(ground, name, values)
    if ground.table.name == "defect_escape":
        yield ground.table.c.basis == "discovery"
    if ground.table.name == "issue_flow":  # no absent, cancelled or finished ones, and of the levels that count
        yield ground.table.c.exclusion == "not_finished"


def unmet_names(scene: Scene, rule: Rule) -> Iterator[str]:
    """`board 'Rde'` for each source, project or board that the rule's filter names and that there is not."""
    there: Mapping[str, Callable[[], Collection[str]]] = {
        "source": lambda: scene.sources,
        "project": lambda: set(scene.projects.values()) | set(scene.connection.scalars(select(projects.c.name))),
        "board": lambda: {board.name for board in scene.boards.values()},
    }
    for word, names in there.items():
        known = names() if word in rule.filter else ()
        yield from (f"{word} {name!r}" for name in rule.filter.get(word, ()) if name not in known)


def _named(ground: Ground, word: str, values: Collection[Wanted]) -> ColumnElement[bool]:
    """Rows of these sources, projects (by key or name) or boards (by name)."""
    of = ground.table.c
    if ground.shape is Shape.SOURCES:
        return in_(of.source_id, values)
    if word == "board":
        return in_(of.board_id, select(boards.c.board_id).where(in_(boards.c.name, values)))
    meant = {
        "project": or_(in_(projects.c.key, values), in_(projects.c.name, values)),
        "source": in_(projects.c.source_id, values),
    }
    project_ids = select(projects.c.project_id).where(meant[word])
    if ground.shape not in {Shape.SPRINTS, Shape.PERIODS}:
        return in_(of.project_id, project_ids)
    owned = in_(boards.c.source_id, values) if word == "source" else in_(boards.c.project_id, project_ids)
    own = in_(of.board_id, select(boards.c.board_id).where(owned))
    return own if ground.shape is Shape.SPRINTS else or_(own, in_(of.project_id, project_ids))


def in_(column: ColumnElement[Any], values: Collection[Wanted] | Select[Any]) -> ColumnElement[bool]:
    """The column has one of the values."""
    return column.in_(values)
