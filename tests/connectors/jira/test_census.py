"""The census of a Jira site: listings that are believed, and where issues went that are not in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from connectors.base import CensusPart, Located, Missing, SprintReport
from connectors.errors import AuthenticationError, TrackerUnavailable
from connectors.jira.connector import JiraConnector
from tests.connectors.jira.fake_jira import START, Connect, FakeJira, Json, issue, many, pull, refusal
from warehouse.records import Issue, IssueChange, Project

SEARCH, COUNT = "POST /rest/api/3/search/jql", "POST /rest/api/3/search/approximate-count"
BY_ID = "POST /rest/api/3/issue/bulkfetch"
TWO = [{"id": "10001", "key": "ABC", "name": "Alpha"}, {"id": "10002", "key": "DEF", "name": "Delta"}]


def parts(connector: JiraConnector) -> dict[str, CensusPart]:
    return {part.label: part for part in connector.census().parts()}


def two_projects(jira: FakeJira) -> None:
    jira.projects = list(TWO)
    jira.issues = [*many(30), *(issue(n, project="10002", key=f"DEF-{n}") for n in range(101, 121))]


def cut_off(jira: FakeJira, longest: int) -> Any:
    """Searches that end as if all were told after so many issues."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.content)
        return httpx.Response(200, json={"issues": jira.matching(body["jql"])[: min(longest, body["maxResults"])]})

    return answer


def gives_by_id(jira: FakeJira, *issues: Json) -> None:
    """What the site shows when it is asked by id."""

    def answer(request: httpx.Request) -> httpx.Response:
        wanted = msgspec.json.decode(request.content)["issueIdsOrKeys"]
        return httpx.Response(200, json={"issues": [one for one in issues if one["id"] in wanted], "issueErrors": []})

    jira.overrides[BY_ID] = answer


def is_open(jira: FakeJira, *, browse: bool = True, levels: Sequence[str] = (), project: bool = True) -> None:
    """What the site says of the project of its issues."""
    at = "GET /rest/api/2"
    named = [{"id": name, "name": name} for name in levels]
    allowed = {"permissions": {"BROWSE_PROJECTS": {"key": "BROWSE_PROJECTS", "havePermission": browse}}}
    jira.overrides[f"{at}/mypermissions"] = lambda _: httpx.Response(200, json=allowed)
    jira.overrides[f"{at}/project/10001/securitylevel"] = lambda _: httpx.Response(200, json={"levels": named})
    if project:
        jira.overrides[f"{at}/project/10001"] = lambda _: httpx.Response(200, json=TWO[0])


def missing(*numbers: int) -> list[Missing]:
    return [Missing(issue_id=f"acme:{n}", project_id="acme:10001", key=f"ABC-{n}") for n in numbers]


def located(connector: JiraConnector, *numbers: int) -> list[Located]:
    pull(connector)
    return list(connector.census().locate(missing(*numbers)))


def test_many_projects_are_listed_in_one_query_and_told_apart_by_their_keys(jira: FakeJira, connect: Connect) -> None:
    two_projects(jira)
    found = parts(connect())
    assert {label: (p.project_id, len(p.ids), p.expected, p.problem) for label, p in found.items()} == {
        "project ABC": ("acme:10001", 30, 30, None),
        "project DEF": ("acme:10002", 20, 20, None),
    }
    assert found["project DEF"].ids == {f"acme:{n}" for n in range(101, 121)}
    assert [len(jira.asked(path)) for path in ("/search/jql", "/approximate-count")] == [1, 1]
    assert jira.asked("/search/jql")[0]["maxResults"] == 5000


def test_counts_that_differ_in_sum_are_asked_for_project_by_project(jira: FakeJira, connect: Connect) -> None:
    two_projects(jira)
    counts = {"project in (10001, 10002)": 51, "project = 10001": 31, "project = 10002": 20}
    jira.overrides[COUNT] = lambda request: httpx.Response(
        200, json={"count": counts[msgspec.json.decode(request.content)["jql"]]}
    )
    assert {label: part.expected for label, part in parts(connect()).items()} == {"project ABC": 31, "project DEF": 20}


def test_a_key_of_no_known_project_makes_each_project_a_query_of_its_own(jira: FakeJira, connect: Connect) -> None:
    two_projects(jira)
    jira.issues.append(issue(200, project="10002", key="DELTA-1"))
    found = parts(connect())
    assert [len(part.ids) for part in found.values()] == [30, 21]


