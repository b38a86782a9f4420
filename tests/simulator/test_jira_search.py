"""Searching the Jira site: pages, tokens, fields and the JQL it understands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from simulator.server import Running

Walk = Callable[..., list[dict[str, Any]]]
SEARCH = "/rest/api/3/search/jql"


def ask(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post(SEARCH, json=body)


def message(answer: httpx.Response) -> str:
    return str(answer.json()["errorMessages"][0])


def test_a_token_walk_finds_each_issue_once(jira: httpx.Client, running: Running, walk_jql: Walk) -> None:
    found = walk_jql(jira, "project in (PAY, WEB) ORDER BY id ASC", fields=["summary"], maxResults=13)
    ids = [int(issue["id"]) for issue in found]
    assert ids == sorted(issue.id for issue in running.company.products[0].alive())


def test_without_fields_an_issue_is_its_id(jira: httpx.Client) -> None:
    page = ask(jira, jql="project = PAY", maxResults=1).json()
    assert set(page["issues"][0]) == {"id"}
    assert set(page) == {"issues", "nextPageToken", "isLast"}


def test_the_server_chooses_the_page_size_when_fields_are_asked_for(jira: httpx.Client) -> None:
    assert len(ask(jira, jql="project in (PAY, WEB)", maxResults=5000, fields=["summary"]).json()["issues"]) == 100
    assert len(ask(jira, jql="project in (PAY, WEB)", maxResults=5000).json()["issues"]) > 100


def test_the_last_page_has_no_token(jira: httpx.Client) -> None:
    page = ask(jira, jql="project = PAY", maxResults=5000).json()
    assert page["isLast"] is True
    assert "nextPageToken" not in page


def test_a_token_is_good_for_its_own_query_only(jira: httpx.Client) -> None:
    token = ask(jira, jql="project = PAY", maxResults=1).json()["nextPageToken"]
    assert ask(jira, jql="project = WEB", maxResults=1, nextPageToken=token).status_code == 400
    assert ask(jira, jql="project = PAY", maxResults=1, nextPageToken="nonsense").status_code == 400


def test_field_names_stars_and_minus(jira: httpx.Client) -> None:
    def names(*fields: str) -> set[str]:
        return set(ask(jira, jql="project = PAY", maxResults=1, fields=list(fields)).json()["issues"][0]["fields"])

    assert names("summary", "status") == {"summary", "status"}
    assert names("*all") - names("*navigable") == {"worklog", "comment"}
    assert "summary" not in names("*navigable", "-summary")


def test_old_parameter_names_are_refused(jira: httpx.Client) -> None:
    assert ask(jira, jql="project = PAY", startAt=0).status_code == 400


def test_the_old_search_is_gone(jira: httpx.Client) -> None:
    answer = jira.get("/rest/api/3/search", params={"jql": "project = PAY"})
    assert answer.status_code == 410
    assert "CHANGE-2046" in message(answer)


@pytest.mark.parametrize(
    ("jql", "said"),
    [
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'."),
        ("project in (PAY, NOPE)", "The value 'NOPE' does not exist for the field 'project'."),
        ("order by key", "Unbounded JQL queries are not allowed here."),
        ("", "Unbounded JQL queries are not allowed here."),
        ("project = PAY order by id, key, created, updated, status, priority, rank, id", "at most 7 fields"),
        ("project = PAY and", "ends too early"),
        ("colour = red", "Field 'colour' does not exist"),
        ('updated >= "2026-09-01T10:00:00Z"', "Date value"),
    ],
)
def test_bad_queries_are_refused_in_the_sites_words(jira: httpx.Client, jql: str, said: str) -> None:
    answer = ask(jira, jql=jql)
    assert answer.status_code == 400
    assert said in message(answer)


def test_comparisons_agree_with_the_fields(jira: httpx.Client, walk_jql: Walk) -> None:
    fields = ["project", "issuetype", "status", "labels", "created", "updated", "resolution"]
    rows = walk_jql(jira, "project in (PAY, WEB)", fields=fields, maxResults=100)

    def ids(jql: str) -> set[str]:
        return {row["id"] for row in walk_jql(jira, jql, maxResults=5000)}

    def kept(test: Callable[[dict[str, Any]], bool]) -> set[str]:
        return {row["id"] for row in rows if test(row["fields"])}

    assert ids("project = 10002") == kept(lambda f: f["project"]["key"] == "WEB")
    assert ids('issuetype = Bug AND status != "Done"') == kept(
        lambda f: f["issuetype"]["name"] == "Bug" and f["status"]["name"] != "Done"
    )
    assert ids("(type in (Story, Task) OR labels = ux) AND project = PAY") == kept(
        lambda f: f["project"]["key"] == "PAY" and (f["issuetype"]["name"] in {"Story", "Task"} or "ux" in f["labels"])
    )
    assert ids("project = PAY AND type not in (Bug) AND labels is not EMPTY") == kept(
        lambda f: f["project"]["key"] == "PAY" and f["issuetype"]["name"] != "Bug" and bool(f["labels"])
    )
    assert ids("filter = 10101 AND resolution = Unresolved") == kept(
        lambda f: f["project"]["key"] == "PAY" and f["resolution"] is None
    )
    assert ids("statusCategory = Done AND NOT project = WEB") == kept(
        lambda f: f["status"]["statusCategory"]["key"] == "done" and f["project"]["key"] == "PAY"
    )


@pytest.mark.parametrize("field", ["customfield_10016", "customfield_10026", "customfield_10031", "environment"])
def test_a_query_can_ask_whether_a_field_is_filled(jira: httpx.Client, walk_jql: Walk, field: str) -> None:
    name = f"cf[{field.removeprefix('customfield_')}]" if field.startswith("custom") else field
    rows = walk_jql(jira, "project in (PAY, WEB)", fields=[field], maxResults=100)
    for operator, is_filled in (("is not", True), ("is", False)):
        found = walk_jql(jira, f"project in (PAY, WEB) AND {name} {operator} EMPTY", maxResults=5000)
        assert {row["id"] for row in found} == {
            row["id"] for row in rows if (row["fields"].get(field) is not None) == is_filled
        }


def test_unquoted_milliseconds_are_absolute_and_exact(jira: httpx.Client, running: Running, walk_jql: Walk) -> None:
    issue = max(running.company.products[0].alive(), key=lambda i: i.updated_at)
    assert [row["id"] for row in walk_jql(jira, f"updated >= {issue.updated_at}")] == [str(issue.id)]
    assert walk_jql(jira, f"updated > {issue.updated_at}") == []


def test_quoted_dates_are_read_in_the_users_zone_to_the_minute(
    jira: httpx.Client, running: Running, walk_jql: Walk
) -> None:
    zone = ZoneInfo(jira.get("/rest/api/3/myself").json()["timeZone"])
    assert str(zone) == "America/Los_Angeles"
    issue = max(running.company.products[0].alive(), key=lambda i: i.updated_at)
    minute = datetime.fromtimestamp(issue.updated_at // 1000, zone).strftime("%Y/%m/%d %H:%M")
    assert str(issue.id) in {row["id"] for row in walk_jql(jira, f'updated >= "{minute}"')}
    berlin = datetime.fromtimestamp(issue.updated_at // 1000, ZoneInfo("Europe/Berlin")).strftime("%Y/%m/%d %H:%M")
    assert walk_jql(jira, f'updated >= "{berlin}"') == []


def test_the_count_agrees_with_the_walk(jira: httpx.Client, walk_jql: Walk) -> None:
    count = jira.post("/rest/api/3/search/approximate-count", json={"jql": "project = WEB"}).json()
    assert count == {"count": len(walk_jql(jira, "project = WEB"))}


def test_bulk_fetch_leaves_out_what_is_not_there(jira: httpx.Client) -> None:
    asked = {"issueIdsOrKeys": ["PAY-1", "PAY-999999"], "fields": ["summary"]}
    answer = jira.post("/rest/api/3/issue/bulkfetch", json=asked).json()
    assert [issue["key"] for issue in answer["issues"]] == ["PAY-1"]
    assert answer["issueErrors"] == []
    too_many = {"issueIdsOrKeys": [str(n) for n in range(101)]}
    assert jira.post("/rest/api/3/issue/bulkfetch", json=too_many).status_code == 400
