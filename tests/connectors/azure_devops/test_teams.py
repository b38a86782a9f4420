"""Teams: how they work, their columns, what they can do in a sprint, and what of it is asked for again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.azure_devops.gateway.answers import Iteration, IterationDates
from connectors.azure_devops.pulling import capacity
from tests.connectors.azure_devops.fake_organisation import NOW, FakeOrganisation, FakeProject
from tests.connectors.azure_devops.store import JO, Connect, Store
from warehouse.records import Board, BoardColumn, BoardColumnStatus, Capacity, DayOff, Sprint, Status, User

COLUMNS = [
    {"id": "c1", "name": "New", "itemLimit": 0, "stateMappings": {"User Story": "New"}, "columnType": "incoming"},
    {
        "id": "c2",
        "name": "Doing",
        "itemLimit": 5,
        "isSplit": True,
        "stateMappings": {"User Story": "Active", "Bug": "Active"},
        "columnType": "inProgress",
    },
]
DAY = {"start": "2026-09-30T00:00:00Z", "end": "2026-10-01T00:00:00Z"}
MEMBER = {
    "teamMember": JO,
    "activities": [{"capacityPerDay": 4.0, "name": "Design"}, {"capacityPerDay": 2.0, "name": ""}],
    "daysOff": [DAY],
}


def web_team(**more: Any) -> FakeProject:
    sprint = {"id": 5, "identifier": "g1", "start": "2026-09-28T00:00:00Z", "finish": "2026-10-02T00:00:00Z"}
    return FakeProject("p1", "Fab", teams={"Web Team": "t1"}, iterations={"S1": sprint}, **more)


def test_a_team_says_how_it_works(organisation: FakeOrganisation, store: Store, connect: Connect) -> None:
    organisation.projects = [web_team()]
    organisation.settings_of_team = {"bugsBehavior": "asTasks", "workingDays": ["monday", "friday"]}
    store.sync(connect())
    board = store.of(Board)["fab:t1"]
    assert (board.bugs_behavior, board.workdays) == ("asTasks", "monday, friday")


def test_columns_stand_for_a_state_of_each_type(organisation: FakeOrganisation, store: Store, connect: Connect) -> None:
    organisation.projects = [web_team(columns=COLUMNS)]
    store.sync(connect())
    columns = [(c.place, c.name, c.kind, c.item_limit, c.is_split) for c in store.of(BoardColumn).values()]
    assert columns == [(0, "New", "incoming", None, False), (1, "Doing", "inProgress", 5, True)]
    shown = {(row.board_column_id, row.status_id) for row in store.of(BoardColumnStatus).values()}
    assert shown == {
        ("fab:t1:0", "fab:p1:User Story:New"),
        ("fab:t1:1", "fab:p1:User Story:Active"),
        ("fab:t1:1", "fab:p1:Bug:Active"),
    }
    assert {status for _, status in shown} <= store.of(Status).keys()


def test_a_column_that_vanished_leaves_nothing(organisation: FakeOrganisation, store: Store, connect: Connect) -> None:
    organisation.projects = [web_team(columns=COLUMNS)]
    store.sync(connect())
    organisation.projects = [web_team(columns=COLUMNS[:1])]
    store.sync(connect(now=lambda: NOW + timedelta(days=7)))
    assert set(store.of(BoardColumn)) == {"fab:t1:0"}
    assert {row.board_column_id for row in store.of(BoardColumnStatus).values()} == {"fab:t1:0"}


def test_columns_that_cannot_be_read_are_named_and_stay(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = [web_team(columns=COLUMNS)]
    store.sync(connect())
    before = store.of(BoardColumn)
    organisation.override = lambda r: httpx.Response(403, json={}) if r.url.path.endswith("/boards") else None
    store.sync(connect(now=lambda: NOW + timedelta(days=7)))
    assert store.of(BoardColumn) == before
    assert "team 'Web Team': the columns of its boards cannot be read" in store.problems[0]


@pytest.mark.parametrize("answer", [{"teamMembers": [MEMBER]}, {"count": 1, "value": [MEMBER]}], ids=["new", "old"])
def test_trap_76_capacity_is_read_in_both_shapes(
    organisation: FakeOrganisation, store: Store, connect: Connect, answer: Mapping[str, Any]
) -> None:
    organisation.projects, organisation.capacity, organisation.days_off = [web_team()], dict(answer), [DAY]
    store.sync(connect())
    hours = {row.capacity_id: (row.user_id, row.activity, row.hours_per_day) for row in store.of(Capacity).values()}
    assert hours == {
        "fab:g1:t1:jo@fab.example:Design": ("fab:jo@fab.example", "Design", 4.0),
        "fab:g1:t1:jo@fab.example:": ("fab:jo@fab.example", None, 2.0),
    }
    off = {row.user_id: (row.sprint_id, row.first_on, row.last_on) for row in store.of(DayOff).values()}
    days = ("fab:g1:t1", date(2026, 9, 30), date(2026, 10, 1))
    assert off == {None: days, "fab:jo@fab.example": days}
    assert "fab:jo@fab.example" in store.of(User)


def test_capacity_that_is_edited_in_a_sprint_is_replaced(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects, organisation.capacity, organisation.days_off = [web_team()], {"value": [MEMBER]}, [DAY]
    store.sync(connect())
    organisation.capacity = {"value": [{**MEMBER, "activities": MEMBER["activities"][:1], "daysOff": []}]}
    store.sync(connect())
    assert set(store.of(Capacity)) == {"fab:g1:t1:jo@fab.example:Design"}
    assert {row.user_id for row in store.of(DayOff).values()} == {None}


def test_capacity_that_cannot_be_read_is_named_stays_and_is_asked_for_again(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects, organisation.capacity = [web_team()], {"value": [MEMBER]}
    organisation.override = lambda r: httpx.Response(404, json={}) if r.url.path.endswith("capacities") else None
    store.sync(connect())
    assert "team 'Web Team': the capacity of 'S1' cannot be read" in store.problems[0]
    organisation.override = lambda _request: None
    store.sync(connect(now=lambda: NOW + timedelta(days=2)))  # over, but never read
    assert len(store.of(Capacity)) == 2


def iteration(start: int | None, finish: int | None) -> Iteration:
    first, last = (None if day is None else datetime(2026, 10, day, tzinfo=UTC) for day in (start, finish))
    return Iteration("g1", "S1", IterationDates(first, last))


@pytest.mark.parametrize(
    ("days", "asked", "today", "due"),
    [
        ((1, 10), None, 10, True),
        ((1, 10), None, 11, False),  # over before anybody looked
        ((1, 10), 8, 10, True),  # a live one every second day at the latest, its last day too
        ((1, 10), 9, 10, False),
        ((1, 10), 10, 11, False),
        ((1, 10), 10, 13, True),  # once more when it has been over for three days
        ((1, 10), 13, 14, False),
        ((1, 10), 12, 14, True),
        ((20, 25), None, 16, False),  # not planned yet
        ((20, 25), None, 17, True),
        ((20, 25), 17, 18, False),  # the next one now and then
        ((20, 25), 12, 18, True),
        ((None, None), None, 9, False),
    ],
)
def test_a_sprint_s_capacity_is_asked_for_as_long_as_it_may_change(
    days: tuple[int | None, int | None], asked: int | None, today: int, *, due: bool
) -> None:
    before, now = None if asked is None else date(2026, 10, asked), date(2026, 10, today)
    assert capacity.is_due(iteration(*days), before, now, since=now, is_turn=False) is due


def test_a_live_sprint_s_capacity_is_asked_for_on_its_team_s_days_and_teams_take_turns() -> None:
    today = date(2026, 10, 8)
    assert capacity.is_due(iteration(1, 10), today - timedelta(days=1), today, since=today, is_turn=True)
    turns = [[capacity.has_turn(place, today + timedelta(days=day)) for place in range(4)] for day in range(2)]
    assert sorted(map(sum, turns)) == [2, 2]
    assert [one or other for one, other in zip(*turns, strict=True)] == [True] * 4


@pytest.mark.parametrize(("since", "due"), [(10, True), (11, False)])
def test_a_sprint_that_ended_before_is_asked_for_when_a_run_looks_back_to_it(since: int, *, due: bool) -> None:
    assert (
        capacity.is_due(iteration(1, 10), None, date(2026, 10, 30), since=date(2026, 10, since), is_turn=False) is due
    )


def test_after_a_gap_of_weeks_a_sprint_that_ended_meanwhile_is_asked_for(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects, organisation.capacity = [web_team()], {"value": [MEMBER]}
    store.sync(connect(now=lambda: NOW - timedelta(days=20)))
    assert store.of(Capacity) == {}
    store.sync(connect(now=lambda: NOW + timedelta(days=60)))
    assert len(store.of(Capacity)) == 2


def test_what_changes_seldom_is_asked_for_once_a_week_and_afresh_in_a_full_run(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    seldom = ("teamsettings", "teamfieldvalues", "boards", "columns", "backlogconfiguration", "workitemtypecategories")
    organisation.projects = [web_team(columns=COLUMNS)]

    def asked(days: int) -> set[int]:
        organisation.requests.clear()
        store.sync(connect(now=lambda: NOW + timedelta(days=days)))
        ends = [request.url.path.lower().rpartition("/")[2] for request in organisation.requests]
        return {ends.count(each) for each in seldom}

    assert [asked(0), asked(1), asked(7)] == [{1}, {0}, {1}]
    store.bookmarks.clear()
    assert asked(7) == {1}


def test_areas_are_asked_for_at_once_when_the_tree_of_areas_has_changed(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = [web_team(areas={"Web": (6, "g-web")})]
    store.sync(connect())
    organisation.projects = [web_team(areas={"Shop": (6, "g-web")})]
    store.sync(connect())
    assert len(organisation.asked("teamfieldvalues")) == 2


def test_trap_72_a_sprint_ends_with_its_last_day_where_the_team_is(
    organisation: FakeOrganisation, store: Store, connect: Connect
) -> None:
    organisation.projects = [web_team()]
    store.sync(connect())
    sprint = store.of(Sprint)["fab:g1:t1"]
    assert (sprint.start_on, sprint.finish_on) == (date(2026, 9, 28), date(2026, 10, 2))
    assert sprint.end_at == datetime(2026, 10, 3, 4, tzinfo=UTC)  # midnight in New York
