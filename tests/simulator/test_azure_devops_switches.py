"""What can be switched on at Azure DevOps: hidden things, empty projects, other shapes, other processes, Entra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulator.server import Running

Connect = Callable[[Running], tuple[httpx.Client, httpx.Client]]
Feed = Callable[..., tuple[list[dict[str, Any]], str]]
V = {"api-version": "7.1"}
ALL = {"query": "SELECT [System.Id] FROM WorkItems ORDER BY [System.Id]"}


def wiql(client: httpx.Client, query: str = ALL["query"], **params: str) -> list[int]:
    answer = client.post("_apis/wit/wiql", params={**V, **params}, json={"query": query})
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["workItems"]]


def links(client: httpx.Client) -> list[dict[str, Any]]:
    url, rows = "_apis/wit/reporting/workitemlinks?api-version=7.1", []
    while True:
        page = client.get(url).json()
        rows += page["values"]
        if page["isLastBatch"]:
            return rows
        url = page["nextLink"]


def test_items_of_a_hidden_area_are_nowhere(fresh: Running, connect: Connect, walk_feed: Feed) -> None:
    azure, product = connect(fresh)[1], fresh.company.products[1]
    hidden = {i.id for i in product.issues.values() if i.state["project"] == 1 and i.state.get("team") == 3}
    alive = {i.id for i in product.alive()}
    seen_before = set(wiql(azure))
    fresh.tell(tracker="azure_devops", hidden_areas=["Shop\\Basket"])
    assert (seen_before, set(wiql(azure))) == (alive, alive - hidden)
    assert {row["id"] for row in walk_feed(azure)[0]} == set(product.issues) - hidden
    assert not hidden & {row[end] for row in links(azure) for end in ("sourceId", "targetId")}
    number = min(hidden & alive)
    batch = azure.post("_apis/wit/workitemsbatch", params=V, json={"ids": [number], "errorPolicy": "omit"})
    assert batch.json()["value"] == [None]
    failing = azure.post("_apis/wit/workitemsbatch", params=V, json={"ids": [number]})
    assert (failing.status_code, failing.json()["message"][:8]) == (404, "TF401232")
    assert azure.get(f"_apis/wit/workitems/{number}/updates").status_code == 404
    assert not hidden & {row["id"] for row in azure.get("_apis/wit/recyclebin").json()["value"]}
    fresh.tell(hidden_areas=["Shop"])
    assert set(wiql(azure)) == {i.id for i in product.alive() if i.state["project"] == 2}


def test_one_flavour_may_hide_what_the_other_shows(
    fresh: Running, connect: Connect, open_server: Callable[[Running], httpx.Client]
) -> None:
    fresh.tell(tracker="azure_devops_server", hidden_areas=["Shop\\Basket"])
    server = open_server(fresh).post("_apis/wit/wiql", params={"api-version": "7.0"}, json=ALL).json()["workItems"]
    assert len(server) < len(wiql(connect(fresh)[1]))


def test_a_hidden_project_does_not_exist_for_the_token(fresh: Running, connect: Connect, walk_feed: Feed) -> None:
    azure = connect(fresh)[1]
    number = next(i.id for i in fresh.company.products[1].alive())
    fresh.tell(hidden_projects=["Shop"])
    assert [row["name"] for row in azure.get("_apis/projects").json()["value"]] == ["Intake"]
    assert azure.get("Shop/_apis/wit/workitemtypes").json()["typeKey"] == "ProjectDoesNotExistWithNameException"
    assert azure.get("_apis/projects/Shop/teams").status_code == 404
    assert [row["name"] for row in azure.get("_apis/teams").json()["value"]] == ["Intake Team"]
    assert azure.get(f"_apis/wit/workitems/{number}").status_code == 404
    assert {row["fields"]["System.TeamProject"] for row in walk_feed(azure)[0]} <= {"Intake"}


def test_trap_77_a_hundred_and_fifty_projects_more_come_by_header_tokens(fresh: Running, connect: Connect) -> None:
    azure = connect(fresh)[1]
    fresh.tell(empty_projects=150)
    names: list[str] = []
    token: str | None = ""
    pages = 0
    while token is not None:
        answer = azure.get("_apis/projects", params={**V, **({"continuationToken": token} if token else {})})
        names += [row["name"] for row in answer.json()["value"]]
        token, pages = answer.headers.get("x-ms-continuationtoken"), pages + 1
    assert (pages, len(names), len(set(names))) == (2, 152, 152)
    assert names[:3] == ["Shop", "Intake", "Empty 001"]
    assert azure.get("Empty 150/_apis/work/teamsettings/iterations").json() == {"count": 0, "value": []}
    assert azure.get("Empty 150/_apis/wit/workitemtypes/Bug/states").json()["count"] == 4
    skipped = azure.get("_apis/teams", params={"$skip": 100}).json()
    assert skipped["count"] == 53


def test_trap_88_the_recycle_bin_has_two_shapes(fresh: Running, connect: Connect) -> None:
    azure = connect(fresh)[1]
    number = next(i.id for i in fresh.company.products[1].alive() if i.state["project"] == 1)
    fresh.act("delete", "azure_devops", number)
    rows = azure.get("Shop/_apis/wit/recyclebin").json()
    fresh.tell(recycle_bin_shape="array")
    bare = azure.get("Shop/_apis/wit/recyclebin").json()
    assert isinstance(rows["value"][0]["id"], int)
    assert [int(row["id"]) for row in bare] == [row["id"] for row in rows["value"]]
    assert str(number) in {row["id"] for row in bare}
    item = azure.get(f"Shop/_apis/wit/recyclebin/{number}").json()
    assert {"Name", "Project", "DeletedDate", "DeletedBy"} <= set(item)
    assert azure.get(f"Intake/_apis/wit/recyclebin/{number}").status_code == 404


def test_trap_58_dates_are_days_of_the_caller_and_literals_without_z_are_too(fresh: Running, connect: Connect) -> None:
    azure, product = connect(fresh)[1], fresh.company.products[1]
    number = next(i.id for i in product.alive())
    fresh.clock(10 * 3600)  # 04:00 UTC on 1 October is 21:00 on 30 September in Los Angeles
    fresh.act("edit", "azure_devops", number, points=13)
    where = "SELECT [System.Id] FROM WorkItems WHERE [System.ChangedDate] {}"
    assert number in wiql(azure, where.format("= '2026-09-30'"))
    assert number not in wiql(azure, where.format("= '2026-10-01'"))
    precise = {"timePrecision": "true"}
    assert number in wiql(azure, where.format(">= '2026-09-30T20:59:00'"), **precise)
    assert number not in wiql(azure, where.format(">= '2026-09-30T21:01:00'"), **precise)
    assert number in wiql(azure, where.format(">= '2026-10-01T03:59:00Z'"), **precise)
    assert number not in wiql(azure, where.format(">= '2026-10-01T04:01:00Z'"), **precise)
    fresh.tell(zone="UTC")
    assert number in wiql(azure, where.format("= '2026-10-01'"))


@pytest.mark.parametrize(("process", "name"), [("Agile", "StoryPoints"), ("Scrum", "Effort"), ("CMMI", "Size")])
def test_trap_71_each_process_has_its_own_effort_field(
    fresh: Running, connect: Connect, walk_feed: Feed, process: str, name: str
) -> None:
    azure = connect(fresh)[1]
    fresh.tell(process=process)
    reference = f"Microsoft.VSTS.Scheduling.{name}"
    backlogs = azure.get("Shop/_apis/work/backlogconfiguration").json()
    assert backlogs["backlogFields"]["typeFields"]["Effort"] == reference
    assert reference in {row["referenceName"] for row in azure.get("_apis/wit/fields").json()["value"]}
    used = {field for row in walk_feed(azure)[0] for field in row["fields"]}
    efforts = {f"Microsoft.VSTS.Scheduling.{each}" for each in ("StoryPoints", "Effort", "Size")}
    assert used & efforts == {reference}
    capabilities = azure.get("_apis/projects/Shop").json()["capabilities"]
    assert capabilities["processTemplate"]["templateName"] == process


def test_trap_81_people_are_objects_or_texts_outside_the_feed(fresh: Running, connect: Connect) -> None:
    azure = connect(fresh)[1]
    path = f"_apis/wit/workitems/{next(fresh.company.products[1].alive()).id}"
    person = azure.get(path).json()["fields"]["System.CreatedBy"]
    fresh.tell(identity_shape="texts")
    text = azure.get(path).json()["fields"]["System.CreatedBy"]
    assert text == f"{person['displayName']} <{person['uniqueName']}>"


def test_the_feed_gives_at_most_a_thousand_a_page(fresh: Running, connect: Connect) -> None:
    azure = connect(fresh)[1]
    for number in (2, 4):
        issue = list(fresh.company.products[1].alive())[number]
        for points in range(400):
            fresh.act("edit", "azure_devops", issue.id, points=points)
    asked = {**V, "$maxPageSize": "5000"}
    page = azure.get("_apis/wit/reporting/workitemrevisions", params=asked).json()
    assert (len(page["values"]), page["isLastBatch"]) == (1000, False)


def test_comments_come_in_pages(fresh: Running, connect: Connect) -> None:
    azure, issue = connect(fresh)[1], next(fresh.company.products[1].alive())
    before = len(issue.comments)
    for number in range(3):
        fresh.act("comment", "azure_devops", issue.id, text=f"remark {number}")
    path, asked = f"Shop/_apis/wit/workitems/{issue.id}/comments", {"api-version": "7.1-preview.4", "$top": "2"}
    seen, token = [], ""
    while token is not None:
        page = azure.get(path, params={**asked, **({"continuationToken": token} if token else {})}).json()
        assert page["totalCount"] == before + 3
        seen += [row["text"] for row in page["comments"]]
        token = page.get("continuationToken")
    assert seen[before:] == ["remark 0", "remark 1", "remark 2"]


def test_a_comment_is_a_revision_and_server_2019_counts_it_by_that(
    fresh: Running, connect: Connect, open_server: Callable[[Running], httpx.Client], walk_feed: Feed
) -> None:
    azure, issue = connect(fresh)[1], next(fresh.company.products[1].alive())
    _, token = walk_feed(azure)
    fresh.act("comment", "azure_devops", issue.id, text="Why?")
    newest = max(walk_feed(azure, continuationToken=token)[0], key=lambda row: int(row["rev"]))
    assert newest["fields"]["System.CommentCount"] == len(issue.comments)
    fresh.tell(tracker="azure_devops_server", newest_api_version="5.0")
    asked = {"api-version": "5.0-preview.2", "fromRevision": str(newest["rev"])}
    told = open_server(fresh).get(f"Shop/_apis/wit/workitems/{issue.id}/comments", params=asked).json()
    assert (told["totalCount"], told["fromRevisionCount"], told["count"]) == (len(issue.comments), 1, 1)
    assert (told["comments"][0]["revision"], told["comments"][0]["text"]) == (newest["rev"], "Why?")


@pytest.mark.parametrize(
    "switch",
    [
        {"sign_in": "418"}, {"process": "Waterfall"}, {"recycle_bin_shape": "bag"}, {"zone": "Mars"},
        {"newest_api_version": "new"}, {"empty_projects": "many"}, {"tracker": "jira_cloud", "process": "Scrum"},
    ],
)  # fmt: skip
def test_a_switch_takes_only_what_it_knows(running: Running, switch: dict[str, Any]) -> None:
    refused = httpx.post(f"{running.jira_url}/_simulator/settings", json=switch)
    assert refused.status_code == 400
    assert refused.json()["error"].endswith("cannot be set so")


def token_of(running: Running, **form: str) -> httpx.Response:
    told = running.connect["azure_devops"]["entra"]
    asked = {
        "grant_type": "client_credentials",
        "client_id": told["client_id"],
        "client_secret": told["client_secret"],
        "scope": "499b84ac-1321-427f-aa17-267ca6975798/.default",
    }
    tenant = form.pop("tenant", told["tenant_id"])
    return httpx.post(f"{told['authority']}/{tenant}/oauth2/v2.0/token", data=asked | form)


def projects(running: Running, token: str, **headers: str) -> httpx.Response:
    headers["Authorization"] = f"Bearer {token}"
    return httpx.get(f"{running.azure_devops_url}/_apis/projects", headers=headers)


def test_an_access_token_opens_the_door_until_it_ends(fresh: Running) -> None:
    fresh.tell(token_seconds=600)
    told = token_of(fresh).json()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 600)
    token = told["access_token"]
    assert projects(fresh, token).json()["count"] == 2
    assert projects(fresh, token + "x").status_code == 203
    fresh.clock(599)
    assert projects(fresh, token).status_code == 200
    fresh.clock(1)
    assert projects(fresh, token).status_code == 203
    suppressed = projects(fresh, token, **{"X-TFS-FedAuthRedirect": "Suppress"})
    assert (suppressed.status_code, suppressed.json()["message"][:8]) == (401, "TF400813")
    again = token_of(fresh).json()["access_token"]
    assert again != token
    assert projects(fresh, again).status_code == 200


def test_a_server_has_no_use_for_access_tokens(fresh: Running) -> None:
    token = token_of(fresh).json()["access_token"]
    url, headers = f"{fresh.azure_devops_server_url}/_apis/projects", {"Authorization": f"Bearer {token}"}
    assert httpx.get(url, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, "AADSTS7000215"),
        ({"client_id": "wrong"}, 400, "AADSTS700016"),
        ({"tenant": "wrong"}, 400, "AADSTS90002"),
        ({"scope": "https://graph.microsoft.com/.default"}, 400, "AADSTS1002012"),
        ({"grant_type": "password"}, 400, "AADSTS70003"),
    ],
)
def test_a_wrong_principal_gets_no_token(running: Running, form: dict[str, str], status: int, code: str) -> None:
    refused = token_of(running, **form)
    assert (refused.status_code, refused.json()["error_description"].split(":")[0]) == (status, code)
    assert "access_token" not in refused.json()


def test_the_login_service_describes_itself(running: Running) -> None:
    told = running.connect["azure_devops"]["entra"]
    base = f"{told['authority']}/{told['tenant_id']}"
    found = httpx.get(f"{base}/v2.0/.well-known/openid-configuration").json()
    assert found["token_endpoint"] == f"{base}/oauth2/v2.0/token"
    assert httpx.get(f"{told['authority']}/nobody/v2.0/.well-known/openid-configuration").status_code == 400


def test_a_parent_alone_makes_no_revision_unless_it_is_told_to(
    fresh: Running, connect: Connect, walk_feed: Feed
) -> None:
    azure, product = connect(fresh)[1], fresh.company.products[1]
    child, parent = (i for i in list(product.alive())[-2:])
    fresh.act("edit", "azure_devops", child.id, parent=None)
    rows, token = walk_feed(azure)
    count = sum(row["id"] == child.id for row in rows)
    fresh.clock(60)
    fresh.act("edit", "azure_devops", child.id, parent=parent.id)
    assert walk_feed(azure, continuationToken=token)[0] == []
    item = azure.get(f"_apis/wit/workitems/{child.id}?api-version=7.1").json()
    assert (item["rev"], item["fields"]["System.Parent"]) == (count, parent.id)
    update = azure.get(f"_apis/wit/workitems/{child.id}/updates?api-version=7.1").json()["value"][-1]
    assert (update["rev"], "fields" in update, len(update["relations"]["added"])) == (count, False, 1)
    assert links(azure)[-1] | {"changedDate": ""} == {
        "rel": "System.LinkTypes.Hierarchy", "sourceId": parent.id, "targetId": child.id, "changedDate": "",
        "isActive": True,
    }  # fmt: skip
    fresh.act("edit", "azure_devops", child.id, summary="Another one")
    assert walk_feed(azure, continuationToken=token)[0][-1]["fields"]["System.Parent"] == parent.id
    fresh.tell(parent_makes_revision=True)
    revisions = [row for row in walk_feed(azure)[0] if row["id"] == child.id]
    assert len(revisions) > count + 1
    assert any(row["fields"].get("System.Parent") == parent.id for row in revisions[:-1])


def test_a_batch_of_a_feed_has_at_most_what_the_server_allows(fresh: Running, connect: Connect) -> None:
    azure = connect(fresh)[1]
    fresh.tell(feed_cap=30)
    page = azure.get("_apis/wit/reporting/workitemrevisions?api-version=7.1&$maxPageSize=1000").json()
    assert (len(page["values"]), page["isLastBatch"]) == (30, False)
