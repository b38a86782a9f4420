"""Jira Data Center's search: caps, the 10,000 window, histories, and issues by id and key."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import msgspec
import pytest

from connectors.errors import TrackerUnavailable, UnexpectedResponse
from connectors.jira.gateway.search_pages import search_pages
from tests.connectors.jira.fake_data_center import (
    API,
    EPIC_LINK,
    FIELDS,
    SPRINT,
    FakeDataCenter,
    custom,
    entry,
    found,
    hourly,
    item,
)
from tests.connectors.jira.fake_jira import START, Connect, Json, Pulled, milliseconds, pull, refusal
from warehouse.records import Issue, IssueChange

SEARCH = f"POST {API}/search"


def ids(pulled: Pulled) -> list[int]:
    return sorted(int(row.issue_id.partition(":")[2]) for row in pulled.rows(Issue))


def walked(data_center: FakeDataCenter) -> list[Json]:
    """The pages asked for with histories."""
    return [body for body in data_center.searched() if "expand" in body]


def test_trap_52_the_walk_advances_by_what_came_and_not_by_what_was_asked(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    data_center.issues, data_center.cap = hourly(25), 7
    assert ids(pull(connect_dc(), "issues")) == list(range(1, 26))
    assert [body["startAt"] for body in walked(data_center)] == [0, 7, 14, 21]


@pytest.mark.thorough
@pytest.mark.parametrize("compares_keys", [False, True], ids=["by id", "by key"])
def test_trap_53_all_of_25000_issues_arrive(
    data_center: FakeDataCenter, connect_dc: Connect, *, compares_keys: bool
) -> None:
    """They were imported within one minute, so that no window of creation dates is small enough.

    Real servers compare ids by the numbers of the keys; where issues were moved, the two orders differ.
    """
    total = 25_000
    issues = [found(n, key=f"ABC-{n if n % 3 else total + n}") for n in range(1, total + 1)]
    data_center.issues, data_center.compares_keys = issues, compares_keys
    in_order = sorted(issues, key=data_center.place)
    places = {issue["id"]: place for place, issue in enumerate(in_order)}

    def answer(request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.content)
        after = re.search(r" AND id > (\d+) ", body["jql"])
        rows = in_order[places[after[1]] + 1 :] if after else in_order
        start, size = body.get("startAt", 0), body["maxResults"]
        if start + size > data_center.reach:
            return httpx.Response(500, text="<status><message>Search limit exceeded</message></status>")
        return httpx.Response(200, json={"total": len(rows), "issues": rows[start : start + size]})

    data_center.overrides[SEARCH] = answer
    pulled = pull(connect_dc(), "issues")
    assert ids(pulled) == list(range(1, total + 1))
    assert pulled.problems == []
    assert max(body["startAt"] + body["maxResults"] for body in walked(data_center)) == 10_000


def test_trap_53_a_server_that_does_not_heed_the_window_is_told_in_one_line(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    first = [found(n) for n in range(1, 11)]
    data_center.overrides[SEARCH] = lambda _: httpx.Response(200, json={"total": 30, "issues": first})
    with pytest.raises(UnexpectedResponse, match="does not heed `id > 10`"):
        list(search_pages(connect_dc()._http, "project = 10001", {}, 10, reach=10))


def test_trap_53_a_refused_deep_page_is_one_line(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    data_center.issues, data_center.reach = hourly(3), 1
    with pytest.raises(TrackerUnavailable, match=r"^POST /jira/rest/api/2/search answered 500: .*$"):
        pull(connect_dc(), "issues")


def test_trap_54_every_field_is_asked_for_by_its_id(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    noise = "com.atlassian.jira.plugins.jira-development-integration-plugin:devsummarycf"
    data_center.fields = [*FIELDS, custom("customfield_9", "Development", "any", noise)]
    data_center.issues = hourly(1)
    pull(connect_dc(), "issues")
    [body] = walked(data_center)
    asked = set(body["fields"])
    assert {field["id"] for field in FIELDS} <= asked  # `comment` and `worklog` among them
    assert {"parent", "issuelinks", "resolutiondate", "assignee"} <= asked
    assert "customfield_9" not in asked
    assert not [name for name in asked if name.startswith(("*", "-"))]
    assert body["expand"] == ["changelog"]


def test_an_issue_that_comes_on_two_pages_is_one_row_and_the_walk_goes_on(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    one, two, three = hourly(3)
    pages = iter([[one, two], [two], [three]])
    plain = {"total": 3, "issues": [one]}

    def answer(request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.content)
        return httpx.Response(200, json={"total": 4, "issues": next(pages)} if "expand" in body else plain)

    data_center.overrides[SEARCH] = answer
    assert ids(pull(connect_dc(), "issues")) == [1, 2, 3]
    assert [body["startAt"] for body in walked(data_center)] == [0, 2, 3]


def test_trap_03_one_missing_issue_is_noticed_since_the_count_is_exact(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    """A row that falls between two pages is found when the window is walked again in halves."""
    data_center.issues = hourly(40)

    def answer(request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.content)
        is_whole = "created" not in body["jql"] and "expand" in body
        rows = [one for one in data_center.matching(body["jql"]) if not is_whole or one["id"] != "20"]
        return httpx.Response(200, json={"total": len(rows) + is_whole, "issues": rows[body.get("startAt", 0) :]})

    data_center.overrides[SEARCH] = answer
    pulled = pull(connect_dc(), "issues")
    assert set(ids(pulled)) == set(range(1, 41))
    assert pulled.problems == []
    assert len([body for body in walked(data_center) if "created" in body["jql"]]) == 2


def test_trap_03_a_search_that_stays_short_is_a_problem(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    data_center.issues = hourly(40)

    def answer(request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.content)
        rows = data_center.matching(body["jql"])
        shown = [one for one in rows if "expand" not in body or one["id"] != "20"]
        return httpx.Response(200, json={"total": len(rows), "issues": shown[body.get("startAt", 0) :]})

    data_center.overrides[SEARCH] = answer
    pulled = pull(connect_dc(), "issues")
    assert len(pulled.problems) == 1
    assert "ended early, again and again" in pulled.problems[0]


def test_trap_26_changes_are_asked_for_by_epoch_milliseconds(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    """An instant, which no time zone of the account moves; `updated` has no upper bound."""
    data_center.issues = hourly(3)
    first = pull(connect_dc())
    data_center.issues.append(found(4, created=START + timedelta(days=31)))
    since = milliseconds(START + timedelta(days=30)) - 600_000
    assert ids(pull(connect_dc(), bookmarks=first.bookmarks)) == [4]
    assert walked(data_center)[-1]["jql"] == f"project = 10001 AND updated >= {since} ORDER BY id ASC"


# --- histories


def long_history(count: int) -> list[Json]:
    return [
        entry(n, item("status", ("10", "To Do"), ("11", "Done")), at=START + timedelta(hours=n)) for n in range(count)
    ]


def test_trap_11_a_history_that_is_cut_off_is_fetched_in_pages(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    whole = long_history(340)
    data_center.issues = [found(1, history=whole[:100], total=340), found(2, history=whole[:1])]

    def pages(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params["startAt"])
        return httpx.Response(
            200, json={"values": whole[start : start + 100], "isLast": start + 100 >= 340, "total": 340}
        )

    data_center.overrides[f"GET {API}/issue/1/changelog"] = pages
    rows = [row for row in pull(connect_dc(), "issues").rows(IssueChange) if row.issue_id == "acme:1"]
    assert len(rows) == 340
    assert len(data_center.asked("/changelog")) == 4


def test_trap_11_a_server_without_pages_of_histories_is_asked_for_the_issue_alone(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    data_center.issues = [found(n, history=long_history(2), total=3) for n in (1, 2)]
    for n in (1, 2):
        whole = httpx.Response(
            200, json=found(n, history=[entry(10 * n + k, *long_history(1)[0]["items"]) for k in range(3)])
        )
        data_center.overrides[f"GET {API}/issue/{n}"] = lambda _, whole=whole: whole  # type: ignore[misc]
    assert len(pull(connect_dc(), "issues").rows(IssueChange)) == 6
    assert len(data_center.asked("/changelog")) == 1


def test_trap_11_a_history_that_stays_cut_off_is_an_error_that_names_the_issue(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    data_center.issues = [found(1, history=long_history(2), total=3)]
    with pytest.raises(UnexpectedResponse, match="history of issue ABC-1 is cut off: the server gives 2 of 3 entries"):
        pull(connect_dc(), "issues")


def test_trap_16_items_without_a_field_id_get_the_names_and_ids_of_their_fields(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    items = [
        item("status", ("10", "To Do"), ("11", "Done")),
        item("Fix Version", (None, None), ("7", "1.0")),
        item("timeestimate", (None, None), ("60", "60")),
        item("Sprint", ("", ""), ("36", "A, B"), fieldtype="custom"),
        item("Epic Link", (None, None), ("2", "ABC-2"), fieldtype="custom"),
        item("Story Points", (None, "5.0"), (None, "8"), fieldtype="custom"),
        item("Parent", (None, None), ("3", "ABC-3")),
    ]
    data_center.issues = [found(1, history=[entry(9, *items)], customfield_8=8.0)]
    told = [(row.field, row.field_id, row.to_value) for row in pull(connect_dc(), "issues").rows(IssueChange)]
    assert told == [
        ("status", "acme:status", "11"),
        ("fix_versions", "acme:fixVersions", "7"),
        ("Remaining Estimate", "acme:timeestimate", "60"),
        ("sprint", f"acme:{SPRINT}", "36"),
        ("parent", f"acme:{EPIC_LINK}", "2"),
        ("story_points", "acme:customfield_8", "8"),
        ("parent", None, "3"),
    ]


# --- by id and key


def test_issues_by_id_leave_out_those_that_are_gone(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    data_center.issues = [found(n, history=long_history(1)) for n in range(1, 251)]
    data_center.cap = 60
    asked = [str(n) for n in range(1, 300)]
    told = connect_dc()._site.dialect.by_id(asked)
    assert [issue.id for issue in told.issues] == [str(n) for n in range(1, 251)]
    assert set(told.histories) == {str(n) for n in range(1, 251)}
    assert {body["validateQuery"] for body in walked(data_center)} == {False}


def test_a_server_that_insists_on_every_id_is_asked_one_by_one(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    data_center.issues, data_center.insists = [found(1, history=long_history(2)), found(3)], True
    told = connect_dc()._site.dialect.by_id(["1", "2", "3"], ["comment"])
    assert [issue.id for issue in told.issues] == ["1", "3"]
    assert len(told.histories["1"]) == 2
    [request] = data_center.asked("/issue/1")
    assert dict(request.url.params) == {"fields": "*all,-comment", "expand": "changelog"}


def test_a_refusal_for_another_reason_does_not_make_issues_look_gone(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    data_center.issues = hourly(1)
    data_center.overrides[SEARCH] = lambda _: refusal(400, "Something else")
    assert [issue.id for issue in connect_dc()._site.dialect.by_id(["1"]).issues] == ["1"]


def test_ids_by_key_leave_out_what_was_renamed(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    data_center.issues = [found(1), found(2, key="XYZ-9")]
    assert connect_dc()._site.dialect.ids_of(["ABC-1", "ABC-2", "XYZ-9"]) == {"ABC-1": "1", "XYZ-9": "2"}


def test_keys_come_without_fields_and_histories(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    data_center.issues = hourly(5)
    pages = list(connect_dc()._site.dialect.keys("project = 10001"))
    assert [(issue.id, issue.key) for page in pages for issue in page] == [(str(n), f"ABC-{n}") for n in range(1, 6)]
    [body] = data_center.searched()
    assert body["fields"] == ["id"]
    assert "expand" not in body


def test_a_count_fetches_no_issue(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    data_center.issues = hourly(5)
    assert connect_dc()._site.dialect.count("project = 10001") == 5
    assert [body["maxResults"] for body in data_center.searched()] == [0]
