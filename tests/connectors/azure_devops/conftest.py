"""A small organisation, `Fab` (Agile) and `Old` (Scrum), its items' revisions, and one that answers over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import respx

from connectors.azure_devops.connector import AzureDevOpsConnector
from connectors.azure_devops.gateway.answers import (
    Backlogs,
    Category,
    FieldInfo,
    Node,
    Project,
    Revision,
    StateInfo,
    TypeInfo,
    TypeName,
)
from connectors.azure_devops.mapping.fields import RoleFields, catalogue
from connectors.azure_devops.mapping.snapshots import Context
from connectors.azure_devops.mapping.structure import Organisation, model
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.http import HttpSettings, World
from tests.connectors.azure_devops.fake_organisation import NOW, URL, FakeOrganisation
from tests.connectors.azure_devops.store import Connect, Store

POINTS = "Microsoft.VSTS.Scheduling.StoryPoints"
EFFORT = "Microsoft.VSTS.Scheduling.Effort"

BUG = TypeInfo(
    name="Bug",
    states=[
        StateInfo(name="New", category="Proposed"),
        StateInfo(name="Active", category="InProgress"),
        StateInfo(name="Resolved", category="Resolved"),
        StateInfo(name="Closed", category="Completed"),
    ],
)
STORY = TypeInfo(
    name="User Story",
    states=[
        StateInfo(name="New", category="Proposed"),
        StateInfo(name="Resolved", category="InProgress"),
        StateInfo(name="Closed", category="Completed"),
        StateInfo(name="Removed", category="Removed"),
    ],
)


def node(node_id: int, guid: str, name: str, tree: str, *children: Node) -> Node:
    return Node(id=node_id, identifier=guid, name=name, structure_type=tree, children=list(children))


@pytest.fixture
def context() -> Context:
    """Everything the mapping knows of the organisation."""
    projects = [Project("p-fab", "Fab"), Project("p-old", "Old")]
    organisation = Organisation(projects)
    for project, points in zip(projects, (POINTS, EFFORT), strict=True):
        nodes = [
            node(1, "i-root", project.name, "iteration", node(2, "i-s1", "S1", "iteration")),
            node(3, "a-root", project.name, "area", node(4, "a-web", "Web", "area")),
        ]
        roles = RoleFields(
            references={
                "story_points": points,
                "severity": "Microsoft.VSTS.Common.Severity",
                "found_in": "Custom.Environment",
            },
            evidence={},
        )
        organisation.add(model(project, [BUG, STORY], [], Backlogs(), nodes, roles))
    fields = catalogue(
        [
            FieldInfo("System.Title", "Title", "string"),
            FieldInfo("System.AssignedTo", "Assigned To", "string", is_identity=True),
            FieldInfo("System.Description", "Description", "html"),
            FieldInfo("Custom.Environment", "Environment", "string"),
            FieldInfo("Custom.Team", "Squad", "string"),
            FieldInfo(POINTS, "Story Points", "double"),
            FieldInfo(EFFORT, "Effort", "double"),
        ]
    )
    return Context(
        source_id="con",
        url="https://dev.azure.com/con",
        time_zone=ZoneInfo("Europe/Berlin"),
        fields=fields,
        organisation=organisation,
        scope="s",
    )


@pytest.fixture
def revision() -> Callable[..., Revision]:
    """Makes a revision of item 7: a full snapshot, changed by the minute of its number."""

    def make(rev: int, item: int = 7, **changes: Any) -> Revision:
        fields: dict[str, Any] = {
            "System.Id": item,
            "System.Rev": rev,
            "System.TeamProject": "Fab",
            "System.WorkItemType": "Bug",
            "System.State": "New",
            "System.Reason": "New",
            "System.Title": "Pay by card",
            "System.IterationPath": "Fab",
            "System.IterationId": 1,
            "System.AreaPath": "Fab\\Web",
            "System.CreatedDate": "2026-03-01T08:00:00Z",
            "System.CreatedBy": {"displayName": "Jo", "uniqueName": "jo@fab.example"},
            "System.ChangedDate": f"2026-03-01T08:{rev:02}:00.25Z",
            "System.ChangedBy": {"displayName": "Jo", "uniqueName": "jo@fab.example"},
            "System.RevisedDate": "9999-01-01T00:00:00Z",
        }
        fields |= {name.replace("__", "."): value for name, value in changes.items()}
        return Revision(id=item, rev=rev, fields={name: value for name, value in fields.items() if value is not None})

    return make


@pytest.fixture
def categories() -> list[Category]:
    """Tasks and hidden types."""
    return [
        Category("Microsoft.TaskCategory", [TypeName("Task")]),
        Category("Microsoft.HiddenCategory", [TypeName("Code Review Request")]),
        Category("Microsoft.RequirementCategory", [TypeName("User Story")]),
    ]


@pytest.fixture
def organisation() -> Iterator[FakeOrganisation]:
    """An organisation behind `URL`."""
    fake = FakeOrganisation()
    with respx.mock(assert_all_called=False) as router:
        router.route(url__startswith=URL).mock(side_effect=fake.answer)
        yield fake


@pytest.fixture
def store() -> Store:
    """An empty warehouse."""
    return Store()


@pytest.fixture
def connect(organisation: FakeOrganisation, store: Store) -> Iterator[Connect]:  # noqa: ARG001 - answers must be there first
    """Makes a connector over the organisation and the store."""
    made: list[AzureDevOpsConnector] = []

    def make(into: Store | None = None, **settings: Any) -> AzureDevOpsConnector:
        known = {"source_id": "fab", "url": URL, "token": "pat", "time_zone": ZoneInfo("America/New_York")}
        configured = AzureDevOpsSettings(**{**known, "now": lambda: NOW, **settings})
        world = World(wait=lambda _bell, _seconds: None, now=lambda: NOW, jitter=lambda: 0.5)
        made.append(
            AzureDevOpsConnector(configured, HttpSettings(max_in_flight=2, world=world), (into or store).recall)
        )
        return made[-1]

    yield make
    for each in made:
        each.close()
