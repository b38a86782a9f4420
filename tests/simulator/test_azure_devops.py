"""The Azure DevOps organisation: feeds with their tokens, items, updates, queries and team settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from simulator.server import Running

Feed = Callable[..., tuple[list[dict[str, Any]], str]]
Connect = Callable[[Running], tuple[httpx.Client, httpx.Client]]
FEED = "_apis/wit/reporting/workitemrevisions"


def test_the_feed_gives_each_revision_once_in_order(azure: httpx.Client, running: Running, walk_feed: Feed) -> None:
    rows, _ = walk_feed(azure, **{"$maxPageSize": 37})
    pairs = [(row["id"], row["rev"]) for row in rows]
    assert len(pairs) == len(set(pairs)) == running.state()["azure_devops"]["revisions_with_deleted"]
    by_item: dict[int, list[int]] = {}
    for number, rev in pairs:
        by_item.setdefault(number, []).append(rev)
    assert all(revs == list(range(1, len(revs) + 1)) for revs in by_item.values())


def test_the_next_link_is_there_even_after_the_last_batch(azure: httpx.Client, walk_feed: Feed) -> None:
    _, token = walk_feed(azure)
    last = azure.get(FEED, params={"continuationToken": token, "api-version": "7.1"}).json()
    assert (last["values"], last["isLastBatch"], last["continuationToken"]) == ([], True, token)
    again = azure.get(last["nextLink"]).json()
    assert again["continuationToken"] == token


def test_a_token_works_with_raw_and_with_encoded_semicolons(azure: httpx.Client) -> None:
    first = azure.get(FEED, params={"$maxPageSize": 5, "api-version": "7.1"}).json()
    token = first["continuationToken"]
    raw = azure.get(httpx.URL(f"{azure.base_url}{FEED}?continuationToken={token}&$maxPageSize=5&api-version=7.1"))
    encoded = azure.get(FEED, params={"continuationToken": token, "$maxPageSize": 5, "api-version": "7.1"})
    assert raw.json()["values"] == encoded.json()["values"] != first["values"]


def test_after_a_night_the_token_gives_new_revisions_and_the_superseded_ones_again(
    fresh: Running, connect: Connect, walk_feed: Feed
) -> None:
    client = connect(fresh)[1]
    before, token = walk_feed(client)
    known = {(row["id"], row["rev"]): row["fields"] for row in before}
    fresh.advance(1)
    after, _ = walk_feed(client, continuationToken=token)
    new = [row for row in after if (row["id"], row["rev"]) not in known]
    again = [row for row in after if (row["id"], row["rev"]) in known]
    assert new
    assert again
    for row in again:
        old = known[row["id"], row["rev"]]
        assert old["System.RevisedDate"] == "9999-01-01T00:00:00Z" != row["fields"]["System.RevisedDate"]
        assert {k: v for k, v in old.items() if k != "System.RevisedDate"} == {
            k: v for k, v in row["fields"].items() if k != "System.RevisedDate"
        }
    whole = {(row["id"], row["rev"]): row for row in walk_feed(client)[0]}
    assert whole == {(row["id"], row["rev"]): row for row in [*before, *after]}


def test_deleted_items_come_only_when_asked_for_with_a_last_revision(azure: httpx.Client, walk_feed: Feed) -> None:
    rows, _ = walk_feed(azure)
    live, _ = walk_feed(azure, includeDeleted="false")
    deleted = {row["id"] for row in rows if row["fields"].get("System.IsDeleted")}
    assert deleted == {row["id"] for row in rows} - {row["id"] for row in live} != set()


def test_people_are_texts_or_objects(azure: httpx.Client) -> None:
    plain = azure.get(FEED, params={"$maxPageSize": 1, "api-version": "7.1"}).json()["values"][0]["fields"]
    rich = azure.get(FEED, params={"$maxPageSize": 1, "includeIdentityRef": "true", "api-version": "7.1"}).json()
    person = rich["values"][0]["fields"]["System.CreatedBy"]
    assert plain["System.CreatedBy"] == f"{person['displayName']} <{person['uniqueName']}>"


def test_a_project_feed_misses_the_past_of_moved_items(azure: httpx.Client, walk_feed: Feed) -> None:
    rows, _ = walk_feed(azure)
    projects: dict[int, set[str]] = {}
    for row in rows:
        projects.setdefault(row["id"], set()).add(row["fields"]["System.TeamProject"])
    moved = {number for number, names in projects.items() if len(names) > 1}
    assert moved
    scoped, _ = walk_feed(azure, "Shop")
    assert {row["fields"]["System.TeamProject"] for row in scoped} == {"Shop"}
    assert len([r for r in scoped if r["id"] in moved]) < len([r for r in rows if r["id"] in moved])


def test_the_feed_can_be_asked_by_post_and_for_some_fields(azure: httpx.Client) -> None:
    body = {"fields": ["System.Id", "System.State"], "types": ["Bug"], "includeLatestOnly": True}
    page = azure.post(FEED, params={"api-version": "7.1"}, json=body).json()
    assert page["values"]
    assert all(set(row["fields"]) == {"System.Id", "System.State"} for row in page["values"])


def test_start_and_token_exclude_each_other(azure: httpx.Client) -> None:
    asked = {"continuationToken": "1;1;1", "startDateTime": "2026-09-01T00:00:00Z", "api-version": "7.1"}
    assert azure.get(FEED, params=asked).status_code == 400
    assert azure.get(FEED, params={"continuationToken": "what", "api-version": "7.1"}).status_code == 400


def test_a_start_leaves_out_what_was_written_before(azure: httpx.Client, walk_feed: Feed) -> None:
    start = "2026-09-20T00:00:00Z"
    rows, _ = walk_feed(azure, startDateTime=start)
    newest = [row for row in rows if row["fields"]["System.RevisedDate"].startswith("9999")]
    assert newest
    assert all(row["fields"]["System.ChangedDate"] >= start for row in newest)


def test_the_last_revision_is_the_item(azure: httpx.Client, walk_feed: Feed) -> None:
    rows, _ = walk_feed(azure, includeDeleted="false", includeIdentityRef="true", includeLatestOnly="true")
    latest = {row["id"]: row["fields"] for row in rows}
    ids = sorted(latest)[:150]
    items = azure.post("_apis/wit/workitemsbatch", params={"api-version": "7.1"}, json={"ids": ids}).json()
    assert items["count"] == 150
    for item in items["value"]:
        expected = {k: v for k, v in latest[item["id"]].items() if k != "System.RevisedDate"}
        assert item["fields"] == expected


def test_updates_lead_from_revision_to_revision_and_links_have_none_of_their_own(
    azure: httpx.Client, running: Running
) -> None:
    product = running.company.products[1]
    issue = next(i for i in product.alive() if i.links and len(i.events) > 4)
    base = f"_apis/wit/workItems/{issue.id}"
    updates = azure.get(f"{base}/updates").json()["value"]
    revisions = azure.get(f"{base}/revisions").json()["value"]
    state: dict[str, Any] = {}
    for update in updates:
        for name, change in update.get("fields", {}).items():
            assert state.get(name) == change.get("oldValue")
            state.pop(name, None)
            if "newValue" in change:
                state[name] = change["newValue"]
        assert state == revisions[update["rev"] - 1]["fields"]
    link_only = [update for update in updates if "fields" not in update]
    assert link_only
    assert all("relations" in update for update in link_only)
    assert [update["id"] for update in updates] == list(range(1, len(updates) + 1))


def test_the_links_feed_ends_in_the_present_links(azure: httpx.Client, running: Running) -> None:
    url, rows = "_apis/wit/reporting/workitemlinks?api-version=7.1", []
    while True:
        page = azure.get(url).json()
        assert "continuationToken" not in page
        rows += page["values"]
        if page["isLastBatch"]:
            break
        url = page["nextLink"]
    instants = [datetime.fromisoformat(row["changedDate"]) for row in rows]
    assert instants == sorted(instants)
    active: dict[tuple[str, int, int], bool] = {}
    for row in rows:
        active[row["rel"], row["sourceId"], row["targetId"]] = row["isActive"]
    parents = {(s, t) for (rel, s, t), on in active.items() if on and rel == "System.LinkTypes.Hierarchy"}
    issues = running.company.products[1].issues.values()
    assert parents == {(i.state["parent"], i.id) for i in issues if i.state.get("parent")}


def wiql(client: httpx.Client, query: str, **params: str) -> httpx.Response:
    return client.post("_apis/wit/wiql", params={"api-version": "7.1", **params}, json={"query": query})


def test_wiql_finds_ids(azure: httpx.Client, running: Running) -> None:
    product = running.company.products[1]
    found = wiql(
        azure, "SELECT [System.Id] FROM WorkItems WHERE [System.IsDeleted] = false ORDER BY [System.Id]"
    ).json()
    assert [row["id"] for row in found["workItems"]] == [issue.id for issue in product.alive()]
    bugs = wiql(
        azure,
        "SELECT [System.Id] FROM WorkItems WHERE [System.WorkItemType] = 'Bug' AND [System.TeamProject] = 'Shop' "
        "AND ([System.State] <> 'Closed' OR [System.AreaPath] UNDER 'Shop\\Basket')",
    ).json()
    assert {row["id"] for row in bugs["workItems"]} == {
        i.id
        for i in product.alive()
        if product.type_of(i).name == "Bug"
        and i.state["project"] == 1
        and (product.statuses[i.state["status"]].name != "Closed" or i.state.get("team") == 3)
    }


@pytest.mark.parametrize(
    "field", ["Microsoft.VSTS.Scheduling.StoryPoints", "Microsoft.VSTS.Common.Severity", "Custom.Environment"]
)
def test_wiql_can_ask_whether_a_field_is_filled(azure: httpx.Client, field: str) -> None:
    query = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = 'Shop'"
    ids = [row["id"] for row in wiql(azure, query).json()["workItems"]]
    filled = set()
    for first in range(0, len(ids), 200):
        body = {"ids": ids[first : first + 200], "fields": [field]}
        rows = azure.post("_apis/wit/workitemsbatch", params={"api-version": "7.1"}, json=body).json()["value"]
        filled |= {row["id"] for row in rows if field in row["fields"]}
    found = wiql(azure, f"{query} AND [{field}] <> ''").json()["workItems"]
    assert {row["id"] for row in found} == filled
    assert 0 < len(filled) < len(ids)


def test_wiql_dates_are_days_unless_precise(azure: httpx.Client) -> None:
    query = "SELECT [System.Id] FROM WorkItems WHERE [System.ChangedDate] >= '2026-09-30T12:00:00Z'"
    assert wiql(azure, query).status_code == 400
    precise = {row["id"] for row in wiql(azure, query, timePrecision="true").json()["workItems"]}
    days = {row["id"] for row in wiql(azure, query.replace("T12:00:00Z", "")).json()["workItems"]}
    assert precise < days


def test_too_many_results_are_an_error(fresh: Running, connect: Connect) -> None:
    fresh.tell(wiql_cap=20)
    client = connect(fresh)[1]
    answer = wiql(client, "SELECT [System.Id] FROM WorkItems")
    assert (answer.status_code, answer.json()["message"][:8]) == (400, "VS402337")
    assert len(wiql(client, "SELECT [System.Id] FROM WorkItems", **{"$top": "19"}).json()["workItems"]) == 19


def test_unknown_ids_are_null_or_an_error(azure: httpx.Client) -> None:
    body = {"ids": [201, 999999], "fields": ["System.Title"], "errorPolicy": "omit"}
    asked = {"params": {"api-version": "7.1"}}
    assert azure.post("_apis/wit/workitemsbatch", json=body, **asked).json()["value"][1] is None
    failing = azure.post("_apis/wit/workitemsbatch", json=body | {"errorPolicy": "fail"}, **asked)
    assert (failing.status_code, failing.json()["message"][:8]) == (404, "TF401232")
    too_many = azure.post("_apis/wit/workitemsbatch", json={"ids": list(range(201))}, **asked)
    assert (too_many.status_code, too_many.json()["message"][:8]) == (400, "VS403474")


def test_names_in_paths_are_read_in_any_case(azure: httpx.Client) -> None:
    assert azure.get("SHOP/_apis/WIT/workItemTypes/user%20story/STATES").json()["count"] == 6
    assert azure.get("Nope/_apis/wit/workitemtypes").json()["typeKey"] == "ProjectDoesNotExistWithNameException"


def test_iterations_belong_to_the_teams_that_picked_them(azure: httpx.Client) -> None:
    names = {}
    for team in ("Shop Basket", "Shop Search"):
        rows = azure.get(f"Shop/{team}/_apis/work/teamsettings/iterations").json()["value"]
        names[team] = [row["id"] for row in rows]
        frames = [row["attributes"]["timeFrame"] for row in rows]
        assert frames == ["past"] * 14 + ["current"] + ["future"] * 2
    assert names["Shop Basket"] == names["Shop Search"]
    assert azure.get("Intake/_apis/work/teamsettings/iterations").json()["count"] == 0


def test_the_roots_hide_their_children_without_depth(azure: httpx.Client) -> None:
    flat = azure.get("Shop/_apis/wit/classificationnodes").json()["value"][1]
    deep = azure.get("Shop/_apis/wit/classificationnodes", params={"$depth": 14}).json()["value"][1]
    assert (flat["hasChildren"], "children" in flat, len(deep["children"])) == (True, False, 17)
    assert deep["children"][0]["path"] == "\\Shop\\Iteration\\Sprint 1"


def test_the_project_list_hands_its_token_over_in_a_header(azure: httpx.Client) -> None:
    first = azure.get("_apis/projects", params={"$top": 1})
    token = first.headers["x-ms-continuationtoken"]
    second = azure.get("_apis/projects", params={"$top": 1, "continuationToken": token})
    assert [page.json()["value"][0]["name"] for page in (first, second)] == ["Shop", "Intake"]
    assert "x-ms-continuationtoken" not in second.headers


@pytest.mark.parametrize("version", ["8.0", "9.1-preview.1"])
def test_versions_out_of_range_are_refused_with_the_newest_one(azure: httpx.Client, version: str) -> None:
    answer = azure.get("_apis/projects", params={"api-version": version})
    assert (answer.status_code, answer.json()["typeKey"]) == (400, "VssVersionOutOfRangeException")
    assert "supports is 7.2" in answer.json()["message"]


def test_the_version_may_stand_in_the_accept_header_and_has_a_ceiling(fresh: Running, connect: Connect) -> None:
    client = connect(fresh)[1]
    asked = {"Accept": "application/json;api-version=7.1-preview.4"}
    assert client.get("_apis/projects", headers=asked).status_code == 200
    fresh.tell(newest_api_version="7.0")
    assert "supports is 7.0" in client.get("_apis/projects", headers=asked).json()["message"]
