"""What a caller of Jira may not see, on command: issues, projects, boards, and time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulator.company import Issue
from simulator.server import Running

Connect = Callable[[Running], tuple[httpx.Client, httpx.Client]]
AGILE = "/rest/agile/1.0"


@pytest.fixture(params=["jira_cloud", "jira_data_center"])
def api(
    request: pytest.FixtureRequest,
    fresh: Running,
    connect: Connect,
    open_data_center: Callable[[Running], httpx.Client],
) -> tuple[httpx.Client, str]:
    """A client of either flavour, and the path of its platform API."""
    is_cloud = request.param == "jira_cloud"
    return (connect(fresh)[0], "/rest/api/3") if is_cloud else (open_data_center(fresh), "/rest/api/2")


def found(api: tuple[httpx.Client, str], jql: str) -> httpx.Response:
    client, base = api
    path = "search/jql" if base.endswith("3") else "search"
    return client.post(f"{base}/{path}", json={"jql": jql, "fields": ["issuelinks", "parent"], "maxResults": 100})


def numbers(answer: httpx.Response) -> set[int]:
    return {int(issue["id"]) for issue in answer.json()["issues"]}


def linked(running: Running) -> tuple[Issue, Issue]:
    """Two issues of a link."""
    product = running.company.products[0]
    links = [link for link in product.links.values() if link.removed_at is None]
    ends = [(product.issues[link.source], product.issues[link.target]) for link in links]
    return next(pair for pair in ends if all(issue.deleted_at is None for issue in pair))


def test_a_hidden_issue_is_nowhere_and_its_project_has_a_level(api: tuple[httpx.Client, str], fresh: Running) -> None:
    client, base = api
    hidden, other = linked(fresh)
    key = fresh.company.products[0].key(hidden)
    project = key.partition("-")[0]
    assert client.get(f"{base}/project/{project}/securitylevel").json() == {"levels": []}
    before = numbers(found(api, "project in (PAY, WEB)"))
    fresh.tell(hidden_issues=[hidden.id])
    assert before - numbers(found(api, "project in (PAY, WEB)")) == {hidden.id}
    assert client.get(f"{base}/issue/{hidden.id}").status_code == 404
    assert client.get(f"{base}/issue/{hidden.id}/comment").status_code == 404
    links = client.get(f"{base}/issue/{other.id}").json()["fields"]["issuelinks"]
    assert key not in {(link.get("inwardIssue") or link["outwardIssue"])["key"] for link in links}
    levels = client.get(f"{base}/project/{project}/securitylevel").json()["levels"]
    assert [set(level) for level in levels] == [{"self", "id", "name", "description"}]


def test_trap_31_a_hidden_project_spoils_each_query_that_names_it(
    api: tuple[httpx.Client, str], fresh: Running
) -> None:
    client, base = api
    fresh.tell(hidden_projects=["WEB"])
    answer = found(api, "project in (PAY, WEB)")
    assert answer.status_code == 400
    assert answer.json()["errorMessages"] == ["The value 'WEB' does not exist for the field 'project'."]
    assert [row["key"] for row in client.get(f"{base}/project").json()] == ["PAY"]
    assert client.get(f"{base}/project/WEB").status_code == 404
    assert client.get(f"{base}/mypermissions?permissions=BROWSE_PROJECTS&projectKey=WEB").status_code == 404
    assert [board["id"] for board in client.get(f"{AGILE}/board").json()["values"]] == [1, 3, 4]
    assert numbers(found(api, "project = PAY"))


def test_permissions_are_told_for_a_project_and_can_be_withheld(api: tuple[httpx.Client, str], fresh: Running) -> None:
    client, base = api
    asked = {"permissions": "BROWSE_PROJECTS,ADMINISTER", "projectKey": "PAY"}

    def have() -> dict[str, bool]:
        rows = client.get(f"{base}/mypermissions", params=asked).json()["permissions"]
        return {name: rows[name]["havePermission"] for name in ("BROWSE_PROJECTS", "ADMINISTER")}

    assert have() == {"BROWSE_PROJECTS": True, "ADMINISTER": False}
    fresh.tell(withheld_permissions=["BROWSE_PROJECTS"])
    assert have() == {"BROWSE_PROJECTS": False, "ADMINISTER": False}


def test_a_cloud_wants_to_know_which_permissions_are_asked_for(jira: httpx.Client) -> None:
    assert jira.get("/rest/api/3/mypermissions").status_code == 400
    assert jira.get("/rest/api/3/mypermissions?permissions=FLY").status_code == 400


@pytest.mark.parametrize("path", ["", "/configuration", "/sprint"])
def test_trap_23_a_board_can_be_denied(api: tuple[httpx.Client, str], fresh: Running, path: str) -> None:
    fresh.tell(denied_boards=[1])
    assert api[0].get(f"{AGILE}/board/1{path}").status_code == 403
    assert api[0].get(f"{AGILE}/board/2{path}").status_code == 200


def test_trap_23_a_board_without_columns_breaks_its_sprints(api: tuple[httpx.Client, str], fresh: Running) -> None:
    fresh.tell(columnless_boards=[1])
    answer = api[0].get(f"{AGILE}/board/1/sprint")
    assert answer.status_code == 500
    assert answer.json()["errorMessages"][0].startswith("This board has no columns with a mapped status")
    assert api[0].get(f"{AGILE}/board/1/configuration").json()["columnConfig"]["columns"] == []


def test_trap_38_without_time_tracking_there_are_neither_worklogs_nor_their_fields(
    api: tuple[httpx.Client, str], fresh: Running
) -> None:
    client, base = api
    fresh.tell(time_tracking=False)
    gone = ("issue/10101/worklog", "worklog/updated?since=0", "worklog/deleted?since=0")
    assert [client.get(f"{base}/{path}").status_code for path in gone] == [404, 404, 404]
    assert client.post(f"{base}/worklog/list", json={"ids": [301]}).status_code == 400
    time = {"timespent", "timeestimate", "timeoriginalestimate", "worklog"}
    assert not time & {field["id"] for field in client.get(f"{base}/field").json()}
    assert not time & set(client.get(f"{base}/issue/10101").json()["fields"])


def test_comments_are_cut_inline_on_a_cloud_with_the_true_total(fresh: Running, connect: Connect) -> None:
    client = connect(fresh)[0]
    for number in range(23):
        fresh.act(do="comment", tracker="jira", issue=10101, text=f"remark {number}")
    inline: dict[str, Any] = client.get("/rest/api/3/issue/10101?fields=comment").json()["fields"]["comment"]
    full = client.get("/rest/api/3/issue/10101/comment").json()
    assert (len(inline["comments"]), inline["maxResults"]) == (20, 20)
    assert inline["total"] == full["total"] == len(full["comments"]) >= 23
    assert inline["comments"] == full["comments"][:20]


def test_two_of_three_issues_have_a_team(jira: httpx.Client, walk_jql: Callable[..., list[dict[str, Any]]]) -> None:
    rows = walk_jql(jira, "project in (PAY, WEB)", fields=["customfield_10001"], maxResults=100)
    teams = {int(row["id"]): row["fields"]["customfield_10001"] for row in rows}
    assert {team["name"] for team in teams.values() if team} == {"PAY Core", "WEB Front"}
    assert all((team is None) == (number % 3 == 0) for number, team in teams.items())
