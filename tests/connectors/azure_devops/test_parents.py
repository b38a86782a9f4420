"""Parents that a link tells after the item's last revision: links make no revision of their own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.azure_devops.fake_organisation import FakeOrganisation, FakeProject
from tests.connectors.azure_devops.store import Connect, Store, sent


def link(parent: int, child: int, day: int, *, made: bool = True, hour: int = 10) -> dict[str, Any]:
    moment = f"2026-09-{day:02}T{hour:02}:00:00Z"
    rel = "System.LinkTypes.Hierarchy"
    return {"rel": rel, "sourceId": parent, "targetId": child, "changedDate": moment, "isActive": made}


def test_a_link_made_after_the_last_revision_tells_the_parent(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches, organisation.links = [[sent(1, 1), sent(2, 1)]], [[link(1, 2, 2)]]
    store.sync(connect())
    assert store.issue(2).parent_id == "fab:1"
    organisation.links.append([link(1, 2, 3, made=False)])
    store.sync(connect())
    assert store.issue(2).parent_id is None


def test_a_link_older_than_the_newest_revision_tells_nothing_new(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches = [[sent(1, 1), sent(2, 1), sent(2, 2, 5, Parent=9)]]
    organisation.links = [[link(1, 2, 2), link(1, 2, 4, made=False), link(9, 2, 4)]]
    store.sync(connect())
    assert store.issue(2).parent_id == "fab:9"


def test_a_parent_that_came_and_went_is_kept_as_gone_whenever_that_was_read(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    """A revision that was made while it was there may be told after the links: it must not bring the parent back."""
    organisation.batches, organisation.links = [[sent(1, 1), sent(2, 1)]], [[link(1, 2, 2)]]
    store.sync(connect())
    organisation.links.append([link(1, 2, 4, made=False)])
    store.sync(connect())
    at_once = Store()
    at_once.sync(connect(into=at_once))
    assert store.dump() == at_once.dump()
    organisation.batches.append([sent(2, 2, 3, Parent=1)])
    for each in (store, at_once):
        each.sync(connect(into=each))
        assert each.issue(2).parent_id is None


@pytest.mark.parametrize("removed_first", [True, False])
def test_a_change_of_parent_ends_with_the_new_one_in_either_order(
    organisation: FakeOrganisation, store: Store, connect: Connect, *, removed_first: bool
) -> None:
    pair = [link(9, 2, 3, made=False), link(1, 2, 3)]
    organisation.batches = [[sent(1, 1), sent(2, 1, Parent=9)]]
    organisation.links = [pair if removed_first else pair[::-1]]
    store.sync(connect())
    assert store.issue(2).parent_id == "fab:1"


def test_the_next_revision_tells_the_change_of_parent_as_when_all_is_read_at_once(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches, organisation.links = [[sent(1, 1), sent(2, 1)]], [[link(1, 2, 2)]]
    store.sync(connect())
    organisation.batches.append([sent(2, 2, 3, Parent=1, State="Active")])
    store.sync(connect())
    assert store.issue(2).parent_id == "fab:1"
    at_once = Store()
    at_once.sync(connect(into=at_once))
    assert store.dump() == at_once.dump()
    assert store.moves(2, "parent") == [(None, "1")]


def test_a_revision_older_than_the_link_does_not_take_the_parent_away(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches, organisation.links = [[sent(1, 1), sent(2, 1)]], [[link(1, 2, 3)]]
    store.sync(connect())
    organisation.batches.append([sent(2, 2, 2, State="Active")])
    store.sync(connect())
    assert (store.issue(2).parent_id, store.issue(2).status) == ("fab:1", "Active")


def test_reading_revisions_anew_keeps_what_links_have_told(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches, organisation.links = [[sent(1, 1), sent(2, 1)]], [[link(1, 2, 2)]]
    store.sync(connect())
    del store.bookmarks["issues"]
    store.sync(connect())
    assert store.issue(2).parent_id == "fab:1"


def test_a_pulled_item_keeps_what_links_have_told(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.batches, organisation.links = [[sent(1, 1), sent(2, 1)]], [[link(1, 2, 2)]]
    organisation.histories = {2: [sent(2, 1)]}
    store.sync(connect())
    for page in connect().census().pull(["fab:2"]):
        store.commit("pulled", page)
    assert store.issue(2).parent_id == "fab:1"


def test_a_wider_scope_reads_the_links_of_its_items_again(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = [FakeProject("p1", "Fab"), FakeProject("p2", "Old")]
    organisation.batches, organisation.links = [[sent(1, 1), sent(2, 1, 1, "Old")]], [[link(1, 2, 2)]]
    store.sync(connect(projects=("Fab",)))
    store.sync(connect(projects=("Fab", "Old")))
    assert store.issue(2).parent_id == "fab:1"


@pytest.mark.parametrize("relations", [{"relations": None}, {}])
def test_an_item_without_links_is_no_error(
    organisation: FakeOrganisation, store: Store, connect: Connect, relations: dict[str, Any]
) -> None:
    organisation.fields = [each for each in organisation.fields if each["referenceName"] != "System.Parent"]
    organisation.projects = [FakeProject("p1", "Fab"), FakeProject("p2", "Old")]
    organisation.batches = [[sent(1, 1)]]
    store.sync(connect(projects=("Fab",)))
    organisation.histories, organisation.seen = {2: [sent(2, 1, 1, "Old"), sent(2, 2, 3)]}, {2: relations}
    organisation.batches.append([sent(2, 2, 3)])
    store.sync(connect(projects=("Fab",)))
    assert store.issue(2).parent_id is None


def test_parent_zero_means_none(organisation: FakeOrganisation, store: Store, connect: Connect) -> None:
    organisation.batches = [[sent(1, 1, Parent=0), sent(1, 2, 2, State="Active")]]
    store.sync(connect())
    assert store.issue(1).parent_id is None
    assert store.changes(1, "parent") == []
