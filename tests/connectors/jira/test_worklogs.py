"""Booked time: what comes with issues, what the feeds tell, and what is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import httpx
import msgspec
import pytest

from connectors.errors import UnexpectedResponse
from tests.connectors.jira.fake_jira import (
    START,
    Clock,
    Connect,
    FakeJira,
    Json,
    Pulled,
    inline,
    issue,
    many,
    milliseconds,
    pull,
    refusal,
    worklog,
)
from warehouse.records import User, Worklog


def every(ids: Sequence[str]) -> frozenset[str]:
    """A warehouse that has all issues."""
    return frozenset(ids)


def hours(pulled: Pulled) -> float:
    return sum({row.worklog_id: row.seconds for row in pulled.rows(Worklog)}.values()) / 3_600


def book(jira: FakeJira, number: int, rows: list[Json], **more: object) -> None:
    """An issue with this time booked on it."""
    jira.issues = [one for one in jira.issues if one["id"] != str(number)]
    jira.issues.append(issue(number, worklog=inline("worklog", rows), **more))
    jira.worklogs[str(number)] = rows


def asked_for_feeds(jira: FakeJira) -> dict[str, list[int]]:
    """`since` of the requests to either feed."""
    found: dict[str, list[int]] = {"updated": [], "deleted": []}
    for request in jira.sent:
        name = request.url.path.rpartition("/")[2]
        if "/worklog/" in request.url.path and name in found:
            found[name].append(int(request.url.params["since"]))
    return found


def test_a_worklog_has_its_columns_and_its_author_becomes_a_user(jira: FakeJira, connect: Connect) -> None:
    book(jira, 1, [worklog(301, seconds=5_400, started="2026-03-03T12:00:00.000+0200", comment={"type": "doc"})])
    pulled = pull(connect())
    [row] = pulled.rows(Worklog)
    assert (row.worklog_id, row.issue_id, row.author_id, row.seconds) == ("acme:301", "acme:1", "acme:mia", 5_400)
    assert (row.started_at.isoformat(), row.updated_at) == ("2026-03-03T10:00:00+00:00", START)
    assert [row.user_id for row in pulled.rows(User)] == ["acme:mia"]


def test_trap_35_an_issue_shows_20_of_57_worklogs_and_the_sum_is_right(jira: FakeJira, connect: Connect) -> None:
    book(jira, 1, [worklog(n) for n in range(57)])
    book(jira, 2, [worklog(n, 2) for n in range(100, 120)])
    assert hours(pull(connect())) == 77
    assert len(jira.asked("/issue/1/worklog")) == 1
    assert jira.asked("/issue/2/worklog") == []


def test_trap_35_the_rest_is_not_asked_for_again_while_the_warehouse_has_it(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    book(jira, 1, [worklog(n) for n in range(57)])
    first = pull(connect())
    clock.sleep(86_400)
    book(jira, 1, [worklog(n) for n in range(58)], updated=clock.now().isoformat())
    jira.feeds["updated"] = [(57, milliseconds(clock.now()))]
    jira.requests.clear()
    second = pull(connect(held=every), bookmarks=first.bookmarks)
    assert jira.asked("/issue/1/worklog") == []
    assert {row.worklog_id for row in second.rows(Worklog)} >= {"acme:57", "acme:0"}


def test_an_issue_that_comes_into_the_scope_later_brings_its_older_worklogs(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    """It was moved here from a project that is not pulled, so the walk of its new project finds it as a change."""
    jira.issues = many(1)
    first = pull(connect(projects=("ABC",)))
    clock.sleep(86_400 * 30)
    book(jira, 7, [worklog(n, 7) for n in range(30)], updated=clock.now().isoformat())
    assert hours(pull(connect(projects=("ABC",)), bookmarks=first.bookmarks)) == 30


def test_trap_36_the_feed_goes_on_where_the_site_says_that_it_ended(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    """What was written 30 s before a run is not in the feed yet; by our own clock it would be lost."""
    jira.issues = many(1)
    jira.feeds["updated"] = [(300, milliseconds(clock.now()) - 120_000)]
    first = pull(connect(held=every))
    late = milliseconds(clock.now()) - 30_000
    clock.sleep(86_400)
    jira.worklogs["1"] = [worklog(301)]
    jira.feeds["updated"].append((301, late))
    jira.sent.clear()
    second = pull(connect(held=every), bookmarks=first.bookmarks)
    assert asked_for_feeds(jira)["updated"] == [milliseconds(clock.now()) - 86_400_000 - 120_000 + 1]
    assert [row.worklog_id for row in second.rows(Worklog)] == ["acme:301"]


def test_the_feed_of_a_first_pull_begins_well_before_the_walk(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    pull(connect())
    assert asked_for_feeds(jira) == {"updated": [milliseconds(clock.now() - timedelta(days=1))], "deleted": [0]}


def test_the_feed_begins_before_a_walk_that_was_broken_off_days_ago(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    jira.issues = many(3)
    began = clock.now()
    stream = next(stream for stream in connect().streams() if stream.name == "issues")
    bookmark = next(page.bookmark for page in stream.pages(None) if page.bookmark)
    clock.sleep(86_400 * 5)
    pull(connect(), bookmarks={"issues": bookmark})
    assert asked_for_feeds(jira)["updated"] == [milliseconds(began - timedelta(days=1))]


def test_a_look_back_asks_the_feed_from_that_day_on(jira: FakeJira, connect: Connect) -> None:
    pull(connect(changed_since=date(2026, 1, 2)))
    assert asked_for_feeds(jira)["updated"] == [1_767_312_000_000]


def test_feeds_are_read_to_their_end_by_either_name_of_the_last_page(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    now = milliseconds(clock.now())
    jira.worklogs["1"] = [worklog(n) for n in range(5)]
    jira.feeds["updated"] = [(n, now - 1_000 * n) for n in range(5)]
    jira.feed_page = 2
    assert hours(pull(connect(held=every), "worklogs")) == 5

    def renamed(request: httpx.Request) -> httpx.Response:
        feed = msgspec.json.decode(jira._feed(request).content)
        return httpx.Response(200, json={**feed, "isLastPage": feed.pop("lastPage")})

    jira.overrides["GET /rest/api/2/worklog/updated"] = renamed
    assert hours(pull(connect(held=every), "worklogs")) == 5


def test_a_feed_that_stays_where_it_is_is_refused(jira: FakeJira, connect: Connect) -> None:
    stuck = {"values": [], "until": 5, "lastPage": False}
    jira.overrides["GET /rest/api/2/worklog/updated"] = lambda _: httpx.Response(200, json=stuck)
    with pytest.raises(UnexpectedResponse, match="would not end"):
        pull(connect(), "worklogs")


def test_what_was_seen_at_the_very_end_of_the_feed_is_not_fetched_twice(
    jira: FakeJira, connect: Connect, clock: Clock
) -> None:
    at = milliseconds(clock.now())
    jira.worklogs["1"] = [worklog(300), worklog(301)]
    named = [300]

    def inclusive(_: httpx.Request) -> httpx.Response:
        values = [{"worklogId": number, "updatedTime": at} for number in named]
        return httpx.Response(200, json={"values": values, "until": at, "lastPage": True})

    jira.overrides["GET /rest/api/2/worklog/updated"] = inclusive
    first = pull(connect(held=every), "worklogs")
    second = pull(connect(held=every), "worklogs", bookmarks=first.bookmarks)
    named.append(301)
    third = pull(connect(held=every), "worklogs", bookmarks=second.bookmarks)
    assert [row.worklog_id for row in first.rows(Worklog)] == ["acme:300"]
    assert [row.worklog_id for row in third.rows(Worklog)] == ["acme:301"]
    assert [body["ids"] for body in jira.asked("/worklog/list")] == [[300], [301]]


def test_worklogs_of_issues_that_are_not_pulled_are_dropped(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    now = milliseconds(clock.now())
    jira.worklogs = {"1": [worklog(300)], "9": [worklog(301, 9)]}
    jira.feeds["updated"] = [(300, now), (301, now)]
    pulled = pull(connect(held=lambda ids: frozenset(ids) & {"acme:1"}), "worklogs")
    assert [row.worklog_id for row in pulled.rows(Worklog)] == ["acme:300"]


def test_worklogs_that_are_named_and_not_shown_are_a_note(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    jira.worklogs["1"] = [worklog(300)]
    jira.feeds["updated"] = [(n, milliseconds(clock.now())) for n in (300, 301, 302)]
    pulled = pull(connect(held=every), "worklogs")
    assert pulled.notes == ["2 of 3 worklogs that were written are not shown to the account"]
    assert pulled.problems == []


def test_trap_37_a_deleted_worklog_is_marked(jira: FakeJira, connect: Connect, clock: Clock) -> None:
    book(jira, 1, [worklog(300), worklog(301)])
    first = pull(connect())
    clock.sleep(86_400)
    jira.feeds["deleted"] = [(301, milliseconds(clock.now()))]
    second = pull(connect(held=every), bookmarks=first.bookmarks)
    assert second.marks("deleted_at") == {"acme:301": clock.now()}
    jira.sent.clear()
    third = pull(connect(held=every), bookmarks=second.bookmarks)
    assert third.marks("deleted_at") == {}
    assert asked_for_feeds(jira)["deleted"] == [milliseconds(clock.now()) + 1]


@pytest.mark.parametrize("status", [404, 400, 403])
def test_trap_38_without_time_tracking_there_is_a_note_and_no_error(
    jira: FakeJira, connect: Connect, status: int
) -> None:
    jira.issues = many(2)
    jira.overrides["GET /rest/api/2/worklog/updated"] = lambda _: refusal(status, "Time tracking is disabled")
    pulled = pull(connect())
    assert len(pulled.notes) == 1
    assert "worklogs are not told by the site" in pulled.notes[0]
    assert pulled.problems == []
    assert "worklogs" not in pulled.bookmarks


def test_trap_38_worklogs_of_one_issue_that_are_not_shown_in_full_are_a_note(jira: FakeJira, connect: Connect) -> None:
    book(jira, 1, [worklog(n) for n in range(57)])
    jira.overrides["GET /rest/api/2/issue/1/worklog"] = lambda _: refusal(404, "Time tracking is disabled")
    pulled = pull(connect(), "issues")
    assert hours(pulled) == 20
    assert "the worklogs of issue 1 are not shown in full" in pulled.notes[0]


def test_a_bookmark_of_worklogs_that_cannot_be_read_begins_again(jira: FakeJira, connect: Connect) -> None:
    pull(connect(), "worklogs", bookmarks={"worklogs": "{"})
    assert asked_for_feeds(jira)["deleted"] == [0]
