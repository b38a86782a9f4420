"""The Jira Data Center: its search and pages, its sprint texts, its lists, and what it lacks."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from simulator.server import Running

Open = Callable[[Running], httpx.Client]
Walk = Callable[..., list[dict[str, Any]]]
SEARCH, AGILE = "/rest/api/2/search", "/rest/agile/1.0"
SPRINT, EPIC_LINK, EPIC_NAME = "customfield_10005", "customfield_10006", "customfield_10007"


def ask(client: httpx.Client, **asked: Any) -> httpx.Response:
    return client.get(SEARCH, params=asked)


def message(answer: httpx.Response) -> str:
    return str(answer.json()["errorMessages"][0])


def test_pages_by_start_find_each_issue_once(data_center: httpx.Client, running: Running, walk_search: Walk) -> None:
    found = walk_search(data_center, "project in (PAY, WEB) ORDER BY id ASC", fields="summary", maxResults=13)
    assert [int(issue["id"]) for issue in found] == sorted(i.id for i in running.company.products[0].alive())


def test_trap_52_the_answer_echoes_the_page_size_that_the_server_went_by(
    fresh: Running, open_data_center: Open
) -> None:
    client = open_data_center(fresh)
    assert ask(client, jql="project in (PAY, WEB)").json()["maxResults"] == 50
    assert ask(client, jql="project in (PAY, WEB)", maxResults=5000).json()["maxResults"] == 1000
    fresh.tell(tracker="jira_data_center", page_cap=7)
    page = ask(client, jql="project in (PAY, WEB)", maxResults=1000).json()
    assert (page["maxResults"], len(page["issues"])) == (7, 7)
    assert page["total"] > 7


def test_trap_53_a_page_beyond_the_search_window_is_refused_in_xml(fresh: Running, open_data_center: Open) -> None:
    client = open_data_center(fresh)
    assert ask(client, jql="project = PAY", startAt=9_951).status_code == 500
    fresh.tell(search_window=50)
    assert ask(client, jql="project = PAY", startAt=30, maxResults=20).status_code == 200
    answer = ask(client, jql="project = PAY", startAt=31, maxResults=20)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/xml")
    assert "<status-code>500</status-code><message>Search limit exceeded." in answer.text


def test_trap_54_lists_show_neither_worklogs_nor_comments_unless_they_are_named(data_center: httpx.Client) -> None:
    shown = ask(data_center, jql="project = PAY", maxResults=1).json()["issues"][0]["fields"]
    named = ask(data_center, jql="project = PAY", maxResults=1, fields="worklog,comment").json()["issues"][0]["fields"]
    assert set(named) == {"worklog", "comment"}
    assert not set(named) & set(shown)
    assert {"summary", "status", SPRINT} <= set(shown)


def test_the_search_takes_a_body_too(data_center: httpx.Client) -> None:
    body = {"jql": "project = WEB ORDER BY key", "startAt": 2, "maxResults": 3, "fields": ["summary"]}
    posted = data_center.post(SEARCH, json=body).json()
    asked = {**body, "fields": "summary"}
    assert posted == ask(data_center, **asked).json()
    assert posted["startAt"] == 2
    assert data_center.post(SEARCH, json=body | {"nextPageToken": "x"}).status_code == 400


def test_an_expanded_changelog_is_complete_and_names_no_field_ids(data_center: httpx.Client, running: Running) -> None:
    issue = max(running.company.products[0].alive(), key=lambda i: len(i.events))
    asked = {"jql": f"id = {issue.id}", "expand": "changelog", "fields": "summary"}
    log = ask(data_center, **asked).json()["issues"][0]["changelog"]
    assert log["startAt"] == 0
    assert len(log["histories"]) == log["total"] == log["maxResults"] >= 340
    ids = [int(entry["id"]) for entry in log["histories"]]
    assert ids == sorted(ids)
    assert {name for entry in log["histories"] for item in entry["items"] for name in item} == {
        "field", "fieldtype", "from", "fromString", "to", "toString",
    }  # fmt: skip
    assert {"name", "key", "displayName"} <= set(log["histories"][0]["author"])
    assert log == data_center.get(f"/rest/api/2/issue/{issue.id}", params={"expand": "changelog"}).json()["changelog"]


def test_unknown_ids_are_an_error_unless_the_query_is_not_validated(data_center: httpx.Client) -> None:
    jql = "id in (10101, 999999)"
    assert message(ask(data_center, jql=jql)) == "A value with ID '999999' does not exist for the field 'id'."
    for word in ("warn", "none", "false"):
        page = ask(data_center, jql=jql, validateQuery=word).json()
        assert [issue["id"] for issue in page["issues"]] == ["10101"]
    assert ask(data_center, jql=jql, validateQuery="warn").json()["warningMessages"] == [
        message(ask(data_center, jql=jql))
    ]
    assert data_center.post(SEARCH, json={"jql": jql, "validateQuery": False}).status_code == 200


def test_windows_of_ids_and_of_keys(data_center: httpx.Client, running: Running, walk_search: Walk) -> None:
    product = running.company.products[0]
    numbers = sorted(issue.id for issue in product.alive())
    above = walk_search(data_center, f"id > {numbers[9]} ORDER BY id ASC", fields="summary", maxResults=100)
    assert [int(issue["id"]) for issue in above] == numbers[10:]
    keys = {issue["key"] for issue in walk_search(data_center, "key > PAY-20", fields="summary", maxResults=100)}
    pay = {product.key(i): i.state["number"] for i in product.alive() if product.key(i).startswith("PAY-")}
    assert keys == {key for key, number in pay.items() if number > 20}


def test_a_query_needs_no_restriction(data_center: httpx.Client, running: Running) -> None:
    count = sum(1 for _ in running.company.products[0].alive())
    assert ask(data_center, jql="", maxResults=0).json()["total"] == count
    assert ask(data_center, jql="ORDER BY updated DESC", maxResults=0).json() == {
        "expand": "schema,names", "startAt": 0, "maxResults": 0, "total": count, "issues": [],
    }  # fmt: skip


ORDERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "id": lambda row: int(row["id"]),
    "key": lambda row: int(row["key"].partition("-")[2]),
    "created": lambda row: datetime.fromisoformat(row["fields"]["created"]),
    "updated": lambda row: datetime.fromisoformat(row["fields"]["updated"]),
}


@pytest.mark.parametrize("order", list(ORDERS))
def test_orders(data_center: httpx.Client, walk_search: Walk, order: str) -> None:
    asked = {"fields": "created,updated", "maxResults": 100}
    rows = walk_search(data_center, f"project = PAY ORDER BY {order} DESC", **asked)
    assert rows == sorted(rows, key=ORDERS[order], reverse=True)
    assert {row["id"] for row in rows} == {row["id"] for row in walk_search(data_center, "project = PAY", **asked)}


def test_unquoted_milliseconds_are_absolute(data_center: httpx.Client, running: Running) -> None:
    issue = max(running.company.products[0].alive(), key=lambda i: i.updated_at)
    page = ask(data_center, jql=f"updated >= {issue.updated_at}").json()
    assert [row["id"] for row in page["issues"]] == [str(issue.id)]
    assert ask(data_center, jql=f"updated > {issue.updated_at}").json()["total"] == 0


def sprint_texts(client: httpx.Client) -> list[str]:
    page = ask(client, jql="sprint is not EMPTY", maxResults=1000, fields=SPRINT).json()
    return [text for issue in page["issues"] for text in issue["fields"][SPRINT]]


@pytest.mark.parametrize(
    ("version", "first", "last"),
    [("8.14.0", "rapidViewId", "id"), ("9.12.5", "id", "goal"), ("10.3.24", "id", "incompleteIssuesDestinationId")],
)
def test_trap_51_sprints_are_texts_whose_order_depends_on_the_version(
    fresh: Running, open_data_center: Open, version: str, first: str, last: str
) -> None:
    client = open_data_center(fresh)
    fresh.tell(version=version, tracker="jira_data_center")
    assert client.get("/rest/api/2/serverInfo").json()["version"] == version
    texts = sprint_texts(client)
    assert texts
    for text in texts:
        assert re.fullmatch(r"com\.atlassian\.greenhopper\.service\.sprint\.Sprint@[0-9a-f]+\[.*\]", text, re.DOTALL)
        inner = text[text.index("[") + 1 : -1]
        assert inner.startswith(f"{first}=")
        assert inner.rpartition(f",{last}=")[2].strip("<>nul").isdigit() or last != "id"
        assert f",{last}=" in inner
    assert any("completeDate=<null>" in text for text in texts)
    assert any("goal=1. Ship\n2. Learn" in text for text in texts)


def test_sprints_can_be_made_hostile(fresh: Running, open_data_center: Open) -> None:
    client = open_data_center(fresh)
    fresh.tell(hostile_sprints=True)
    texts = sprint_texts(client)
    assert all(", state=OPEN] = [x,startDate=" in text for text in texts)
    assert all("goal=1. ship [a=b],\n2. learn, id=7]\n" in text for text in texts)
    sprint = client.get(f"{AGILE}/sprint/36").json()
    assert (sprint["name"], sprint["goal"][:6]) == ("PAY Sprint 1, state=OPEN] = [x", "1. shi")


def test_the_epic_is_a_key_and_a_parent_belongs_to_sub_tasks(
    data_center: httpx.Client, running: Running, walk_search: Walk
) -> None:
    product, seen = running.company.products[0], set()
    for row in walk_search(data_center, "", fields=f"parent,issuetype,summary,{EPIC_LINK},{EPIC_NAME}", maxResults=500):
        issue, fields = product.issues[int(row["id"])], row["fields"]
        parent = product.issues.get(issue.state.get("parent") or 0)
        level, key = product.type_of(issue).level, None if parent is None else product.key(parent)
        assert fields[EPIC_LINK] == (key if level == 0 else None)
        assert (fields["parent"] or {}).get("key") == (key if level < 0 else None)
        assert fields[EPIC_NAME] == (issue.state["summary"] if level == 1 else None)
        seen.add((level, key is None))
    assert {(1, True), (0, False), (-1, False)} <= seen


def test_people_have_a_key_that_stays_and_a_name(data_center: httpx.Client) -> None:
    me = data_center.get("/rest/api/2/myself").json()
    assert (me["name"], me["key"], me["timeZone"]) == ("bot", "JIRAUSER10101", "America/Los_Angeles")
    found = data_center.get("/rest/api/2/user/search?username=.&includeInactive=true&maxResults=1000").json()
    assert "accountId" not in found[0]
    assert any(person["key"] == person["name"] for person in found)
    by_key = data_center.get("/rest/api/2/user", params={"key": found[3]["key"]}).json()
    by_name = data_center.get("/rest/api/2/user", params={"username": found[3]["name"]}).json()
    assert by_key == by_name == found[3]
    assert data_center.get("/rest/api/2/user?key=nobody").status_code == 404
    assert len(data_center.get("/rest/api/2/user/search?username=.&startAt=2&maxResults=3").json()) == 3


def test_boards_have_no_place_and_lists_no_total(data_center: httpx.Client) -> None:
    boards = data_center.get(f"{AGILE}/board").json()
    assert set(boards) == {"maxResults", "startAt", "isLast", "values"}
    assert all(set(board) == {"id", "self", "name", "type"} for board in boards["values"])
    assert {board["type"] for board in boards["values"]} == {"scrum", "kanban"}
    sprints = data_center.get(f"{AGILE}/board/1/sprint").json()
    assert "total" not in sprints
    closed, future = sprints["values"][0], sprints["values"][-1]
    assert (closed["synced"], closed["autoStartStop"]) == (False, False)
    assert re.fullmatch(r"\S+\+0[12]:00", closed["activatedDate"])
    assert "activatedDate" not in future
    assert data_center.get(f"{AGILE}/board/3/sprint").status_code == 400


def test_fields_types_and_projects_tell_less_than_on_a_cloud(data_center: httpx.Client) -> None:
    fields = data_center.get("/rest/api/2/field").json()
    assert not any("untranslatedName" in field for field in fields)
    sprint = next(field for field in fields if field["id"] == SPRINT)
    assert sprint["schema"]["custom"] == "com.pyxis.greenhopper.jira:gh-sprint"
    types = data_center.get("/rest/api/2/issuetype").json()
    assert {kind["subtask"] for kind in types} == {True, False}
    assert not any({"hierarchyLevel", "scope"} & set(kind) for kind in types)
    projects = data_center.get("/rest/api/2/project").json()
    assert [project["key"] for project in projects] == ["PAY", "WEB"]
    assert data_center.get("/rest/api/2/project/PAY").json()["versions"] == (
        data_center.get("/rest/api/2/project/10001/versions").json()
    )


def test_the_worklog_feed_says_that_it_ends_by_two_names(data_center: httpx.Client) -> None:
    feed = data_center.get("/rest/api/2/worklog/updated?since=0").json()
    assert (feed["isLastPage"], feed["lastPage"]) == (True, True)
    ids = [row["worklogId"] for row in feed["values"]]
    listed = data_center.post("/rest/api/2/worklog/list", json={"ids": ids}).json()
    assert sorted(int(row["id"]) for row in listed) == sorted(ids)
    assert all(isinstance(row["comment"], str) for row in listed)
    assert data_center.get("/rest/api/2/worklog/deleted?since=0").json()["isLastPage"] is True


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/rest/api/2/search/jql?jql=project=PAY"),
        ("POST", "/rest/api/2/search/approximate-count"),
        ("POST", "/rest/api/2/issue/bulkfetch"),
        ("POST", "/rest/api/2/changelog/bulkfetch"),
        ("GET", "/rest/api/2/project/search"),
        ("GET", "/rest/api/2/users/search"),
        ("GET", "/rest/api/2/issue/10101/changelog"),
        ("GET", "/rest/api/3/myself"),
        ("GET", "/rest/software/1.0/sprint/36/issue"),
        ("GET", "/_edge/tenant_info"),
    ],
)
def test_what_only_a_cloud_has_is_not_found(data_center: httpx.Client, method: str, path: str) -> None:
    assert data_center.request(method, path).status_code == 404
