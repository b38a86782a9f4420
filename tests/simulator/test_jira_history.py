"""Histories of the Jira site: cut inline, paged, in bulk, and true to the present state."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx
import pytest

from simulator.company import Issue
from simulator.server import Running

Walk = Callable[..., list[dict[str, Any]]]
BULK = "/rest/api/3/changelog/bulkfetch"


def busiest(running: Running) -> Issue:
    return max(running.company.products[0].alive(), key=lambda issue: len(issue.events))


def bulk_pages(client: httpx.Client, ids: list[str], **body: Any) -> list[dict[str, Any]]:
    pages, asked = [], {"issueIdsOrKeys": ids, **body}
    while True:
        pages.append(client.post(BULK, json=asked).json())
        if not pages[-1].get("nextPageToken"):
            return pages
        asked["nextPageToken"] = pages[-1]["nextPageToken"]


def joined(pages: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for page in pages:
        for log in page["issueChangeLogs"]:
            found.setdefault(log["issueId"], []).extend(log["changeHistories"])
    return found


def all_ids(running: Running) -> list[str]:
    return [str(issue.id) for issue in running.company.products[0].alive()]


def test_the_inline_changelog_has_the_newest_hundred_and_the_true_total(jira: httpx.Client, running: Running) -> None:
    issue = busiest(running)
    log = jira.get(f"/rest/api/3/issue/{issue.id}", params={"expand": "changelog"}).json()["changelog"]
    assert (len(log["histories"]), log["total"] >= 340) == (100, True)
    ids = [int(entry["id"]) for entry in log["histories"]]
    assert ids == sorted(ids, reverse=True)
    assert ids[0] == issue.events[-1].id


def test_the_issues_own_changelog_is_paged_by_a_hundred_oldest_first(jira: httpx.Client, running: Running) -> None:
    issue = busiest(running)
    found: list[dict[str, Any]] = []
    while True:
        asked = {"startAt": len(found), "maxResults": 1000}
        page = jira.get(f"/rest/api/3/issue/{issue.id}/changelog", params=asked).json()
        assert page["maxResults"] == 100
        found += page["values"]
        if page["isLast"]:
            break
    assert len(found) == page["total"] == len({entry["id"] for entry in found})
    assert [entry["id"] for entry in found] == [
        entry["id"] for entry in joined(bulk_pages(jira, [str(issue.id)]))[str(issue.id)]
    ]


def test_bulk_histories_are_sorted_by_date_and_split_an_issue_over_pages(jira: httpx.Client, running: Running) -> None:
    pages = bulk_pages(jira, all_ids(running), maxResults=100)
    dates = [
        [entry["created"] for log in page["issueChangeLogs"] for entry in log["changeHistories"]] for page in pages
    ]
    assert all(len(page) <= 100 for page in dates)
    assert all(max(one) <= min(two) for one, two in pairwise(dates))
    seen = [log["issueId"] for page in pages for log in page["issueChangeLogs"]]
    assert len(seen) > len(set(seen))


def test_bulk_dates_are_epoch_milliseconds_and_null_halves_are_left_out(jira: httpx.Client, running: Running) -> None:
    entries = [entry for log in joined(bulk_pages(jira, all_ids(running))).values() for entry in log]
    assert all(isinstance(entry["created"], int) and entry["created"] > 10**12 for entry in entries)
    items = [item for entry in entries for item in entry["items"]]
    assert all(value is not None for item in items for value in item.values())
    assert any("to" in item and "from" not in item for item in items)


def test_issues_without_history_are_absent(jira: httpx.Client, running: Running) -> None:
    quiet = [str(issue.id) for issue in running.company.products[0].alive() if not issue.events]
    assert quiet
    assert jira.post(BULK, json={"issueIdsOrKeys": quiet}).json() == {"issueChangeLogs": []}


def test_field_ids_filter_the_items(jira: httpx.Client, running: Running) -> None:
    pages = bulk_pages(jira, all_ids(running), fieldIds=["status"])
    items = [i for log in joined(pages).values() for entry in log for i in entry["items"]]
    assert {item["fieldId"] for item in items} == {"status"}


def test_a_token_of_bulk_fetch_is_bound_to_its_issues(jira: httpx.Client, running: Running) -> None:
    ids = all_ids(running)
    token = jira.post(BULK, json={"issueIdsOrKeys": ids, "maxResults": 1}).json()["nextPageToken"]
    assert jira.post(BULK, json={"issueIdsOrKeys": ids[:2], "nextPageToken": token}).status_code == 400
    assert jira.post(BULK, json={"issueIdsOrKeys": [str(n) for n in range(1001)]}).status_code == 400


_CURRENT: dict[str, Callable[[dict[str, Any]], str]] = {
    "status": lambda f: str(f["status"]["id"]),
    "issuetype": lambda f: str(f["issuetype"]["id"]),
    "project": lambda f: str(f["project"]["id"]),
    "assignee": lambda f: str((f["assignee"] or {}).get("accountId", "")),
    "resolution": lambda f: str((f["resolution"] or {}).get("id", "")),
    "Sprint": lambda f: ", ".join(str(sprint["id"]) for sprint in f["customfield_10020"] or ()),
    "IssueParentAssociation": lambda f: str((f.get("parent") or {}).get("id", "")),
    "Flagged": lambda f: "[10019]" if f["customfield_10021"] else "",
}
_TEXTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "Story Points": lambda f: "" if f["customfield_10026"] is None else f"{f['customfield_10026']:g}",
    "Story point estimate": lambda f: "" if f["customfield_10016"] is None else f"{f['customfield_10016']:g}",
    "labels": lambda f: " ".join(f["labels"]),
    "summary": lambda f: str(f["summary"]),
}


@pytest.mark.parametrize("nights", [0, 3])
def test_the_last_item_of_each_field_is_the_present_value(
    fresh: Running, connect: Callable[[Running], tuple[httpx.Client, httpx.Client]], walk_jql: Walk, nights: int
) -> None:
    fresh.advance(nights)
    client = connect(fresh)[0]
    rows = {row["id"]: row for row in walk_jql(client, "project in (PAY, WEB)", fields=["*all"], maxResults=100)}
    checked = 0
    for number, log in joined(bulk_pages(client, list(rows))).items():
        last = {item["field"]: item for entry in log for item in entry["items"]}
        fields = rows[number]["fields"]
        for name, item in last.items():
            if name in _CURRENT:
                assert item.get("to", "") == _CURRENT[name](fields), name
            elif name in _TEXTS:
                assert item.get("toString", "") == _TEXTS[name](fields), name
            elif name == "Key":
                assert item["toString"] == rows[number]["key"]
            checked += 1
    assert checked > 100


def test_a_moved_issue_keeps_its_id_and_answers_to_its_old_key(jira: httpx.Client, running: Running) -> None:
    product = running.company.products[0]
    moved = [i for i in product.alive() if any(c.field == "project" for e in i.events for c in e.changes)]
    issue = moved[0]
    entry = next(
        e for e in joined(bulk_pages(jira, [str(issue.id)]))[str(issue.id)] if "Key" in {i["field"] for i in e["items"]}
    )
    items = {item["field"]: item for item in entry["items"]}
    assert {"project", "Key", "status", "issuetype"} <= set(items)
    assert "fieldId" not in items["Key"]
    answer = jira.get(f"/rest/api/3/issue/{items['Key']['fromString']}", params={"fields": "summary"})
    assert (answer.status_code, answer.json()["id"], answer.json()["key"]) == (200, str(issue.id), product.key(issue))


def test_worklogs_are_cut_inline_but_complete_on_their_own(jira: httpx.Client, running: Running) -> None:
    issue = max(running.company.products[0].alive(), key=lambda i: len(i.worklogs))
    inline = jira.get(f"/rest/api/3/issue/{issue.id}", params={"fields": "worklog"}).json()["fields"]["worklog"]
    full = jira.get(f"/rest/api/3/issue/{issue.id}/worklog").json()
    assert (len(inline["worklogs"]), inline["total"]) == (20, len(issue.worklogs))
    assert len(full["worklogs"]) == full["total"] == len(issue.worklogs)


def test_the_worklog_feed_names_what_list_gives(jira: httpx.Client) -> None:
    feed = jira.get("/rest/api/3/worklog/updated", params={"since": 0}).json()
    ids = [row["worklogId"] for row in feed["values"]]
    listed = jira.post("/rest/api/3/worklog/list", json={"ids": [*ids, 999999]}).json()
    assert feed["lastPage"] is True
    assert sorted(int(row["id"]) for row in listed) == sorted(ids)


def test_kanban_boards_have_no_sprints_and_deleted_sprints_are_not_found(jira: httpx.Client, running: Running) -> None:
    answer = jira.get("/rest/agile/1.0/board/3/sprint")
    assert (answer.status_code, answer.json()["errorMessages"]) == (400, ["The board does not support sprints"])
    gone = next(sprint for sprint in running.company.products[0].sprints.values() if sprint.is_deleted)
    assert jira.get(f"/rest/agile/1.0/sprint/{gone.id}").status_code == 404


def test_a_sprint_can_be_shown_by_two_boards(jira: httpx.Client) -> None:
    own = jira.get("/rest/agile/1.0/board/1/sprint").json()["values"]
    shared = jira.get("/rest/agile/1.0/board/4/sprint").json()["values"]
    assert {sprint["id"] for sprint in own} < {sprint["id"] for sprint in shared}
    assert {sprint["originBoardId"] for sprint in shared} == {1, 2}
    assert [sprint["state"] for sprint in own] == ["closed"] * 14 + ["active"] + ["future"] * 2
    assert all("startDate" not in sprint for sprint in own if sprint["state"] == "future")
