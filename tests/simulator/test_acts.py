"""Life on command: what somebody does shows in histories, feeds and lists as what the nights bring does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from simulator.company import Issue
from simulator.server import Running, serve

Connect = Callable[[Running], tuple[httpx.Client, httpx.Client]]
Walk = Callable[..., list[dict[str, Any]]]
Feed = Callable[..., tuple[list[dict[str, Any]], str]]
ADO, JIRA = "azure_devops", "jira"
V = {"api-version": "7.1"}


@pytest.fixture
def fresh() -> Iterator[Running]:
    """A company of the test's own, large enough for each kind of issue in each status."""
    with serve(issues=400) as simulator:
        yield simulator


def story(running: Running, tracker: str, *, project: str = "", status: str = "") -> Issue:
    """Some story or user story of this project, brought into this status."""
    product = running.company.products[tracker == ADO]
    found = next(
        issue
        for issue in product.alive()
        if product.type_of(issue).role == "story"
        and project in {"", product.projects[issue.state["project"]].key}
        and len(issue.events) < 20
    )
    if status:
        running.act("edit", tracker, found.id, status=status)
    return found


def history(client: httpx.Client, key: str | int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/rest/api/3/issue/{key}/changelog").json()["values"]
    return found


def fields(client: httpx.Client, number: int) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"_apis/wit/workitems/{number}").json()["fields"]
    return found


def updates(client: httpx.Client, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"_apis/wit/workitems/{number}/updates").json()["value"]
    return found


def test_an_edit_in_jira_is_one_entry_at_the_companys_now(fresh: Running, connect: Connect, walk_jql: Walk) -> None:
    jira, product = connect(fresh)[0], fresh.company.products[0]
    issue, sprint = (
        story(fresh, JIRA, project="PAY", status="To Do"),
        next(s for s in product.sprints.values() if s.state == "active"),
    )
    before, now = len(history(jira, issue.id)), fresh.company.now
    done = fresh.act(
        "edit", JIRA, product.key(issue), status="Done", points=21, assignee=fresh.company.people[9].name,
        sprint=sprint.name, add_label="urgent",
    )  # fmt: skip
    entries = history(jira, issue.id)
    items = {item["field"]: item for item in entries[-1]["items"]}
    assert len(entries) == before + 1
    assert (items["status"]["toString"], items["resolution"]["toString"]) == ("Done", "Done")
    assert items["Sprint"]["toString"].endswith(sprint.name)
    assert items["labels"]["toString"].split().count("urgent") == 1
    assert items["assignee"]["toString"] == fresh.company.people[9].name
    assert done["key"] == product.key(issue)
    found = walk_jql(jira, f"updated >= {now}", fields=["updated"])
    assert [row["id"] for row in found] == [str(issue.id)]


def test_an_edit_in_azure_devops_is_one_revision_in_the_feed(fresh: Running, connect: Connect, walk_feed: Feed) -> None:
    azure, issue = connect(fresh)[1], story(fresh, ADO, status="Active")
    _, token = walk_feed(azure)
    fresh.act("edit", ADO, issue.id, status="Resolved", points=None, assignee=None, labels=["b", "a"])
    rows, _ = walk_feed(azure, continuationToken=token)
    assert [row["id"] for row in rows] == [issue.id, issue.id]  # the superseded revision comes again
    newest = max(rows, key=lambda row: int(row["rev"]))["fields"]
    assert (newest["System.State"], newest["System.Tags"]) == ("Resolved", "a; b")
    assert {"System.AssignedTo", "Microsoft.VSTS.Scheduling.StoryPoints"} & set(newest) == set()
    assert "newValue" not in updates(azure, issue.id)[-1]["fields"]["System.AssignedTo"]


def test_two_acts_in_one_instant_are_two_instants_in_the_history(fresh: Running, connect: Connect) -> None:
    azure, issue = connect(fresh)[1], story(fresh, ADO)
    first = fresh.act("edit", ADO, issue.id, points=1)["at"]
    second = fresh.act("edit", ADO, issue.id, points=2)["at"]
    assert first < second
    dates = [row["fields"]["System.ChangedDate"]["newValue"] for row in updates(azure, issue.id)[-2:]]
    assert dates[0] < dates[1]


