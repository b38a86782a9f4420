"""What every connector promises of the groups that rules name: members, nested ones too, and nothing without being asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.base import Connector
from simulator.server import Running, serve
from tests.connectors.contract.flavours import FLAVOURS, SOURCE, Clock, Warehouse, make

CUSTOMERS = {"Customer 5", "Partner"}
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
    running.act({"do": "regroup", "tracker": flavour, "group": group, "members": list(people)})


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

    def sync(self, days: float = 0) -> Counter[str]:
        """Pull the groups after so many days; the requests that it took."""
        self.clock.at += timedelta(days=days)
        before = self._asked()
        connector = self.connector()
        try:
            self.warehouse.problems.clear()
            self.warehouse.notes.clear()
            self.warehouse.sync(connector, only="groups")
        finally:
            connector.close()
        return self._asked() - before

    @property
    def members(self) -> dict[str, set[str]]:
        """Group, as the config writes it → ids of its members in the tracker."""
        found: dict[str, set[str]] = {row["name"]: set() for row in self.warehouse.tables.get("Group", {}).values()}
        for row in self.warehouse.tables.get("UserGroup", {}).values():
            found[row["group_name"]].add(row["user_id"].removeprefix(f"{SOURCE}:"))
        return found

    def _asked(self) -> Counter[str]:
        return Counter(self.running.state()[self.flavour]["requests_by_path"])


def ids(running: Running, flavour: str, *people: int) -> set[str]:
    """The ids that items name these people by; a Server's people have one by their domain, too."""
    site = {"jira_cloud": running.trackers.cloud.site, "jira_data_center": running.trackers.data_center.site}
    if flavour in site:
        return {site[flavour].person_id(number) for number in people}
    everybody = running.trackers.company.people
    found = {everybody[number].email for number in people}
    return found | ({f"acme\\{everybody[n].login}" for n in people} if flavour == "azure_devops_server" else set())
