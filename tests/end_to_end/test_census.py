"""Issues that are deleted, moved, hidden, restored: the next sync tells them apart, and a doubtful one marks nobody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.conftest import Done, Site

ALWAYS = ('[workflow]\nwaiting = ["In Review"]', '[sync]\ncensus_every = "0s"\n\n[workflow]\nwaiting = ["In Review"]')


@pytest.fixture
def held(site: Site) -> Iterator[Site]:
    """A site that has been synced once and takes its census each time; what is hidden shows again in the end."""
    site.configure(ALWAYS)
    assert_done(site.flowmart("sync"))
    yield site
    show_all(site)


def show_all(site: Site) -> None:
    site.trackers.set(tracker="jira_cloud", hidden_issues=[], hidden_projects=[], withheld_permissions=[])
    site.trackers.set(tracker="azure_devops", hidden_areas=[], hidden_projects=[])


def assert_done(done: Done, code: int = 0) -> None:
    assert done.returncode == code, done.stderr


def marked(site: Site) -> dict[str, str]:
    """Key → absence of those that have one, of Jira."""
    found = site.rows("SELECT key, absence FROM issues WHERE absence IS NOT NULL AND source_id = 'acme'")
    return dict(found)


def census_runs(site: Site) -> list[tuple[Any, ...]]:
    """Source, outcome, expected and received of the last censuses."""
    return site.rows(
        "SELECT source_id, outcome, expected, received FROM sync_runs WHERE stream = 'census' "
        "AND run_id = (SELECT run_id FROM sync_runs ORDER BY started_at DESC LIMIT 1) ORDER BY source_id"
    )


def test_a_first_sync_counts_and_finds_everybody(held: Site) -> None:
    (acme, contoso) = census_runs(held)
    ((alive,),) = held.rows("SELECT count(*) FROM issues WHERE source_id = 'acme' AND absence IS NULL")
    assert acme == ("acme", "done", alive, alive)
    assert contoso[:3] == ("contoso", "done", None)
    assert all(row[0] for row in held.rows("SELECT account IS NOT NULL AND census_at IS NOT NULL FROM sources"))


def test_a_deleted_issue_is_marked_and_keeps_its_history(held: Site) -> None:
    key = held.some_key("WEB")
    held.trackers.act("delete", "jira", key)
    assert_done(held.flowmart("run"))
    assert marked(held)[key] == "deleted"
    ((changes, flow),) = held.rows(
        "SELECT (SELECT count(*) FROM issue_changes c WHERE c.issue_id = i.issue_id), f.exclusion "
        "FROM issues i JOIN issue_flow f ON f.issue_id = i.issue_id WHERE i.key = ?",
        key,
    )
    assert changes > 0
    assert flow == "deleted"
    again = held.flowmart("sync")
    assert_done(again)
    assert "gone" not in again.stderr


def test_trap_32_an_issue_that_moved_is_one_row_with_two_keys_in_its_history(held: Site) -> None:
    old = held.some_key("PAY")
    moved = held.trackers.act("move", "jira", old, project="WEB")
    assert_done(held.flowmart("sync"))
    rows = held.rows("SELECT key, absence FROM issues WHERE issue_id = ?", f"acme:{moved['issue']}")
    assert rows == [(moved["key"], None)]
    keys = held.rows(
        "SELECT from_text, to_text FROM issue_changes WHERE field = 'key' AND issue_id = ?", f"acme:{moved['issue']}"
    )
    assert (old, moved["key"]) in keys


def test_trap_33_an_issue_that_moved_to_a_project_that_is_not_pulled_has_moved_away(site: Site) -> None:
    site.configure(ALWAYS, ('token = "${DEMO_JIRA_TOKEN}"', 'token = "${DEMO_JIRA_TOKEN}"\nprojects = ["PAY"]'))
    assert_done(site.flowmart("sync"))
    moved = site.trackers.act("move", "jira", site.some_key("PAY"), project="WEB")
    assert_done(site.flowmart("sync"))
    assert marked(site) == {moved["key"]: "moved_away"}
    site.trackers.act("move", "jira", moved["issue"], project="PAY")
    assert_done(site.flowmart("sync"))
    assert marked(site) == {}


def test_trap_34_a_hidden_issue_is_access_lost_and_revived_when_it_shows_again(held: Site) -> None:
    before = marked(held)
    ((key, issue_id),) = held.rows("SELECT key, issue_id FROM issues WHERE key = ?", held.some_key("WEB"))
    held.trackers.set(tracker="jira_cloud", hidden_issues=[int(issue_id.removeprefix("acme:"))])
    assert_done(held.flowmart("sync"))
    assert marked(held) == {**before, key: "access_lost"}
    show_all(held)
    done = held.flowmart("sync")
    assert_done(done)
    assert f"missing here, now pulled: {key}" in done.stderr
    assert marked(held) == before


def test_trap_34_a_project_that_is_hidden_costs_nobody_more_than_is_believed(held: Site) -> None:
    before = marked(held)
    held.trackers.set(tracker="jira_cloud", hidden_projects=["WEB"])
    done = held.flowmart("sync")
    assert_done(done, 1)
    assert "--accept-loss" in done.stderr
    assert marked(held) == before
    assert_done(held.flowmart("sync", "--accept-loss"))
    lost = {key: why for key, why in marked(held).items() if key not in before}
    assert len(lost) > 10
    assert set(lost.values()) == {"access_lost"}
    show_all(held)
    assert_done(held.flowmart("sync"))
    assert marked(held) == before


def test_trap_31_a_configured_project_that_is_hidden_is_named_and_keeps_its_issues(site: Site) -> None:
    site.configure(ALWAYS, ('token = "${DEMO_JIRA_TOKEN}"', 'token = "${DEMO_JIRA_TOKEN}"\nprojects = ["PAY", "WEB"]'))
    assert_done(site.flowmart("sync"))
    before, key = marked(site), site.some_key("PAY")
    site.trackers.set(tracker="jira_cloud", hidden_projects=["WEB"])
    site.trackers.act("delete", "jira", key)
    done = site.flowmart("sync")
    show_all(site)
    assert_done(done, 1)
    assert "project WEB is not there or not visible" in done.stderr
    assert marked(site) == {**before, key: "deleted"}


@pytest.mark.parametrize(("path", "after"), [("/search/jql", 1), ("/approximate-count", 0)])
def test_trap_01_a_login_that_lapses_before_the_census_marks_nobody(held: Site, path: str, after: int) -> None:
    held.trackers.pass_time(hours=1)  # so that no change is counted, and the first count is the census's
    before = held.rows("SELECT issue_id, absence FROM issues ORDER BY issue_id")
    held.trackers.fault(match=path, after=after, times=9, kind="lying_200")
    done = held.flowmart("sync")
    assert_done(done, 1)
    assert "login is refused" in done.stderr
    assert ("acme", "failed", None, None) in census_runs(held)
    assert held.rows("SELECT issue_id, absence FROM issues ORDER BY issue_id") == before


def test_trap_02_a_sign_in_page_during_the_census_marks_nobody(held: Site) -> None:
    before = held.rows("SELECT issue_id, absence FROM issues ORDER BY issue_id")
    held.trackers.fault(match="/wiql", times=9, kind="sign_in_203")
    done = held.flowmart("sync")
    assert_done(done, 1)
    assert "contoso" in done.stderr.splitlines()[-1]
    assert ("contoso", "failed", None, None) in census_runs(held)
    assert held.rows("SELECT issue_id, absence FROM issues ORDER BY issue_id") == before


def test_trap_03_a_listing_that_is_empty_marks_nobody(held: Site) -> None:
    before = marked(held)
    empty = {"issues": [], "isLast": True}
    held.trackers.fault(match="/search/jql", after=1, times=99, status=200, body=empty)
    done = held.flowmart("sync")
    assert_done(done, 1)
    assert "none counts as gone" in done.stderr
    assert marked(held) == before


def test_trap_03_a_listing_that_ends_after_its_first_page_marks_nobody(held: Site) -> None:
    before, gone = marked(held), held.some_key("WEB")
    held.trackers.act("delete", "jira", gone)
    listed = held.rows("SELECT issue_id, key FROM issues WHERE source_id = 'acme' AND absence IS NULL LIMIT 20")
    created = {"created": "2026-09-01T10:00:00.000+0200"}
    page = [{"id": own.removeprefix("acme:"), "key": key, "fields": created} for own, key in listed]
    held.trackers.fault(match="/search/jql", after=1, times=99, status=200, body={"issues": page, "isLast": True})
    done = held.flowmart("sync")
    assert_done(done, 1)
    assert "none counts as gone" in done.stderr
    assert marked(held) == before
    held.trackers.mend()
    assert_done(held.flowmart("sync"))
    assert marked(held) == {**before, gone: "deleted"}


def test_a_census_that_fails_while_it_asks_where_the_missing_are_marks_nobody(held: Site) -> None:
    before = marked(held)
    held.trackers.act("delete", "jira", held.some_key("WEB"))
    held.trackers.fault(match="/securitylevel", times=99, status=500)
    assert_done(held.flowmart("sync"), 1)
    assert marked(held) == before


def test_trap_68_a_work_item_is_deleted_restored_and_destroyed(held: Site) -> None:
    ((item,),) = held.rows("SELECT max(key) FROM issues WHERE source_id = 'contoso' AND absence IS NULL")

    def absence() -> str | None:
        found: str | None = held.absences()[item]
        return found

    seen = []
    for deed in ("delete", "restore", "delete", "destroy"):
        held.trackers.act(deed, "azure_devops", int(item))
        assert_done(held.flowmart("sync"))
        seen.append(absence())
    assert seen == ["deleted", None, "deleted", "deleted"]


def test_trap_68_a_work_item_that_is_destroyed_between_two_syncs_is_found_by_the_census(held: Site) -> None:
    ((item,),) = held.rows("SELECT min(key) FROM issues WHERE source_id = 'contoso' AND absence IS NULL")
    for deed in ("delete", "destroy"):
        held.trackers.act(deed, "azure_devops", int(item))
    done = held.flowmart("sync")
    assert_done(done)
    assert f"contoso: census: 1 issue gone (1 deleted): {item}" in done.stderr
    assert held.absences()[item] == "deleted"


def test_another_login_is_asked_about_before_it_costs_an_issue(held: Site) -> None:
    before = marked(held)
    with_other_account(held, "somebody else")
    held.trackers.act("delete", "jira", held.some_key("WEB"))
    done = held.flowmart("sync")
    assert_done(done, 1)
    assert "and was somebody else before" in done.stderr
    assert marked(held) == before
    assert_done(held.flowmart("sync", "--accept-loss"))
    assert len(marked(held)) == len(before) + 1
    assert_done(held.flowmart("sync"))


def with_other_account(site: Site, account: str) -> None:
    """As if the last run had been another account's."""
    site.write("UPDATE sources SET account = ? WHERE source_id = 'acme'", account)


