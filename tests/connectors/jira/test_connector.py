"""The connector as a whole: login, the site's own lists, and what it says when something is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from connectors.errors import AuthenticationError, TrackerUnavailable, UnexpectedResponse
from connectors.http import HttpSettings, SourceHttp
from connectors.http.waiting import GivenUp
from connectors.jira.gateway.cloud import CloudDialect
from tests.connectors.jira.fake_jira import TOKEN, URL, Clock, Connect, FakeJira, Json, issue, pull, refusal
from tests.connectors.virtual_time import StandingTime
from warehouse.records import (
    Board,
    BoardSprint,
    Field,
    Issue,
    IssueType,
    Project,
    Source,
    Sprint,
    Status,
    User,
    Version,
)

LIE = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}


def board(number: int, kind: str = "scrum", **more: object) -> Json:
    return {"id": number, "name": f"Board {number}", "type": kind, **more}


def sprint(number: int, **more: object) -> Json:
    return {"id": number, "name": f"Sprint {number}", "state": "closed", "originBoardId": 5, **more}


def test_the_login_is_proven_and_the_site_is_told(connect: Connect) -> None:
    identity = connect().identify()
    assert (identity.kind, identity.account, identity.version) == ("jira_cloud", "bot", "1001.0.0")
    assert identity.time_zone == "Europe/Berlin"


def test_every_request_is_signed_asks_for_english_and_passes_the_one_client(jira: FakeJira, connect: Connect) -> None:
    connector = connect()
    connector.identify()
    pull(connector)
    assert len(jira.sent) == connector.counters.requests
    assert all(request.headers["authorization"].startswith("Basic ") for request in jira.sent)
    others = [request for request in jira.sent if not request.url.path.endswith("/issueLinkType")]
    assert {request.headers["x-force-accept-language"] for request in others} == {"true"}
    assert {request.headers["accept-language"] for request in others} == {"en"}


def test_trap_01_a_success_that_shows_a_refused_login_is_an_error(jira: FakeJira, connect: Connect) -> None:
    """The token expires between two pages: the rest must not look like an empty site."""
    jira.issues, jira.page_size = [issue(n) for n in range(1, 4)], 1
    pages = iter([httpx.Response(200, json={"issues": [jira.issues[0]], "nextPageToken": "1"})])
    lie = httpx.Response(200, json={"issues": [], "isLast": True}, headers=LIE)
    jira.overrides["POST /rest/api/3/search/jql"] = lambda _: next(pages, lie)
    with pytest.raises(AuthenticationError, match="AUTHENTICATED_FAILED"):
        pull(connect(), "issues")


@pytest.mark.parametrize("path", ["/rest/api/2/field", "/rest/api/3/project/search", "/rest/agile/1.0/board"])
def test_trap_01_also_in_answers_to_the_library(jira: FakeJira, connect: Connect, path: str) -> None:
    jira.overrides[f"GET {path}"] = lambda _: httpx.Response(200, json=[], headers=LIE)
    with pytest.raises(AuthenticationError):
        connect().survey()


def test_a_login_without_address_is_told_that_cloud_wants_one(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /rest/api/3/myself"] = lambda _: refusal(401, "Client must be authenticated")
    with pytest.raises(AuthenticationError, match="wants `email` beside the token"):
        connect(email=None).identify()


def test_the_token_is_not_shown_by_the_settings(connect: Connect) -> None:
    assert TOKEN not in repr(connect()._settings)


@pytest.mark.parametrize("name", ["POST /rest/api/3/search/jql", "GET /rest/api/2/status", "GET /rest/agile/1.0/board"])
def test_trap_04_a_removed_api_is_a_named_error_that_is_not_tried_again(
    jira: FakeJira, connect: Connect, name: str
) -> None:
    jira.issues = [issue(1)]
    jira.overrides[name] = lambda _: refusal(410, "The requested API has been removed. Please migrate to …")
    with pytest.raises(UnexpectedResponse, match=r"410, this API has been removed: .*Please migrate") as caught:
        pull(connect())
    assert caught.value.status == 410
    assert len([asked for asked, _ in jira.requests if asked == name]) == 1


def test_a_redirect_is_refused_and_not_followed(jira: FakeJira, connect: Connect) -> None:
    away = httpx.Response(302, headers={"location": "https://login.example/sso"})
    jira.overrides["GET /rest/api/2/serverInfo"] = lambda _: away
    with pytest.raises(UnexpectedResponse, match=r"redirects to login\.example"):
        connect().identify()
    assert len(jira.requests) == 1


def test_an_outage_is_told_as_such_by_the_library_too(jira: FakeJira, connect: Connect) -> None:
    html = httpx.Response(503, text="<html>maintenance</html>", headers={"content-type": "text/html"})
    jira.overrides["GET /rest/api/2/field"] = lambda _: html
    with pytest.raises(TrackerUnavailable, match="GET /rest/api/2/field answered 503"):
        connect().survey()


def test_a_page_that_is_no_json_is_told_as_such_by_the_library_too(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /rest/api/2/serverInfo"] = lambda _: httpx.Response(200, text="<html>proxy</html>")
    with pytest.raises(UnexpectedResponse, match="cannot be read"):
        connect().identify()


def test_a_site_that_cannot_be_reached_is_told_in_one_line(jira: FakeJira, connect: Connect) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there", request=request)

    jira.overrides["GET /rest/api/2/serverInfo"] = broken
    with pytest.raises(TrackerUnavailable, match=r"https://acme\.example cannot be reached: nobody there"):
        connect().identify()


def test_the_first_page_has_the_source_and_its_projects(connect: Connect) -> None:
    page = next(connect().streams()[0].pages(None))
    assert [type(row) for row in page.records] == [Source, Project]


def test_streams_come_parents_first(connect: Connect) -> None:
    names = [stream.name for stream in connect().streams()]
    before = ["projects", "fields", "issue_types", "statuses", "users", "boards", "versions"]
    assert names == [*before, "issues", "worklogs", "groups"]


def test_lists_are_read_to_their_end(jira: FakeJira, connect: Connect) -> None:
    jira.projects = [{"id": str(n), "key": f"P{n}", "name": "x"} for n in range(120)]
    jira.boards = [board(n) for n in range(120)]
    jira.users = [{"accountId": f"u{n}", "displayName": "x"} for n in range(3)]
    pulled = pull(connect())
    assert len(pulled.rows(Project)) == 120
    assert len(pulled.rows(Board)) == 120
    assert len(pulled.rows(User)) == 3


def test_fields_tell_their_role(connect: Connect) -> None:
    rows = {row.field_id: row for row in pull(connect(), "fields").rows(Field)}
    assert rows["acme:customfield_20"].role == "sprint"
    assert rows["acme:customfield_16"].role == rows["acme:customfield_26"].role == "story_points"
    assert rows["acme:customfield_31"].role == "found_in"
    assert rows["acme:environment"].role is None
    assert rows["acme:customfield_31"].name == "Environment (customfield_31)"


def test_trap_42_categories_are_the_keys_in_lower_case(jira: FakeJira, connect: Connect) -> None:
    owner = {"type": "PROJECT", "project": {"id": "10001"}}
    jira.statuses = [
        {"id": "1", "name": "A", "statusCategory": {"key": "indeterminate"}, "scope": owner},
        {"id": "2", "name": "B"},
    ]
    rows = pull(connect(), "statuses").rows(Status)
    assert [(row.category, row.project_id) for row in rows] == [("indeterminate", "acme:10001"), (None, None)]


def test_types_and_versions_are_mapped(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /rest/api/2/issuetype"] = lambda _: httpx.Response(
        200, json=[{"id": "1", "name": "Epic", "hierarchyLevel": 1}]
    )
    jira.versions = [{"id": "8", "name": "1.0", "released": True, "releaseDate": "2026-10-01"}]
    pulled = pull(connect(), "issue_types", "versions")
    assert [row.level for row in pulled.rows(IssueType)] == ["portfolio"]
    [version] = pulled.rows(Version)
    assert (version.project_id, version.is_released, str(version.released_on)) == ("acme:10001", True, "2026-10-01")


def test_without_permission_to_browse_users_people_come_from_issues(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /rest/api/3/users/search"] = lambda _: refusal(403, "You do not have permission")
    jira.issues = [issue(1, assignee={"accountId": "mia", "displayName": "Mia"})]
    pulled = pull(connect())
    assert [row.user_id for row in pulled.rows(User)] == ["acme:mia"]
    assert "people are taken from issues only" in pulled.notes[0]


def test_a_list_of_users_that_is_busy_is_asked_for_a_few_times(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    jira.overrides["GET /rest/api/3/users/search"] = lambda _: refusal(409, "busy")
    with pytest.raises(TrackerUnavailable, match="409 again and again"):
        pull(connect(), "users")
    assert len(jira.asked("/users/search")) == 3
    assert clock.slept == [5.0, 10.0]


def test_closing_a_source_ends_the_wait_for_a_busy_list_of_users(jira: FakeJira) -> None:
    jira.overrides["GET /rest/api/3/users/search"] = lambda _: refusal(409, "busy")
    time = StandingTime()
    http = SourceHttp(
        base_url=URL, auth=httpx.BasicAuth("a", "b"), settings=HttpSettings(world=time.world()), inspect=lambda _: None
    )
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(lambda: list(CloudDialect(http).users()))
        time.until_asleep(1)
        http.close()
        with pytest.raises(GivenUp):
            asked.result(10)
    assert len(jira.asked("/users/search")) == 1


# --- boards


def test_trap_20_a_sprint_of_several_boards_is_one_row(jira: FakeJira, connect: Connect) -> None:
    jira.boards = [board(n) for n in (5, 6, 7)]
    jira.sprints = {n: [sprint(36)] for n in (5, 6, 7)}
    pulled = pull(connect(), "boards")
    assert [(row.sprint_id, row.board_id) for row in pulled.rows(Sprint)] == [("acme:36", "acme:5")]
    assert [row.board_sprint_id for row in pulled.rows(BoardSprint)] == ["acme:5:36", "acme:6:36", "acme:7:36"]


def test_trap_21_a_future_sprint_has_no_dates(jira: FakeJira, connect: Connect) -> None:
    jira.boards, jira.sprints = [board(5)], {5: [sprint(38, state="future", goal="")]}
    [row] = pull(connect(), "boards").rows(Sprint)
    assert (row.state, row.start_at, row.end_at, row.completed_at, row.goal) == ("future", None, None, None, None)


def test_trap_22_a_board_without_sprints_is_a_note(jira: FakeJira, connect: Connect) -> None:
    jira.boards, jira.sprints = [board(4, "kanban"), board(5, "simple"), board(6)], {6: [sprint(36)]}
    jira.overrides["GET /rest/agile/1.0/board/5/sprint"] = lambda _: refusal(400, "The board does not support sprints")
    pulled = pull(connect(), "boards")
    assert len(pulled.rows(Board)) == 3
    assert len(pulled.rows(Sprint)) == 1
    assert [note.partition(":")[0] for note in pulled.notes] == ["board 5 (Board 5) shows no sprints"]


def test_trap_22_any_other_refusal_of_a_scrum_board_is_an_error(jira: FakeJira, connect: Connect) -> None:
    jira.boards = [board(5)]
    jira.overrides["GET /rest/agile/1.0/board/5/sprint"] = lambda _: refusal(400, "Invalid parameter")
    with pytest.raises(UnexpectedResponse, match="Invalid parameter"):
        pull(connect(), "boards")


@pytest.mark.parametrize(
    ("status", "message"), [(500, "This board has no columns with a mapped status."), (403, "No licence")]
)
def test_trap_23_an_odd_board_is_asked_once_and_left_out(
    jira: FakeJira, connect: Connect, status: int, message: str
) -> None:
    jira.boards, jira.sprints = [board(5), board(6)], {6: [sprint(36)]}
    for end in ("sprint", "configuration"):
        jira.overrides[f"GET /rest/agile/1.0/board/5/{end}"] = lambda _: refusal(status, message)
    pulled = pull(connect(), "boards")
    assert len(pulled.rows(Sprint)) == 1
    assert len(pulled.notes) == 2
    assert all(message in note for note in pulled.notes)
    assert len(jira.asked("/board/5/sprint")) == 1


def test_a_site_without_boards_is_pulled_all_the_same(jira: FakeJira, connect: Connect) -> None:
    jira.overrides["GET /rest/agile/1.0/board"] = lambda _: refusal(403, "No licence for Jira Software")
    jira.issues = [issue(1)]
    pulled = pull(connect())
    assert len(pulled.rows(Issue)) == 1
    assert any("boards and sprints are left out" in note for note in pulled.notes)


def test_boards_are_those_of_the_configured_projects(jira: FakeJira, connect: Connect) -> None:
    jira.boards = [board(5)]
    pull(connect(projects=("ABC",)), "boards")
    [request] = [request for request in jira.sent if request.url.path.endswith("/agile/1.0/board")]
    assert request.url.params["projectKeyOrId"] == "ABC"


def test_trap_25_the_issue_lists_of_boards_and_sprints_are_not_used(jira: FakeJira, connect: Connect) -> None:
    jira.boards, jira.sprints, jira.issues = [board(5)], {5: [sprint(36)]}, [issue(1)]
    pull(connect())
    assert not [name for name, _ in jira.requests if "/agile/" in name and name.endswith(("/issue", "/backlog"))]


# --- look round


def test_a_survey_tells_what_is_there_and_what_is_amiss(jira: FakeJira, connect: Connect) -> None:
    jira.boards = [board(5)]
    found = connect(projects=("ABC", "NOPE"), fields={"severity": ["Severty"]}).survey()
    assert {(seen.what, seen.name) for seen in found.seen} >= {("project", "ABC"), ("board", "Board 5")}
    assert len(found.problems) == 2
    points = next(choice for choice in found.fields if choice.role == "story_points")
    assert points.native_ids == ("customfield_16", "customfield_26")
    assert points.name == "Story point estimate, Story Points"
