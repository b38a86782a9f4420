"""Jira Data Center as an operator meets it: nights, bad networks, logins that end."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Site, Trackers, new_site
from tests.end_to_end.test_nights import differing, told_by, without


def at_data_center(site: Site) -> Site:
    """The site with the Data Center in the place of the Cloud."""
    cloud, data_center = (site.trackers.about[name]["url"] for name in ("jira_cloud", "jira_data_center"))
    email = site.trackers.about["jira_cloud"]["email"]
    site.configure((f'url = "{cloud}"\nemail = "{email}"\n', f'url = "{data_center}"\n'))
    return site


@pytest.fixture
def dc(tmp_path: Path, trackers: Trackers) -> Site:
    return at_data_center(new_site(tmp_path / "dc", trackers))


@pytest.fixture
def fresh_dc(tmp_path: Path, trackers: Trackers) -> Site:
    return at_data_center(new_site(tmp_path / "fresh-dc", trackers))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, company: Trackers) -> Mapping[str, list[Any]]:
    """What a run that nothing disturbs leaves, before the company lives on."""
    site = at_data_center(new_site(tmp_path_factory.mktemp("whole") / "site", company))
    run(site)
    return site.tables()


def token(site: Site) -> str:
    found: str = site.trackers.about["jira_data_center"]["token"]
    return found


def run(site: Site) -> None:
    done = site.flowmart("run", DEMO_JIRA_TOKEN=token(site))
    assert done.returncode == 0, done.stderr


def requests(site: Site, path: str) -> int:
    counted = site.trackers.state()["jira_data_center"]["requests_by_path"]
    return sum(number for asked, number in counted.items() if path in asked)


def test_a_second_run_changes_nothing_and_searches_once_for_changes(dc: Site) -> None:
    run(dc)
    first, searched, asked = dc.tables(), requests(dc, "/rest/api/2/search"), requests(dc, "/rest/")
    run(dc)
    assert requests(dc, "/rest/api/2/search") - searched == 1
    assert requests(dc, "/rest/") - asked <= 15
    assert differing(dc.tables(), first) == {}


def test_trap_52_a_low_cap_of_the_server_changes_no_row(dc: Site, whole: Mapping[str, list[Any]]) -> None:
    dc.trackers.set(tracker="jira_data_center", page_cap=7)
    try:
        run(dc)
    finally:
        dc.trackers.set(tracker="jira_data_center", page_cap=1000)
    assert differing(dc.tables(), whole) == {}


@pytest.mark.thorough
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "answer", "status": 429, "headers": {"Retry-After": "0"}},
        {"kind": "answer", "status": 503, "headers": {"Content-Type": "text/html", "Retry-After": "0"}},
        {"kind": "reset_mid_body"},
    ],
    ids=["429", "503", "reset"],
)
def test_a_search_that_is_disturbed_leaves_the_same_rows(
    dc: Site, whole: Mapping[str, list[Any]], fault: dict[str, Any]
) -> None:
    dc.trackers.fault(match="/rest/api/2/search", after=1, times=1, **fault)
    run(dc)
    with sqlite3.connect(dc.folder / "flowmart.db") as warehouse:
        assert warehouse.execute("SELECT sum(retries) FROM sync_runs").fetchone() == (1,)
    assert differing(dc.tables(), whole) == {}


@pytest.mark.thorough
@pytest.mark.parametrize(("requests_left", "for_everybody"), [(0, True), (9, True), (24, True), (9, False)])
def test_trap_55_a_token_that_ends_changes_no_row_whenever_that_is(
    dc: Site, whole: Mapping[str, list[Any]], requests_left: int, *, for_everybody: bool
) -> None:
    """Where anybody may look, the server goes on answering, with what everybody may see: nothing."""
    run(dc)
    switches = {"tracker": "jira_data_center", "anonymous_allowed": for_everybody, "token_requests": requests_left}
    dc.trackers.set(**switches)
    try:
        done = dc.flowmart("sync", "acme", "--full", DEMO_JIRA_TOKEN=token(dc))
    finally:
        dc.trackers.set(**{**switches, "anonymous_allowed": False, "token_requests": -1})
    assert done.returncode == 1
    assert "as if nobody were logged in" in done.stderr
    assert token(dc) not in done.stdout + done.stderr
    assert differing(dc.tables(), whole) == {}


@pytest.mark.thorough
def test_law_5_after_some_nights_an_increment_equals_a_fresh_full_run(dc: Site, fresh_dc: Site) -> None:
    """Rows of issues that are gone aside, and statuses that only their histories tell of."""
    run(dc)
    before, key = dc.tables(), ""
    [kind] = [row[1] for row in before["sources"] if row[0] == "acme"]
    assert kind == "jira_data_center"
    assert len(before["issues"]) > 50
    for _ in range(3):
        dc.trackers.advance()
        key = dc.trackers.act("delete", "jira", dc.some_key("PAY"))["key"]
        run(dc)
    run(fresh_dc)
    after, scratch, absent = dc.tables(), fresh_dc.tables(), dc.absences()
    assert absent[key] == "deleted"
    assert len(differing(after, before)) > 10
    gone = {row[0] for row in after["issues"] if absent[row[3]] is not None}
    theirs = told_by(after, gone) - {row[0] for row in scratch["statuses"]}
    assert differing(without(after, gone | theirs), without(scratch, gone)) == {}