def test_reconcile_finds_nothing_twice_and_stores_what_it_finds(held: Site) -> None:
    key = held.some_key("WEB")
    held.trackers.act("delete", "jira", key)
    done = held.flowmart("reconcile", "--sprints", "0")
    assert done.returncode == 3, done.stderr
    assert f"{key} is deleted" in done.stdout
    stored = held.rows("SELECT check_name, entity, evidence FROM data_quality WHERE check_name = 'issue_deleted'")
    assert len(stored) == 1
    assert stored[0][:2] == ("issue_deleted", "issue")
    again = held.flowmart("reconcile", "--sprints", "0", "--json")
    document = json.loads(again.stdout)
    assert not [row for source in document for row in source["findings"] if row["check_name"] == "issue_deleted"]
    assert held.rows("SELECT count(*) FROM data_quality WHERE check_name = 'issue_deleted'") == [(0,)]
    assert all(not count["differs"] for source in document for count in source["counts"])


def test_reconcile_agrees_with_jiras_own_sprint_reports(held: Site) -> None:
    done = held.flowmart("reconcile", "acme", "--json", "--sprints", "4")
    (source,) = json.loads(done.stdout)
    assert len(source["sprints"]) > 4
    differences = [(one["sprint"]["name"], each) for one in source["sprints"] for each in one["differences"]]
    assert differences == []
    assert_done(done)


@pytest.mark.thorough
def test_reconcile_fails_with_a_source_and_compares_the_other(held: Site) -> None:
    done = held.flowmart("reconcile", DEMO_JIRA_TOKEN="wrong")
    assert_done(done, 1)
    assert "compared 1 source" in done.stdout
