"""Boards of every type: their columns, whether they have sprints, and how few requests list them."""

from __future__ import annotations

import httpx
import pytest

from connectors.errors import TrackerUnavailable
from tests.connectors.jira.fake_jira import Connect, FakeJira, Json, Pulled, issue, pull, refusal
from warehouse.records import Board, BoardColumn, BoardColumnStatus, Issue, Sprint

LIST = "GET /rest/agile/1.0/board"


def board(number: int, kind: str = "scrum") -> Json:
    return {"id": number, "name": f"Board {number}", "type": kind}


def set_up(jira: FakeJira, number: int, *columns: Json) -> None:
    answer = {"filter": {"id": "500"}, "columnConfig": {"columns": list(columns), "constraintType": "issueCount"}}
    jira.overrides[f"{LIST}/{number}/configuration"] = lambda _: httpx.Response(200, json=answer)


def column(name: str, *statuses: str, **more: object) -> Json:
    return {"name": name, "statuses": [{"id": status} for status in statuses], **more}


def scopes(pulled: Pulled, kind: type) -> list[list[str]]:
    parts = [part for page in pulled.pages for part in page.replacements if part.record_type is kind]
    return [list(part.values) for part in parts]


def test_a_board_has_columns_and_each_the_statuses_that_it_shows(jira: FakeJira, connect: Connect) -> None:
    jira.boards = [board(5)]
    set_up(jira, 5, column("To Do", "10"), column("Doing", "11", "12", "12", max=3), column("Kanplan"))
    pulled = pull(connect(), "boards")
    assert [(row.board_column_id, row.place, row.name, row.item_limit) for row in pulled.rows(BoardColumn)] == [
        ("acme:5:0", 0, "To Do", None),
        ("acme:5:1", 1, "Doing", 3),
        ("acme:5:2", 2, "Kanplan", None),
    ]
    assert [(row.board_column_id, row.status_id) for row in pulled.rows(BoardColumnStatus)] == [
        ("acme:5:0", "acme:10"),
        ("acme:5:1", "acme:11"),
        ("acme:5:1", "acme:12"),
    ]


def test_columns_that_are_gone_leave_nothing_behind(jira: FakeJira, connect: Connect) -> None:
    jira.boards = [board(5)]
    set_up(jira, 5, column("To Do", "10"))
    pulled = pull(connect(), "boards")
    assert scopes(pulled, BoardColumn) == [["acme:5"]]
    assert {"acme:5:0", "acme:5:1", "acme:5:12"} <= set(scopes(pulled, BoardColumnStatus)[0])


def test_trap_23_columns_of_a_board_that_does_not_show_them_stay_as_they_are(jira: FakeJira, connect: Connect) -> None:
    jira.boards = [board(5), board(6)]
    set_up(jira, 6, column("To Do", "10"))
    jira.overrides[f"{LIST}/5/configuration"] = lambda _: refusal(403, "No licence")
    pulled = pull(connect(), "boards")
    assert scopes(pulled, BoardColumn) == [["acme:6"]]
    assert len(pulled.rows(Board)) == 2


def features(state: str) -> httpx.Response:
    row = {"boardId": 5, "boardFeature": "SPRINTS", "featureId": "jsw.agility.sprints", "state": state}
    return httpx.Response(200, json={"features": [{"featureId": "jsw.agility.backlog", "state": "ENABLED"}, row]})


@pytest.mark.parametrize(("state", "asked"), [("ENABLED", 1), ("DISABLED", 0), ("COMING_SOON", 0)])
def test_trap_22_a_team_managed_board_is_asked_for_sprints_only_if_it_can_have_them(
    jira: FakeJira, connect: Connect, state: str, asked: int
) -> None:
    jira.boards, jira.sprints = [board(5, "simple")], {5: [{"id": 36, "name": "One", "state": "active"}]}
    jira.overrides[f"{LIST}/5/features"] = lambda _: features(state)
    pulled = pull(connect(), "boards")
    assert len(jira.asked("/board/5/sprint")) == len(pulled.rows(Sprint)) == asked
    assert pulled.notes == []


def test_trap_22_a_team_managed_board_that_does_not_tell_is_asked(jira: FakeJira, connect: Connect) -> None:
    jira.boards, jira.sprints = [board(5, "simple")], {5: [{"id": 36, "name": "One", "state": "active"}]}
    jira.overrides[f"{LIST}/5/features"] = lambda _: refusal(403, "No permission")
    assert len(pull(connect(), "boards").rows(Sprint)) == 1


