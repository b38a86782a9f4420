"""Which sprints a Sprint field names, which team owns an area, and an issue's home board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from warehouse.tables.loaded import board_areas, boards, sources, sprints

AZURE_DEVOPS = "azure_devops"


class SprintRow(NamedTuple):
    """A row of `sprints`, as far as it decides on membership and home."""

    sprint_id: str
    iteration_id: str
    source_id: str
    board_id: str | None
    state: str
    start_at: datetime | None = None
    activated_at: datetime | None = None


class AreaRow(NamedTuple):
    """A row of `board_areas` with the source that it belongs to."""

    source_id: str
    board_id: str
    area_path: str
    includes_children: bool


class SprintCatalogue:
    """Sprints, iterations and the areas of teams."""

    def __init__(self, rows: Iterable[SprintRow], areas: Iterable[AreaRow] = (), iterating: Iterable[str] = ()) -> None:
        """`iterating` are the sources whose sprint field holds an iteration: members then depend on the area too."""
        self.rows = {row.sprint_id: row for row in rows}
        self._iterations: defaultdict[str, list[SprintRow]] = defaultdict(list)
        for row in self.rows.values():
            self._iterations[row.iteration_id].append(row)
        self._areas: defaultdict[str, list[AreaRow]] = defaultdict(list)
        for area in areas:
            self._areas[area.source_id].append(area._replace(area_path=_normal(area.area_path)))
        self._iterating = frozenset(iterating)
        self._named: dict[tuple[str, str, str | None], tuple[str, ...]] = {}
        self._latest: dict[tuple[str, ...], SprintRow | None] = {}
        self._active: dict[tuple[str, ...], SprintRow | None] = {}
        self._owners: dict[tuple[str, str | None], tuple[str, ...]] = {}

    def named(self, source_id: str, value: str | None, area_path: str | None) -> tuple[str, ...]:
        """The sprints (ids) that a raw value of the sprint field means, for an issue in that area."""
        if not value:
            return ()
        iterates = source_id in self._iterating
        key = (source_id, value, area_path if iterates else None)
        held = self._named.get(key)
        if held is None:
            held = self._of_iteration(*key) if iterates else self._listed(source_id, value)
            self._named[key] = held
        return held

    def owners(self, source_id: str, area_path: str | None) -> tuple[str, ...]:
        """The teams whose areas cover the path, the most specific first."""
        key = (source_id, area_path)
        owners = self._owners.get(key)
        if owners is None:
            path = _normal(area_path or "")
            covering = [area for area in self._areas[source_id] if path and _covers(area, path)]
            ordered = sorted(covering, key=lambda area: (-len(area.area_path), area.board_id))
            owners = self._owners[key] = tuple(dict.fromkeys(area.board_id for area in ordered))
        return owners

    def latest(self, sprint_ids: tuple[str, ...]) -> SprintRow | None:
        """The one that started last, or starts last; None when we hold none of them."""
        if sprint_ids not in self._latest:
            held = [self.rows[sprint_id] for sprint_id in sprint_ids if sprint_id in self.rows]
            self._latest[sprint_ids] = max(held, key=_by_start, default=None)
        return self._latest[sprint_ids]

    def active(self, sprint_ids: tuple[str, ...]) -> SprintRow | None:
        """The active one of them that started last."""
        if sprint_ids not in self._active:
            known = (self.rows.get(sprint_id) for sprint_id in sprint_ids)
            active = tuple(row.sprint_id for row in known if row is not None and row.state == "active")
            self._active[sprint_ids] = self.latest(active)
        return self._active[sprint_ids]

    def iterates(self, source_id: str) -> bool:
        """Whether the source's sprints are iterations that teams share."""
        return source_id in self._iterating

    def _listed(self, source_id: str, value: str) -> tuple[str, ...]:
        parts = (part.strip() for part in value.split(","))
        return tuple(dict.fromkeys(f"{source_id}:{part}" for part in parts if part))

    def _of_iteration(self, source_id: str, value: str, area_path: str | None) -> tuple[str, ...]:
        owners = self.owners(source_id, area_path)
        rows = self._iterations.get(f"{source_id}:{value}", [])
        return tuple(sorted(row.sprint_id for row in rows if row.board_id in owners))


class HomeBoards:
    """Finds the home board of issues."""

    def __init__(self, catalogue: SprintCatalogue, project_of_board: Iterable[tuple[str, str | None]]) -> None:
        self._catalogue = catalogue
        by_project: defaultdict[str, list[str]] = defaultdict(list)
        for board_id, project_id in project_of_board:
            if project_id is not None:
                by_project[project_id].append(board_id)
        self._only = {project_id: ids[0] for project_id, ids in by_project.items() if len(ids) == 1}

    def home(self, source_id: str, project_id: str, area_path: str | None, sprint_ids: tuple[str, ...]) -> str | None:
        """The team that owns the area most specifically, or the origin board of the latest sprint, else the project's.

        `sprint_ids` are the issue's sprints now, or the last it was in.
        """
        if self._catalogue.iterates(source_id):
            return next(iter(self._catalogue.owners(source_id, area_path)), None)
        latest = self._catalogue.latest(sprint_ids)
        if latest is not None and latest.board_id is not None:
            return latest.board_id
        return self._only.get(project_id)


def read_sprint_catalogue(connection: Connection) -> SprintCatalogue:
    """The sprints and areas that the warehouse holds."""
    columns = [sprints.c[name] for name in SprintRow._fields]
    rows = [SprintRow(*row) for row in connection.execute(select(*columns).order_by(sprints.c.sprint_id))]
    owned = select(boards.c.source_id, boards.c.board_id, board_areas.c.area_path, board_areas.c.includes_children)
    areas = connection.execute(owned.join(board_areas, board_areas.c.board_id == boards.c.board_id))
    iterating = connection.scalars(select(sources.c.source_id).where(sources.c.kind == AZURE_DEVOPS))
    return SprintCatalogue(rows, [AreaRow(*row) for row in areas], iterating)


def read_home_boards(connection: Connection, catalogue: SprintCatalogue) -> HomeBoards:
    """The boards that the warehouse holds."""
    rows = connection.execute(select(boards.c.board_id, boards.c.project_id).order_by(boards.c.board_id))
    return HomeBoards(catalogue, [(row.board_id, row.project_id) for row in rows])


def _by_start(row: SprintRow) -> tuple[bool, str, int, str]:
    """Sprints without a start come last, then the younger (higher id) ones."""
    start = row.activated_at or row.start_at
    native = row.sprint_id.rpartition(":")[2]
    return start is None, start.isoformat() if start else "", int(native) if native.isdecimal() else 0, row.sprint_id


def _normal(area_path: str) -> str:
    return area_path.strip("\\").casefold()


def _covers(area: AreaRow, path: str) -> bool:
    return path == area.area_path or (area.includes_children and path.startswith(area.area_path + "\\"))
