"""The stream of issues: windows, tokens, counts, increments and what a killed run leaves."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from connectors.errors import UnexpectedResponse
from tests.connectors.jira.fake_jira import (
    START,
    Clock,
    Connect,
    FakeJira,
    Json,
    history,
    ids,
    issue,
    many,
    pull,
    refusal,
    status_item,
)
from warehouse.records import Issue, IssueChange

SEARCH, COUNT = "POST /rest/api/3/search/jql", "POST /rest/api/3/search/approximate-count"


def answers(*pages: Json) -> Any:
    """An answer for each request in turn."""
    rest = iter(pages)
    return lambda _: httpx.Response(200, json=next(rest))


def test_trap_06_short_pages_do_not_end_a_walk(jira: FakeJira, connect: Connect) -> None:
    jira.issues, jira.page_size = many(25), 10
    assert len(set(ids(pull(connect())))) == 25


def test_trap_07_an_empty_page_with_a_token_does_not_end_a_walk(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(2)
    jira.overrides[SEARCH] = answers(
        {"issues": [jira.issues[0]], "nextPageToken": "a"},
        {"issues": [], "nextPageToken": "b"},
        {"issues": [jira.issues[1]], "isLast": True},
    )
    assert sorted(ids(pull(connect(), "issues"))) == ["acme:1", "acme:2"]


@pytest.mark.parametrize("path", ["/rest/api/3/search/jql", "/rest/api/3/changelog/bulkfetch"])
def test_trap_08_a_token_that_comes_again_is_refused_after_one_repeat(
    jira: FakeJira, connect: Connect, path: str
) -> None:
    jira.issues = many(1)
    body = {"issues": [], "issueChangeLogs": [], "nextPageToken": "same"}
    jira.overrides[f"POST {path}"] = lambda _: httpx.Response(200, json=body)
    with pytest.raises(UnexpectedResponse, match="same page token twice"):
        pull(connect(), "issues")
    assert len(jira.asked(path)) == 2


def cut_off(jira: FakeJira, longest: int) -> Any:
    """Searches that end as if all were told after so many issues."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.content)
        return httpx.Response(200, json={"issues": jira.matching(body["jql"])[: min(longest, body["maxResults"])]})

    return answer