def test_trap_69_a_backdated_edit_is_behind_the_token_but_not_behind_its_date(
    fresh: Running, connect: Connect, walk_feed: Feed
) -> None:
    azure, product = connect(fresh)[1], fresh.company.products[1]
    issue = min((i for i in product.alive() if product.type_of(i).level == 0), key=lambda i: i.touched_at)
    _, token = walk_feed(azure)
    past = "2026-09-20T12:00:00Z"
    fresh.act("edit", ADO, issue.id, at=past, summary="Imported")
    query = f"SELECT [System.Id] FROM WorkItems WHERE [System.ChangedDate] > '{past.replace('12', '13')}'"  # noqa: S608
    found = azure.post("_apis/wit/wiql", params={**V, "timePrecision": "true"}, json={"query": query}).json()
    assert issue.id not in {row["id"] for row in found["workItems"]}
    rows, _ = walk_feed(azure, continuationToken=token)
    assert ("Imported", past) in {(r["fields"]["System.Title"], r["fields"]["System.ChangedDate"]) for r in rows}
    with pytest.raises(ValueError, match="VS402625"):
        fresh.act("edit", ADO, issue.id, at=past, summary="Again")
    with pytest.raises(ValueError, match="Jira dates"):
        fresh.act("edit", JIRA, story(fresh, JIRA).id, at=past, summary="x")


def test_trap_32_a_move_in_jira_keeps_the_id_and_both_keys(fresh: Running, connect: Connect) -> None:
    jira, product = connect(fresh)[0], fresh.company.products[0]
    issue = story(fresh, JIRA, project="PAY", status="In Progress")
    old = product.key(issue)
    new = fresh.act("move", JIRA, old, project="WEB")["key"]
    assert new.startswith("WEB-")
    assert {jira.get(f"/rest/api/3/issue/{key}").json()["id"] for key in (old, new)} == {str(issue.id)}
    items = {item["field"]: item for item in history(jira, issue.id)[-1]["items"]}
    assert (items["Key"]["fromString"], items["Key"]["toString"]) == (old, new)
    assert items["project"]["toString"] == "Payments Web"
    assert items["status"]["toString"] == "To Do"


def test_trap_80_a_move_in_azure_devops_keeps_the_id_and_resets_the_state(
    fresh: Running, connect: Connect, walk_feed: Feed
) -> None:
    azure, issue = connect(fresh)[1], story(fresh, ADO, project="SHOP", status="Active")
    _, token = walk_feed(azure)
    fresh.act("move", ADO, issue.id, project="Intake")
    now = fields(azure, issue.id)
    assert (now["System.TeamProject"], now["System.State"], now["System.AreaPath"]) == ("Intake", "New", "Intake")
    rows, _ = walk_feed(azure, "Intake", continuationToken=token)
    assert [row["fields"]["System.Rev"] for row in rows] == [now["System.Rev"]]


def test_a_new_type_keeps_the_id_and_takes_a_status_that_it_has(fresh: Running, connect: Connect) -> None:
    jira, azure = connect(fresh)
    here, there = story(fresh, JIRA, project="PAY"), story(fresh, ADO, status="In Review")
    fresh.act("retype", JIRA, here.id, type="Bug")
    assert history(jira, here.id)[-1]["items"][0]["field"] == "issuetype"
    fresh.act("retype", ADO, there.id, type="Bug")
    found = fields(azure, there.id)
    assert (found["System.WorkItemType"], found["System.State"]) == ("Bug", "New")


