"""What changes seldom is asked for once a week, and what it misses meanwhile is taken from the issues."""

from __future__ import annotations

from datetime import timedelta

import httpx

from tests.connectors.jira.fake_jira import Clock, Connect, FakeJira, Json, history, issue, pull, status_item
from warehouse.records import Issue, IssueType, Status, User, Version, VersionSnapshot

DAY = 86_400
SELDOM = ("/status", "/issuetype", "/issueLinkType", "/users/search", "/configuration", "/features")
NIGHTLY = ("/field", "/project/search", "/agile/1.0/board", "/board/5/sprint", "/version")


def site(jira: FakeJira) -> None:
    jira.boards = [
        {"id": 5, "name": "Alpha", "type": "scrum"},
        {"id": 6, "name": "Beta", "type": "simple"},
    ]
    jira.overrides["GET /rest/agile/1.0/board/6/features"] = lambda _: httpx.Response(200, json={"features": []})
    jira.issue_types = [{"id": "1", "name": "Story", "hierarchyLevel": 0}]
    jira.users = [{"accountId": "mia", "displayName": "Mia", "active": True}]


def asked(jira: FakeJira, *ends: str) -> list[str]:
    """Those of the lists that were asked for."""
    return [end for end in ends if jira.asked(end)]


def test_seldom_lists_are_asked_for_once_a_week_and_the_others_every_night(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    site(jira)
    bookmarks = pull(connect()).bookmarks
    assert asked(jira, *SELDOM, *NIGHTLY) == [*SELDOM, *NIGHTLY]
    nights = []
    for _ in range(7):
        clock.sleep(DAY)
        jira.requests.clear()
        bookmarks = pull(connect(), bookmarks=bookmarks).bookmarks
        assert asked(jira, *NIGHTLY) == list(NIGHTLY)
        nights.append(asked(jira, *SELDOM))
    assert nights == [[], [], [], [], [], list(SELDOM), []]


def test_without_bookmarks_everything_is_asked_for_afresh(jira: FakeJira, connect: Connect) -> None:
    site(jira)
    pull(connect())
    jira.requests.clear()
    pull(connect())
    assert asked(jira, *SELDOM) == list(SELDOM)


def test_a_refused_configuration_is_asked_for_every_night(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    site(jira)
    jira.overrides["GET /rest/agile/1.0/board/5/configuration"] = lambda _: httpx.Response(403, json={})
    first = pull(connect())
    clock.sleep(DAY)
    del jira.overrides["GET /rest/agile/1.0/board/5/configuration"]
    jira.requests.clear()
    second = pull(connect(), bookmarks=first.bookmarks)
    assert len(first.notes) == 1
    assert second.notes == []
    assert len(jira.asked("/board/5/configuration")) == 1
    assert jira.asked("/board/6/configuration") == []


def touched(clock: Clock, **fields: object) -> Json:
    return issue(1, updated=clock.now().isoformat(), **fields)


def test_an_issue_type_that_is_first_seen_in_an_issue_gets_its_row(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    site(jira)
    first = pull(connect())
    clock.sleep(DAY)
    jira.issues = [touched(clock, issuetype={"id": "7", "name": "Risk", "hierarchyLevel": 1})]
    rows = pull(connect(), bookmarks=first.bookmarks).rows(IssueType)
    assert {row.issue_type_id: (row.name, row.level) for row in rows} == {
        "acme:1": ("Story", "standard"),
        "acme:7": ("Risk", "portfolio"),
    }


def people(jira: FakeJira, connect: Connect, clock: Clock, **fields: object) -> dict[str, tuple[str, bool | None]]:
    """Rows of people of a night after the list was asked for."""
    site(jira)
    first = pull(connect())
    clock.sleep(DAY)
    jira.issues = [touched(clock, **fields)]
    return {
        row.user_id: (row.display_name, row.is_active) for row in pull(connect(), bookmarks=first.bookmarks).rows(User)
    }


def test_a_person_who_is_renamed_shows_when_next_seen(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    renamed = {"accountId": "mia", "displayName": "Mia M.", "active": True}
    assert people(jira, connect, clock, assignee=renamed) == {"acme:mia": ("Mia M.", True)}


def test_a_person_who_is_as_listed_is_not_written_again(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    same = {"accountId": "mia", "displayName": "Mia", "active": True}
    assert people(jira, connect, clock, assignee=same) == {}


def test_the_author_of_an_entry_does_not_take_away_what_the_list_told(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    entry = history(5, status_item(("10", "To Do"), ("11", "Doing")), author=None)
    jira.histories = {"1": [{**entry, "author": {"accountId": "mia", "displayName": "Mia"}}]}
    assert people(jira, connect, clock) == {}


def test_a_new_person_is_taken_from_the_issue(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    new = {"accountId": "tom", "displayName": "Tom", "active": True}
    assert people(jira, connect, clock, assignee=new) == {"acme:tom": ("Tom", True)}


def shown_status(jira: FakeJira, connect: Connect, clock: Clock, **status: object) -> list[tuple[object, ...]]:
    """Rows of statuses of a night after the list was asked for, when an issue shows this one."""
    owner = {"type": "PROJECT", "project": {"id": "10001"}}
    jira.statuses = [{"id": "10", "name": "To Do", "statusCategory": {"key": "new"}, "scope": owner}]
    first = pull(connect())
    clock.sleep(DAY)
    jira.issues = [touched(clock, status=status)]
    rows = pull(connect(), bookmarks=first.bookmarks).rows(Status)
    return [(row.status_id, row.name, row.category, row.project_id) for row in rows]


def test_a_status_that_is_renamed_or_gets_another_category_shows_when_next_seen(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    new = {"id": "10", "name": "Ready", "statusCategory": {"key": "indeterminate"}}
    assert shown_status(jira, connect, clock, **new) == [("acme:10", "Ready", "indeterminate", "acme:10001")]


def test_a_status_that_is_as_listed_is_not_written_again(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    assert shown_status(jira, connect, clock, id="10", name="To Do", statusCategory={"key": "new"}) == []
    assert shown_status(jira, connect, clock, id="10", name="To Do") == []


def test_the_bookmark_of_an_earlier_version_is_a_list_of_ids(jira: FakeJira, connect: Connect) -> None:
    jira.issues = [issue(1)]
    jira.histories = {"1": [history(5, status_item(("99", "Old"), ("10", "To Do")))]}
    pulled = pull(connect(), bookmarks={"statuses": '["99"]'})
    assert [row.status_id for row in pulled.rows(Status)] == ["acme:10"]


# --- versions


def found_versions(jira: FakeJira, connect: Connect, *nights: list[Json], clock: Clock) -> list[list[str]]:
    """Snapshots of each night."""
    bookmarks: dict[str, str] = {}
    told = []
    for versions in nights:
        jira.versions = versions
        pulled = pull(connect(), "versions", bookmarks=bookmarks)
        bookmarks = pulled.bookmarks
        told.append([row.version_snapshot_id for row in pulled.rows(VersionSnapshot)])
        assert len(pulled.rows(Version)) == len(versions)
        clock.sleep(timedelta(days=1).total_seconds())
    return told


def test_a_version_is_noted_on_each_day_on_which_it_is_new_or_changed(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    plan: Json = {"id": "8", "name": "1.0", "released": False, "archived": False, "releaseDate": "2026-05-01"}
    later = {**plan, "releaseDate": "2026-06-01"}
    nights = [[plan], [plan], [later], [later, {**plan, "id": "9"}]]
    assert found_versions(jira, connect, *nights, clock=clock) == [
        ["acme:8:2026-04-01"],
        [],
        ["acme:8:2026-04-03"],
        ["acme:9:2026-04-04"],
    ]


def test_a_snapshot_tells_how_the_version_was(jira: FakeJira, connect: Connect) -> None:
    jira.versions = [{"id": "8", "name": "1.0", "released": True, "archived": True, "releaseDate": "2026-05-01"}]
    pulled = pull(connect(), "versions")
    [row], [snapshot] = pulled.rows(Version), pulled.rows(VersionSnapshot)
    assert (row.is_released, row.is_archived, str(row.released_on)) == (True, True, "2026-05-01")
    assert (snapshot.is_released, snapshot.is_archived, str(snapshot.released_on)) == (True, True, "2026-05-01")


def test_versions_that_are_not_shown_for_a_night_are_not_new_the_next(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    jira.versions = [{"id": "8", "name": "1.0"}]
    first = pull(connect(), "versions")
    jira.overrides["GET /rest/api/2/project/10001/version"] = lambda _: httpx.Response(403, json={})
    second = pull(connect(), "versions", bookmarks=first.bookmarks)
    assert "are not shown" in second.notes[0]
    jira.overrides.clear()
    clock.sleep(DAY)
    assert pull(connect(), "versions", bookmarks=second.bookmarks).rows(VersionSnapshot) == []


def test_an_issue_keeps_its_level_while_the_types_are_remembered(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    site(jira)
    jira.issue_types.append({"id": "2", "name": "Epic", "hierarchyLevel": 1})
    first = pull(connect())
    clock.sleep(DAY)
    jira.issues = [touched(clock, issuetype={"id": "2", "name": "Epic"})]
    [row] = pull(connect(), bookmarks=first.bookmarks).rows(Issue)
    assert row.level == "portfolio"
