"""The stream of issues, over HTTP: the organisation-wide feed → issues and their complete history."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from connectors.errors import AuthenticationError, UnexpectedResponse
from tests.connectors.azure_devops.fake_organisation import URL, FakeOrganisation, FakeProject
from tests.connectors.azure_devops.store import Connect, Store, sent
from warehouse.records import Issue, IssueChange, IssueLabel, IssueLink, IssueSnapshot, Project, Status, User

TWO_PROJECTS = [FakeProject("p1", "Fab"), FakeProject("p2", "Old")]


def test_each_change_between_snapshots_is_a_row(organisation: FakeOrganisation, store: Store, connect: Connect) -> None:
    organisation.batches = [[sent(7, 1, StoryPoints=3), sent(7, 2, 2, State="Active", StoryPoints=5)]]
    store.sync(connect())
    points, status = store.changes(7)
    assert (points.field, points.from_value, points.to_value) == ("story_points", "3", "5")
    assert (status.field, status.from_text, status.to_text) == ("status", "New", "Active")
    assert (status.change_id, status.entry_number, status.ordinal) == ("fab:7:2:1", 2, 1)
    assert status.changed_at == datetime(2026, 9, 2, 9, 2, 0, 500_000, tzinfo=UTC)


def test_trap_61_and_62_the_feed_ends_with_the_last_batch_and_each_request_has_its_token(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches = [[sent(1, 1)], [], [sent(2, 1)]]
    store.sync(connect())
    urls = [each.url for each in organisation.asked("workitemrevisions")]
    assert [url.params.get("continuationToken") for url in urls] == [None, "1;x", "2;x"]
    assert all(url.params["includeDeleted"] == url.params["includeIdentityRef"] == "true" for url in urls)
    assert all(url.path == "/fab/_apis/wit/reporting/workitemrevisions" for url in urls)
    assert all(url.params["$maxPageSize"] == "1000" for url in urls)
    assert set(store.of(Issue)) == {"fab:1", "fab:2"}


def test_the_next_run_goes_on_from_the_stored_token(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches = [[sent(1, 1)]]
    store.sync(connect())
    organisation.batches.append([sent(1, 1), sent(1, 2, 3, State="Active")])
    store.sync(connect())
    asked = [each.url.params.get("continuationToken") for each in organisation.asked("workitemrevisions")]
    assert asked == [None, "1;x"]
    assert store.moves(1, "status") == [("New", "Active")]
    assert organisation.asked("workItems/1/revisions") == []


def test_trap_65_an_old_revision_sent_again_changes_nothing(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches = [[sent(1, 1), sent(1, 2, 2, State="Active")]]
    store.sync(connect())
    before = store.dump()
    organisation.batches.append([sent(1, 1, RevisedDate="2026-09-02T09:02:00Z")])
    assert store.sync(connect()).dump() == before


def test_trap_63_an_item_that_moves_into_scope_brings_its_whole_history(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = TWO_PROJECTS
    early = [sent(1, 1, 1, "Old"), sent(1, 2, 2, "Old", State="Active")]
    moved = sent(1, 3, 3, "Fab", State="New")
    organisation.batches = [early, [moved]]
    organisation.histories[1] = [*early, moved]
    store.sync(connect(projects=("Fab",)))
    assert store.moves(1, "status") == [("New", "Active"), ("Active", "New")]
    assert store.moves(1, "project") == [("p2", "p1")]
    assert "fab:p2" in store.of(Project)
    assert "fab:p2:Bug:New" in store.of(Status)


def test_a_long_history_is_fetched_page_by_page(organisation: FakeOrganisation, store: Store, connect: Connect) -> None:
    states = ("New", "Active")
    organisation.histories[1] = [sent(1, n, 1 + n // 60, State=states[n % 2]) for n in range(1, 451)]
    organisation.batches = [[organisation.histories[1][-1]]]
    store.sync(connect())
    assert len(store.changes(1, "status")) == 449
    skips = [each.url.params["$skip"] for each in organisation.asked("workItems/1/revisions")]
    assert skips == ["0", "200", "400"]


def test_items_never_in_scope_are_not_stored(organisation: FakeOrganisation, store: Store, connect: Connect) -> None:
    organisation.projects = TWO_PROJECTS
    organisation.batches = [[sent(1, 1, 1, "Old"), sent(2, 1, 1, "Fab")]]
    store.sync(connect(projects=("Fab",)))
    assert set(store.of(Issue)) == set(store.of(IssueSnapshot)) == {"fab:2"}
    assert "fab:p2" not in store.of(Project)


def test_an_item_that_leaves_the_scope_stays_marked_and_returns_alive(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = TWO_PROJECTS
    organisation.batches = [[sent(1, 1)], [sent(1, 2, 2, "Old")]]
    store.sync(connect(projects=("fab",)))
    assert (store.issue(1).absence, store.issue(1).project_id) == ("moved_away", "fab:p2")
    organisation.batches.append([sent(1, 3, 3, "Fab")])
    store.sync(connect(projects=("fab",)))
    assert (store.issue(1).absence, store.issue(1).project_id) == (None, "fab:p1")


def test_a_narrower_scope_reads_the_feed_anew_and_marks_what_is_out(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = TWO_PROJECTS
    organisation.batches = [[sent(1, 1, 1, "Old"), sent(1, 2, 2, "Old", State="Active"), sent(2, 1)]]
    store.sync(connect())
    store.sync(connect(projects=("Fab",)))
    assert organisation.asked("workitemrevisions")[-1].url.params.get("continuationToken") is None
    assert (store.issue(1).absence, store.issue(2).absence) == ("moved_away", None)
    assert len(store.changes(1, "status")) == 1


def test_reading_anew_leaves_what_a_first_run_leaves(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches = [
        [sent(1, 1), sent(2, 1, StoryPoints=1)],
        [sent(1, 2, 2, State="Active"), sent(2, 2, 2, StoryPoints=2)],
        [sent(1, 3, 3, State="Closed")],
    ]
    first = store.sync(connect()).dump()
    store.rows[IssueChange]["fab:1:9:0"] = msgspec.structs.replace(store.changes(1)[0], change_id="fab:1:9:0")
    store.bookmarks.clear()
    assert store.sync(connect()).dump() == first


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_an_increment_leaves_what_a_full_run_leaves(
    organisation: FakeOrganisation, store: Store, connect: Connect, cut: int
) -> None:
    batches = [
        [sent(1, 1, AssignedTo="Al <al@fab.example>"), sent(2, 1)],
        [sent(1, 1), sent(1, 2, 2, State="Active", Tags="a; b")],
        [sent(1, 2, 2, State="Active", Tags="a; b"), sent(1, 3, 3, State="Active"), sent(2, 2, 3, IsDeleted=True)],
        [sent(2, 3, 4, Title="back")],
    ]
    organisation.batches = batches[:cut]
    store.sync(connect())
    organisation.batches = batches
    store.sync(connect())
    fresh = Store()
    assert store.dump() == fresh.sync(connect(into=fresh)).dump()


def test_an_interrupted_first_run_goes_on_where_it_was(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches = [[sent(1, 1), sent(1, 2, 2, State="Active")], [sent(1, 3, 3, State="Closed"), sent(3, 1)]]
    stream = next(each for each in connect().streams() if each.name == "issues")
    pages = stream.pages(None)
    store.commit("issues", next(pages))
    pages.close()
    store.sync(connect(), only="issues")
    assert store.moves(1, "status") == [("New", "Active"), ("Active", "Closed")]
    assert organisation.asked("workItems/1/revisions") == []


def test_trap_68_deleted_restored_and_deleted_for_good(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches = [[sent(1, 1)]]
    store.sync(connect())
    organisation.batches.append([sent(1, 2, 2, IsDeleted=True)])
    store.sync(connect())
    gone = store.issue(1)
    assert (gone.absence, gone.deleted_at) == ("deleted", gone.updated_at)
    organisation.batches.append([sent(1, 3, 3)])
    store.sync(connect())
    assert (store.issue(1).absence, store.issue(1).deleted_at) == (None, None)


def test_trap_69_a_backdated_item_comes_by_the_token(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches = [[sent(1, 1, 20)]]
    store.sync(connect())
    organisation.batches.append([sent(2, 1, ChangedDate="2019-01-01T00:00:00Z")])
    store.sync(connect())
    assert "fab:2" in store.of(Issue)


def test_trap_74_a_node_renamed_between_runs_is_no_second_sprint(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    project = FakeProject("p1", "Fab", iterations={"S1": {"id": 5, "identifier": "g-s1"}}, areas={"Web": (6, "g-web")})
    organisation.projects = [project]
    organisation.batches = [[sent(1, 1, IterationPath="Fab\\S1", AreaPath="Fab\\Web")]]
    store.sync(connect())
    project.iterations, project.areas = {"Sprint One": {"id": 5, "identifier": "g-s1"}}, {"Shop": (6, "g-web")}
    organisation.batches.append([sent(1, 2, 2, IterationPath="Fab\\Sprint One", AreaPath="Fab\\Shop", Title="x")])
    store.sync(connect())
    assert [change.field for change in store.changes(1)] == ["summary"]
    assert (store.issue(1).sprint_ids, store.issue(1).area_path) == ("g-s1", "Fab\\Shop")


def test_trap_80_a_move_that_resets_the_state_is_one_revision(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = TWO_PROJECTS
    organisation.batches = [[sent(1, 1, State="Active"), sent(1, 2, 2, "Old", State="New")]]
    store.sync(connect())
    entries = {change.field: change.entry_number for change in store.changes(1)}
    assert entries["project"] == entries["status"] == 2


def test_trap_71_a_move_between_processes_keeps_the_story_points_history(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    scrum = FakeProject("p2", "Old", effort="Microsoft.VSTS.Scheduling.Effort")
    cmmi = FakeProject("p3", "Mil", effort="Microsoft.VSTS.Scheduling.Size")
    organisation.projects = [FakeProject("p1", "Fab"), scrum, cmmi]
    organisation.batches = [
        [
            sent(1, 1, 1, "Fab", StoryPoints=5),
            sent(1, 2, 2, "Old", Effort=5.0),
            sent(1, 3, 3, "Mil", Effort=5.0, Size=8),
            sent(2, 1, 1, "Mil", Size=13),
        ]
    ]
    store.sync(connect())
    assert store.moves(1, "story_points") == [("5", "8")]
    assert store.moves(1, "Effort") == [(None, "5")]
    assert (store.issue(1).story_points, store.issue(2).story_points) == (8.0, 13.0)


def test_people_come_once_and_under_their_last_name(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    renamed = {"displayName": "Jo Miller", "uniqueName": "JO@fab.example", "id": "d291"}
    organisation.batches = [[sent(1, 1, Reviewer="Al <al@fab.example>"), sent(1, 2, 2, ChangedBy=renamed, Title="y")]]
    store.sync(connect())
    people = {key: user.display_name for key, user in store.of(User).items()}
    assert people == {"fab:jo@fab.example": "Jo Miller", "fab:al@fab.example": "Al"}


def test_tags_that_vanish_are_no_labels_any_more(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches = [[sent(1, 1, Tags="a; b")], [sent(1, 2, 2, Tags="b")]]
    store.sync(connect())
    assert [label.label for label in store.of(IssueLabel).values()] == ["b"]
    assert store.moves(1, "labels") == [("a; b", "b")]


def test_history_since_limits_the_items_but_not_their_history(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.histories[1] = [sent(1, 1), sent(1, 2, 2, State="Active"), sent(1, 3, 3, State="Closed")]
    organisation.batches = [[organisation.histories[1][2]]]
    store.sync(connect(history_since=datetime(2026, 9, 3, tzinfo=UTC).date()))
    first = organisation.asked("workitemrevisions")[0].url.params
    assert first["startDateTime"] == "2026-09-03T00:00:00Z"
    assert len(store.changes(1, "status")) == 2


def test_the_whole_history_of_an_item_in_the_recycle_bin_cannot_be_read_and_stops_nothing(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches = [[sent(1, 4, 4, IsDeleted=True), sent(2, 1)]]
    store.sync(connect())
    assert store.issue(1).absence == "deleted"
    assert store.changes(1) == []


def test_a_feed_that_repeats_its_token_is_an_error(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    body = {"values": [], "isLastBatch": False, "continuationToken": "1;x", "nextLink": f"{URL}/x"}
    organisation.override = lambda r: httpx.Response(200, json=body) if "workitemrevisions" in r.url.path else None
    with pytest.raises(UnexpectedResponse, match="no new token"):
        store.sync(connect())
    assert len(organisation.asked("workitemrevisions")) == 2


def test_trap_02_a_token_that_dies_in_mid_feed_ends_the_run_and_loses_nothing(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches = [[sent(1, 1)], [sent(2, 1)]]
    page = httpx.Response(203, html="<title>Azure DevOps Services | Sign In</title>")
    organisation.override = lambda r: page if re.search("continuationToken=1", str(r.url)) else None
    with pytest.raises(AuthenticationError, match="sign-in page"):
        store.sync(connect())
    assert set(store.of(Issue)) == {"fab:1"}
    organisation.override = lambda _request: None
    store.sync(connect())
    assert set(store.of(Issue)) == {"fab:1", "fab:2"}


def test_a_link_removed_in_a_later_run_says_so(organisation: FakeOrganisation, store: Store, connect: Connect) -> None:
    made = {
        "rel": "System.LinkTypes.Dependency",
        "sourceId": 1,
        "targetId": 2,
        "changedDate": "2026-09-02T10:00:00.02Z",
        "isActive": True,
    }
    organisation.links = [[made]]
    store.sync(connect())
    organisation.links.append([{**made, "isActive": False, "changedDate": "2026-09-05T10:00:00Z"}])
    store.sync(connect())
    (link,) = store.of(IssueLink).values()
    assert (link.link_type, link.direction, link.issue_id, link.other_key) == ("Predecessor", "outward", "fab:1", "2")
    assert link.removed_at == datetime(2026, 9, 5, 10, tzinfo=UTC)
    assert [r.url.params.get("continuationToken") for r in organisation.asked("workitemlinks")] == [None, "1;x"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"ChangedDate": None}, "without its System.ChangedDate"),
        ({"ChangedDate": "2026-09-01T10:00:00"}, "without offset"),
        ({"CreatedDate": "yesterday"}, "'yesterday'"),
        ({"TeamProject": ["Fab"]}, "System.TeamProject is no text"),
        ({"Title": 5}, "System.Title is no text"),
        ({"Parent": "7"}, "System.Parent is no number"),
    ],
)
def test_an_item_that_cannot_be_read_is_left_out_and_named_and_the_feed_goes_on(
    organisation: FakeOrganisation, store: Store, connect: Connect, fields: dict[str, Any], why: str
) -> None:
    organisation.batches = [[sent(1, 1), sent(2, 1, **fields), sent(3, 1)], [sent(4, 1)]]
    store.sync(connect())
    assert set(store.of(Issue)) == {"fab:1", "fab:3", "fab:4"}
    ((issue_id, label, reason),) = [(one.issue_id, one.label, one.reason) for one in store.malformed]
    assert (issue_id, label) == ("fab:2", "work item 2")
    assert why in reason
