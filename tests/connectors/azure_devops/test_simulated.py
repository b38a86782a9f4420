"""Against the simulated organisation and collection: what a run asks for, and that both flavours give the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from connectors.azure_devops.connector import AzureDevOpsConnector
from connectors.azure_devops.settings import AzureDevOpsSettings
from connectors.base import Missing
from connectors.http import HttpSettings
from simulator.server import Running, serve
from tests.connectors.azure_devops.store import Store
from warehouse.records import Capacity, DayOff, Issue, IssueLink, IssueSnapshot, LinkEvent, Source, Sprint, Status

SERVER, SERVICES = "azure_devops_server", "azure_devops"
Log = Counter[str]


@pytest.fixture
def company() -> Iterator[Running]:
    """A small company of the test's own."""
    with serve(issues=120) as running:
        yield running


Open = Callable[..., AzureDevOpsConnector]


@pytest.fixture
def open_tracker() -> Iterator[Open]:
    """Makes a connector of one of the trackers."""
    made: list[AzureDevOpsConnector] = []

    def opened(running: Running, store: Store, tracker: str = SERVICES, **settings: Any) -> AzureDevOpsConnector:
        login = running.azure_devops_auth if tracker == SERVICES else running.azure_devops_server_auth
        url = running.azure_devops_url if tracker == SERVICES else running.azure_devops_server_url
        now = settings.pop("now", today(running))
        configured = AzureDevOpsSettings(source_id="fab", url=url, token=login[1], now=lambda: now, **settings)
        made.append(AzureDevOpsConnector(configured, HttpSettings(max_in_flight=4), store.recall))
        return made[-1]

    yield opened
    for each in made:
        each.close()


def today(running: Running) -> datetime:
    return datetime.fromtimestamp(running.company.now / 1000, UTC)


def asked_by(running: Running, run: Callable[[], object], tracker: str = SERVICES) -> Log:
    """The requests of a run, by method and path."""
    before = Counter(running.state()[tracker]["requests_by_path"])
    run()
    return Counter(running.state()[tracker]["requests_by_path"]) - before


def rows(store: Store) -> dict[str, bytes]:
    """All rows but the source itself, with addresses made one."""
    return {key: row for key, row in store.dump().items() if not key.startswith("Source ")}


def whole_run(open_tracker: Open, running: Running, store: Store, tracker: str = SERVICES, **settings: Any) -> Store:
    connector = open_tracker(running, store, tracker, **settings)
    connector.identify()
    return store.sync(connector)


def quiet_night(open_tracker: Open, running: Running, store: Store, now: datetime) -> None:
    """A run with its census, as a nightly job does it."""
    connector = open_tracker(running, store, projects=("Shop",), now=now)
    connector.identify()
    store.sync(connector)
    assert all(part.problem is None for part in connector.census().parts())


@pytest.mark.thorough
def test_26_batches_of_revisions_cost_at_most_60_requests(open_tracker: Open) -> None:
    with serve(issues=1_825) as running:
        running.tell(feed_batch=250)  # a fourth of the real batches, and a fourth of the items that fill 26 of them
        store = Store()
        run = asked_by(running, lambda: whole_run(open_tracker, running, store, projects=("Shop",)))
        assert running.state()[SERVICES]["revisions_with_deleted"] > 26 * 250
        assert run.total() <= 60, " ".join(f"{n} {p}" for p, n in run.items())
        assert not any("workItems" in path for path in run)  # no history had to be fetched by itself
        nights = [today(running) + timedelta(days=day) for day in range(1, 6)]
        costs = [asked_by(running, partial(quiet_night, open_tracker, running, store, at)).total() for at in nights]
        assert costs[0] <= 15
        # the next sprint is three days ahead in the second night; in the fifth it begins, and the last one is settled
        assert max(costs) <= 21


def test_on_the_next_day_a_run_asks_for_what_changes_often_only(company: Running, open_tracker: Open) -> None:
    store = Store()
    whole_run(open_tracker, company, store, projects=("Shop",))
    before, later = rows(store), today(company) + timedelta(days=1)
    log = asked_by(company, lambda: whole_run(open_tracker, company, store, projects=("Shop",), now=later))
    asked = Counter({path.rpartition("/")[2]: 0 for path in log})
    for path, number in log.items():
        asked[path.rpartition("/")[2]] += number
    assert asked == {
        "projects": 1,  # proves the login, and is the list
        "connectionData": 1,  # who is logged in
        "_apis": 1,  # the SDK's table of locations
        "fields": 1,
        "workItemTypes": 1,  # with their states
        "classificationNodes": 1,
        "teams": 1,
        "iterations": 2,  # of each team
        "capacities": 1,  # of the current sprint of the team whose turn it is
        "teamdaysoff": 1,
        "workitemrevisions": 1,
        "workitemlinks": 1,
    }
    assert rows(store) == before


