"""Rules that ask for the reporter's group, on all four flavours: from the tracker's members to classes of defects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Done, Site, Trackers, new_site
from tests.end_to_end.test_nights import differing

SERVICES = {"acme": "jira_cloud", "contoso": "azure_devops"}
SERVERS = {"acme": "jira_data_center", "contoso": "azure_devops_server"}
CUSTOMERS, OTHERS = [7, 19], [2, 3, 14, 15]
FIRST_RULE = '[[defects.rules]]\nname = "found in production"'
DENIED = {
    "jira_cloud": {"withheld_permissions": ["USER_PICKER"]},
    "jira_data_center": {"granted_permissions": []},
    "azure_devops": {"withheld_scopes": ["graph"]},
    "azure_devops_server": {"withheld_scopes": ["identity"]},
}
GRANTED = {
    "jira_cloud": {"withheld_permissions": []},
    "jira_data_center": {"granted_permissions": ["ADMINISTER"]},
    "azure_devops": {"withheld_scopes": []},
    "azure_devops_server": {"withheld_scopes": []},
}
REPORTED = """
SELECT d.escape_class, d.escape_rule, d.escape_evidence, i.reporter_id IN (SELECT user_id FROM user_groups)
FROM defects d JOIN issues i ON i.issue_id = d.issue_id WHERE i.source_id = ?
"""


class World:
    """Sites whose first rule asks for groups, at the services or the servers."""

    def __init__(self, folder: Path, trackers: Trackers, flavours: Mapping[str, str]) -> None:
        self.folder = folder
        self.trackers = trackers
        self.flavours = flavours

    def site(self, name: str, *groups: str) -> Site:
        made = new_site(self.folder / name, self.trackers)
        self.names(made, *groups)
        return made

    def names(self, site: Site, *groups: str) -> None:
        """Write the configuration with these groups."""
        about = self.trackers.about
        rule = f'[[defects.rules]]\nname = "by customers"\nescaped = true\nreporter_groups = {list(groups)}\n\n'
        changes = [(FIRST_RULE, rule + FIRST_RULE)]
        if self.flavours == SERVERS:
            mail = f'url = "{about["jira_cloud"]["url"]}"\nemail = "{about["jira_cloud"]["email"]}"\n'
            changes.append((mail, f'url = "{about["jira_data_center"]["url"]}"\n'))
            changes.append((about["azure_devops"]["url"], about["azure_devops_server"]["url"]))
        site.configure(*changes)

    def call(self, site: Site, *words: str) -> Done:
        about = self.trackers.about
        jira, azure = (about[self.flavours[source]]["token"] for source in ("acme", "contoso"))
        return site.flowmart(*words, DEMO_JIRA_TOKEN=jira, DEMO_ADO_TOKEN=azure)

    def run(self, site: Site) -> None:
        ended = self.call(site, "run")
        assert ended.returncode == 0, ended.stderr

    def tell(self, switches: Mapping[str, Mapping[str, list[str]]]) -> None:
        for flavour in self.flavours.values():
            self.trackers.set(tracker=flavour, **switches[flavour])

    def regroup(self, people: list[int]) -> None:
        self.trackers.act("regroup", "jira", group="customers", members=people)

    def asked(self) -> int:
        """Requests for groups so far."""
        state = self.trackers.state()
        places = ("/group/member", "/graph/", "/_apis/identities", "ResourceAreas")
        counts = [state[flavour]["requests_by_path"] for flavour in self.flavours.values()]
        return sum(n for count in counts for path, n in count.items() if any(place in path for place in places))


@pytest.fixture(params=[SERVICES, SERVERS], ids=["services", "servers"])
def world(request: pytest.FixtureRequest, tmp_path: Path, trackers: Trackers) -> Iterator[World]:
    made = World(tmp_path, trackers, request.param)
    made.tell(GRANTED)
    made.regroup(CUSTOMERS)
    yield made
    made.tell(GRANTED)


def told(site: Site) -> set[tuple[str, str, str, int]]:
    return {row for source in SERVICES for row in site.rows(REPORTED, source)}


def test_who_reported_a_defect_decides_on_its_class(world: World) -> None:
    site = world.site("one", "customers")
    world.run(site)
    for source in SERVICES:
        rows = site.rows(REPORTED, source)
        inside = [row for row in rows if row[3]]
        assert inside, source
        assert {row[:3] for row in inside} == {("escaped", "by customers", "customers")}
        assert "by customers" not in {row[1] for row in rows if not row[3]}
    known = site.rows("SELECT source_id, name FROM groups ORDER BY source_id")
    assert known == [("acme", "customers"), ("contoso", "customers")]


def test_without_such_a_rule_nothing_more_is_asked(world: World) -> None:
    before, site = world.asked(), new_site(world.folder / "none", world.trackers)
    world.names(site)
    text = (site.folder / "flowmart.toml").read_text(encoding="utf-8")
    (site.folder / "flowmart.toml").write_text(text.replace("reporter_groups = []", 'types = ["X"]'), encoding="utf-8")
    world.run(site)
    assert world.asked() == before


@pytest.mark.thorough
def test_law_5_other_members_and_other_groups_leave_what_a_run_from_scratch_leaves(world: World) -> None:
    site = world.site("one", "customers")
    world.run(site)
    first, asked = told(site), world.asked()
    world.run(site)
    assert world.asked() == asked
    world.regroup(OTHERS)
    world.trackers.pass_time(hours=24 * 7)
    world.run(site)
    assert told(site) != first
    fresh = world.site("fresh", "customers")
    world.run(fresh)
    assert differing(site.tables(), fresh.tables()) == {}
    world.names(site, "partners")  # it is new: loaded at once
    world.run(site)
    scratch = world.site("scratch", "partners")
    world.run(scratch)
    assert site.rows("SELECT DISTINCT name FROM groups") == [("partners",)]
    assert differing(site.tables(), scratch.tables()) == {}


def test_a_group_that_is_not_there_ends_in_1_and_the_rest_is_whole(world: World) -> None:
    site, whole = world.site("one", "acme:nobody", "customers"), world.site("whole", "customers")
    world.run(whole)
    ended = world.call(site, "sync")
    assert ended.returncode == 1
    assert "there is no group 'nobody'" in ended.stderr
    assert "(synced: contoso)" in ended.stderr  # which was not asked for it
    assert world.call(site, "compute").returncode == 0
    both = [place.tables()["defects"] for place in (site, whole)]
    assert both[0] == both[1]
    found = site.rows("SELECT entity_id, severity FROM data_quality WHERE check_name = 'unknown_group'")
    assert found == [("acme:nobody", "warning")]
    looked = world.call(site, "check")
    assert looked.returncode == 1
    assert "there is no group 'nobody'" in looked.stdout
    assert "customers (members: 5)" in looked.stdout


@pytest.mark.thorough
def test_a_permission_that_is_withdrawn_is_named_and_the_members_last_known_count(world: World) -> None:
    site = world.site("one", "customers")
    world.run(site)
    before = {name: rows for name, rows in site.tables().items() if name in {"groups", "user_groups", "defects"}}
    world.trackers.pass_time(hours=24 * 7)
    world.tell(DENIED)
    ended = world.call(site, "sync")
    assert ended.returncode == 1
    for needed in {SERVICES["acme"]: ("Browse users and groups", "Graph (Read)")}.get(
        world.flavours["acme"], ("Jira Administrators", "Identity (Read)")
    ):
        assert needed in ended.stderr
    assert world.call(site, "compute").returncode == 0
    assert {name: rows for name, rows in site.tables().items() if name in before} == before
    assert site.rows("SELECT count(*) FROM data_quality WHERE check_name = 'unknown_group'") == [(0,)]
    assert "not shown" in world.call(site, "check").stdout
