"""What a Data Center says of itself: login, versions, people, boards, epics."""

from __future__ import annotations

import httpx
import pytest

from connectors.errors import AuthenticationError, SourceError
from tests.connectors.jira.fake_data_center import API, EPIC_LINK, EPIC_NAME, MIA, FakeDataCenter, entry, found, item
from tests.connectors.jira.fake_jira import TOKEN, Clock, Connect, FakeJira, Json, issue, pull, refusal
from warehouse.records import Board, Issue, IssueType, Project, Source, Sprint, User

CAPTCHA = {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://jira.acme.example/jira/login.jsp"}
HTML = {"content-type": "text/html"}
AGILE = "/jira/rest/agile/1.0"


def person(number: int, **more: object) -> Json:
    return {"name": f"p{number}", "key": f"JIRAUSER{number}", "displayName": f"Person {number}", "active": True, **more}


# --- detection and login


@pytest.mark.parametrize("deployment", ["Server", "DataCenter"])
def test_the_flavour_is_found_out_from_the_server(
    data_center: FakeDataCenter, connect_dc: Connect, deployment: str
) -> None:
    data_center.deployment = deployment
    connector = connect_dc()
    identity = connector.identify()
    assert (identity.kind, identity.account, identity.version) == ("jira_data_center", "JIRAUSER1", "10.3.24")
    [source] = pull(connector, "projects").rows(Source)
    assert (source.kind, source.version) == ("jira_data_center", "10.3.24")


@pytest.mark.parametrize(
    ("version", "is_read"), [("8.13.27", False), ("7.13.0", False), ("8.14.0", True), ("11.0.0", True)]
)
def test_versions_before_8_14_are_refused_in_one_clear_line(
    data_center: FakeDataCenter, connect_dc: Connect, version: str, *, is_read: bool
) -> None:
    data_center.version = version
    if is_read:
        assert connect_dc().identify().version == version
        return
    with pytest.raises(
        SourceError, match=rf"is Jira {version}; .* can be read from version 8\.14 on \(8\.14 to 10\.x\)"
    ):
        connect_dc().identify()


def test_trap_56_every_request_keeps_the_context_path(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    data_center.issues = [found(1, history=[entry(1, item("assignee", (None, None), ("tom", "Tom")))])]
    data_center.boards = [{"id": 5, "name": "Alpha", "type": "scrum"}]
    connector = connect_dc(url="https://jira.acme.example/jira/")
    connector.identify()
    pulled = pull(connector)
    assert len(data_center.sent) > 10
    assert {request.url.path.partition("/rest/")[0] for request in data_center.sent} == {"/jira"}
    assert [row.url for row in pulled.rows(Issue)] == ["https://jira.acme.example/jira/browse/ABC-1"]


def test_a_token_alone_is_sent_as_bearer_and_with_a_name_as_password(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    connect_dc().identify()
    connect_dc(email="bot").identify()
    kinds = [request.headers["authorization"].partition(" ")[0] for request in data_center.sent]
    assert kinds == ["Bearer", "Bearer", "Basic", "Basic"]


@pytest.mark.parametrize("path", ["serverInfo", "myself", "project", "field", "search"])
def test_trap_55_an_answer_for_nobody_in_particular_is_a_refused_login(
    data_center: FakeDataCenter, connect_dc: Connect, path: str
) -> None:
    """Public projects are shown to everybody; taken for the whole, they would look like a loss of all the others."""
    data_center.issues = [found(1)]
    method = "POST" if path == "search" else "GET"
    nobody = {"X-AUSERNAME": "anonymous"}
    data_center.overrides[f"{method} {API}/{path}"] = lambda _: httpx.Response(200, json=[], headers=nobody)
    connector = connect_dc()
    with pytest.raises(AuthenticationError, match="as if nobody were logged in") as caught:  # noqa: PT012
        connector.identify()
        pull(connector)
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_trap_55_a_captcha_is_never_tried_again_and_says_what_to_do(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    wall = httpx.Response(403, html="<html>Basic Authentication Failure</html>", headers=CAPTCHA)
    data_center.overrides[f"GET {API}/myself"] = lambda _: wall
    connector = connect_dc(email="bot")
    with pytest.raises(
        AuthenticationError, match=r"log in once by browser at https://jira\.acme\.example/jira/login\.jsp"
    ):
        connector.identify()
    assert len(data_center.asked("/myself")) == 1
    assert connector.counters.retries == 0


def test_an_outage_that_knows_nobody_is_no_refused_login(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    """The proxy's answers, and the limiter's, come before anybody is logged in."""
    nobody = {"X-AUSERNAME": "anonymous", **HTML}
    tired = iter([httpx.Response(429, headers=nobody), httpx.Response(503, headers=nobody)])
    fine = httpx.Response(200, json={**MIA, "key": "JIRAUSER1"}, headers={"X-AUSERNAME": "bot"})
    data_center.overrides[f"GET {API}/myself"] = lambda _: next(tired, fine)
    assert connect_dc().identify().account == "JIRAUSER1"


@pytest.mark.parametrize("headers", [{"X-AUSERNAME": "bot@acme.example"}, {"X-AUSERNAME": ""}, {}])
def test_the_headers_of_cloud_are_left_in_peace(jira: FakeJira, connect: Connect, headers: dict[str, str]) -> None:
    jira.issues = [issue(1)]
    empty = httpx.Response(200, json=[], headers=headers)
    jira.overrides["GET /rest/api/2/status"] = lambda _: empty
    assert len(pull(connect()).rows(Issue)) == 1


def test_an_anonymous_question_about_the_site_may_be_answered_to_anybody(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /rest/api/3/myself"] = lambda _: refusal(401, "Client must be authenticated")
    told = httpx.Response(200, json={"cloudId": "1122-33"}, headers={"X-AUSERNAME": "anonymous"})
    jira.overrides["GET /_edge/tenant_info"] = lambda _: told
    connect(url="https://acme.atlassian.net").identify()
    assert jira.sent[-1].url.path.startswith("/ex/jira/1122-33/")


def test_a_refusal_in_html_is_one_line(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    page = "<html>\n<h1>Unauthorized (401)</h1>\n</html>"
    data_center.overrides[f"GET {API}/myself"] = lambda _: httpx.Response(401, html=page)
    with pytest.raises(AuthenticationError, match=r"answered 401: no explanation \(text/html\); check the token$"):
        connect_dc().identify()


def test_a_refused_password_is_told_that_a_token_goes_alone(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    data_center.overrides[f"GET {API}/myself"] = lambda _: refusal(401, "You are not authenticated.")
    with pytest.raises(AuthenticationError, match="a personal access token goes without `email`"):
        connect_dc(email="bot").identify()


# --- projects, people


def test_archived_projects_are_left_out_and_named_when_they_are_configured(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    old = {"id": "10002", "key": "OLD", "name": "Old", "archived": True}
    data_center.projects.append(old)
    data_center.overrides[f"GET {API}/project/OLD"] = lambda _: httpx.Response(200, json=old)
    assert [row.key for row in pull(connect_dc(), "projects").rows(Project)] == ["ABC"]
    pulled = pull(connect_dc(projects=("ABC", "OLD")), "projects")
    assert pulled.problems == ["project OLD is archived; its issues cannot be searched"]


def test_people_are_known_by_their_keys(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    """The name changes with the person's; anonymised people keep their key."""
    data_center.users = [person(n) for n in range(5)]
    gone = {"name": "jirauser7", "key": "JIRAUSER7", "displayName": "user-2c6e6", "active": False}
    data_center.issues = [found(1, assignee=person(3), reporter=gone, creator={"name": "old", "key": "old"})]
    rows = {row.user_id: row for row in pull(connect_dc()).rows(User)}
    assert set(rows) == {*(f"acme:JIRAUSER{n}" for n in range(5)), "acme:JIRAUSER7", "acme:old"}
    assert (rows["acme:JIRAUSER7"].display_name, rows["acme:JIRAUSER7"].is_active) == ("user-2c6e6", False)
    [one] = pull(connect_dc(), "issues").rows(Issue)
    assert (one.assignee_id, one.reporter_id) == ("acme:JIRAUSER3", "acme:JIRAUSER7")


def test_people_of_old_assignments_are_asked_for_by_key(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    data_center.users = [person(1), person(2)]
    shown = iter([data_center.users[:1], []])
    data_center.overrides[f"GET {API}/user/search"] = lambda _: httpx.Response(200, json=next(shown))
    moves = [
        item("assignee", ("JIRAUSER2", "P. Two"), ("gone", "Ann")),
        item("assignee", ("gone", "Ann"), (None, None)),
    ]
    data_center.issues = [found(1, history=[entry(1, *moves, author=None)])]
    rows = {row.user_id: row.display_name for row in pull(connect_dc(), "users", "issues").rows(User)}
    assert rows == {"acme:JIRAUSER1": "Person 1", "acme:JIRAUSER2": "Person 2", "acme:gone": "Ann"}


def test_a_server_that_does_not_heed_the_start_of_a_list_of_people_does_not_go_on_for_ever(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    data_center.overrides[f"GET {API}/user/search"] = lambda _: httpx.Response(200, json=[person(1), person(2)])
    assert len(pull(connect_dc(), "users").rows(User)) == 2


@pytest.mark.parametrize("told", [httpx.Response(200, json=[]), refusal(403, "No"), refusal(404, "No")])
def test_without_the_permission_to_browse_users_people_come_from_issues(
    data_center: FakeDataCenter, connect_dc: Connect, told: httpx.Response
) -> None:
    data_center.overrides[f"GET {API}/user/search"] = lambda _: told
    data_center.issues = [found(1, assignee=MIA)]
    pulled = pull(connect_dc())
    assert [row.user_id for row in pulled.rows(User)] == ["acme:JIRAUSER10100"]
    assert "people are taken from issues only" in pulled.notes[0]


# --- boards


def test_boards_without_a_place_belong_to_the_one_project_of_their_filter(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    data_center.boards = [{"id": n, "name": f"Board {n}", "type": "scrum"} for n in (5, 6, 7, 8)]
    alpha, beta = {"id": "10001", "key": "ABC"}, {"id": "10002", "key": "XYZ"}
    for number, projects in ((5, [alpha]), (6, [alpha, beta])):
        body = {"values": projects, "isLast": True}
        data_center.overrides[f"GET {AGILE}/board/{number}/project"] = lambda _, body=body: httpx.Response(
            200, json=body
        )  # type: ignore[misc]
    data_center.overrides[f"GET {AGILE}/board/8/project"] = lambda _: refusal(500, "The filter is gone")
    rows = {row.board_id: row.project_id for row in pull(connect_dc(), "boards").rows(Board)}
    assert rows == {"acme:5": "acme:10001", "acme:6": None, "acme:7": None, "acme:8": None}


def test_the_project_of_a_board_that_is_kept_back_for_a_night_is_asked_for_again_the_next(
    data_center: FakeDataCenter, connect_dc: Connect, clock: Clock
) -> None:
    data_center.boards = [{"id": 5, "name": "Board 5", "type": "scrum"}]
    place = f"GET {AGILE}/board/5/project"
    data_center.overrides[place] = lambda _: refusal(403, "no permission")
    first = pull(connect_dc())
    assert [row.project_id for row in first.rows(Board)] == [None]
    body = {"values": [{"id": "10001", "key": "ABC"}], "isLast": True}
    data_center.overrides[place] = lambda _: httpx.Response(200, json=body)
    clock.sleep(86_400)
    second = pull(connect_dc(), bookmarks=first.bookmarks)
    assert [row.project_id for row in second.rows(Board)] == ["acme:10001"]


def test_lists_of_boards_and_sprints_without_totals_are_read_to_their_end(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    day = "2026-09-28T09:00:00.000+02:00"
    data_center.boards = [{"id": n, "name": f"Board {n}", "type": "scrum"} for n in range(60)]
    shown = [{"id": n, "name": f"S{n}", "state": "closed", "activatedDate": day, "originBoardId": 5} for n in range(70)]
    data_center.sprints = {5: shown}
    pulled = pull(connect_dc(), "boards")
    assert len(pulled.rows(Board)) == 60
    sprints = pulled.rows(Sprint)
    assert len(sprints) == 70
    assert {str(row.activated_at) for row in sprints} == {"2026-09-28 07:00:00+00:00"}


# --- epics


def levels(data_center: FakeDataCenter, connect_dc: Connect) -> dict[str, str]:
    """Level by type, as the rows of the types and of the issues agree on it."""
    pulled = pull(connect_dc(), "issue_types", "issues")
    told = {row.name: row.level for row in pulled.rows(IssueType)}
    assert {row.issue_type: row.level for row in pulled.rows(Issue)}.items() <= told.items()
    assert len(pulled.rows(Issue)) == len(data_center.issues)
    return told


def test_epics_are_portfolio_though_no_height_tells_it(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    data_center.issues = [found(n, kind=n % 3) for n in range(1, 5)]
    assert levels(data_center, connect_dc) == {"Story": "standard", "Epic": "portfolio", "Sub-task": "subtask"}
    assert not [body for body in data_center.searched() if "cf[" in body["jql"]]


def test_an_epic_by_another_name_is_told_by_the_epic_names_of_issues(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    saga = {"id": "2", "name": "Saga", "subtask": False}
    data_center.types[1] = saga
    data_center.issues = [found(1), found(2, issuetype=saga, **{EPIC_NAME: "Big"})]
    assert levels(data_center, connect_dc) == {"Story": "standard", "Saga": "portfolio", "Sub-task": "subtask"}


def test_without_epics_all_types_are_standard(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    data_center.types, data_center.issues = data_center.types[:1], [found(1)]
    assert levels(data_center, connect_dc) == {"Story": "standard"}


def test_the_epic_link_becomes_the_parent(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    """Keys of issues that passed are known; the others of a page are asked for at once."""
    epics = [found(n, key=f"EPC-{n}", kind=1) for n in (1, 90, 91)]
    parent = {"id": "2", "key": "ABC-2"}
    below = [found(n, **{EPIC_LINK: f"EPC-{e}"}) for n, e in ((2, 1), (3, 90), (4, 91), (5, 90))]
    data_center.issues = [*epics, *below, found(6, kind=2, parent=parent)]
    data_center.cap = 4
    rows = {row.key: row.parent_id for row in pull(connect_dc(), "issues").rows(Issue)}
    assert [rows[f"ABC-{n}"] for n in range(2, 7)] == ["acme:1", "acme:90", "acme:91", "acme:90", "acme:2"]
    asked = [body["jql"] for body in data_center.searched() if body["jql"].startswith("key in")]
    assert asked == ['key in ("EPC-90", "EPC-91") ORDER BY id ASC']


def test_an_epic_that_cannot_be_seen_leaves_no_parent_and_one_note(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    data_center.issues, data_center.cap = [found(n, **{EPIC_LINK: "HID-7"}) for n in range(1, 6)], 2
    pulled = pull(connect_dc(), "issues")
    assert {row.parent_id for row in pulled.rows(Issue)} == {None}
    assert pulled.notes == ["HID-7 is the parent of issues, but not there or not visible to the account"]
    assert len([body for body in data_center.searched() if body["jql"].startswith("key in")]) == 1