@pytest.mark.parametrize("version", ["6.0", "7.0", "7.1"])
def test_trap_79_a_server_gives_the_same_rows_in_whatever_version_it_speaks(
    company: Running, open_tracker: Open, version: str
) -> None:
    company.tell(tracker=SERVER, newest_api_version=version)
    here = whole_run(open_tracker, company, Store(), SERVER)
    there = whole_run(open_tracker, company, Store())
    assert here.of(Source)["fab"].version == version
    where = (company.azure_devops_server_url.encode(), company.azure_devops_url.encode())
    assert {key: row.replace(*where) for key, row in rows(here).items()} == rows(there)


def test_trap_79_stepping_down_costs_one_request(company: Running, open_tracker: Open) -> None:
    new = asked_by(company, lambda: whole_run(open_tracker, company, Store()))
    company.tell(tracker=SERVER, newest_api_version="6.0")
    old = asked_by(company, lambda: whole_run(open_tracker, company, Store(), SERVER), SERVER)
    assert old.total() == new.total() + 1


def test_on_server_2019_parents_come_from_the_links(company: Running, open_tracker: Open) -> None:
    company.tell(tracker=SERVER, newest_api_version="5.0")
    store = whole_run(open_tracker, company, Store(), SERVER)
    there = whole_run(open_tracker, company, Store())
    assert parents(store) == parents(there) != {}
    for _ in range(2):
        company.advance()
        whole_run(open_tracker, company, store, SERVER)
        whole_run(open_tracker, company, there)
    assert parents(store) == parents(there)
    assert rows(store) == rows(whole_run(open_tracker, company, Store(), SERVER))


def parents(store: Store) -> dict[str, str]:
    return {key: row.parent_id for key, row in store.of(Issue).items() if row.parent_id}


def test_increments_with_all_that_happens_equal_a_fresh_run(company: Running, open_tracker: Open) -> None:
    store = whole_run(open_tracker, company, Store())
    alive = [issue.id for issue in company.company.products[1].alive()]
    company.act("delete", SERVICES, alive[0])
    company.act("move", SERVICES, alive[1], project="Intake")
    company.act("link", SERVICES, alive[2], type="relates", to=alive[3])
    whole_run(open_tracker, company, store)
    company.act("restore", SERVICES, alive[0])
    company.act("rename", SERVICES, what="area", name="Basket", to="Trolley")
    sprint = next(s for s in company.company.products[1].sprints.values() if s.state == "active")
    company.act("rename", SERVICES, what="iteration", name=sprint.name, to="The great one")
    company.advance()
    whole_run(open_tracker, company, store)
    assert rows(store) == rows(whole_run(open_tracker, company, Store()))
    assert any("Trolley" in (row.area_path or "") for row in store.of(Issue).values())
    assert not any("Basket" in (row.area_path or "") for row in store.of(Issue).values())


def test_trap_58_a_day_of_the_census_ends_at_an_instant_and_not_where_the_account_lives(
    company: Running, open_tracker: Open
) -> None:
    before, after = (issue.id for issue in list(company.company.products[1].alive())[:2])
    company.act("edit", SERVICES, before, points=1)
    company.clock(7 * 3600)  # 01:00 of the next day in UTC, but still the same day in Los Angeles
    company.act("edit", SERVICES, after, points=2)
    next_day = today(company).date()
    (part,) = open_tracker(company, Store(), history_since=next_day).census().parts()
    assert part.ids == {f"fab:{after}"}


def test_trap_66_a_link_alone_makes_no_revision_and_no_change(company: Running, open_tracker: Open) -> None:
    store = whole_run(open_tracker, company, Store())
    one, other = (issue.id for issue in list(company.company.products[1].alive())[:2])
    before = store.changes(one), store.of(IssueSnapshot)
    company.act("link", SERVICES, one, type="blocks", to=other)
    company.act("unlink", SERVICES, one, to=other)
    company.act("link", SERVICES, one, type="blocks", to=other)
    whole_run(open_tracker, company, store)
    assert (store.changes(one), store.of(IssueSnapshot)) == before
    link = f"fab:System.LinkTypes.Dependency:{one}:{other}"
    told = [e.is_made for key, e in sorted(store.of(LinkEvent).items()) if key.startswith(f"{link}:")]
    assert sorted(told) == [False, True, True]
    assert store.of(IssueLink)[link].removed_at is None


