"""Lists of issues by board, sprint and epic: by token, and the old ones until they are gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulator.company import Issue
from simulator.server import Running

Connect = Callable[[Running], tuple[httpx.Client, httpx.Client]]
NEW, OLD = "/rest/software/1.0", "/rest/agile/1.0"


def by_token(client: httpx.Client, path: str, **asked: Any) -> set[int]:
    found: list[int] = []
    while True:
        page = client.get(f"{NEW}/{path}", params={"maxResults": 7, **asked}).json()
        found += [int(issue["id"]) for issue in page["issues"]]
        if page["isLast"]:
            assert "nextPageToken" not in page
            assert len(found) == len(set(found))
            return set(found)
        asked["nextPageToken"] = page["nextPageToken"]


def by_start(client: httpx.Client, path: str) -> set[int]:
    found: list[int] = []
    while True:
        page = client.get(f"{OLD}/{path}", params={"startAt": len(found)}).json()
        found += [int(issue["id"]) for issue in page["issues"]]
        if len(found) >= page["total"]:
            return set(found)


def expected(running: Running, test: Callable[[Issue], bool]) -> set[int]:
    return {issue.id for issue in running.company.products[0].alive() if test(issue)}


def an_epic(running: Running) -> Issue:
    product = running.company.products[0]
    parents = [issue.state.get("parent") for issue in product.alive()]
    return next(i for i in product.alive() if product.type_of(i).level == 1 and i.id in parents)


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("board/1/issue", lambda i: i.state["project"] == 10001),
        ("board/4/backlog", lambda i: i.state.get("resolution") is None),
        ("sprint/40/issue", lambda i: 40 in (i.state.get("sprints") or ())),
        ("board/1/sprint/40/issue", lambda i: 40 in (i.state.get("sprints") or ()) and i.state["project"] == 10001),
        ("epic/none/issue", lambda i: not i.state.get("parent")),
        ("board/1/epic/none/issue", lambda i: not i.state.get("parent") and i.state["project"] == 10001),
    ],
)
def test_both_kinds_of_lists_hold_the_same(
    jira: httpx.Client, running: Running, path: str, test: Callable[[Issue], bool]
) -> None:
    wanted = expected(running, test)
    assert wanted
    assert by_token(jira, path) == wanted
    assert by_start(jira, path) == wanted


def test_an_epic_lists_its_children(jira: httpx.Client, running: Running) -> None:
    epic = an_epic(running)
    wanted = expected(running, lambda issue: issue.state.get("parent") == epic.id)
    assert by_token(jira, f"epic/{running.company.products[0].key(epic)}/issue") == wanted
    assert jira.get(f"{NEW}/epic/{min(wanted)}/issue").status_code == 404


def test_lists_are_narrowed_by_a_query_and_can_be_counted(jira: httpx.Client) -> None:
    bugs = by_token(jira, "board/1/issue", jql="issuetype = Bug ORDER BY id")
    assert set() < bugs < by_token(jira, "board/1/issue")
    asked = {"jql": "issuetype = Bug"}
    assert jira.get(f"{NEW}/board/1/issue/approximate-count", params=asked).json() == {"count": len(bugs)}


def test_lists_show_fields_and_histories(jira: httpx.Client) -> None:
    asked = {"fields": "summary,status", "expand": "changelog", "maxResults": "1"}
    (issue,) = jira.get(f"{NEW}/sprint/40/issue", params=asked).json()["issues"]
    assert set(issue["fields"]) == {"summary", "status"}
    assert issue["changelog"]["total"] > 0
    (plain,) = jira.get(f"{NEW}/sprint/40/issue?maxResults=1").json()["issues"]
    assert len(plain["fields"]) > 20


def test_trap_25_the_old_lists_can_be_gone(fresh: Running, connect: Connect) -> None:
    client = connect(fresh)[0]
    fresh.tell(agile_lists_gone=True)
    for path in ("board/1/issue", "board/1/backlog", "sprint/36/issue", "epic/none/issue"):
        answer = client.get(f"{OLD}/{path}")
        assert answer.status_code == 410
        assert "/rest/software/1.0" in answer.json()["errorMessages"][0]
        assert client.get(f"{NEW}/{path}").status_code == 200
    assert client.get(f"{OLD}/board/1/sprint").status_code == 200