def test_trap_68_deleted_restored_deleted_destroyed(fresh: Running, connect: Connect, walk_feed: Feed) -> None:
    azure, product = connect(fresh)[1], fresh.company.products[1]
    issue = next(i for i in product.alive() if i.links and any(c.state.get("parent") == i.id for c in product.alive()))
    children = [c.id for c in product.alive() if c.state.get("parent") == issue.id]
    _, token = walk_feed(azure)
    fresh.act("delete", ADO, issue.id)
    assert azure.get(f"_apis/wit/workitems/{issue.id}").status_code == 404
    assert issue.id in {row["id"] for row in azure.get("_apis/wit/recyclebin").json()["value"]}
    fresh.act("restore", ADO, issue.id)
    rows, token = walk_feed(azure, continuationToken=token)
    told = {row["rev"]: row["fields"].get("System.IsDeleted") for row in rows}
    assert [told[rev] for rev in sorted(told)][-2:] == [True, False]
    with pytest.raises(ValueError, match="recycle bin"):
        fresh.act("destroy", ADO, issue.id)
    fresh.act("delete", ADO, issue.id)
    fresh.act("destroy", ADO, issue.id)
    rows, _ = walk_feed(azure, continuationToken=token)
    assert issue.id not in {row["id"] for row in rows + walk_feed(azure)[0]}
    assert azure.get(f"_apis/wit/recyclebin/{issue.id}").status_code == 404
    assert "removed" in updates(azure, children[0])[-1]["relations"]
    fresh.advance(2)
    assert all(row["sourceId"] != issue.id != row["targetId"] for row in all_links(azure))


def test_a_deleted_issue_of_jira_is_gone_and_may_be_seen_again(fresh: Running, connect: Connect) -> None:
    jira, issue = connect(fresh)[0], story(fresh, JIRA)
    fresh.act("delete", JIRA, issue.id)
    assert jira.get(f"/rest/api/3/issue/{issue.id}").status_code == 404
    fresh.act("restore", JIRA, issue.id)
    assert jira.get(f"/rest/api/3/issue/{issue.id}").status_code == 200


def all_links(azure: httpx.Client) -> list[dict[str, Any]]:
    url, rows = "_apis/wit/reporting/workitemlinks?api-version=7.1", []
    while True:
        page = azure.get(url).json()
        rows += page["values"]
        if page["isLastBatch"]:
            return rows
        url = page["nextLink"]


def test_a_pair_may_be_linked_and_unlinked_many_times(fresh: Running, connect: Connect) -> None:
    jira, azure = connect(fresh)
    payments, shop = fresh.company.products
    for client_issue, tracker in ((list(payments.alive())[:2], JIRA), (list(shop.alive())[:2], ADO)):
        a, b = client_issue
        for do in ("link", "unlink", "link", "unlink"):
            fresh.act(do, tracker, a.id, to=b.id)
    a, b = list(shop.alive())[:2]
    ours = [
        r
        for r in all_links(azure)
        if r["rel"].endswith("Dependency") and {r["sourceId"], r["targetId"]} == {a.id, b.id}
    ]
    assert [row["isActive"] for row in ours][-4:] == [True, False, True, False]
    for issue in (a, b):
        last = updates(azure, issue.id)[-4:]
        assert ["fields" in update for update in last] == [False] * 4
        assert [next(iter(update["relations"])) for update in last] == ["added", "removed"] * 2
    a, b = list(payments.alive())[:2]
    said = [entry["items"][0] for entry in history(jira, b.id)[-4:]]
    assert [item["to"] is None for item in said] == [False, True, False, True]
    assert said[0]["toString"].endswith(f"is blocked by {payments.key(a)}")
    with pytest.raises(ValueError, match="nothing links"):
        fresh.act("unlink", JIRA, a.id, to=b.id)


def test_worklogs_come_change_and_go(fresh: Running, connect: Connect) -> None:
    jira, issue = connect(fresh)[0], story(fresh, JIRA)
    spent = issue.state.get("time_spent") or 0
    number = fresh.act("log_work", JIRA, issue.id, seconds=3600)["worklog"]
    fresh.act("edit_worklog", JIRA, issue.id, worklog=number, seconds=5400)
    rows = jira.get(f"/rest/api/3/issue/{issue.id}/worklog").json()["worklogs"]
    assert {row["timeSpentSeconds"] for row in rows if row["id"] == str(number)} == {5400}
    assert history(jira, issue.id)[-1]["items"][0]["toString"] == str(spent + 5400)
    fresh.act("delete_worklog", JIRA, issue.id, worklog=number)
    fresh.clock(90)  # the feeds are a minute late
    gone = jira.get("/rest/api/3/worklog/deleted", params={"since": 0}).json()["values"]
    assert number in {row["worklogId"] for row in gone}
    with pytest.raises(ValueError, match="no worklog"):
        fresh.act("edit_worklog", JIRA, issue.id, worklog=number, seconds=1)


