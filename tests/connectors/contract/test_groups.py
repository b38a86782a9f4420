"""What every connector promises of the groups that rules name: who is in them, and no request without being asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from connectors.base import Connector
from connectors.errors import TrackerUnavailable
from simulator.server import Running, serve
from tests.connectors.contract.flavours import FLAVOURS, SOURCE, Clock, Warehouse, make

CUSTOMERS = (7, 13, 19, 25, 26)
"""Two of their own, and three partners, one of whom has left."""
WITHHELD = {
    "jira_cloud": {"withheld_permissions": ["USER_PICKER"]},
    "jira_data_center": {"granted_permissions": []},
    "azure_devops": {"withheld_scopes": ["graph"]},
    "azure_devops_server": {"withheld_scopes": ["identity"]},
}
ALLOWED = {
    "jira_cloud": {"withheld_permissions": []},
    "jira_data_center": {"granted_permissions": ["ADMINISTER"]},
    "azure_devops": {"withheld_scopes": []},
    "azure_devops_server": {"withheld_scopes": []},
}
NEEDED = {
    "jira_cloud": "Browse users and groups",
    "jira_data_center": "Jira Administrators",
    "azure_devops": r"Graph \(Read\)",
    "azure_devops_server": r"Identity \(Read\)",
}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serve(issues=60) as simulator:
        yield simulator


@pytest.fixture(params=FLAVOURS)
def flavour(request: pytest.FixtureRequest, running: Running) -> Iterator[str]:
    flavour = str(request.param)
    running.tell(tracker=flavour, **ALLOWED[flavour])
    yield flavour
    running.tell(tracker=flavour, **ALLOWED[flavour])
    set_members(running, flavour, "customers", 7, 19)


def set_members(running: Running, flavour: str, group: str, *people: int) -> None:
    running.act("regroup", flavour, group=group, members=list(people))


class Place:
    """A source whose groups are pulled night after night; the rest is left out."""

    def __init__(self, running: Running, flavour: str, *groups: str) -> None:
        self.running = running
        self.flavour = flavour
        self.groups = groups
        self.warehouse = Warehouse()
        self.clock = Clock(datetime.fromisoformat(running.connect["now"]))

    def connector(self) -> Connector:
        return make(self.running, self.flavour, clock=self.clock, groups=self.groups)

    def sync(self, days: float = 0, *groups: str) -> int:
        """Pull the groups after so many days, or from then on other ones; the requests to their lists that it took."""
        self.clock.at += timedelta(days=days)
        self.groups = groups or self.groups
        before, self.warehouse.problems, self.warehouse.notes = self._asked(), [], []
        with closing(self.connector()) as connector:
            self.warehouse.sync(connector, only="groups")
        return self._asked() - before

    @property
    def members(self) -> dict[str, set[str]]:
        """Group, as the config writes it → ids of its members in the tracker."""
        found: dict[str, set[str]] = {row["name"]: set() for row in self.warehouse.tables.get("Group", {}).values()}
        for row in self.warehouse.tables.get("UserGroup", {}).values():
            found[row["group_name"]].add(row["user_id"].removeprefix(f"{SOURCE}:"))
        return found

    def _asked(self) -> int:
        asked = self.running.state()[self.flavour]["requests_by_path"]
        places = ("/group/member", "/graph/", "/_apis/identities")
        return sum(number for path, number in asked.items() if any(place in path for place in places))


def ids(running: Running, flavour: str, *people: int) -> set[str]:
    """The ids that items name these people by; a Server's people have one by their domain, too."""
    site = {"jira_cloud": running.trackers.cloud.site, "jira_data_center": running.trackers.data_center.site}
    if flavour in site:
        return {site[flavour].person_id(number) for number in people}
    everybody = running.trackers.company.people
    found = {everybody[number].email for number in people}
    return found | ({f"acme\\{everybody[n].login}" for n in people} if flavour == "azure_devops_server" else set())


def test_without_a_rule_for_groups_nothing_is_asked_and_there_are_no_pages(running: Running, flavour: str) -> None:
    place = Place(running, flavour)
    before = running.state()[flavour]["requests"]
    assert place.sync() == 0
    assert running.state()[flavour]["requests"] == before
    assert place.warehouse.pages == []


