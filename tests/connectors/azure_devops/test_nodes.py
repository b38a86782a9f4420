"""Names that change without a revision: areas, iterations, states that only history knows."""

from __future__ import annotations

import pytest

from connectors.azure_devops.mapping.structure import NodeIndex
from connectors.azure_devops.pulling.renames import topmost
from tests.connectors.azure_devops.fake_organisation import FakeOrganisation, FakeProject
from tests.connectors.azure_devops.store import Connect, Store, sent
from warehouse.records import Status


def project(area: str, iteration: str = "S1") -> FakeProject:
    iterations = {iteration: {"id": 5, "identifier": "g-s1"}}
    return FakeProject("p1", "Fab", iterations=iterations, areas={area: (6, "g-web")})


def test_trap_74_a_renamed_area_reaches_its_items_without_a_revision(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = [project("Web")]
    organisation.batches = [[sent(1, 1, AreaPath="Fab\\Web"), sent(2, 1)]]
    store.sync(connect())
    organisation.projects, organisation.batches = [project("Shop")], [[sent(1, 1, AreaPath="Fab\\Shop"), sent(2, 1)]]
    store.sync(connect())
    assert (store.issue(1).area_path, store.issue(2).area_path) == ("Fab\\Shop", "Fab")
    assert store.changes(1) == []
    assert store.notes == ["there are new paths, the items in them are read again: 'Fab\\Shop'"]
    organisation.requests.clear()
    store.sync(connect())
    assert [each.url.params.get("continuationToken") for each in organisation.asked("workitemrevisions")] == ["1;x"]


def test_trap_74_a_feed_that_still_sends_the_old_path_is_understood(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = [project("Web")]
    organisation.batches = [[sent(1, 1, AreaPath="Fab\\Web", IterationPath="Fab\\S1")]]
    store.sync(connect())
    organisation.projects = [project("Shop", "Sprint One")]
    organisation.batches.append([sent(1, 2, 2, AreaPath="Fab\\Shop", IterationPath="Fab\\Sprint One", Title="x")])
    store.sync(connect())
    assert [change.field for change in store.changes(1)] == ["summary"]
    assert (store.issue(1).area_path, store.issue(1).sprint_ids) == ("Fab\\Shop", "g-s1")


def test_in_a_large_organisation_only_the_items_of_a_renamed_area_are_read_again(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects, organisation.alive = [project("Web")], [30_001]
    organisation.batches = [[sent(30_001, 1, AreaPath="Fab\\Web"), sent(2, 1)]]
    store.sync(connect())
    organisation.projects = [project("Shop")]
    organisation.histories = {30_001: [sent(30_001, 1, AreaPath="Fab\\Shop")]}
    organisation.requests.clear()
    store.sync(connect())
    assert store.issue(30_001).area_path == "Fab\\Shop"
    assert "[System.AreaPath] UNDER 'Fab\\Shop'" in organisation.queries[1]
    assert [each.url.params.get("continuationToken") for each in organisation.asked("workitemrevisions")] == ["1;x"]
    organisation.batches.append([sent(30_001, 2, 2, AreaPath="Fab\\Shop", State="Active")])
    store.sync(connect())
    assert [change.field for change in store.changes(30_001)] == ["status"]
    assert len(organisation.asked("revisions")) == len(organisation.asked("workitemrevisions")) + 1


def test_in_a_large_organisation_a_renamed_iteration_is_no_reason_to_read_anything_again(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects, organisation.alive = [project("Web")], [30_001]
    organisation.batches = [[sent(30_001, 1, IterationPath="Fab\\S1")]]
    store.sync(connect())
    organisation.projects = [project("Web", "Sprint One")]
    organisation.batches.append([sent(30_001, 2, 2, IterationPath="Fab\\Sprint One", Title="x")])
    organisation.requests.clear()
    store.sync(connect())
    assert [change.field for change in store.changes(30_001)] == ["summary"]
    assert (store.issue(30_001).sprint_ids, store.notes) == ("g-s1", [])
    assert [each.url.params.get("continuationToken") for each in organisation.asked("workitemrevisions")] == ["1;x"]


def test_a_run_that_breaks_off_before_all_items_have_the_new_path_begins_that_again(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = [project("Web")]
    organisation.batches = [[sent(1, 1, AreaPath="Fab\\Web")]]
    store.sync(connect())
    organisation.projects, organisation.batches = [project("Shop")], [[sent(1, 1, AreaPath="Fab\\Shop")]]
    stream = next(each for each in connect().streams() if each.name == "nodes")
    pages = stream.pages(store.bookmarks["nodes"])
    store.commit("nodes", next(pages))
    pages.close()
    store.sync(connect(), only="nodes")
    assert store.issue(1).area_path == "Fab\\Shop"


def test_only_the_topmost_of_renamed_areas_are_asked_for() -> None:
    before = {1: "Fab", 2: "Fab\\Web", 3: "Fab\\Web\\Cart", 4: "Fab\\App"}
    now = {1: "Fab", 2: "Fab\\Shop", 3: "Fab\\Shop\\Cart", 4: "Fab\\Mobile", 5: "Fab\\New"}
    assert topmost(before, now) == ["Fab\\Shop", "Fab\\Mobile"]
    assert topmost({}, now) == []


def test_a_node_that_takes_the_former_name_of_another_is_meant_by_it() -> None:
    index = NodeIndex(by_id={1: "a", 2: "b"}, by_path={"fab\\new": "a", "fab\\old": "b"})
    known = index.with_former({"Fab\\Old": 1, "Fab\\Oldest": 1, "Fab\\Gone": 9})
    assert [known.guid(path, None) for path in ("Fab\\Old", "Fab\\Oldest", "Fab\\Gone")] == ["b", "a", None]


@pytest.mark.parametrize("is_known", [True, False])
def test_trap_41_a_state_that_only_history_knows_has_its_last_known_category(
    organisation: FakeOrganisation, store: Store, connect: Connect, *, is_known: bool
) -> None:
    organisation.batches = [[sent(1, 1, State="Active"), sent(1, 2, 2, State="Closed")]]
    if is_known:
        store.sync(connect())
    organisation.projects = [FakeProject("p1", "Fab", types={"User Story": ("New", "Closed")})]
    store.bookmarks.clear()
    store.sync(connect())
    row = store.of(Status)["fab:p1:User Story:Active"]
    assert (row.name, row.category) == ("Active", "inprogress" if is_known else None)
    assert store.of(Status)["fab:p1:User Story:Closed"].category == "completed"