def test_trap_09_a_listing_that_ends_early_is_walked_again_in_windows(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(200)
    jira.overrides[SEARCH] = cut_off(jira, 120)
    part = parts(connect())["project ABC"]
    assert (len(part.ids), part.problem) == (200, None)


def test_trap_03_a_listing_that_stays_short_is_a_problem_of_its_project_only(jira: FakeJira, connect: Connect) -> None:
    two_projects(jira)

    def answer(request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.content)
        found = jira.matching(body["jql"])
        longest = 20 if body["jql"].startswith("project = 10002") else 5
        return httpx.Response(200, json={"issues": found[: min(longest, body["maxResults"])]})

    jira.overrides[SEARCH] = answer
    found = parts(connect())
    assert "census: project ABC lists" in (found["project ABC"].problem or "")
    assert (len(found["project DEF"].ids), found["project DEF"].problem) == (20, None)


def test_trap_03_a_page_that_fails_fails_the_census(jira: FakeJira, connect: Connect) -> None:
    jira.issues, jira.page_size = many(30), 10
    pages = iter([{"issues": jira.issues[:10], "nextPageToken": "a"}])
    jira.overrides[SEARCH] = lambda _: (
        httpx.Response(200, json=page) if (page := next(pages, None)) else refusal(500, "an outage")
    )
    with pytest.raises(TrackerUnavailable):
        parts(connect())


def test_trap_01_a_login_that_lapses_fails_the_census(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(3)
    jira.overrides[SEARCH] = lambda _: httpx.Response(
        200, json={"issues": []}, headers={"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
    )
    with pytest.raises(AuthenticationError):
        parts(connect())


def test_a_project_that_cannot_be_searched_is_a_problem_and_the_others_are_listed(
    jira: FakeJira, connect: Connect
) -> None:
    two_projects(jira)

    def answer(request: httpx.Request) -> httpx.Response:
        jql = msgspec.json.decode(request.content)["jql"]
        if "10002" in jql:
            return refusal(400, "The value '10002' does not exist for the field 'project'.")
        return httpx.Response(200, json={"count": len(jira.matching(jql))})

    jira.overrides[COUNT] = answer
    found = parts(connect())
    assert "project DEF cannot be searched" in (found["project DEF"].problem or "")
    assert len(found["project ABC"].ids) == 30


def test_a_configured_project_that_is_not_to_be_seen_is_a_problem_of_unknown_reach(
    jira: FakeJira, connect: Connect
) -> None:
    jira.issues = many(3)
    found = list(connect(projects=("ABC", "NOPE")).census().parts())
    assert [(part.project_id, part.problem is None) for part in found] == [(None, False), ("acme:10001", True)]
    assert "NOPE" in (found[0].problem or "")


def test_a_query_is_one_part(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(3)
    found = list(connect(jql="labels = x ORDER BY created").census().parts())
    assert [(part.label, part.project_id, len(part.ids), part.expected) for part in found] == [
        ("the jql of the source", None, 3, 3)
    ]


def test_boards_are_one_part_and_one_that_hides_its_filter_is_a_problem(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(3)
    for number in (5, 6):
        board = {"id": number, "name": f"Board {number}", "type": "scrum"}
        jira.overrides[f"GET /rest/agile/1.0/board/{number}"] = lambda _, board=board: httpx.Response(200, json=board)
    found = list(connect(boards=(5, 6)).census().parts())
    assert [(part.project_id, len(part.ids), part.problem) for part in found] == [(None, 3, None)]
    jira.overrides["GET /rest/agile/1.0/board/6/configuration"] = lambda _: refusal(403, "no")
    connector = connect(boards=(5, 6))
    assert "board 6" in (next(iter(connector.census().parts())).problem or "")
    assert "board 6" in pull(connector, "boards").problems[0]


def test_issues_before_history_since_are_not_listed(jira: FakeJira, connect: Connect) -> None:
    jira.issues = [issue(1, created=START - timedelta(days=60)), issue(2)]
    assert parts(connect(history_since=date(2026, 2, 1)))["project ABC"].ids == {"acme:2"}


def test_an_issue_that_is_gone_from_an_open_project_is_deleted(jira: FakeJira, connect: Connect) -> None:
    is_open(jira)
    gives_by_id(jira)
    found = located(connect(), 7, 8)
    assert [(one.absence, one.page) for one in found] == [("deleted", None)] * 2
    assert "does not have it" in found[0].reason
    assert len([name for name, _ in jira.requests if name.endswith("/securitylevel")]) == 1


@pytest.mark.parametrize(
    ("sight", "reason"),
    [
        ({"project": False}, "its project is not to be seen"),
        ({"browse": False}, "may no longer browse"),
        ({"levels": ["Board only"]}, "security levels"),
    ],
)
def test_trap_34_an_issue_that_may_only_be_hidden_is_access_lost(
    jira: FakeJira, connect: Connect, sight: dict[str, Any], reason: str
) -> None:
    is_open(jira, **sight)
    gives_by_id(jira)
    (found,) = located(connect(), 7)
    assert found.absence == "access_lost"
    assert reason in found.reason


def test_trap_34_where_the_server_does_not_tell_of_security_levels_nothing_is_deleted(
    jira: FakeJira, connect: Connect
) -> None:
    is_open(jira)
    jira.overrides["GET /rest/api/2/project/10001/securitylevel"] = lambda _: refusal(403, "no")
    gives_by_id(jira)
    assert located(connect(), 7)[0].absence == "access_lost"


def test_trap_33_an_issue_in_a_project_that_is_not_pulled_has_moved_away(jira: FakeJira, connect: Connect) -> None:
    moved = issue(7, project="10009", key="HR-1")
    moved["fields"]["project"] = {"id": "10009", "key": "HR", "name": "People"}
    jira.overrides["GET /rest/api/2/project/10009"] = lambda _: httpx.Response(200, json=moved["fields"]["project"])
    gives_by_id(jira, moved)
    (found,) = located(connect(projects=("ABC",)), 7)
    assert found.absence == "moved_away"
    assert "HR-1" in found.reason
    assert found.page is not None
    rows = {type(row): row for row in found.page.records}
    assert (rows[Issue].key, rows[Issue].project_id) == ("HR-1", "acme:10009")  # type: ignore[attr-defined]
    assert rows[Project].key == "HR"  # type: ignore[attr-defined]


def test_trap_32_an_issue_that_moved_within_the_scope_is_there(jira: FakeJira, connect: Connect) -> None:
    jira.projects = list(TWO)
    gives_by_id(jira, issue(7, project="10002", key="DEF-1"))
    (found,) = located(connect(), 7)
    assert found.absence is None
    assert found.page is not None


def test_an_issue_of_an_archived_project_stays_alive_unless_projects_are_named(
    jira: FakeJira, connect: Connect
) -> None:
    gives_by_id(jira, issue(7, project="10001"))
    jira.projects = [TWO[1]]
    assert located(connect(), 7)[0].absence is None
    assert located(connect(projects=("DEF",)), 7)[0].absence == "moved_away"


@pytest.mark.parametrize(("still_matches", "absence"), [(True, None), (False, "moved_away")])
def test_an_issue_that_a_query_no_longer_finds_has_left_the_scope(
    jira: FakeJira, connect: Connect, *, still_matches: bool, absence: str | None
) -> None:
    gives_by_id(jira, issue(7))
    connector = connect(jql="labels = x")
    pull(connector)
    jira.overrides[SEARCH] = lambda _: httpx.Response(200, json={"issues": [issue(7)] if still_matches else []})
    (found,) = connector.census().locate(missing(7))
    assert found.absence == absence
    assert jira.asked("/search/jql")[-1]["jql"] == "(labels = x) AND id in (7) ORDER BY id ASC"


def test_pulled_issues_come_with_their_histories_and_without_a_bookmark(jira: FakeJira, connect: Connect) -> None:
    status = {"field": "status", "fieldtype": "jira", "from": "10", "fromString": "To Do", "to": "11"}
    jira.histories = {"7": [{"id": "70", "created": int(START.timestamp() * 1000), "items": [status]}]}
    gives_by_id(jira, *(issue(n) for n in range(1, 151)))
    connector = connect()
    pull(connector)
    pages = list(connector.census().pull([f"acme:{n}" for n in (*range(1, 151), 999)]))
    rows = [row for page in pages for row in page.records]
    assert len([row for row in rows if isinstance(row, Issue)]) == 150
    assert [row.issue_id for row in rows if isinstance(row, IssueChange)] == ["acme:7"]
    assert {page.bookmark for page in pages} == {None}


def reported(*numbers: int) -> list[Json]:
    return [{"id": number, "key": f"ABC-{number}", "hidden": False} for number in numbers]


def test_a_sprint_report_is_told_by_issue_ids(jira: FakeJira, connect: Connect) -> None:
    contents = {
        "completedIssues": reported(1, 2),
        "issuesNotCompletedInCurrentSprint": reported(3),
        "puntedIssues": reported(4),
        "issuesCompletedInAnotherSprint": reported(5),
        "issueKeysAddedDuringSprint": {"ABC-2": True, "ABC-4": True, "GONE-1": True},
        "allIssuesEstimateSum": {"text": "5.0"},
    }
    path = "GET /rest/greenhopper/1.0/rapid/charts/sprintreport"
    jira.overrides[path] = lambda _: httpx.Response(200, json={"contents": contents, "sprint": {"id": 37}})
    (found,) = connect().census().sprint_reports({"acme:37": "acme:5"})
    assert found == SprintReport(
        sprint_id="acme:37",
        completed=frozenset({"acme:1", "acme:2", "acme:5"}),
        not_completed=frozenset({"acme:3"}),
        removed=frozenset({"acme:4"}),
        added_during=frozenset({"acme:2", "acme:4"}),
    )
    assert dict(jira.sent[-1].url.params) == {"rapidViewId": "5", "sprintId": "37"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_where_jira_gives_no_sprint_report_there_is_none(jira: FakeJira, connect: Connect, status: int) -> None:
    jira.overrides["GET /rest/greenhopper/1.0/rapid/charts/sprintreport"] = lambda _: refusal(status, "no")
    assert list(connect().census().sprint_reports({"acme:37": "acme:5"})) == []
