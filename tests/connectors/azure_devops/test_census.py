"""Which ids there are now, where missing ones went, and single items with their whole histories."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from connectors.base import Census, Located, Missing, Progress
from connectors.errors import AuthenticationError
from tests.connectors.azure_devops.fake_organisation import FakeOrganisation, FakeProject
from tests.connectors.azure_devops.store import Connect, Store, sent
from warehouse.records import Issue, IssueChange, Project

TWO_PROJECTS = [FakeProject("p1", "Fab"), FakeProject("p2", "Old")]


def missing(item: int, project: str = "p1", area: str | None = "Fab\\Web") -> Missing:
    return Missing(issue_id=f"fab:{item}", project_id=f"fab:{project}", key=str(item), area_path=area)


def located(census: Census, *wanted: Missing) -> dict[str, str | None]:
    return {each.issue_id: each.absence for each in census.locate(wanted)}


def test_trap_57_more_ids_than_an_answer_may_hold_come_in_windows(
    organisation: FakeOrganisation, connect: Connect
) -> None:
    organisation.alive = list(range(1, 45_001))
    (part,) = connect().census().parts()
    assert len(part.ids) == 45_000
    assert (part.label, part.project_id, part.problem) == ("the whole scope", None, None)
    assert {each.url.params["$top"] for each in organisation.asked("wiql")} == {"19999"}
    bounds = [query.partition("[System.Id] > ")[2].split()[0] for query in organisation.queries]
    assert bounds == ["0", "19999", "39998", "45000"]  # only an empty window is the end: a short one may be cut off
    assert all("[System.IsDeleted] = false" in query for query in organisation.queries)


def test_a_project_in_scope_is_a_part_of_its_own(organisation: FakeOrganisation, connect: Connect) -> None:
    organisation.projects, organisation.alive = TWO_PROJECTS, [3]
    parts = list(connect(projects=("Fab", "Nope")).census().parts())
    assert [(each.label, each.project_id, each.ids) for each in parts] == [
        ("project Fab", "fab:p1", frozenset({"fab:3"})),
        ("project Nope", "fab:Nope", frozenset()),
    ]
    assert parts[0].problem is None
    assert parts[1].problem == "project 'Nope' is not there or cannot be seen with this token"
    assert {each.url.path for each in organisation.asked("wiql")} == {"/fab/p1/_apis/wit/wiql"}


def test_trap_58_a_day_begins_at_an_instant_in_utc(organisation: FakeOrganisation, connect: Connect) -> None:
    organisation.alive = [1]
    list(connect(history_since=date(2026, 9, 3)).census().parts())
    assert "[System.ChangedDate] >= '2026-09-03T00:00:00Z'" in organisation.queries[0]
    assert {each.url.params["timePrecision"] for each in organisation.asked("wiql")} == {"true"}


def test_trap_03_a_listing_that_breaks_off_tells_its_problem(organisation: FakeOrganisation, connect: Connect) -> None:
    organisation.alive = list(range(1, 30_001))
    broken = httpx.Response(400, json={"message": "VS402335: the query took too long", "typeKey": "x"})
    organisation.override = lambda r: broken if b"> 19999" in r.content else None
    (part,) = connect().census().parts()
    assert "its items cannot be listed" in (part.problem or "")
    assert "VS402335" in (part.problem or "")


def test_trap_03_a_listing_out_of_order_cannot_be_trusted(organisation: FakeOrganisation, connect: Connect) -> None:
    answer = httpx.Response(200, json={"workItems": [{"id": 5}, {"id": 4}]})
    organisation.override = lambda r: answer if r.url.path.endswith("wiql") else None
    (part,) = connect().census().parts()
    assert "out of order" in (part.problem or "")


def test_trap_02_a_census_with_a_dead_token_is_no_census(organisation: FakeOrganisation, connect: Connect) -> None:
    page = httpx.Response(203, html="<title>Azure DevOps Services | Sign In</title>")
    organisation.override = lambda r: page if r.url.path.endswith("wiql") else None
    with pytest.raises(AuthenticationError):
        list(connect().census().parts())


def test_trap_60_more_items_than_a_batch_may_hold_are_asked_for_in_two_calls(
    organisation: FakeOrganisation, connect: Connect
) -> None:
    found = located(connect().census(), *(missing(n) for n in range(1, 202)))
    assert len(found) == 201
    assert len(organisation.asked("workitemsbatch")) == 2


def test_trap_59_what_a_batch_gives_as_null_is_not_to_be_seen(organisation: FakeOrganisation, connect: Connect) -> None:
    organisation.seen, organisation.histories = {1: {}}, {1: [sent(1, 1)]}
    assert located(connect().census(), missing(1), missing(2)) == {"fab:1": None, "fab:2": "access_lost"}
    assert b'"errorPolicy":"omit"' in organisation.asked("workitemsbatch")[0].content


@pytest.mark.parametrize(
    "listed",
    [
        [{"id": "2", "url": "x"}],
        {"count": 1, "value": [{"id": 2, "url": "x"}]},
        {"count": 1, "value": [{"id": "2", "url": "x"}]},
    ],
    ids=["array of texts", "list of numbers", "list of texts"],
)
def test_trap_88_the_recycle_bin_is_compared_by_numbers_in_either_shape(
    organisation: FakeOrganisation, connect: Connect, listed: Any
) -> None:
    organisation.bins = {"p1": listed}
    assert located(connect().census(), missing(2), missing(22)) == {"fab:2": "deleted", "fab:22": "access_lost"}
    assert len(organisation.asked("recyclebin")) == 1


def test_a_recycle_bin_that_is_cut_off_is_asked_for_the_item(organisation: FakeOrganisation, connect: Connect) -> None:
    organisation.bins = {"p1": [{"id": str(n)} for n in range(1, 20_000)]}
    item = httpx.Response(200, json={"id": "30000", "Name": "30000:x"})
    organisation.override = lambda r: item if r.url.path.endswith("recyclebin/30000") else None
    found = located(connect().census(), missing(30_000), missing(30_001))
    assert found == {"fab:30000": "deleted", "fab:30001": "access_lost"}


def test_trap_34_not_found_alone_is_no_deletion(organisation: FakeOrganisation, connect: Connect) -> None:
    organisation.override = lambda r: httpx.Response(404, json={}) if "recyclebin" in r.url.path else None
    (only,) = connect().census().locate([missing(9, area=None)])
    assert only == Located(
        issue_id="fab:9", absence="access_lost", reason="neither it nor another item of its area is to be seen"
    )


def test_trap_68_what_vanished_from_an_area_that_is_still_seen_was_destroyed(
    organisation: FakeOrganisation, connect: Connect
) -> None:
    organisation.alive = [5]
    (only,) = connect().census().locate([missing(9, area="Fab\\Jo's")])
    assert (only.absence, "was destroyed" in only.reason) == ("deleted", True)
    assert "[System.AreaPath] = 'Fab\\Jo''s'" in organisation.queries[0]


def test_trap_33_an_item_in_another_project_was_moved_and_brings_its_new_project(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = TWO_PROJECTS
    organisation.batches = [[sent(1, 1)]]
    store.sync(connect(projects=("Fab",)))
    organisation.seen, organisation.histories = {1: {}}, {1: [sent(1, 1), sent(1, 2, 2, "Old")]}
    (only,) = connect(projects=("Fab",)).census().locate([missing(1)])
    assert only.absence == "moved_away"
    assert only.page is not None
    store.commit("census", only.page)
    assert (store.issue(1).absence, store.issue(1).project_id, store.issue(1).key) == ("moved_away", "fab:p2", "1")
    assert "fab:p2" in store.of(Project)


def test_an_item_that_is_there_comes_with_its_history(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.seen = {1: {}}
    organisation.histories = {1: [sent(1, 1), sent(1, 2, 2, State="Active")]}
    (only,) = connect().census().locate([missing(1)])
    assert only.page is not None
    store.commit("census", only.page)
    assert (only.absence, store.moves(1, "status")) == (None, [("New", "Active")])


def test_pulled_items_come_with_their_histories_and_a_total(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.histories = {n: [sent(n, 1), sent(n, 2, 2, State="Active")] for n in range(1, 61)}
    pages = list(connect().census().pull([f"fab:{n}" for n in (*range(1, 61), 99)]))
    for page in pages:
        store.commit("census", page)
    assert [page.progress for page in pages] == [Progress(done=50, total=61), Progress(done=60, total=61)]
    assert {page.bookmark for page in pages} == {None}
    assert (len(store.of(Issue)), len(store.of(IssueChange))) == (60, 60)


def test_after_a_pull_the_next_revision_brings_no_changes_of_fields_that_the_feed_does_not_send(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    single = {"Marker": "only single items have it"}
    organisation.batches = [[sent(1, 1)]]
    store.sync(connect())
    organisation.histories = {1: [sent(1, 1, **single), sent(1, 2, 2, State="Active", **single)]}
    for page in connect().census().pull(["fab:1"]):
        store.commit("census", page)
    organisation.histories[1].append(sent(1, 3, 3, State="Closed", **single))
    organisation.batches.append([sent(1, 2, 2, State="Active"), sent(1, 3, 3, State="Closed")])
    store.sync(connect())
    assert store.moves(1, "status") == [("New", "Active"), ("Active", "Closed")]
    assert [each for each in store.changes(1) if each.to_value is None] == []


def test_there_are_no_sprint_reports(connect: Connect) -> None:
    assert list(connect().census().sprint_reports({"fab:g1:t1": "fab:t1"})) == []
