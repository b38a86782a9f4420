"""The Azure DevOps Server: a collection behind a path, with a ceiling of API versions and the habits of old ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.devops.v7_1.core import CoreClient
from azure.devops.v7_1.work import WorkClient
from azure.devops.v7_1.work.models import TeamContext
from azure.devops.v7_1.work_item_tracking import WorkItemTrackingClient
from msrest.authentication import BasicAuthentication

from simulator.server import Running

Feed = Callable[..., tuple[list[dict[str, Any]], str]]
SERVER = "azure_devops_server"
TEAM = "Shop/Shop Basket/_apis/work/teamsettings"


def test_the_collection_lies_behind_a_path(server: httpx.Client, azure: httpx.Client) -> None:
    assert server.base_url.path == "/tfs/DefaultCollection/"
    here, there = (client.get("_apis/projects").json()["value"] for client in (server, azure))
    assert [row["name"] for row in here] == [row["name"] for row in there] == ["Shop", "Intake"]
    assert here[0]["url"].startswith(str(server.base_url))


def test_both_flavours_show_one_company(
    server: httpx.Client, azure: httpx.Client, running: Running, walk_feed: Feed
) -> None:
    params = {"api-version": "7.0", "fields": "System.Id,System.Rev,System.State,System.ChangedDate"}
    here, there = (sorted(map(repr, walk_feed(client, **params)[0])) for client in (server, azure))
    assert here == there
    assert running.state()[SERVER]["work_items"] == running.state()["azure_devops"]["work_items"]


def test_the_two_tokens_open_one_door_each(server: httpx.Client, running: Running) -> None:
    assert running.azure_devops_server_auth != running.azure_devops_auth
    assert server.get("_apis/projects", auth=running.azure_devops_auth).status_code == 401


@pytest.mark.parametrize("ceiling", ["5.0", "6.0", "7.0", "7.1"])
def test_versions_above_the_ceiling_are_refused_in_query_and_header(
    fresh: Running, open_server: Callable[[Running], httpx.Client], ceiling: str
) -> None:
    fresh.tell(tracker=SERVER, newest_api_version=ceiling)
    client = open_server(fresh)
    message = f"The requested REST API version of 7.2 is out of range for this server. \
The latest REST API version this server supports is {ceiling}."
    by_query = client.get("_apis/projects", params={"api-version": "7.2"})
    by_header = client.get("_apis/projects", headers={"Accept": "application/json;api-version=7.2"})
    for answer in (by_query, by_header):
        body = answer.json()
        assert (answer.status_code, body["typeKey"]) == (400, "VssVersionOutOfRangeException")
        assert body["message"] == message
    assert client.get("_apis/projects", params={"api-version": ceiling}).status_code == 200


def test_a_ceiling_may_concern_one_flavour_only(fresh: Running, open_server: Callable[[Running], httpx.Client]) -> None:
    fresh.tell(tracker=SERVER, newest_api_version="6.0")
    asked = {"api-version": "7.1"}
    assert open_server(fresh).get("_apis/projects", params=asked).status_code == 400
    services = httpx.get(f"{fresh.azure_devops_url}/_apis/projects", params=asked, auth=fresh.azure_devops_auth)
    assert services.status_code == 200


def test_the_location_table_names_the_ceiling_and_there_are_no_areas(server: httpx.Client) -> None:
    rows = server.options("_apis").json()["value"]
    assert {(row["maxVersion"], row["releasedVersion"]) for row in rows} == {("7.0", "7.0")}
    assert server.get("_apis/ResourceAreas").json() == {"count": 0, "value": []}
    assert server.get("_apis/connectionData").json()["deploymentType"] == "onPremises"


def test_capacities_have_the_old_shape_below_seven(
    fresh: Running, open_server: Callable[[Running], httpx.Client]
) -> None:
    client = open_server(fresh)
    number = client.get(f"{TEAM}/iterations").json()["value"][0]["id"]
    path = f"{TEAM}/iterations/{number}/capacities"
    rows = client.get(path).json()["teamMembers"]
    fresh.tell(newest_api_version="6.0")
    assert client.get(path).json() == {"count": 6, "value": rows}
    fresh.tell(capacity_shape="members")
    assert client.get(path).json()["teamMembers"] == rows
    fresh.tell(newest_api_version="7.1", capacity_shape="list")
    assert client.get(path).json() == {"count": 6, "value": rows}


def test_server_2019_knows_no_parent_field_and_writes_people_as_texts(
    fresh: Running, open_server: Callable[[Running], httpx.Client], walk_feed: Feed
) -> None:
    client, product = open_server(fresh), fresh.company.products[1]
    child = next(issue for issue in product.alive() if issue.state.get("parent") and issue.state.get("assignee"))
    item = client.get(f"_apis/wit/workitems/{child.id}").json()["fields"]
    assert (item["System.Parent"], type(item["System.AssignedTo"])) == (child.state["parent"], dict)
    fresh.tell(newest_api_version="5.0")
    fields = {row["referenceName"] for row in client.get("_apis/wit/fields").json()["value"]}
    old = client.get(f"_apis/wit/workitems/{child.id}", params={"$expand": "relations"}).json()
    rows, _ = walk_feed(client, **{"api-version": "5.0"})
    assert "System.Parent" not in fields | set(old["fields"]) | {name for row in rows for name in row["fields"]}
    parent = next(r for r in old["relations"] if r["rel"] == "System.LinkTypes.Hierarchy-Reverse")
    assert parent["url"].endswith(f"/{child.state['parent']}")
    person = fresh.company.people[child.state["assignee"]]
    assert old["fields"]["System.AssignedTo"] == f"{person.name} <{person.email}>"
    rich, _ = walk_feed(client, **{"api-version": "5.0", "includeIdentityRef": "true"})
    assert all(isinstance(row["fields"]["System.CreatedBy"], dict) for row in rich)
    update = client.get(f"_apis/wit/workitems/{child.id}/updates").json()["value"][0]
    assert isinstance(update["fields"]["System.CreatedBy"]["newValue"], str)
    assert isinstance(update["revisedBy"], dict)


@pytest.mark.parametrize(("way", "status"), [("203", 203), ("302", 302), ("401", 401)])
def test_a_dead_token_is_answered_in_the_way_that_is_set(
    fresh: Running, open_server: Callable[[Running], httpx.Client], way: str, status: int
) -> None:
    fresh.tell(tracker=SERVER, sign_in=way)
    client = open_server(fresh)
    answer = client.get("_apis/projects", auth=("", "dead"))
    assert answer.status_code == status
    assert ("location" in answer.headers) == (way == "302")
    assert client.post("_apis/wit/wiql", auth=("", "dead")).status_code == 401
    suppressed = client.get("_apis/projects", auth=("", "dead"), headers={"X-TFS-FedAuthRedirect": "Suppress"})
    assert suppressed.json()["typeKey"] == "UnauthorizedRequestException"


def test_the_recycle_bin_is_there(server: httpx.Client, running: Running) -> None:
    deleted = {issue.id for issue in running.company.products[1].issues.values() if issue.deleted_at is not None}
    assert {row["id"] for row in server.get("_apis/wit/recyclebin").json()["value"]} == deleted != set()


def test_the_sdk_steps_down_to_the_ceiling(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_DEVOPS_CACHE_DIR", str(tmp_path))
    url, login = running.azure_devops_server_url, BasicAuthentication(*running.azure_devops_server_auth)
    assert [project.name for project in CoreClient(url, login).get_projects()] == ["Shop", "Intake"]
    work, context = WorkClient(url, login), TeamContext(project="Shop", team="Shop Basket")
    iterations = work.get_team_iterations(context)
    assert len(work.get_capacities_with_identity_ref_and_totals(context, iterations[0].id).team_members) == 6
    assert len(WorkItemTrackingClient(url, login).get_work_item_types("Shop")) > 5
