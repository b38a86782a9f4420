"""What a project is made of: types and their levels, states and their categories, field roles, areas and iterations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connectors.azure_devops.gateway.answers import Backlogs, Category, Node, Project, TypeInfo
from connectors.azure_devops.mapping.fields import CANONICAL, RoleFields

_TASKS = "Microsoft.TaskCategory"
_NOT_WORK = frozenset(
    {
        "Microsoft.HiddenCategory",
        "Microsoft.CodeReviewRequestCategory",
        "Microsoft.CodeReviewResponseCategory",
        "Microsoft.FeedbackRequestCategory",
        "Microsoft.FeedbackResponseCategory",
        "Microsoft.SharedParameterCategory",
        "Microsoft.SharedStepCategory",
        "Microsoft.TestCaseCategory",
        "Microsoft.TestPlanCategory",
        "Microsoft.TestSuiteCategory",
    }
)


@dataclass(frozen=True, slots=True)
class NodeIndex:
    r"""Areas or iterations: their GUID by number and by path (`fab\s1`)."""

    by_id: Mapping[int, str] = field(default_factory=dict)
    by_path: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[int, str] = field(default_factory=dict)
    """Path by number, as items have it."""
    current: Mapping[str, str] = field(default_factory=dict)
    """Path by GUID."""

    def guid(self, path: str | None, node_id: int | None) -> str | None:
        """The GUID of a node; the number counts before the path, since paths change when a node is renamed."""
        if node_id is not None and node_id in self.by_id:
            return self.by_id[node_id]
        return self.by_path.get(path.lower()) if path else None

    def with_former(self, former: Mapping[str, int]) -> NodeIndex:
        """The same, and nodes are known by their former paths (path → number) too, unless others have those now."""
        guids = {path.lower(): self.by_id[node] for path, node in former.items() if node in self.by_id}
        return replace(self, by_path={**guids, **self.by_path})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectModel:
    """One project as the mapping needs it."""

    project_id: str | None
    """The GUID; None for a project that is deleted or hidden and occurs in history only."""
    name: str
    types: Sequence[TypeInfo] = ()
    levels: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    """(type, state) → category in lower case."""
    roles: RoleFields = field(default_factory=lambda: RoleFields(references={}, evidence={}))
    names: Mapping[str, str] = field(default_factory=lambda: CANONICAL)
    """Reference name → the name across trackers, the project's roles included."""
    areas: NodeIndex = field(default_factory=NodeIndex)
    iterations: NodeIndex = field(default_factory=NodeIndex)

    def level(self, type_: str) -> str:
        """`portfolio`, `standard` or `subtask`."""
        return self.levels.get(type_, "standard")


def model(
    project: Project,
    types: Sequence[TypeInfo],
    categories: Iterable[Category],
    backlogs: Backlogs,
    nodes: Iterable[Node],
    roles: RoleFields,
) -> ProjectModel:
    """A project from what was fetched of it."""
    trees = {tree: index(each for each in nodes if each.structure_type.lower() == tree) for tree in _TREES}
    return ProjectModel(
        project_id=project.id,
        name=project.name,
        types=types,
        levels=levels(categories, backlogs),
        categories={(t.name, s.name): (s.category or "").lower() or None for t in types for s in t.states or ()},
        roles=roles,
        names={**CANONICAL, **{reference: role for role, reference in roles.references.items()}},
        areas=trees["area"],
        iterations=trees["iteration"],
    )


_TREES = ("area", "iteration")


def levels(categories: Iterable[Category], backlogs: Backlogs) -> dict[str, str]:
    """Level by type, as far as it is not `standard`.

    Test cases, code reviews and other types that boards do not show become `subtask`: they are kept, since the
    warehouse is complete, but no metric of delivered work may count them.
    """
    found: dict[str, str] = {}
    for category in categories:
        if category.reference_name == _TASKS or category.reference_name in _NOT_WORK:
            found |= {type_.name: "subtask" for type_ in category.work_item_types or ()}
    for backlog in backlogs.portfolio_backlogs or ():
        found |= {type_.name: "portfolio" for type_ in backlog.work_item_types or ()}
    return found


def effort_field(backlogs: Backlogs) -> str | None:
    """The field that the process estimates in."""
    fields = backlogs.backlog_fields
    return (fields.type_fields or {}).get("Effort") if fields else None


def present_fields(types: Iterable[TypeInfo]) -> frozenset[str]:
    """All fields that some type of the project has."""
    references = (each.reference_name for t in types for each in (t.fields or t.field_instances or ()))
    return frozenset(reference for reference in references if reference)


def index(roots: Iterable[Node]) -> NodeIndex:
    """The nodes of some trees. The path of a node is the names from its root down, as items have it."""
    by_id: dict[int, str] = {}
    by_path: dict[str, str] = {}
    paths: dict[int, str] = {}
    open_nodes = [(root, root.name) for root in roots]
    while open_nodes:
        node, path = open_nodes.pop()
        by_id[node.id] = by_path[path.lower()] = node.identifier
        paths[node.id] = path
        open_nodes += [(child, f"{path}\\{child.name}") for child in node.children or ()]
    return NodeIndex(by_id, by_path, paths, {by_id[node]: path for node, path in paths.items()})


class Organisation:
    """The projects known so far, by name without regard to case."""

    def __init__(self, visible: Iterable[Project]) -> None:
        self.visible = {project.name.lower(): project for project in visible}
        self._models: dict[str, ProjectModel] = {}

    def add(self, each: ProjectModel) -> None:
        """Make a project's model known."""
        self._models[each.name.lower()] = each

    def lacks(self, name: str) -> bool:
        """Whether the project is visible, but its model is not there yet."""
        return name.lower() in self.visible and name.lower() not in self._models

    def model(self, name: str) -> ProjectModel:
        """The project; an empty one under that name when it is not known."""
        found = self._models.get(name.lower())
        if found is None:
            seen = self.visible.get(name.lower())
            found = ProjectModel(project_id=seen.id if seen else None, name=name)
        return found
