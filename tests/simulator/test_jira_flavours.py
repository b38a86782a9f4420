"""The two Jiras tell the same facts of one company, each in its own dialect."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulator.server import Running

Connect = Callable[[Running], tuple[httpx.Client, httpx.Client]]
Walk = Callable[..., list[dict[str, Any]]]
BULK = "/rest/api/3/changelog/bulkfetch"
CLOUD = {"sprint": "customfield_10020", "points": ("customfield_10016", "customfield_10026"), "rank": "10019"}
CENTER = {"sprint": "customfield_10005", "points": ("customfield_10002",), "epic": "customfield_10006"}
SAME = ("summary", "created", "updated", "resolutiondate", "duedate", "labels", "timespent", "timeoriginalestimate")
NAMED = ("issuetype", "project", "status", "priority", "resolution")
LISTED = ("components", "fixVersions", "versions", "issuelinks", "subtasks")
SPLIT_BY_FLAVOUR = {"Team", "Story point estimate", "IssueParentAssociation"}


def of_cloud(row: dict[str, Any]) -> dict[str, Any]:
    fields = row["fields"]
    return shared(row) | {
        "sprints": [sprint["id"] for sprint in fields[CLOUD["sprint"]] or ()],
        "points": next((fields[name] for name in CLOUD["points"] if fields[name] is not None), None),
        "parent": (fields["parent"] or {}).get("key"),
    }


def of_center(row: dict[str, Any]) -> dict[str, Any]:
    fields = row["fields"]
    texts = fields[CENTER["sprint"]] or ()
    return shared(row) | {
        "sprints": [int(re.findall(r"\[id=(\d+),", text)[0]) for text in texts],
        "points": fields[CENTER["points"][0]],
        "parent": (fields["parent"] or {}).get("key") or fields[CENTER["epic"]],
    }


def shared(row: dict[str, Any]) -> dict[str, Any]:
    fields = row["fields"]
    found: dict[str, Any] = {"id": row["id"], "key": row["key"]} | {name: fields[name] for name in SAME}
    found |= {name: (fields[name] or {}).get("id") for name in NAMED}
    found |= {name: [one["id"] for one in fields[name]] for name in LISTED}
    found |= {name: (fields[name] or {}).get("displayName") for name in ("assignee", "reporter", "creator")}
    return found | {"worklogs": fields["worklog"]["total"], "comments": fields["comment"]["total"]}


@pytest.mark.parametrize("nights", [0, 2])
def test_both_flavours_tell_the_same_of_each_issue(
    fresh: Running,
    connect: Connect,
    open_data_center: Callable[[Running], httpx.Client],
    walk_jql: Walk,
    walk_search: Walk,
    nights: int,
) -> None:
    fresh.advance(nights)
    jql = "project in (PAY, WEB) ORDER BY id"
    cloud = [of_cloud(row) for row in walk_jql(connect(fresh)[0], jql, fields=["*all"], maxResults=100)]
    center = [of_center(row) for row in walk_search(open_data_center(fresh), jql, fields="*all", maxResults=100)]
    assert cloud == center
    assert len(cloud) > 50


def test_both_flavours_tell_the_same_histories(
    jira: httpx.Client, data_center: httpx.Client, walk_search: Walk
) -> None:
    rows = walk_search(data_center, "ORDER BY id", fields="summary", expand="changelog", maxResults=100)
    logs = jira.post(BULK, json={"issueIdsOrKeys": [row["id"] for row in rows], "maxResults": 10_000}).json()
    cloud = {
        (log["issueId"], entry["id"]): entry["items"]
        for log in logs["issueChangeLogs"]
        for entry in log["changeHistories"]
    }
    compared = 0
    for row in rows:
        for entry in row["changelog"]["histories"]:
            there = cloud.get((row["id"], entry["id"]), [])
            assert facts(entry["items"], SPLIT_BY_FLAVOUR) == facts(there, SPLIT_BY_FLAVOUR)
            compared += len(entry["items"])
    assert compared > 500


def facts(items: list[dict[str, Any]], besides: set[str]) -> list[Any]:
    """What the two name alike: people by their names, lists of versions and components by their ids."""
    renamed = {"fixVersions": "Fix Version", "versions": "Version", "components": "Component"}
    dropped = besides | {"Epic Link", "Parent", "Story Points"}
    return [
        (
            renamed.get(item["field"], item["field"]),
            item.get("fromString") or "",
            item.get("toString") or "",
            item["field"] == "assignee" or (item.get("from") or "", item.get("to") or ""),
        )
        for item in items
        if item["field"] not in dropped
    ]


def test_an_epic_in_a_history_is_an_id_and_a_key(
    running: Running, data_center: httpx.Client, walk_search: Walk
) -> None:
    product, seen = running.company.products[0], set()
    for row in walk_search(data_center, "", fields="summary", expand="changelog", maxResults=100):
        items = [item for entry in row["changelog"]["histories"] for item in entry["items"]]
        for item in items:
            if item["field"] in {"Epic Link", "Parent"}:
                for number, key in ((item["from"], item["fromString"]), (item["to"], item["toString"])):
                    assert (number is None) == (key is None)
                    assert key is None or product.keys[key] == int(number)
                seen.add((item["field"], item["fieldtype"]))
    assert ("Epic Link", "custom") in seen


def test_both_flavours_find_the_same_by_a_query(jira: httpx.Client, data_center: httpx.Client) -> None:
    for jql in (
        "status in (3, 10001) OR assignee is not EMPTY",
        "issuetype = Bug AND resolution is EMPTY AND created > -60d",
        "sprint in (40, 41) AND NOT labels = ux",
        'updated >= "2026/09/01 10:00" AND statusCategory != Done',
        "filter = 10101 AND parent is not EMPTY",
    ):
        count = jira.post("/rest/api/3/search/approximate-count", json={"jql": jql}).json()["count"]
        found = data_center.get("/rest/api/2/search", params={"jql": jql, "maxResults": 0}).json()
        assert found["total"] == count > 0, jql


def report(client: httpx.Client, sprint: int) -> dict[str, Any]:
    asked = {"rapidViewId": 1, "sprintId": sprint}
    answer = client.get("/rest/greenhopper/1.0/rapid/charts/sprintreport", params=asked)
    found: dict[str, Any] = answer.json()["contents"]
    return found


GROUPS = ("completedIssues", "issuesNotCompletedInCurrentSprint", "puntedIssues", "issuesCompletedInAnotherSprint")


def test_the_sprint_report_sorts_each_issue_of_the_sprint_into_one_group(
    running: Running, jira: httpx.Client, data_center: httpx.Client
) -> None:
    product, sizes = running.company.products[0], dict.fromkeys((*GROUPS, "added"), 0)
    for sprint in product.sprints.values():
        if sprint.is_deleted:
            continue
        contents = report(jira, sprint.id)
        groups = [{row["id"] for row in contents[name]} for name in GROUPS]
        assert sum(map(len, groups)) == len(set().union(*groups))
        inside = {i.id for i in product.alive() if sprint.id in (i.state.get("sprints") or ())}
        if sprint.state == "closed":
            assert groups[0] | groups[1] <= inside
            assert {row["id"] for row in contents["completedIssues"]} <= inside - groups[1]
        assert sprint.state != "future" or not any(groups)
        for name, group in zip(GROUPS, groups, strict=True):
            sizes[name] += len(group)
        sizes["added"] += len(contents["issueKeysAddedDuringSprint"])
        center = report(data_center, sprint.id)
        assert [[row["key"] for row in center[name]] for name in GROUPS] == [
            [row["key"] for row in contents[name]] for name in GROUPS
        ]
    assert all(sizes[name] for name in (*GROUPS[:3], "added"))


def test_the_sprint_report_adds_up_its_points(jira: httpx.Client) -> None:
    contents = report(jira, 40)
    done = [row["currentEstimateStatistic"]["statFieldValue"].get("value", 0) for row in contents["completedIssues"]]
    assert contents["completedIssuesEstimateSum"] == {"value": sum(done), "text": f"{sum(done):.1f}"}
    assert jira.get("/rest/greenhopper/1.0/rapid/charts/sprintreport?rapidViewId=1&sprintId=1").status_code == 404


def test_trap_41_a_new_name_is_nowhere_in_old_histories(
    fresh: Running, connect: Connect, open_data_center: Callable[[Running], httpx.Client]
) -> None:
    clients = {"/rest/api/3": connect(fresh)[0], "/rest/api/2": open_data_center(fresh)}
    product = fresh.company.products[0]
    moved = [i for i in product.alive() if any(c.field == "status" and c.new == 3 for e in i.events for c in e.changes)]
    issue = next(i for i in moved if i.state["project"] == 10001 and i.state.get("sprints"))
    sprint = product.sprints[issue.state["sprints"][-1]]
    old = sprint.name
    fresh.act(do="rename", tracker="jira", what="status", name=3, to="Busy")
    fresh.act(do="rename", tracker="jira", what="sprint", name=sprint.id, to="Renamed")
    for base, client in clients.items():
        log = client.get(f"{base}/issue/{issue.id}?expand=changelog").json()["changelog"]["histories"]
        items = [item for entry in log for item in entry["items"]]
        assert "In Progress" in {item["toString"] for item in items if item["field"] == "status"}
        assert any(old in item["toString"] for item in items if item["field"] == "Sprint")
        assert {row["id"]: row["name"] for row in client.get(f"{base}/status").json()}["3"] == "Busy"
        assert client.get(f"/rest/agile/1.0/sprint/{sprint.id}").json()["name"] == "Renamed"