def test_trap_22_only_team_managed_boards_are_asked_what_they_can_do(jira: FakeJira, connect: Connect) -> None:
    jira.boards = [board(5), board(6, "kanban")]
    pull(connect(), "boards")
    assert jira.asked("/features") == []
    assert jira.asked("/board/6/sprint") == []


@pytest.mark.parametrize(
    "path", ["board/5/issue", "board/5/backlog", "board/5/epic", "sprint/36/issue", "epic/none/issue"]
)
def test_trap_25_everything_works_when_the_issue_lists_are_gone(jira: FakeJira, connect: Connect, path: str) -> None:
    jira.boards, jira.sprints = [board(5)], {5: [{"id": 36, "name": "One", "state": "active"}]}
    jira.issues = [issue(1, customfield_20=[{"id": 36, "name": "One", "state": "active", "boardId": 5}])]
    jira.overrides[f"GET /rest/agile/1.0/{path}"] = lambda _: refusal(410, "The requested API has been removed.")
    connector = connect()
    connector.identify()
    pulled = pull(connector)
    assert [row.sprint_ids for row in pulled.rows(Issue)] == ["36"]
    assert not jira.asked(path)


# --- how boards are found


def several(jira: FakeJira, projects: int, boards: int) -> tuple[str, ...]:
    """Projects, each with boards of its own, and the site's list."""
    jira.projects = [{"id": str(n), "key": f"P{n}", "name": "x"} for n in range(projects)]
    jira.boards = [board(n) for n in range(boards)]

    def listed(request: httpx.Request) -> httpx.Response:
        key, start = request.url.params.get("projectKeyOrId"), int(request.url.params.get("startAt", 0))
        rows = [one for one in jira.boards if key is None or one["id"] % (projects + 1) == int(key[1:])]
        page = rows[start : start + 50]
        answer = {"values": page, "total": len(rows), "isLast": start + len(page) >= len(rows)}
        return httpx.Response(200, json={**answer, "startAt": start, "maxResults": 50})

    jira.overrides[LIST] = listed
    return tuple(project["key"] for project in jira.projects)


def lists(jira: FakeJira) -> list[str | None]:
    """The project of each request for boards; None: all boards."""
    sent = [request for request in jira.sent if request.url.path.endswith("/agile/1.0/board")]
    return [request.url.params.get("projectKeyOrId") for request in sent]


def test_boards_of_several_projects_are_one_list_once_it_is_known_whose_they_are(
    jira: FakeJira, connect: Connect
) -> None:
    keys = several(jira, 3, 8)
    first = pull(connect(projects=keys))
    assert {row.board_id for row in first.rows(Board)} == {f"acme:{n}" for n in range(8) if n % 4 != 3}
    jira.sent.clear()
    second = pull(connect(projects=keys), bookmarks=first.bookmarks)
    assert lists(jira) == [None]
    assert {row.board_id for row in second.rows(Board)} == {row.board_id for row in first.rows(Board)}


def test_a_new_board_is_found_the_same_night(jira: FakeJira, connect: Connect) -> None:
    keys = several(jira, 3, 8)
    first = pull(connect(projects=keys))
    jira.boards.append(board(12))
    second = pull(connect(projects=keys), bookmarks=first.bookmarks)
    assert "acme:12" in {row.board_id for row in second.rows(Board)}


def test_a_site_with_many_boards_is_asked_by_project(jira: FakeJira, connect: Connect) -> None:
    keys = several(jira, 3, 400)
    first = pull(connect(projects=keys))
    assert len({row.board_id for row in first.rows(Board)}) == 300
    assert lists(jira).count(None) == 1
    assert set(lists(jira)) == {None, *keys}


def test_a_list_of_few_boards_is_read_to_its_end(jira: FakeJira, connect: Connect) -> None:
    keys = several(jira, 3, 90)
    pulled = pull(connect(projects=keys))
    assert len({row.board_id for row in pulled.rows(Board)}) == len([n for n in range(90) if n % 4 != 3])
    assert lists(jira).count(None) == 2


def test_a_board_that_is_broken_is_a_problem_and_an_outage_ends_the_source(jira: FakeJira, connect: Connect) -> None:
    path = "GET /rest/agile/1.0/board/5/configuration"
    jira.boards = [{"id": 5, "name": "Alpha board", "type": "scrum"}]
    jira.overrides[path] = lambda _: refusal(500, "The filter is gone")
    assert pull(connect()).problems == ["board 5 (Alpha board): its configuration is not shown: The filter is gone"]
    jira.overrides[path] = lambda _: httpx.Response(500, html="<html>oops</html>")
    with pytest.raises(TrackerUnavailable, match="board/5/configuration answered 500"):
        pull(connect())
