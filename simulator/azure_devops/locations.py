"""Where the SDK finds each resource: the table that `OPTIONS _apis` answers, and the resource areas."""

from __future__ import annotations

from typing import Any

CORE, WORK, WIT = "core", "work", "wit"
AREAS = (
    ("79134c72-4a58-4b42-976c-04e7115f32bf", "core"),
    ("1d4f49f9-02b9-4e26-b826-2cdb6195f2a9", "work"),
    ("5264459e-e5e0-4bd8-b118-0985e68a4ec5", "wit"),
)
GRAPH = "bb1e7ec9-e901-4b68-999a-de7012b920f8"
_TEAM = "{project}/{team}/_apis/{area}"
_ITERATION = f"{_TEAM}/teamsettings/iterations/{{iterationId}}/{{resource}}"
_PROJECT = "{project}/_apis/{area}"
_ITEM = f"{_PROJECT}/workItems/{{id}}/{{resource}}"
_TEAMS = "_apis/projects/{projectId}/teams"
_LOCATIONS = (
    ("e81700f7-3be2-46de-8624-2eb35882fcaa", "Location", "ResourceAreas", "_apis/{resource}/{areaId}", 1),
    ("00d9565f-ed9c-4a06-9a50-00e7896ccab4", "Location", "ConnectionData", "_apis/{resource}", 1),
    ("603fe2ac-9723-48b9-88ad-09305aa6c6e1", CORE, "projects", "_apis/{resource}/{*projectId}", 4),
    ("d30a3dd1-f8ba-442a-b86a-bd0c0c383e59", CORE, "teams", "_apis/projects/{projectId}/{resource}/{*teamId}", 3),
    ("7a4d9ee9-3433-4347-b47a-7a80f1cf307e", CORE, "teams", "_apis/{resource}", 3),
    ("294c494c-2600-4d7e-b76c-3dd50c3c95be", CORE, "members", f"{_TEAMS}/{{teamId}}/{{resource}}", 2),
    ("c3c1012b-bea7-49d7-b45e-1664e566f84c", WORK, "teamsettings", f"{_TEAM}/{{resource}}", 1),
    ("c9175577-28a1-4b06-9197-8636af9f64ad", WORK, "iterations", f"{_TEAM}/teamsettings/{{resource}}/{{id}}", 1),
    ("5b3ef1a6-d3ab-44cd-bafd-c7f45db850fa", WORK, "workitems", _ITERATION, 1),
    ("74412d15-8c1a-4352-a48d-ef1ed5587d57", WORK, "capacities", _ITERATION + "/{teamMemberId}", 3),
    ("2d4faa2e-9150-4cbf-a47a-932b1b4a0773", WORK, "teamdaysoff", _ITERATION, 1),
    ("07ced576-58ed-49e6-9c1e-5cb53ab8bf2a", WORK, "teamfieldvalues", f"{_TEAM}/teamsettings/{{resource}}", 1),
    ("7799f497-3cb5-4f16-ad4f-5cd06012db64", WORK, "backlogconfiguration", f"{_TEAM}/{{resource}}", 1),
    ("23ad19fc-3b8e-4877-8462-b3f92bc06b40", WORK, "boards", f"{_TEAM}/{{resource}}/{{id}}", 1),
    ("c555d7ff-84e1-47df-9923-a3fe0cd8751b", WORK, "columns", f"{_TEAM}/boards/{{board}}/{{resource}}", 1),
    ("7c8d7a76-4a09-43e8-b5df-bd792f4ac6aa", WIT, "workItemTypes", f"{_PROJECT}/{{resource}}/{{type}}", 2),
    ("7c9d7a76-4a09-43e8-b5df-bd792f4ac6aa", WIT, "states", f"{_PROJECT}/workItemTypes/{{type}}/{{resource}}", 1),
    ("9b9f5734-36c8-415e-ba67-f83b45c31408", WIT, "workItemTypeCategories", f"{_PROJECT}/{{resource}}/{{category}}", 2),
    ("b51fd764-e5c2-4b9b-aaf7-3395cf4bdd94", WIT, "fields", f"{_PROJECT}/{{resource}}/{{fieldNameOrRefName}}", 3),
    ("f5d33bc9-5b49-4a3c-a9bd-f3cd46dd2165", WIT, "workItemRelationTypes", "_apis/{area}/{resource}/{relation}", 2),
    ("a70579d1-f53a-48ee-a5be-7be8659023b9", WIT, "classificationNodes", f"{_PROJECT}/{{resource}}", 2),
    (
        "5a172953-1b41-49d3-840a-33f79c3ce89f",
        WIT,
        "classificationNodes",
        f"{_PROJECT}/{{resource}}/{{structureGroup}}/{{*path}}",
        2,
    ),
    ("f828fe59-dd87-495d-a17c-7a8d6211ca6c", WIT, "workItemRevisions", f"{_PROJECT}/reporting/{{resource}}", 2),
    ("b5b5b6d0-0308-40a1-b3f4-b9bb3c66878f", WIT, "workItemLinks", f"{_PROJECT}/reporting/{{resource}}", 3),
    ("1a9c53f7-f243-4447-b110-35ef023636e4", WIT, "wiql", f"{_TEAM}/{{resource}}", 2),
    ("908509b6-4248-4475-a1cd-829139ba419f", WIT, "workItemsBatch", f"{_PROJECT}/{{resource}}", 1),
    ("72c7ddf8-2cdc-4f60-90cd-ab71c14a399b", WIT, "workItems", f"{_PROJECT}/{{resource}}/{{id}}", 3),
    ("6570bf97-d02c-4a91-8d93-3abe9895b1a9", WIT, "updates", f"{_ITEM}/{{updateNumber}}", 3),
    ("a00c85a5-80fa-4565-99c3-bcd2181434bb", WIT, "revisions", f"{_ITEM}/{{revisionNumber}}", 3),
    ("b70d8d39-926c-465e-b927-b1bf0e5ca0e0", WIT, "recyclebin", f"{_PROJECT}/{{resource}}/{{id}}", 2),
    ("608aac0a-32e1-4493-a863-b9cf4566d257", WIT, "comments", f"{_PROJECT}/workItems/{{workItemId}}/{{resource}}", 4),
)


def location_table(newest: str) -> list[dict[str, Any]]:
    """The table; `newest` is the highest API version that the server speaks."""
    released = min(float(newest), 7.1)
    return [
        {
            "id": number,
            "area": area,
            "resourceName": resource,
            "routeTemplate": template,
            "resourceVersion": version,
            "minVersion": "1.0",
            "maxVersion": newest,
            "releasedVersion": f"{released:.1f}",
        }
        for number, area, resource, template, version in _LOCATIONS
    ]
