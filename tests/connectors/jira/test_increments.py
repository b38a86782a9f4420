"""Pulls after the first: what changed since then, found once and by few requests."""

from __future__ import annotations

import re
from datetime import date, timedelta

import httpx
import msgspec
import pytest

from tests.connectors.jira.fake_jira import (
    START,
    Clock,
    Connect,
    FakeJira,
    Json,
    Pulled,
    ids,
    issue,
    issues_of,
    many,
    milliseconds,
    pull,
)
from warehouse.records import Issue

SEARCH = "POST /rest/api/3/search/jql"


def test_trap_26_changes_are_asked_for_in_absolute_time_without_upper_bound(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    """Also traps 27 and 28: epoch milliseconds know no zone and no minutes, and busy issues are never above a bound."""
    jira.issues = many(1)
    first = pull(connect(), "issues")
    began = clock.now()
    jira.requests.clear()
    pull(connect(), "issues", bookmarks=first.bookmarks)
    since = milliseconds(began) - 600_000
    assert jira.searched() == [f"project = 10001 AND updated >= {since} ORDER BY id ASC"]


def test_what_a_server_writes_whose_clock_is_behind_ours_is_not_lost(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    """The next walk looks back to the begin of the last one by the server's clock."""
    behind = clock.now() - timedelta(hours=5)
    info = {"deploymentType": "Cloud", "version": "1001.0.0", "versionNumbers": [1001, 0, 0]}
    answer = {**info, "serverTime": behind.isoformat()}
    jira.overrides["GET /rest/api/2/serverInfo"] = lambda _: httpx.Response(200, json=answer)
    first = pull(connect(), "issues")
    jira.issues = [issue(1, updated=(behind + timedelta(hours=1)).isoformat())]
    assert ids(pull(connect(), "issues", bookmarks=first.bookmarks)) == ["acme:1"]


def test_trap_29_what_the_index_shows_late_is_found_by_the_overlap(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    jira.issues = many(1)
    first = pull(connect(), "issues")
    edited = (clock.now() - timedelta(minutes=1)).isoformat()
    jira.issues.append(issue(2, updated=edited))
    clock.sleep(86_400)
    assert ids(pull(connect(), "issues", bookmarks=first.bookmarks)) == ["acme:2"]


def test_trap_30_what_moves_during_a_walk_is_found_once_it_ended(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    jira.issues, jira.page_size = many(30), 10
    stream = issues_of(connect())
    marks = []
    for page in stream.pages(None):
        marks.append(page.bookmark)
        jira.issues[0] = issue(1, updated=clock.now().isoformat(), summary="edited during the walk")
    rows = pull(connect(), "issues", bookmarks={"issues": [mark for mark in marks if mark][-1]}).rows(Issue)
    assert [row.summary for row in rows] == ["edited during the walk"]


def test_an_increment_with_nothing_new_fetches_no_history(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    jira.issues = many(5)
    first = pull(connect(), "issues")
    clock.sleep(3_600)
    jira.requests.clear()
    assert ids(pull(connect(), "issues", bookmarks=first.bookmarks)) == []
    assert jira.asked("/bulkfetch") == []


def test_a_project_that_becomes_visible_is_pulled_whole_and_the_others_are_not(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    jira.issues = many(3)
    first = pull(connect(), "issues")
    clock.sleep(86_400)
    jira.projects.append({"id": "10002", "key": "NEW", "name": "New"})
    jira.issues.append(issue(50, project="10002", key="NEW-50"))
    second = pull(connect(), "issues", bookmarks=first.bookmarks)
    assert ids(second) == ["acme:50"]
    jira.requests.clear()
    pull(connect(), "issues", bookmarks=second.bookmarks)
    assert re.match(r"project in \(10001, 10002\) AND updated >= \d+ ORDER", jira.searched()[0])


@pytest.mark.parametrize("changed", [{"jql": "labels = x"}, {"fields": {"severity": "Severity"}}])
def test_another_scope_is_walked_from_the_beginning(jira: FakeJira, connect: Connect, changed: Json) -> None:
    jira.issues = many(3)
    first = pull(connect(), "issues")
    assert len(ids(pull(connect(**changed), "issues", bookmarks=first.bookmarks))) == 3


def test_a_bookmark_that_cannot_be_read_begins_again(jira: FakeJira, connect: Connect) -> None:
    jira.issues = many(3)
    assert len(ids(pull(connect(), "issues", bookmarks={"issues": "{"}))) == 3


def test_history_since_leaves_out_what_was_not_touched(jira: FakeJira, connect: Connect) -> None:
    jira.issues = [issue(1), issue(2, updated="2026-04-01T00:00:00.000+0000")]
    assert ids(pull(connect(history_since=date(2026, 4, 1)), "issues")) == ["acme:2"]


def test_changes_can_be_looked_for_further_back_for_once(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    jira.issues = many(3)
    first = pull(connect(), "issues")
    clock.sleep(86_400)
    again = pull(connect(changed_since=START.date()), "issues", bookmarks=first.bookmarks)
    assert len(ids(again)) == 3


def test_a_killed_walk_goes_on_with_the_windows_that_are_left(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    jira.issues = many(3_000)
    clock.sleep(86_400 * 200)
    bookmark = None
    for page in issues_of(connect()).pages(None):
        if page.bookmark is not None:
            bookmark = page.bookmark
            if msgspec.json.decode(bookmark)["walk"].get("done"):
                break
    assert bookmark is not None
    clock.sleep(3_600)
    jira.requests.clear()
    rest = pull(connect(), "issues", bookmarks={"issues": bookmark})
    assert len(ids(rest)) == 2_000
    assert msgspec.json.decode(rest.bookmarks["issues"])["updated_since"] == milliseconds(clock.now())
    walks, [changes] = jira.searched()[:2], jira.searched()[2:]
    assert all("updated" not in jql for jql in walks)
    assert f"updated >= {milliseconds(clock.now()) - 3_600_000 - 600_000}" in changes


def after_a_day(jira: FakeJira, connect: Connect, clock: Clock, changed: int) -> Pulled:
    """A second pull after so many issues have changed."""
    first = pull(connect(), "issues")
    clock.sleep(86_400)
    jira.issues = [
        issue(n, created=START + timedelta(hours=n), updated=clock.now().isoformat()) for n in range(1, changed + 1)
    ]
    jira.requests.clear()
    return pull(connect(), "issues", bookmarks=first.bookmarks)


@pytest.mark.parametrize(("changed", "counts"), [(0, 0), (1, 1), (100, 1)])
def test_an_increment_is_searched_once_and_counted_if_it_has_anything(
    jira: FakeJira, connect: Connect, clock: Clock, changed: int, counts: int
) -> None:
    assert len(ids(after_a_day(jira, connect, clock, changed))) == changed
    assert len(jira.asked("/approximate-count")) == counts
    assert len(jira.asked("/search/jql")) == 1


def test_an_increment_of_several_pages_is_counted_once(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    pulled = after_a_day(jira, connect, clock, 250)
    assert len(set(ids(pulled))) == 250
    assert len(jira.asked("/approximate-count")) == 1
    assert pulled.problems == []


def test_a_large_increment_is_walked_in_windows(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    pulled = after_a_day(jira, connect, clock, 2_500)
    assert len(set(ids(pulled))) == 2_500
    windows = [jql for jql in jira.searched() if "created" in jql]
    assert len(windows) == 3
    assert all("updated >= " in jql for jql in windows)
    jira.requests.clear()
    assert len(set(ids(pull(connect(), "issues", bookmarks=pulled.bookmarks)))) == 2_500
    assert all("updated >= " in jql for jql in jira.searched())


@pytest.mark.parametrize("given", [1, 6, 7])
def test_trap_09_an_increment_whose_only_page_is_short_is_walked_again(
    jira: FakeJira, connect: Connect, clock: Clock, given: int
) -> None:
    """One issue less than the count is enough: the next night would not find it."""
    first = pull(connect(), "issues")
    clock.sleep(86_400)
    jira.issues = many(8, updated=clock.now().isoformat())
    whole, cut = jira._post, [given]

    def answer(request: httpx.Request) -> httpx.Response:
        found = msgspec.json.decode(whole(request.url.path, msgspec.json.decode(request.content)).content)
        return httpx.Response(200, json={**found, "issues": found["issues"][: cut.pop() if cut else None]})

    jira.overrides[SEARCH] = answer
    pulled = pull(connect(), "issues", bookmarks=first.bookmarks)
    assert len(set(ids(pulled))) == 8
    assert pulled.problems == []


def test_trap_09_an_increment_that_ends_early_is_walked_again_in_halves(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    first = pull(connect(), "issues")
    clock.sleep(86_400)
    jira.issues = many(90, updated=clock.now().isoformat())
    jira.page_size = 30
    whole = jira._post

    def answer(request: httpx.Request) -> httpx.Response:
        """A search that has more than sixty issues ends there, as if that were all."""
        body = msgspec.json.decode(request.content)
        found = msgspec.json.decode(whole(request.url.path, body).content)
        if len(jira.matching(body["jql"])) > 60 and body.get("nextPageToken") == "30":
            del found["nextPageToken"]
        return httpx.Response(200, json=found)

    jira.overrides[SEARCH] = answer
    pulled = pull(connect(), "issues", bookmarks=first.bookmarks)
    assert len(set(ids(pulled))) == 90
    assert pulled.problems == []


def test_trap_10_answers_tell_no_total_and_progress_is_told_all_the_same(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    jira.issues = many(250)
    first = pull(connect(), "issues")
    told = [page.progress for page in first.pages if page.progress is not None]
    assert (told[0].done, told[0].total) == (0, 250)
    assert (told[-1].done, told[-1].total) == (250, 250)
    clock.sleep(86_400)
    jira.issues = many(3, updated=clock.now().isoformat())
    second = pull(connect(), "issues", bookmarks=first.bookmarks)
    assert second.pages[-1].progress is not None
    assert (second.pages[-1].progress.done, second.pages[-1].progress.total) == (3, 3)


def test_trap_27_two_updates_in_the_minute_of_the_last_run_are_both_found(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    clock.sleep(30)
    first = pull(connect(overlap_seconds=0), "issues")
    began = clock.now()
    jira.issues = [
        issue(1, updated=(began + timedelta(milliseconds=0)).isoformat()),
        issue(2, updated=(began + timedelta(seconds=20)).isoformat()),
        issue(3, updated=(began - timedelta(seconds=1)).isoformat()),
    ]
    clock.sleep(86_400)
    second = pull(connect(overlap_seconds=0), "issues", bookmarks=first.bookmarks)
    assert ids(second) == ["acme:1", "acme:2"]
    assert f"updated >= {milliseconds(began)} " in jira.searched()[-1]


def test_trap_28_an_issue_that_changes_at_every_page_is_there_after_the_first_run(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    """Its `updated` is always later than any bound that a run could set, so that no run sets one."""
    first = pull(connect(), "issues")
    clock.sleep(86_400)
    jira.issues, jira.page_size = many(30, updated=clock.now().isoformat()), 10
    stream, found = issues_of(connect()), set()
    for page in stream.pages(first.bookmarks["issues"]):
        found |= {row.issue_id for row in page.records if isinstance(row, Issue)}
        clock.sleep(60)
        jira.issues[29] = issue(30, created=START + timedelta(hours=30), updated=clock.now().isoformat())
    assert "acme:30" in found
    assert not re.search(r"updated *<", " ".join(jira.searched()))