def test_trap_67_a_cleared_field_is_a_change(company: Running, open_tracker: Open) -> None:
    store = whole_run(open_tracker, company, Store())
    item = next(i for i in company.company.products[1].alive() if i.state.get("sprints") and i.state.get("assignee"))
    company.act("edit", SERVICES, item.id, sprint=None, assignee=None)
    whole_run(open_tracker, company, store)
    sprint, assignee = store.changes(item.id, "sprint")[-1], store.changes(item.id, "assignee")[-1]
    assert (sprint.to_text, assignee.to_value) == ("Shop", None)
    assert store.issue(item.id).assignee_id is None


def test_trap_73_who_was_in_a_sprint_comes_from_revisions(company: Running, open_tracker: Open) -> None:
    item = next(i for i in company.company.products[1].alive() if i.state.get("sprints"))
    before = whole_run(open_tracker, company, Store()).issue(item.id).sprint_ids
    company.act("edit", SERVICES, item.id, sprint=None)
    store = Store()
    log = asked_by(company, lambda: whole_run(open_tracker, company, store))
    assert store.changes(item.id, "sprint")[-1].from_value == before
    assert f"fab:{before}:" in "".join(store.of(Sprint))
    assert not any(path.lower().endswith("/workitems") for path in log)  # today's members of an iteration


def test_trap_68_what_is_destroyed_is_told_apart_from_what_is_hidden(company: Running, open_tracker: Open) -> None:
    store = whole_run(open_tracker, company, Store())
    alive = [i for i in company.company.products[1].alive() if store.issue(i.id).area_path == "Shop\\Basket"]
    other = next(i for i in company.company.products[1].alive() if store.issue(i.id).area_path == "Shop\\Search")
    company.act("delete", SERVICES, alive[0].id)
    company.act("delete", SERVICES, alive[1].id)
    company.act("destroy", SERVICES, alive[1].id)
    company.tell(hidden_areas=["Shop\\Search"])
    census = open_tracker(company, store).census()
    (part,) = census.parts()
    missing = [
        Missing(issue_id=row.issue_id, project_id=row.project_id, key=row.key, area_path=row.area_path)
        for row in store.of(Issue).values()
        if row.issue_id not in part.ids and row.absence is None
    ]
    found = {each.issue_id: each.absence for each in census.locate(missing)}
    assert found[f"fab:{alive[0].id}"] == found[f"fab:{alive[1].id}"] == "deleted"
    assert found[f"fab:{other.id}"] == "access_lost"
    assert f"fab:{alive[2].id}" in part.ids


def test_a_pulled_item_has_the_rows_that_the_feed_gave(company: Running, open_tracker: Open) -> None:
    store = whole_run(open_tracker, company, Store())
    before = rows(store)
    census = open_tracker(company, store).census()
    (part,) = census.parts()
    for page in census.pull(sorted(part.ids)):
        store.commit("census", page)
    assert rows(store) == before
    assert len(part.ids) == company.state()[SERVICES]["work_items"]


def test_trap_76_both_shapes_of_capacity_give_the_same_rows(company: Running, open_tracker: Open) -> None:
    company.tell(capacity_shape="members")
    members = whole_run(open_tracker, company, Store())
    company.tell(capacity_shape="list")
    listed = whole_run(open_tracker, company, Store())
    assert listed.of(Capacity) == members.of(Capacity) != {}
    assert listed.of(DayOff) == members.of(DayOff) != {}


def test_a_renamed_state_keeps_its_category_in_history(company: Running, open_tracker: Open) -> None:
    store = whole_run(open_tracker, company, Store())
    known = {key: row.category for key, row in store.of(Status).items()}
    company.act("rename", SERVICES, what="status", name="Active", to="Doing")
    whole_run(open_tracker, company, store)
    after = {key: row.category for key, row in store.of(Status).items()}
    assert {key: after[key] for key in known} == known
    assert len(store.of(IssueSnapshot)) == len(store.of(Issue))