def test_work_on_an_item_of_azure_devops_is_its_completed_work(fresh: Running, connect: Connect) -> None:
    azure, issue = connect(fresh)[1], story(fresh, ADO)
    before = fields(azure, issue.id).get("Microsoft.VSTS.Scheduling.CompletedWork", 0)
    fresh.act("log_work", ADO, issue.id, seconds=7200)
    assert fields(azure, issue.id)["Microsoft.VSTS.Scheduling.CompletedWork"] == before + 2


def test_a_comment_makes_jira_issues_updated(fresh: Running, connect: Connect, walk_jql: Walk) -> None:
    jira, azure = connect(fresh)
    here, there, now = story(fresh, JIRA), story(fresh, ADO), fresh.company.now
    fresh.act("comment", JIRA, here.id, text="Look here")
    assert [row["id"] for row in walk_jql(jira, f"updated >= {now}", fields=["id"])] == [str(here.id)]
    number = fresh.act("comment", ADO, there.id, text="And there")["comment"]
    path = f"_apis/wit/workitems/{there.id}/comments"
    rows = azure.get(path, params={"api-version": "7.1-preview.4"}).json()["comments"]
    assert [row["text"] for row in rows if row["id"] == number] == ["And there"]
    assert azure.get(path, params=V).json()["typeKey"] == "VssInvalidPreviewVersionException"


def test_trap_74_a_renamed_iteration_changes_paths_without_a_revision(
    fresh: Running, connect: Connect, walk_feed: Feed
) -> None:
    azure = connect(fresh)[1]
    rows, token = walk_feed(azure)
    fresh.act("rename", ADO, what="iteration", name="Sprint 3", to="Spring cleaning")
    fresh.act("rename", ADO, what="area", name="Basket", to="Cart")
    assert walk_feed(azure, continuationToken=token)[0] == []
    after, _ = walk_feed(azure)
    assert [r["fields"]["System.IterationId"] for r in rows] == [r["fields"]["System.IterationId"] for r in after]
    paths = {row["fields"]["System.IterationPath"] for row in after}
    assert "Shop\\Spring cleaning" in paths
    assert "Shop\\Sprint 3" not in paths
    assert {r["fields"]["System.AreaPath"] for r in after} == {"Shop\\Cart", "Shop\\Search", "Intake"}
    tree = azure.get("Shop/_apis/wit/classificationnodes", params={"$depth": 2}).json()["value"]
    names = {child["name"] for root in tree for child in root["children"]}
    assert {"Spring cleaning", "Cart"} <= names
    areas = azure.get("Shop/Shop Basket/_apis/work/teamsettings/teamfieldvalues").json()
    assert areas["values"] == [{"value": "Shop\\Cart", "includeChildren": True}]


def test_statuses_sprints_teams_and_boards_get_new_names(fresh: Running, connect: Connect) -> None:
    jira, azure = connect(fresh)
    fresh.act("rename", JIRA, what="sprint", name="PAY Sprint 3", to="PAY third")
    fresh.act("rename", JIRA, what="status", name=10001, to="Being reviewed")
    fresh.act("rename", ADO, what="team", name="Shop Search", to="Finders")
    fresh.act("rename", ADO, what="status", name="In Review", to="Being reviewed")
    fresh.act("rename", JIRA, what="board", name=1, to="Payments board")
    names = {row["name"] for row in jira.get("/rest/agile/1.0/board/1/sprint").json()["values"]}
    assert ("PAY third" in names, "PAY Sprint 3" in names) == (True, False)
    assert "Being reviewed" in {row["name"] for row in jira.get("/rest/api/3/status").json()}
    assert [row["name"] for row in azure.get("_apis/teams").json()["value"]][:2] == ["Shop Basket", "Finders"]
    states = azure.get("Shop/_apis/wit/workitemtypes/User Story/states").json()["value"]
    assert "Being reviewed" in {row["name"] for row in states}
    assert fresh.company.products[0].board_names == {1: "Payments board"}
    fresh.advance(3)
    assert fresh.state()["nights"] == 3


