"""People, sprints and statuses that only issues and histories name."""

from __future__ import annotations

import httpx

from tests.connectors.jira.fake_jira import Clock, Connect, FakeJira, history, many, pull, sprint_item, status_item
from warehouse.records import Sprint, Status, User


def test_trap_50_a_person_whom_no_list_has_gets_one_row(jira: FakeJira, connect: Connect) -> None:
    jira.users = [{"accountId": "mia", "displayName": "Mia M.", "active": True, "emailAddress": "mia@acme.example"}]
    gone = {"accountId": "gone", "displayName": "Former user", "active": False}
    mia = {"accountId": "mia", "displayName": "Mia", "active": True}
    jira.issues, jira.page_size = many(4, assignee=gone, reporter=mia), 2
    people = [(row.user_id, row.display_name, row.is_active) for row in pull(connect()).rows(User)]
    assert people == [("acme:mia", "Mia M.", True), ("acme:gone", "Former user", False)]


def test_a_person_of_old_assignments_is_asked_for_and_else_called_by_the_name_of_then(
    jira: FakeJira, connect: Connect
) -> None:
    jira.issues = many(1)
    given = [{"field": "assignee", "fieldId": "assignee", "to": who, "toString": who.title()} for who in ("tom", "ann")]
    jira.histories = {"1": [history(5, *given, author=None)]}
    told = {"values": [{"accountId": "tom", "displayName": "Tom T.", "active": True}]}
    jira.overrides["GET /rest/api/3/user/bulk"] = lambda _: httpx.Response(200, json=told)
    people = {row.user_id: row.display_name for row in pull(connect(), "users", "issues").rows(User)}
    assert people == {"acme:tom": "Tom T.", "acme:ann": "Ann"}


def test_trap_24_a_deleted_sprint_gets_a_row_with_its_name_of_then(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(1)
    jira.histories = {"1": [history(5, sprint_item("", "", "36", "Alpha, 1"))]}
    [sprint] = pull(connect(), "boards", "issues").rows(Sprint)
    assert (sprint.sprint_id, sprint.name, sprint.state, sprint.start_at) == ("acme:36", "Alpha, 1", "closed", None)


def test_a_sprint_that_was_listed_once_is_not_overwritten_when_it_is_deleted(jira: FakeJira, connect: Connect) -> None:
    jira.boards = [{"id": 5, "name": "Alpha", "type": "scrum"}]
    jira.sprints = {5: [{"id": 36, "name": "Alpha 1", "state": "closed", "startDate": "2026-03-01T09:00:00.000Z"}]}
    jira.issues = many(1)
    first = pull(connect())
    assert len(first.rows(Sprint)) == 1
    jira.sprints = {}
    jira.histories = {"1": [history(5, sprint_item("36", "Alpha 1", "", ""))]}
    del first.bookmarks["issues"]
    assert pull(connect(), bookmarks=first.bookmarks).rows(Sprint) == []


def test_a_sprint_of_a_board_that_is_not_listed_is_read_from_the_field(jira: FakeJira, connect: Connect) -> None:
    value = {"id": 40, "name": "Beta 1", "state": "active", "boardId": 9, "startDate": "2026-03-01T09:00:00.000Z"}
    jira.issues = many(2, customfield_20=[value])
    jira.histories = {"1": [history(5, sprint_item("", "", "40", "Beta one"))]}
    [sprint] = pull(connect(), "boards", "issues").rows(Sprint)
    assert (sprint.name, sprint.state, sprint.board_id) == ("Beta 1", "active", "acme:9")


def test_trap_41_a_status_that_only_history_knows_gets_a_row(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(1)
    jira.histories = {"1": [history(5, status_item(("99", "Old"), ("10", "To Do")))]}
    rows = pull(connect(), "statuses", "issues").rows(Status)
    assert [(row.status_id, row.name, row.category) for row in rows] == [
        ("acme:10", "To Do", "new"),
        ("acme:99", "Old", None),
    ]


def test_trap_41_a_status_that_was_listed_once_keeps_its_last_known_category(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    first = pull(connect())
    clock.sleep(86_400 * 7)
    jira.statuses = []
    jira.issues = many(1, status={"id": "11", "name": "Doing", "statusCategory": {"key": "indeterminate"}})
    jira.histories = {"1": [history(5, status_item(("10", "To Do"), ("11", "Doing")))]}
    del first.bookmarks["issues"]
    rows = pull(connect(), bookmarks=first.bookmarks).rows(Status)
    assert [(row.status_id, row.category) for row in rows] == [("acme:11", "indeterminate")]