def test_the_members_of_a_group_and_of_groups_within_it_are_told(running: Running, flavour: str) -> None:
    place = Place(running, flavour, "Customers", "partners")
    assert place.sync() > 0
    assert place.members == {
        "Customers": ids(running, flavour, *CUSTOMERS),
        "partners": ids(running, flavour, 13, 25, 26),
    }
    assert place.warehouse.problems == []
    keys = {row["group_id"] for row in place.warehouse.tables["UserGroup"].values()}
    assert keys == {f"{SOURCE}:customers", f"{SOURCE}:partners"}


def test_a_low_cap_of_the_server_loses_nobody(running: Running, flavour: str) -> None:
    switch, usual = ("page_cap", 100) if flavour.startswith("jira") else ("groups_a_page", 200)
    running.tell(tracker=flavour, **{switch: 2})
    place = Place(running, flavour, "customers")
    try:
        assert place.sync() >= 2
    finally:
        running.tell(tracker=flavour, **{switch: usual})
    assert place.members == {"customers": ids(running, flavour, *CUSTOMERS)}


def test_members_are_asked_for_once_a_week_and_who_has_left_vanishes(running: Running, flavour: str) -> None:
    place = Place(running, flavour, "customers")
    place.sync()
    set_members(running, flavour, "customers", 19, 8)
    assert place.sync(days=5) == 0
    assert place.members == {"customers": ids(running, flavour, *CUSTOMERS)}
    assert place.sync(days=1) > 0
    assert place.members == {"customers": ids(running, flavour, 8, 13, 19, 25, 26)}


def test_a_group_named_anew_is_loaded_at_once_and_one_no_longer_named_is_emptied(
    running: Running, flavour: str
) -> None:
    place = Place(running, flavour, "customers")
    place.sync()
    assert place.sync(1, "partners", "CUSTOMERS") > 0
    assert set(place.members) == {"customers", "partners"}
    assert place.sync(1, "partners") == 0
    assert place.members == {"partners": ids(running, flavour, 13, 25, 26)}


def test_a_group_that_is_not_there_is_a_problem_and_the_others_are_loaded(running: Running, flavour: str) -> None:
    place = Place(running, flavour, "nobody", "partners")
    place.sync()
    (problem,) = place.warehouse.problems
    assert "'nobody'" in problem
    assert "reporter_groups" in problem
    assert f"{SOURCE}:NAME" in problem
    assert "\n" not in problem
    assert set(place.members) == {"partners"}


def test_without_the_permission_a_problem_names_it_and_the_members_last_known_stay(
    running: Running, flavour: str
) -> None:
    place = Place(running, flavour, "partners")
    place.sync()
    known = place.members
    running.tell(tracker=flavour, **WITHHELD[flavour])
    place.sync(days=7)
    (problem,) = place.warehouse.problems
    assert re.search(f"'partners'.*{NEEDED[flavour]}.*last known count", problem)
    assert running.connect[flavour]["token"] not in problem
    assert place.members == known
    running.tell(tracker=flavour, **ALLOWED[flavour])
    assert place.sync(days=1) > 0  # not only in a week
    assert place.warehouse.problems == []


def test_an_outage_is_no_problem_of_the_group_and_deletes_nothing(running: Running, flavour: str) -> None:
    place = Place(running, flavour, "partners")
    place.sync()
    known = place.members
    running.fault(tracker=flavour, times=99, status=503, match="/")
    try:
        with pytest.raises(TrackerUnavailable):
            place.sync(days=7)
    finally:
        running.clear_faults()
    assert place.members == known


def test_the_look_round_tells_groups_with_how_many_are_in_them_and_what_is_missing(
    running: Running, flavour: str
) -> None:
    with closing(Place(running, flavour, "customers", "nobody").connector()) as connector:
        connector.identify()
        found = connector.survey()
    assert [(each.name, each.detail) for each in found.seen if each.what == "group"] == [("customers", "members: 5")]
    assert [problem for problem in found.problems if "group" in problem and "'nobody'" in problem] == list(
        found.problems
    )
    assert len(found.problems) == 1