def test_changes_keep_the_names_that_they_were_made_under(fresh: Running) -> None:
    issue = story(fresh, JIRA, project="PAY", status="To Do")
    fresh.act("edit", JIRA, issue.id, status="In Progress")
    fresh.act("rename", JIRA, what="status", name=3, to="Doing")
    fresh.act("edit", JIRA, issue.id, status=10001)
    texts = [(c.old_text, c.new_text) for e in issue.events[-2:] for c in e.changes if c.field == "status"]
    assert texts == [("To Do", "In Progress"), ("Doing", "In Review")]


def test_trap_24_a_deleted_sprint_leaves_its_issues_with_an_entry(fresh: Running, connect: Connect) -> None:
    jira, azure = connect(fresh)
    payments, shop = fresh.company.products
    for product, client, tracker in ((payments, jira, JIRA), (shop, azure, ADO)):
        sprint = next(s for s in product.sprints.values() if s.state == "active")
        gone = fresh.act("delete_sprint", tracker, sprint=sprint.id)
        assert gone["issues"]
        number = gone["issues"][0]
        if client is jira:
            assert jira.get(f"/rest/agile/1.0/sprint/{sprint.id}").status_code == 404
            assert history(jira, number)[-1]["items"][0]["field"] == "Sprint"
        else:
            assert fields(azure, number)["System.IterationPath"] == "Shop"
    fresh.advance(20)
    assert any(s.state == "active" for s in payments.sprints.values() if not s.is_deleted and 1 in s.team_ids)


def test_the_done_half_of_a_split_column(fresh: Running, connect: Connect) -> None:
    azure, product = connect(fresh)[1], fresh.company.products[1]
    columns = azure.get("Shop/Shop Search/_apis/work/boards/Stories/columns").json()["value"]
    assert [column["name"] for column in columns if column.get("isSplit")] == ["Active"]
    issue = next(i for i in product.alive() if i.state.get("team") == 4 and product.type_of(i).role == "story")
    fresh.act("edit", ADO, issue.id, status="Active")
    assert fields(azure, issue.id)["System.BoardColumnDone"] is False
    fresh.act("edit", ADO, issue.id, column_done=True)
    assert fields(azure, issue.id)["System.BoardColumnDone"] is True
    fresh.act("edit", ADO, issue.id, status="Resolved")
    assert fields(azure, issue.id)["System.BoardColumnDone"] is False


def test_a_night_goes_on_from_whatever_was_done(fresh: Running) -> None:
    """Every issue of the boards and backlogs is turned inside out; the next weeks live with it."""
    for product, tracker in zip(fresh.company.products, (JIRA, ADO), strict=True):
        for number, issue in enumerate(list(product.alive())):
            kind = product.type_of(issue)
            fresh.act("edit", tracker, issue.id, status=product.statuses[kind.statuses[number % len(kind.statuses)]].id)
            if kind.role in {"story", "bug"}:
                fresh.act("retype", tracker, issue.id, type="bug" if kind.role == "story" else "story")
            if number % 7 == 0:
                target = next(p for p in product.projects.values() if p.id != issue.state["project"])
                fresh.act("move", tracker, issue.id, project=target.key)
            if number % 11 == 0:
                fresh.act("delete", tracker, issue.id)
            if number % 22 == 0:
                fresh.act("restore" if tracker == JIRA else "destroy", tracker, issue.id)
    fresh.advance(30)
    assert fresh.state()["nights"] == 30
