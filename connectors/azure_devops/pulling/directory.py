"""What is known of the organisation during a run: fetched once, when it is first needed."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.azure_devops.gateway.answers import Backlogs, Category, Project
from connectors.azure_devops.gateway.organisation import Gateway
from connectors.azure_devops.mapping import fields, structure
from connectors.azure_devops.mapping.snapshots import Context
from connectors.azure_devops.mapping.structure import Organisation, ProjectModel
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.errors import NotFound, PermissionMissing
from connectors.http.flight import in_order
from connectors.lazy import cached_property
from connectors.remembered import Remembered


class Directory:
    """Projects, fields and project models of an organisation, and which projects are in scope."""

    def __init__(self, settings: AzureDevOpsSettings, gateway: Gateway, width: int) -> None:
        self._settings = settings
        self._gateway = gateway
        self._width = width
        self._configured: dict[str, list[str]] = {}
        self.memory = Remembered(settings.scope, settings.now())
        """Groups of types and backlog configurations of the last days, for whoever loads a bookmark into it."""
        self.problems: list[str] = []
        """What could not be read so far; whoever reports it takes it out with `take_problems`."""

    @cached_property
    def context(self) -> Context:
        """The mapping's context; the models of the projects in scope are in it."""
        found = Context(
            source_id=self._settings.source_id,
            url=self._gateway.url,
            time_zone=self._settings.time_zone,
            fields=fields.catalogue(self._gateway.fields(), with_texts=self._settings.stores_text),
            organisation=Organisation(self.visible),
            scope=self._settings.scope,
            people=self._settings.people,
        )
        self._configured, missing = fields.configured_roles(found.fields, self._settings.fields)
        self.problems += missing
        self._load(found, self.projects)
        return found

    @cached_property
    def visible(self) -> list[Project]:
        """All projects that the token may see."""
        return self._gateway.projects()

    @cached_property
    def projects(self) -> list[Project]:
        """The projects in scope, as far as they can be seen; each configured one that cannot is a problem."""
        wanted = {name.lower() for name in self._settings.projects}
        self.problems += [f"project '{name}' is not there or cannot be seen with this token" for name in self.unseen]
        return [each for each in self.visible if not wanted or wanted & {each.name.lower(), each.id.lower()}]

    @cached_property
    def unseen(self) -> list[str]:
        """The configured projects that are not visible."""
        seen = {name for each in self.visible for name in (each.name.lower(), each.id.lower())}
        return [name for name in dict.fromkeys(self._settings.projects) if name.lower() not in seen]

    @cached_property
    def _scope(self) -> frozenset[str]:
        names = {name.lower() for name in self._settings.projects}
        return frozenset(names | {each.name.lower() for each in self.projects})

    @property
    def is_limited(self) -> bool:
        """Whether some projects are out of scope."""
        return bool(self._settings.projects)

    def covers(self, project_name: str) -> bool:
        """Whether items of that project are in scope."""
        return not self.is_limited or project_name.lower() in self._scope

    def models(self) -> list[ProjectModel]:
        """The models of the projects in scope."""
        return [self.context.organisation.model(each.name) for each in self.projects]

    def learn(self, project_names: Iterable[str]) -> list[ProjectModel]:
        """Fetch the models of projects that are not known yet, as far as they can be seen; gives the new ones."""
        organisation = self.context.organisation
        unknown = {name.lower() for name in project_names if organisation.lacks(name)}
        return self._load(self.context, [organisation.visible[name] for name in sorted(unknown)])

    def take_problems(self) -> tuple[str, ...]:
        """What could not be read since the last call."""
        taken = tuple(self.problems)
        self.problems.clear()
        return taken

    def _load(self, context: Context, projects: list[Project]) -> list[ProjectModel]:
        def fetch(project: Project) -> ProjectModel | str:
            try:
                return self._fetch(context, project)
            except (NotFound, PermissionMissing) as error:
                return f"project '{project.name}': its types and states cannot be read: {error}"

        loaded: list[ProjectModel] = []
        for each in in_order(self._gateway.pool, fetch, projects, self._width):
            if isinstance(each, str):
                self.problems.append(each)
            else:
                context.organisation.add(each)
                loaded.append(each)
        return loaded

    def _fetch(self, context: Context, project: Project) -> ProjectModel:
        gateway, ask = self._gateway, self.memory.ask
        types = gateway.types(project.id)
        backlogs = ask(f"backlogs {project.id}", Backlogs, lambda: gateway.backlogs(project.id))
        effort = structure.effort_field(backlogs)
        present = structure.present_fields(types)
        roles = fields.project_roles(context.fields, self._configured, effort, present)
        categories = ask(f"categories {project.id}", list[Category], lambda: gateway.categories(project.id))
        return structure.model(project, types, categories, backlogs, gateway.nodes(project.id), roles)
