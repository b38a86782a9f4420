"""A look round the organisation for `check` and `init`."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.azure_devops import fields, teams
from connectors.azure_devops.answers import Team
from connectors.azure_devops.directory import Directory
from connectors.azure_devops.gateway import Gateway
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.base import Seen, Survey
from connectors.errors import NotFound, PermissionMissing


def survey(settings: AzureDevOpsSettings, gateway: Gateway, directory: Directory) -> Survey:
    """Everything visible in the projects in scope, the choice of fields, and what is missing."""
    models = directory.models()
    seen = [Seen(what="project", native_id=each.id, name=each.name) for each in directory.projects]
    all_teams: list[Team] = []
    problems: list[str] = []
    for project in directory.projects:
        try:
            found = gateway.teams(project.id)
        except (NotFound, PermissionMissing) as error:
            problems.append(f"project '{project.name}': its teams cannot be read: {error}")
            continue
        all_teams += found
        seen += [Seen(what="team", native_id=each.id, name=each.name, detail=project.name) for each in found]
    seen += _types_and_states(directory)
    known = directory.context.fields
    seen += [
        Seen(what="field", native_id=ref, name=info.name, detail=info.type or "") for ref, info in known.infos.items()
    ]
    problems += teams.missing(settings, all_teams)
    return Survey(
        seen=seen,
        fields=fields.choices(known, {each.name: each.roles for each in models}),
        problems=(*directory.take_problems(), *problems),
    )


def _types_and_states(directory: Directory) -> Iterator[Seen]:
    for model in directory.models():
        for type_ in model.types:
            detail = f"{model.name}, {model.level(type_.name)}"
            yield Seen(what="issue type", native_id=f"{model.project_id}:{type_.name}", name=type_.name, detail=detail)
        for (type_name, state), category in model.categories.items():
            native = f"{model.project_id}:{type_name}:{state}"
            detail = f"{model.name}, {type_name}: {category or 'no category'}"
            yield Seen(what="status", native_id=native, name=state, detail=detail)
