"""How searches go wrong on command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulator.server import Running

Connect = Callable[[Running], tuple[httpx.Client, httpx.Client]]
SEARCH = "/rest/api/3/search/jql"
ALL = "project in (PAY, WEB) ORDER BY id"


def pages(client: httpx.Client, jql: str = ALL, *, most: int = 60, size: int = 10) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"jql": jql, "fields": ["updated"], "maxResults": size}
    while len(found) < most:
        found.append(client.post(SEARCH, json=asked).json())
        if found[-1]["isLast"]:
            return found
        asked["nextPageToken"] = found[-1]["nextPageToken"]
    return found


def ids(found: list[dict[str, Any]]) -> list[int]:
    return [int(issue["id"]) for page in found for issue in page["issues"]]


def everything(running: Running) -> list[int]:
    return sorted(issue.id for issue in running.company.products[0].alive())


@pytest.fixture
def client(fresh: Running, connect: Connect) -> httpx.Client:
    """A site of the test's own."""
    return connect(fresh)[0]


def test_trap_06_short_pages_of_varying_size_lose_nothing(fresh: Running, client: httpx.Client) -> None:
    fresh.tell(short_pages=True)
    found = pages(client)
    sizes = {len(page["issues"]) for page in found[:-1]}
    assert len(sizes) > 2
    assert min(sizes) < 10
    assert ids(found) == everything(fresh)


def test_trap_07_an_empty_page_in_the_middle_has_a_token(fresh: Running, client: httpx.Client) -> None:
    fresh.tell(empty_page=2)
    found = pages(client)
    assert found[1]["issues"] == []
    assert found[1]["isLast"] is False
    assert ids(found) == everything(fresh)


def test_trap_08_a_token_can_repeat_for_ever(fresh: Running, client: httpx.Client) -> None:
    fresh.tell(repeated_token=2)
    found = pages(client, most=6)
    tokens = [page["nextPageToken"] for page in found]
    assert len(found) == 6
    assert len(set(tokens)) == 1
    fresh.tell(repeated_token=0)
    assert ids(pages(client)) == everything(fresh)


def test_trap_09_a_walk_can_end_early_while_the_count_tells_the_truth(fresh: Running, client: httpx.Client) -> None:
    fresh.tell(early_last=0.6)
    found = ids(pages(client))
    whole = everything(fresh)
    assert found == whole[: round(len(whole) * 0.6)]
    count = client.post("/rest/api/3/search/approximate-count", json={"jql": ALL}).json()["count"]
    assert count == len(whole)


def test_trap_29_an_edit_shows_in_searches_after_the_lag_by_the_companys_clock(
    fresh: Running, client: httpx.Client
) -> None:
    fresh.tell(index_lag=60, tracker="jira_cloud")
    before = fresh.company.now
    fresh.clock(600)
    fresh.act(do="edit", tracker="jira", issue=10101, summary="Fresh from the press")
    assert ids(pages(client, f"updated > {before}")) == []
    assert client.get("/rest/api/3/issue/10101").json()["fields"]["summary"] == "Fresh from the press"
    assert 10101 in ids(pages(client))
    fresh.clock(59)
    assert ids(pages(client, f"updated > {before}")) == []
    fresh.clock(1)
    assert ids(pages(client, f"updated > {before}")) == [10101]


def test_a_lag_hides_the_present_status_from_queries(fresh: Running, client: httpx.Client) -> None:
    product = fresh.company.products[0]
    issue = next(i for i in product.alive() if product.category(i) == "todo" and product.type_of(i).level == 0)
    fresh.tell(index_lag=60, tracker="jira_cloud")
    fresh.act(do="edit", tracker="jira", issue=issue.id, status="Done")
    found = client.post(SEARCH, json={"jql": f"id = {issue.id} AND statusCategory = Done", "fields": ["status"]})
    assert found.json()["issues"] == []
    found = client.post(SEARCH, json={"jql": f"id = {issue.id} AND statusCategory != Done", "fields": ["status"]})
    assert found.json()["issues"][0]["fields"]["status"]["statusCategory"]["key"] == "done"


def test_reconciled_issues_are_found_as_they_are_now(fresh: Running, client: httpx.Client) -> None:
    fresh.tell(index_lag=60, tracker="jira_cloud")
    for number in (10101, 10103):
        fresh.act(do="edit", tracker="jira", issue=number, summary="Fresh from the press")
    asked = {"jql": f"updated >= {fresh.company.now - 1000}", "fields": ["updated"]}
    assert ids([client.post(SEARCH, json=asked | {"reconcileIssues": [10103]}).json()]) == [10103]
    assert client.post(SEARCH, json=asked | {"reconcileIssues": list(range(51))}).status_code == 400


def test_trap_30_an_edit_between_two_pages_makes_a_walk_by_update_miss_a_row(
    fresh: Running, client: httpx.Client
) -> None:
    fresh.tell(mutate_on_page=2, tracker="jira_cloud")
    first = everything(fresh)
    found = ids(pages(client, "project in (PAY, WEB) ORDER BY updated ASC"))
    assert len(found) == len(first)
    assert len(set(found)) == len(first) - 1
    assert found[0] == found[-1]
    assert ids(pages(client)) == first


def test_trap_30_such_an_edit_is_history_and_time_goes_on(fresh: Running, client: httpx.Client) -> None:
    fresh.tell(mutate_on_page=1)
    before = fresh.company.now
    found = ids(pages(client))
    issue = fresh.company.products[0].issues[found[0]]
    assert before < issue.events[-1].at == issue.updated_at <= fresh.company.now
    log = client.get(f"/rest/api/3/issue/{issue.id}/changelog").json()["values"][-1]
    assert (log["items"][0]["field"], log["items"][0]["toString"].split()[-1]) == ("labels", "touched")


def test_trap_30_rows_move_between_the_pages_of_a_data_center_too(
    fresh: Running, open_data_center: Callable[[Running], httpx.Client]
) -> None:
    fresh.tell(mutate_on_page=2, tracker="jira_data_center")
    client, found = open_data_center(fresh), list[str]()
    for start in (0, 10):
        asked = {"jql": "ORDER BY updated ASC", "startAt": start, "maxResults": 10, "fields": "updated"}
        found += [issue["id"] for issue in client.get("/rest/api/2/search", params=asked).json()["issues"]]
    fresh.tell(mutate_on_page=0, tracker="jira_data_center")
    asked = {"jql": "ORDER BY updated ASC", "maxResults": 20, "fields": "updated"}
    now = [issue["id"] for issue in client.get("/rest/api/2/search", params=asked).json()["issues"]]
    assert set(now) - set(found)


def test_trap_26_quoted_dates_follow_the_users_zone(fresh: Running, client: httpx.Client) -> None:
    issue = max(fresh.company.products[0].alive(), key=lambda i: i.updated_at)
    asked = 'updated >= "2026/09/30 12:00"'
    fresh.tell(user_zone="Pacific/Auckland", tracker="jira_cloud")
    assert client.get("/rest/api/3/myself").json()["timeZone"] == "Pacific/Auckland"
    early = set(ids(pages(client, asked)))
    fresh.tell(user_zone="America/Los_Angeles", tracker="jira_cloud")
    late = set(ids(pages(client, asked)))
    assert issue.id in early
    assert late < early
    with pytest.raises(ValueError, match="user_zone"):
        fresh.tell(user_zone="Mars/Olympus")
