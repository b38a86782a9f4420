"""A look round the organisation for `check` and `init`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from connectors.azure_devops.gateway.answers import Project, Team
from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.mapping import fields
from connectors.azure_devops.pulling import teams
from connectors.azure_devops.pulling.directory import Directory
from connectors.azure_devops.pulling.groups import GroupDirectory
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.azure_devops.survey import permissions
from connectors.azure_devops.survey.candidates import count_items
from connectors.base import FieldChoice, Seen, Survey
from connectors.errors import AuthenticationError, NotFound, PermissionMissing, UnexpectedResponse
from connectors.groups import look_at_groups
from connectors.plausible import Counted

T = TypeVar("T")

_TOKEN = "Azure DevOps does not tell when a personal access token expires; its owner sees it under User settings"  # noqa: S105 - a sentence

_RENEWED = "the login renews its tokens; when its secret expires is not told"


@dataclass(frozen=True, slots=True)
class _Findings:
    """What the parts of the look found amiss."""

    gateway: Gateway
    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def part(self, what: str, scope: str, read: Callable[[], T], without: T) -> T:
        """The part, or `without` and a problem where it is refused; a refused login or an outage is raised."""
        try:
            return read()
        except (AuthenticationError, PermissionMissing) as error:
            if permissions.lacks_scope(self.gateway, error) and scope not in self.missing:
                self.missing.append(scope)
            self.problems.append(f"{what} cannot be read: {error}")
        except (NotFound, UnexpectedResponse) as error:
            self.problems.append(f"{what} cannot be read: {error}")
        return without


def survey(settings: AzureDevOpsSettings, gateway: Gateway, directory: Directory, width: int) -> Survey:
    """What is visible in the projects in scope, the choice of fields, how they are filled, and what is missing.

    What only the look asks and is not told becomes a note.
    """
    found = _Findings(gateway)
    projects = directory.projects
    seen_teams = _teams(gateway, projects, found)
    what = "work items, fields and types"
    parts = found.part(what, permissions.WORK_ITEMS, lambda: _parts(gateway, directory, width), _Parts())
    ask = GroupDirectory(settings.source_id, gateway, width).ask
    groups, group_notes, group_problems = look_at_groups(settings.groups, ask)
    return Survey(
        seen=(*_places(projects, seen_teams, parts.counted.by_project), *parts.seen, *groups),
        fields=parts.choices,
        candidates=parts.counted.candidates,
        missing_permissions=(*found.missing, *parts.missing),
        token_note=_TOKEN if isinstance(settings.token, str) else _RENEWED,
        problems=(
            *(*directory.take_problems(), *found.problems, *_missing_teams(settings, seen_teams, found)),
            *group_problems,
        ),
        notes=(*found.notes, *parts.counted.notes, *parts.notes, *group_notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What needs the scope for work items."""

    seen: Sequence[Seen] = ()
    choices: Sequence[FieldChoice] = ()
    counted: Counted = field(default_factory=Counted)
    missing: Sequence[str] = ()
    notes: Sequence[str] = ()


def _parts(gateway: Gateway, directory: Directory, width: int) -> _Parts:
    models, known = directory.models(), directory.context.fields
    choices = fields.choices(known, {each.name: each.roles for each in models})
    chosen = {choice.role: choice.native_ids for choice in choices}
    missing, notes = permissions.hidden_areas(gateway, models)
    infos = (Seen(what="field", native_id=r, name=info.name, detail=info.type or "") for r, info in known.infos.items())
    return _Parts(
        seen=(*_types_and_states(directory), *infos),
        choices=choices,
        counted=count_items(gateway, directory.projects, models, known, chosen, width),
        missing=missing,
        notes=notes,
    )


def _teams(gateway: Gateway, projects: Sequence[Project], found: _Findings) -> dict[str, list[Team]]:
    """Project id → its teams; a project whose teams cannot be read is a problem and left out."""
    listed: dict[str, list[Team]] = {}
    for project in projects:
        read = found.part(f"project '{project.name}': its teams", permissions.TEAMS, _reading(gateway, project), None)
        if read is not None:
            listed[project.id] = read
        elif permissions.TEAMS in found.missing:
            return listed
    return listed


def _reading(gateway: Gateway, project: Project) -> Callable[[], list[Team] | None]:
    return lambda: gateway.teams(project.id)


def _missing_teams(
    settings: AzureDevOpsSettings, listed: Mapping[str, Sequence[Team]], found: _Findings
) -> Sequence[str]:
    """Configured teams that no project has; nothing is said of them where teams may not be read at all."""
    if permissions.TEAMS in found.missing:
        return ()
    return teams.missing(settings, [team for of_project in listed.values() for team in of_project])


def _places(
    projects: Sequence[Project], listed: Mapping[str, Sequence[Team]], counts: Mapping[str, int]
) -> Iterator[Seen]:
    for each in projects:
        yield Seen(what="project", native_id=each.id, name=each.name, issues=counts.get(each.id))
    for project in projects:
        for team in listed.get(project.id, ()):
            yield Seen(what="team", native_id=team.id, name=team.name, detail=project.name)


def _types_and_states(directory: Directory) -> Iterator[Seen]:
    for model in directory.models():
        for type_ in model.types:
            detail = f"{model.name}, {model.level(type_.name)}"
            yield Seen(what="issue type", native_id=f"{model.project_id}:{type_.name}", name=type_.name, detail=detail)
        for (type_name, state), category in model.categories.items():
            native = f"{model.project_id}:{type_name}:{state}"
            detail = f"{model.name}, {type_name}: {category or 'no category'}"
            yield Seen(what="status", native_id=native, name=state, detail=detail)
