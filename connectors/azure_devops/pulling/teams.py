"""The stream of boards: teams and how they work, their areas, their columns, and the iterations that they picked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from connectors.azure_devops.gateway.answers import Column, Iteration, Project, Team, TeamAreas, TeamSettings
from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.mapping import teams as team_mapping
from connectors.azure_devops.mapping.structure import ProjectModel
from connectors.azure_devops.pulling.directory import Directory
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.base import Page, Replacement
from connectors.errors import NotFound, PermissionMissing
from connectors.http.flight import in_order
from connectors.remembered import Remembered
from warehouse.records import BoardArea, BoardColumn, BoardColumnStatus, BoardSprint, Record, qualified_id

_MOST_FORMER_COLUMNS = 30
"""So many columns may vanish from a team's boards at once without leaving a state behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamData:
    """A team with what makes it a board."""

    project: Project
    team: Team
    settings: TeamSettings = field(default_factory=TeamSettings)
    areas: TeamAreas = field(default_factory=TeamAreas)
    columns: list[Column] | None = None
    """None: they cannot be read."""
    iterations: list[Iteration] = field(default_factory=list)
    is_read: bool = True
    """Areas and iterations could be read."""
    problem: str | None = None


def chosen(settings: AzureDevOpsSettings, teams: list[Team]) -> list[Team]:
    """The configured teams among these; all when none is configured."""
    wanted = {name.lower() for name in settings.teams}
    return [each for each in teams if not wanted or wanted & {each.name.lower(), each.id.lower()}]


def missing(settings: AzureDevOpsSettings, seen: list[Team]) -> list[str]:
    """A sentence for each configured team that no project in scope has."""
    there = {name for each in seen for name in (each.name.lower(), each.id.lower())}
    return [
        f"team '{name}' is not in the configured projects, or cannot be seen with this token"
        for name in settings.teams
        if name.lower() not in there
    ]


class TeamPages:
    """Fetches the teams of a run, once.

    Iterations are asked for in each run. How a team works, its columns and its areas are remembered for some days;
    areas only as long as the project's tree of areas is the same, so that a renamed one is seen at once.
    """

    def __init__(self, settings: AzureDevOpsSettings, gateway: Gateway, directory: Directory, width: int) -> None:
        self._settings = settings
        self._gateway = gateway
        self._directory = directory
        self._width = width
        self._memory = Remembered(settings.scope, settings.now())
        self.found: list[TeamData] = []
        """The teams that the pages so far told."""

    def pages(self, bookmark: str | None) -> Iterator[Page]:
        """A page per project; the last remembers, and names the configured teams that were not found."""
        self._memory.load(bookmark)
        seen: list[Team] = []
        for project in self._directory.projects:
            try:
                teams = self._gateway.teams(project.id)
            except (NotFound, PermissionMissing) as error:
                yield Page(problems=[f"project '{project.name}': its teams cannot be read: {error}"])
                continue
            seen += teams
            model = self._directory.context.organisation.model(project.name)
            fetch = partial(self._fetch, project, _stamp(model))
            found = list(in_order(self._gateway.pool, fetch, chosen(self._settings, teams), self._width))
            self.found += found
            yield self._page(model, found)
        yield Page(bookmark=self._memory.text(), problems=missing(self._settings, seen))

    def _fetch(self, project: Project, stamp: str, team: Team) -> TeamData:
        gateway, ask, ids = self._gateway, self._memory.ask, (project.id, team.id)
        try:
            settings = ask(f"settings {team.id}", TeamSettings, lambda: gateway.team_settings(*ids))
            areas = ask(f"areas {team.id} {stamp}", TeamAreas, lambda: gateway.team_areas(*ids))
            iterations = gateway.team_iterations(*ids)
        except (NotFound, PermissionMissing) as error:
            problem = f"team '{team.name}': its settings cannot be read: {error}"
            return TeamData(project=project, team=team, is_read=False, problem=problem)
        columns, trouble = None, None
        try:
            columns = ask(f"columns {team.id}", list[Column], lambda: self._columns(*ids))
        except (NotFound, PermissionMissing) as error:
            trouble = f"team '{team.name}': the columns of its boards cannot be read: {error}"
        return TeamData(
            project=project,
            team=team,
            settings=settings,
            areas=areas,
            columns=columns,
            iterations=iterations,
            problem=trouble,
        )

    def _columns(self, project_id: str, team_id: str) -> list[Column]:
        boards = self._gateway.boards(project_id, team_id)
        return [column for board in boards for column in self._gateway.columns(project_id, team_id, board.id)]

    def _page(self, model: ProjectModel, teams: list[TeamData]) -> Page:
        source_id, zone, now = self._settings.source_id, self._settings.time_zone, self._settings.now()
        records: list[Record] = []
        parts = _Parts()
        read = [each for each in teams if each.is_read]
        for each in read:
            records.append(team_mapping.board(source_id, each.project.id, each.team, each.settings))
            parts.areas += team_mapping.board_areas(source_id, each.team, each.areas)
            parts.columns += team_mapping.board_columns(source_id, each.team, each.columns or ())
            parts.statuses += team_mapping.board_column_statuses(source_id, model, each.team, each.columns or ())
            sprints = [team_mapping.sprint(source_id, each.team, it, zone, now) for it in each.iterations]
            records += sprints
            parts.shown += [team_mapping.board_sprint(row) for row in sprints]
        return Page(
            records=records,
            replacements=self._replacements(read, parts),
            notes=[_other_field(each) for each in teams if team_mapping.other_team_field(each.areas)],
            problems=[each.problem for each in teams if each.problem],
        )

    def _replacements(self, read: list[TeamData], parts: _Parts) -> list[Replacement]:
        source_id = self._settings.source_id
        boards = [qualified_id(source_id, each.team.id) for each in read]
        with_columns = [each for each in read if each.columns is not None]
        column_boards = [qualified_id(source_id, each.team.id) for each in with_columns]
        columns = [
            team_mapping.board_column_id(source_id, each.team, place)
            for each in with_columns
            for place in range(len(each.columns or ()) + _MOST_FORMER_COLUMNS)
        ]
        return [
            Replacement(record_type=BoardArea, scope="board_id", values=boards, records=parts.areas),
            Replacement(record_type=BoardColumn, scope="board_id", values=column_boards, records=parts.columns),
            Replacement(record_type=BoardColumnStatus, scope="board_column_id", values=columns, records=parts.statuses),
            Replacement(record_type=BoardSprint, scope="board_id", values=boards, records=parts.shown),
        ]


@dataclass(slots=True)
class _Parts:
    """What belongs to the teams of a page and is replaced with them."""

    areas: list[BoardArea] = field(default_factory=list)
    columns: list[BoardColumn] = field(default_factory=list)
    statuses: list[BoardColumnStatus] = field(default_factory=list)
    shown: list[BoardSprint] = field(default_factory=list)


def _stamp(model: ProjectModel) -> str:
    """Stands for the project's tree of areas."""
    tree = sorted(model.areas.paths.items())
    return hashlib.blake2s(repr(tree).encode(), digest_size=6).hexdigest()


def _other_field(each: TeamData) -> str:
    reference = team_mapping.other_team_field(each.areas)
    return (
        f"team '{each.team.name}' is defined by the field {reference}, not by areas: no issue can be told to be its own"
    )
