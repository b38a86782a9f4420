"""The stream of boards: teams, the areas they own and the iterations they picked as sprints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from connectors.azure_devops import mapping
from connectors.azure_devops.answers import Iteration, Project, Team, TeamAreas
from connectors.azure_devops.gateway import Gateway
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.base import Page, Replacement
from connectors.errors import NotFound, PermissionMissing
from connectors.flight import in_order
from warehouse.records import BoardArea, BoardSprint, Record, qualified_id


@dataclass(frozen=True, slots=True)
class TeamData:
    """A team with what makes it a board."""

    team: Team
    areas: TeamAreas
    iterations: list[Iteration]
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


def pages(settings: AzureDevOpsSettings, gateway: Gateway, projects: list[Project], width: int) -> Iterator[Page]:
    """A page per project; the last names the configured teams that were not found."""
    now = settings.now()
    seen: list[Team] = []
    for project in projects:
        try:
            teams = gateway.teams(project.id)
        except (NotFound, PermissionMissing) as error:
            yield Page(problems=[f"project '{project.name}': its teams cannot be read: {error}"])
            continue
        seen += teams
        found = in_order(gateway.pool, partial(_fetch, gateway, project), chosen(settings, teams), width)
        yield _page(settings, project, list(found), now)
    if problems := missing(settings, seen):
        yield Page(problems=problems)


def _fetch(gateway: Gateway, project: Project, team: Team) -> TeamData:
    try:
        areas = gateway.team_areas(project.id, team.id)
        return TeamData(team, areas, gateway.team_iterations(project.id, team.id))
    except (NotFound, PermissionMissing) as error:
        return TeamData(team, TeamAreas(), [], problem=f"team '{team.name}': its settings cannot be read: {error}")


def _page(settings: AzureDevOpsSettings, project: Project, teams: list[TeamData], now: datetime) -> Page:
    source_id = settings.source_id
    records: list[Record] = []
    areas: list[BoardArea] = []
    shown: list[BoardSprint] = []
    for each in teams:
        records.append(mapping.board(source_id, project.id, each.team))
        areas += mapping.board_areas(source_id, each.team, each.areas)
        sprints = [mapping.sprint(source_id, each.team, it, settings.time_zone, now) for it in each.iterations]
        records += sprints
        shown += [mapping.board_sprint(row) for row in sprints]
    read = [qualified_id(source_id, each.team.id) for each in teams if each.problem is None]
    return Page(
        records=records,
        replacements=[
            Replacement(record_type=BoardArea, scope="board_id", values=read, records=areas),
            Replacement(record_type=BoardSprint, scope="board_id", values=read, records=shown),
        ],
        notes=[_other_field(each) for each in teams if mapping.other_team_field(each.areas)],
        problems=[each.problem for each in teams if each.problem],
    )


def _other_field(each: TeamData) -> str:
    field = mapping.other_team_field(each.areas)
    return f"team '{each.team.name}' is defined by the field {field}, not by areas: no issue can be told to be its own"