def test_trap_09_a_search_that_ends_early_is_walked_again_in_halves(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(90)
    jira.overrides[SEARCH] = cut_off(jira, 60)
    pulled = pull(connect(), "issues")
    assert len(set(ids(pulled))) == 90
    assert pulled.problems == []


def test_trap_09_a_search_that_stays_short_is_told_and_asked_for_again(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(90)
    jira.overrides[SEARCH] = cut_off(jira, 10)
    pulled = pull(connect(), "issues")
    assert "ended early" in pulled.problems[0]
    del jira.overrides[SEARCH]
    again = pull(connect(), "issues", bookmarks=pulled.bookmarks)
    assert len(set(ids(again))) == 90
    assert again.problems == []


def test_a_count_that_lags_a_little_is_no_loss(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(60)
    jira.overrides[COUNT] = lambda _: httpx.Response(200, json={"count": 62})
    pulled = pull(connect(), "issues")
    assert pulled.problems == []
    assert len(jira.searched()) == 1


def test_trap_11_a_history_of_340_entries_is_complete(jira: FakeJira, connect: Connect) -> None:
    jira.issues, jira.histories_a_page = many(1), 100
    states = itertools.cycle([("10", "To Do"), ("11", "Doing")])
    pairs = list(itertools.pairwise(itertools.islice(states, 341)))
    jira.histories = {
        "1": [history(n, status_item(*pair), at=START + timedelta(hours=n)) for n, pair in enumerate(pairs, 1)]
    }
    changes = pull(connect(), "issues").rows(IssueChange)
    assert [row.entry_number for row in changes] == list(range(1, 341))


def test_trap_13_a_history_that_is_split_over_pages_is_put_together(jira: FakeJira, connect: Connect) -> None:
    jira.issues, jira.histories_a_page = many(2), 1
    doing = status_item(("10", "To Do"), ("11", "Doing"))
    jira.histories = {"1": [history(1, doing), history(2, doing)], "2": [history(3, doing)]}
    changes = pull(connect(), "issues").rows(IssueChange)
    assert sorted((row.issue_id, row.entry_number) for row in changes) == [("acme:1", 1), ("acme:1", 2), ("acme:2", 3)]


def test_trap_14_an_issue_without_told_history_keeps_what_is_stored(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(1)
    pulled = pull(connect(), "issues")
    assert pulled.rows(IssueChange) == []
    assert IssueChange not in {part.record_type for page in pulled.pages for part in page.replacements}


def test_a_big_project_is_walked_in_windows_that_leave_nothing_out(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(2_500)
    assert len(ids(pull(connect(), "issues"))) == 2_500
    bounds = [re.findall(r"created (?:>=|<) (\d+)", jql) for jql in sorted(jira.searched())]
    assert len(bounds) == 3
    assert all(int(bound) % 60_000 == 0 for found in bounds for bound in found)
    assert sorted(len(found) for found in bounds) == [1, 1, 2]


def test_issues_created_within_a_minute_are_one_window(jira: FakeJira, connect: Connect) -> None:
    jira.issues = [issue(n) for n in range(1, 2_502)]
    assert len(ids(pull(connect(), "issues"))) == 2_501


def test_crowded_times_are_cut_again(jira: FakeJira, connect: Connect) -> None:
    crowd = [issue(n, created=START + timedelta(minutes=n)) for n in range(1, 4_001)]
    jira.issues = [*crowd, issue(9_999, created=START + timedelta(days=900))]
    connector = connect()
    assert len(ids(pull(connector, "issues"))) == 4_001
    assert len(jira.searched()) >= 3


def test_bodies_are_not_asked_for_and_the_order_never_moves(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(1)
    pull(connect(), "issues")
    [body] = [b for b in jira.asked("/search/jql") if b["maxResults"] > 1]
    assert body["fields"][0] == "*all"
    assert {"-description", "-attachment"} <= set(body["fields"])
    assert not {"-comment", "-worklog"} & set(body["fields"])
    assert body["jql"] == "project = 10001 ORDER BY id ASC"


# --- scope


def hide(jira: FakeJira, project: str) -> None:
    """From now on every query that names the project is refused."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.content)
        if project in body["jql"]:
            return refusal(400, f"The value '{project}' does not exist for the field 'project'.")
        return jira._post(request.url.path, body)

    jira.overrides |= {COUNT: answer, SEARCH: answer}


def two_projects(jira: FakeJira) -> None:
    jira.projects.append({"id": "10002", "key": "HID", "name": "Hidden"})
    jira.issues = [*many(3), issue(50, project="10002", key="HID-50")]


def test_trap_31_a_project_that_was_pulled_and_is_hidden_now_is_named_and_the_others_go_on(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    two_projects(jira)
    first = pull(connect(), "issues")
    hide(jira, "10002")
    clock.sleep(86_400)
    jira.issues.append(issue(4, updated=clock.now().isoformat()))
    second = pull(connect(), "issues", bookmarks=first.bookmarks)
    assert [problem.partition(":")[0] for problem in second.problems] == ["project HID cannot be searched"]
    assert ids(second) == ["acme:4"]
    jira.overrides.clear()
    third = pull(connect(), "issues", bookmarks=second.bookmarks)
    assert "acme:50" in ids(third)
    assert third.problems == []


def test_trap_31_a_project_that_cannot_be_searched_from_the_beginning_is_named(
    jira: FakeJira, connect: Connect
) -> None:
    two_projects(jira)
    hide(jira, "10002")
    pulled = pull(connect(), "issues")
    assert [problem.partition(":")[0] for problem in pulled.problems] == ["project HID cannot be searched"]
    assert len(ids(pulled)) == 3


def test_a_configured_project_that_is_not_visible_is_a_problem_and_the_others_go_on(
    jira: FakeJira, connect: Connect
) -> None:
    jira.issues = many(2)
    pulled = pull(connect(projects=("NOPE", "abc")))
    assert pulled.problems == ["project NOPE is not there or not visible to the account"]
    assert len(ids(pulled)) == 2


def test_a_query_of_the_config_is_put_in_parentheses_without_its_order(jira: FakeJira, connect: Connect) -> None:
    pull(connect(jql="type = Bug OR labels = x ORDER BY rank"), "issues")
    assert jira.searched() == ["(type = Bug OR labels = x) ORDER BY id ASC"]


def test_a_query_of_the_config_that_is_refused_ends_the_source(jira: FakeJira, connect: Connect) -> None:
    jira.overrides[COUNT] = lambda _: refusal(400, "Field 'typ' does not exist.")
    with pytest.raises(UnexpectedResponse, match=r"the jql of the source is refused: .*Field 'typ'"):
        pull(connect(jql="typ = Bug"), "issues")


def test_boards_are_pulled_by_their_filters(jira: FakeJira, connect: Connect) -> None:
    board = {"id": 5, "name": "Alpha", "type": "scrum", "location": {"projectId": 10001}}
    jira.overrides["GET /rest/agile/1.0/board/5"] = lambda _: httpx.Response(200, json=board)
    pulled = pull(connect(boards=(5, 6)))
    assert jira.searched() == ["filter = 500 ORDER BY id ASC"]
    assert pulled.problems == ["board 6 is not there or not visible to the account"]


def test_trap_32_a_moved_issue_is_one_row_with_two_keys_in_its_history(jira: FakeJira, connect: Connect) -> None:
    jira.issues = [issue(1, key="XYZ-9")]
    move = {"field": "Key", "fieldtype": "jira", "fromString": "ABC-1", "toString": "XYZ-9"}
    jira.histories = {"1": [history(5, move)]}
    pulled = pull(connect(), "issues")
    assert [(row.issue_id, row.key) for row in pulled.rows(Issue)] == [("acme:1", "XYZ-9")]
    [change] = pulled.rows(IssueChange)
    assert (change.field, change.from_text, change.to_text) == ("key", "ABC-1", "XYZ-9")


def test_trap_90_half_a_surrogate_pair_does_not_end_a_pull(jira: FakeJira, connect: Connect) -> None:
    body = msgspec.json.encode({"issues": [issue(1, summary="@")], "isLast": True}).replace(
        b'"@"', b'"a\\ud800\\u0000b"'
    )
    jira.overrides[COUNT] = lambda _: httpx.Response(200, json={"count": 1})
    jira.overrides[SEARCH] = lambda _: httpx.Response(200, content=body)
    [row] = pull(connect(), "issues").rows(Issue)
    assert row.summary == "a\N{REPLACEMENT CHARACTER}\0b"
