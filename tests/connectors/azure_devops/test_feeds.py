"""The two feeds: where they end, what of them is news, and that no history is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec
import pytest

from connectors.azure_devops.gateway import paging
from connectors.azure_devops.gateway.answers import Batch, LinkEvent, Revision
from connectors.azure_devops.mapping.history import Aside, by_item, completed, plan
from connectors.azure_devops.mapping.snapshots import Context, snapshot
from connectors.azure_devops.pulling import bookmarks, links
from connectors.errors import UnexpectedResponse

Make = Callable[..., Revision]
T1, T2 = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_trap_61_the_feed_ends_with_the_last_batch_although_a_next_link_is_there(pool: ThreadPoolExecutor) -> None:
    asked: list[str | None] = []

    def fetch(token: str | None) -> Batch[int]:
        asked.append(token)
        number = len(asked)
        return Batch([number], is_last_batch=number == 2, continuation_token=f"{number};1", next_link="https://x/?a=1")

    got = list(paging.feed(pool, fetch, None))
    assert asked == [None, "1;1"]
    assert [following for _, following in got] == ["1;1", "2;1"]


def test_a_feed_that_goes_on_without_a_new_token_is_an_error(pool: ThreadPoolExecutor) -> None:
    with pytest.raises(UnexpectedResponse, match="no new token"):
        list(paging.feed(pool, lambda _: Batch([1], continuation_token="same"), None))


def test_the_links_feed_may_give_its_token_within_the_next_link() -> None:
    batch: Batch[int] = Batch([], next_link="https://x/_apis/links?continuationToken=813%3B350&api-version=7.1")
    assert paging.token_after(batch) == "813;350"


def test_trap_77_lists_go_on_by_the_token_in_the_header() -> None:
    pages = {None: (["a"], "100"), "100": (["b"], None)}
    assert list(paging.by_header(lambda params: pages[params.get("continuationToken")])) == ["a", "b"]


def test_lists_by_position_end_with_a_short_page() -> None:
    rows = list(range(5))
    assert list(paging.by_skip(lambda top, skip: rows[skip : skip + top], 2)) == rows


def test_a_list_that_does_not_skip_is_an_error_and_no_endless_loop() -> None:
    with pytest.raises(UnexpectedResponse, match="same 2 rows"):
        list(paging.by_skip(lambda top, _skip: [1, 2][:top], 2))


def test_a_new_item_is_told_from_its_first_revision(revision: Make) -> None:
    found = plan(7, [revision(1), revision(2)], None, is_trusted=False)
    assert found is not None
    assert (found.base, found.is_incomplete, found.starts_over) == (None, False, False)


def test_trap_63_an_item_that_comes_with_a_later_revision_gets_its_whole_history(revision: Make) -> None:
    found = plan(7, [revision(3)], None, is_trusted=False)
    assert found is not None
    assert found.is_incomplete
    whole = completed(found, [revision(1), revision(2), revision(3), revision(4)])
    assert [each.rev for each in whole.revisions] == [1, 2, 3]


def test_trap_65_an_old_revision_sent_again_is_no_news(context: Context, revision: Make) -> None:
    known = snapshot(context, revision(3))
    assert plan(7, [revision(2)], known, is_trusted=True) is None


def test_the_next_revision_is_compared_with_the_known_one(context: Context, revision: Make) -> None:
    known = snapshot(context, revision(3))
    found = plan(7, [revision(3), revision(4)], known, is_trusted=True)
    assert found is not None
    assert [each.rev for each in found.revisions] == [4]
    assert (found.base, found.is_incomplete) == (known, False)


def test_a_gap_is_healed_from_the_whole_history(context: Context, revision: Make) -> None:
    found = plan(7, [revision(6)], snapshot(context, revision(3)), is_trusted=True)
    assert found is not None
    assert found.is_incomplete
    whole = completed(found, [revision(number) for number in range(1, 7)])
    assert (len(whole.revisions), whole.starts_over) == (6, True)


def test_a_history_that_cannot_be_read_is_told_as_far_as_it_is_known(context: Context, revision: Make) -> None:
    known = snapshot(context, revision(3))
    found = plan(7, [revision(6)], known, is_trusted=True)
    assert found is not None
    told = completed(found, [])
    assert ([each.rev for each in told.revisions], told.base) == ([6], known)


def test_revisions_of_a_page_are_ordered_and_counted_once(revision: Make) -> None:
    assert [each.rev for each in by_item([revision(2), revision(1), revision(2)])[7]] == [1, 2]


def event(moment: datetime, *, is_active: bool) -> LinkEvent:
    return LinkEvent("System.LinkTypes.Dependency", 1, 2, moment, is_active)


def test_a_link_keeps_when_it_was_made_and_when_it_was_removed() -> None:
    (row,) = links.rows("con", [event(T1, is_active=True), event(T2, is_active=False)])
    assert (row.link_type, row.issue_id, row.other_issue_id) == ("Predecessor", "con:1", "con:2")
    assert (row.created_at, row.removed_at) == (T1, T2)


def test_a_link_made_again_is_there_again() -> None:
    (row,) = links.rows("con", [event(T1, is_active=True), event(T1, is_active=False), event(T2, is_active=True)])
    assert (row.created_at, row.removed_at) == (T2, None)


def test_a_bookmark_of_another_scope_begins_anew() -> None:
    text = bookmarks.write("813;350;1", "a")
    assert bookmarks.read(text, "a").token == "813;350;1"
    assert bookmarks.read(text, "b").token is None
    assert bookmarks.read("not json", "a").token is None


def test_trap_82_batches_are_read_from_the_raw_answer() -> None:
    raw = (
        b'{"values":[{"id":7,"rev":1,"fields":{"System.Id":7}}],'
        b'"nextLink":"x","continuationToken":"1;2;3","isLastBatch":true}'
    )
    batch = msgspec.json.decode(raw, type=Batch[Revision])
    assert (batch.values[0].rev, batch.continuation_token, batch.is_last_batch) == (1, "1;2;3", True)


def test_a_link_made_again_has_one_row_and_its_earlier_time_in_the_events() -> None:
    told = [event(T1, is_active=True), event(T1, is_active=False), event(T2, is_active=True), event(T2, is_active=True)]
    assert len(links.rows("con", told)) == 1
    events = links.events("con", told)
    assert [(each.happened_at, each.is_made) for each in events] == [(T1, True), (T1, False), (T2, True)]
    assert {(e.issue_id, e.other_issue_id, e.link_type, e.direction) for e in events} == {
        ("con:1", "con:2", "Predecessor", "outward")
    }
    assert events[0].link_event_id == "con:System.LinkTypes.Dependency:1:2:2026-03-01T00:00:00+00:00:made"


def test_revisions_out_of_scope_wait_until_their_item_comes_into_scope(revision: Make) -> None:
    aside = Aside(most=4)
    aside.keep(7, [revision(1), revision(2)])
    aside.keep(8, [revision(1, item=8)])
    aside.keep(7, [revision(3)])
    assert [each.rev for each in aside.take(7)] == [1, 2, 3]
    assert aside.take(7) == []


def test_of_too_many_revisions_out_of_scope_the_oldest_items_go(revision: Make) -> None:
    aside = Aside(most=2)
    for item in (7, 8, 9):
        aside.keep(item, [revision(1, item=item)])
    assert [len(aside.take(item)) for item in (7, 8, 9)] == [0, 1, 1]
