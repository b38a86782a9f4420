"""The clock under control, and commands that make sense or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulator.server import Running

Connect = Callable[[Running], tuple[httpx.Client, httpx.Client]]
Feed = Callable[..., tuple[list[dict[str, Any]], str]]


def first(running: Running, product: int) -> int:
    return next(running.company.products[product].alive()).id


def test_the_clock_moves_without_any_event(fresh: Running, connect: Connect, walk_feed: Feed) -> None:
    azure = connect(fresh)[1]
    _, token = walk_feed(azure)
    now = fresh.company.now
    fresh.clock(90)
    assert fresh.company.now == now + 90_000
    assert walk_feed(azure, continuationToken=token)[0] == []
    at = fresh.act("edit", "azure_devops", first(fresh, 1), points=99)["at"]
    assert at == "2026-09-30T18:01:30.000Z"
    with pytest.raises(ValueError, match="backwards"):
        fresh.clock(-1)


@pytest.mark.parametrize("hours", [1, 14, 20, 30, 24 * 16])
def test_what_a_night_brings_is_younger_than_the_clock_before_it(fresh: Running, hours: int) -> None:
    fresh.clock(hours * 3600)
    seen = fresh.company.now
    known = {(p.name, e.id) for p in fresh.company.products for i in p.issues.values() for e in i.events}
    fresh.advance(3)
    new = [
        event.at for p in fresh.company.products for i in p.issues.values() for event in i.events
        if (p.name, event.id) not in known
    ]  # fmt: skip
    assert new
    assert min(new) >= seen
    assert fresh.company.now > seen


def test_trap_18_an_issue_created_straight_into_a_sprint_has_no_history(fresh: Running, connect: Connect) -> None:
    jira, product = connect(fresh)[0], fresh.company.products[0]
    sprint = next(s for s in product.sprints.values() if s.state == "active" and 1 in s.team_ids)
    made = fresh.act("create", "jira", project="PAY", type="Story", summary="Born here", sprint=sprint.name, points=5)
    issue = jira.get(f"/rest/api/3/issue/{made['key']}", params={"expand": "changelog"}).json()
    assert (issue["id"], issue["fields"]["summary"]) == (str(made["issue"]), "Born here")
    assert [row["id"] for row in issue["fields"]["customfield_10020"]] == [sprint.id]
    assert issue["changelog"]["total"] == 0
    fresh.advance(10)
    assert fresh.state()["nights"] == 10


def test_trap_69_an_imported_item_is_old_by_its_dates_and_new_in_the_feed(
    fresh: Running, connect: Connect, walk_feed: Feed
) -> None:
    azure = connect(fresh)[1]
    _, token = walk_feed(azure)
    past = "2025-03-01T12:00:00Z"
    made = fresh.act("create", "azure_devops", project="Shop", type="Bug", at=past, status="Closed", summary="Old one")
    rows, _ = walk_feed(azure, continuationToken=token)
    assert [(row["id"], row["rev"]) for row in rows] == [(made["issue"], 1)]
    fields = rows[0]["fields"]
    assert {fields["System.CreatedDate"], fields["System.ChangedDate"]} == {past}
    assert (fields["System.State"], fields["System.WorkItemType"]) == ("Closed", "Bug")


def test_an_unknown_command_is_told_which_there_are(running: Running) -> None:
    refused = httpx.post(f"{running.jira_url}/_simulator/dance")
    assert (refused.status_code, refused.json()["error"][:27]) == (404, "no such command; there are:")


def test_acts_and_the_clock_can_be_ordered_over_http(fresh: Running) -> None:
    base = fresh.jira_url + "/_simulator"
    number = first(fresh, 0)
    assert httpx.post(f"{base}/clock", json={"seconds": 60}).json() == {"now": "2026-09-30T18:01:00Z"}
    done = httpx.post(f"{base}/act", json={"do": "edit", "tracker": "jira_cloud", "issue": number, "points": 3})
    assert done.json()["at"] == "2026-09-30T18:01:00.000Z"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ({"do": "edit", "tracker": "trello"}, "tracker is one of jira, jira_cloud"),
        ({"do": "explode", "tracker": "jira"}, "do is one of edit, move"),
        ({"do": "edit", "tracker": "jira", "issue": 1, "points": 1}, "there is no issue 1"),
        ({"do": "edit", "tracker": "jira", "points": 1}, "edit needs issue"),
        ({"do": "edit", "tracker": "jira", "issue": "PAY-1"}, "nothing to change"),
        ({"do": "edit", "tracker": "jira", "issue": "PAY-1", "colour": 1}, "colour is no field; there are: summary"),
        ({"do": "edit", "tracker": "jira", "issue": "PAY-1", "status": "Gone"}, "no status Gone; there are: 10000"),
        ({"do": "edit", "tracker": "jira", "issue": "PAY-1", "assignee": "Nobody"}, "nobody called Nobody"),
        ({"do": "move", "tracker": "jira", "issue": "PAY-1", "project": "WEB", "x": 1}, "unknown: x"),
        ({"do": "move", "tracker": "jira", "issue": "PAY-1", "project": "PAY"}, "is in Payments already"),
        ({"do": "rename", "tracker": "jira", "what": "moon", "name": "a", "to": "b"}, "what is one of sprint"),
        ({"do": "rename", "tracker": "jira", "what": "status", "name": "To Do", "to": "b"}, "more than one status"),
        ({"do": "destroy", "tracker": "jira", "issue": "PAY-1"}, "recycle bin of Azure DevOps"),
        ({"do": "restore", "tracker": "jira", "issue": "PAY-1"}, "not deleted"),
    ],
)  # fmt: skip
def test_a_command_that_makes_no_sense_is_refused_in_one_line(
    running: Running, command: dict[str, Any], said: str
) -> None:
    answer = httpx.post(f"{running.jira_url}/_simulator/act", json=command)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
