"""The texts that the Sprint field of Data Center holds."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.jira.mapping.sprint_text import read_sprint
from tests.connectors.jira.fake_data_center import SPRINT, FakeDataCenter, found
from tests.connectors.jira.fake_jira import Connect, Json, pull
from warehouse.records import Issue, Sprint

VALUES = {
    "id": "37",
    "rapidViewId": "5",
    "state": "ACTIVE",
    "name": "Alpha 2, b",
    "startDate": "2026-09-28T09:00:00.000+02:00",
    "endDate": "2026-10-12T09:00:00.000+02:00",
    "completeDate": "<null>",
    "activatedDate": "2026-09-28T09:03:00.000+02:00",
    "sequence": "37",
    "goal": "1. ship,\n2. learn]",
    "synced": "false",
    "autoStartStop": "false",
    "incompleteIssuesDestinationId": "<null>",
}
OLDEST = ("rapidViewId", "state", "name", "startDate", "endDate", "completeDate", "sequence", "id")
OLDER = ("rapidViewId", "state", "name", "goal", "startDate", "endDate", "completeDate", "sequence", "id")
OLD = ("id", "rapidViewId", "state", "name", "goal", "startDate", "endDate", "completeDate", "sequence")
NEW = tuple(VALUES)
ORDERS = (OLDEST, OLDER, OLD, NEW)


def text(order: tuple[str, ...] = NEW, **values: str) -> str:
    """A sprint as Java writes it."""
    inner = ",".join(f"{key}={ {**VALUES, **values}[key] }" for key in order)
    return f"com.atlassian.greenhopper.service.sprint.Sprint@38f86e90[{inner}]"


@pytest.mark.parametrize("order", ORDERS)
def test_trap_51_a_sprint_is_read_whatever_the_order_of_its_keys(order: tuple[str, ...]) -> None:
    read = read_sprint(text(order))
    assert read is not None
    assert read.is_certain
    sprint = read.sprint
    assert (sprint.id, sprint.board_id, sprint.state, sprint.name) == (37, 5, "active", "Alpha 2, b")
    assert (sprint.start_date, sprint.complete_date) == (VALUES["startDate"], None)
    assert sprint.activated_date == (VALUES["activatedDate"] if "activatedDate" in order else None)
    assert sprint.goal == (VALUES["goal"] if "goal" in order else None)


def hostile(order: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Texts that look like parts of a sprint: keys of this version, cut marks, line ends."""
    parts = st.sampled_from([*(f",{key}=" for key in order), *(f"{key}=" for key in order), "[", "]", ",", "=", "\n"])
    values = st.sampled_from([*VALUES.values(), "7", "CLOSED", "true", "", "<null>"])
    return st.lists(parts | values | st.text(max_size=5), max_size=6).map("".join)


@settings(deadline=None)
@given(st.sampled_from(ORDERS).flatmap(lambda order: st.tuples(st.just(order), hostile(order), hostile(order))))
@example((NEW, "A,id=7", "x,name=B,id=8]"))
@example((OLDER, "A,id=7,state=CLOSED", "]"))
def test_trap_51_hostile_names_and_goals_are_read_as_they_are_or_doubted(
    case: tuple[tuple[str, ...], str, str],
) -> None:
    """The id is right in any case; a text that cannot be told from keys makes all the rest doubtful."""
    order, name, goal = case
    read = read_sprint(text(order, name=name, goal=goal))
    assert read is not None
    assert read.sprint.id == 37
    if not read.is_certain:
        assert any(f",{key}=" in one for key in order for one in (name, goal))
        assert read.sprint.name == "Sprint 37"
        return
    assert read.sprint.name == name
    if "goal" in order:
        assert read.sprint.goal == (None if goal in ("", "<null>") else goal)
    assert read.sprint.state == "active"
    assert read.sprint.end_date == VALUES["endDate"]


@pytest.mark.parametrize("broken", ["", "Sprint@1", "Sprint@1[]", "Sprint@1[name=A]", "Sprint@1[id=x]"])
def test_a_text_without_an_id_is_no_sprint(broken: str) -> None:
    assert read_sprint(broken) is None


@pytest.mark.parametrize("values", [{"state": "PAUSED"}, {"startDate": "soon"}, {"sequence": "a"}, {"synced": "no"}])
def test_a_value_of_an_unknown_shape_makes_a_sprint_doubtful(values: dict[str, str]) -> None:
    read = read_sprint(text(**values))
    assert read is not None
    assert (read.sprint.id, read.is_certain) == (37, False)


def one_sprint(data_center: FakeDataCenter, connect_dc: Connect, *texts: str) -> list[Sprint]:
    data_center.issues = [found(1, **{SPRINT: list(texts)})]
    pulled = pull(connect_dc(), "boards", "issues")
    assert [row.sprint_ids for row in pulled.rows(Issue)] == ["37"]
    return pulled.rows(Sprint)


def test_trap_51_a_sprint_of_a_text_becomes_a_row(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    [row] = one_sprint(data_center, connect_dc, text())
    assert (row.sprint_id, row.board_id, row.name, row.state) == ("acme:37", "acme:5", "Alpha 2, b", "active")
    assert row.activated_at is not None
    assert row.activated_at.isoformat() == "2026-09-28T07:03:00+00:00"
    assert (row.completed_at, row.goal) == (None, "1. ship,\n2. learn]")
    assert data_center.asked("/sprint/37") == []


def answer(values: Json) -> httpx.Response:
    return httpx.Response(200, json=values)


def test_trap_51_a_doubtful_sprint_is_asked_for_by_its_id(data_center: FakeDataCenter, connect_dc: Connect) -> None:
    told = {"id": 37, "name": "A,name=B", "state": "active", "originBoardId": 5, "activatedDate": VALUES["startDate"]}
    data_center.overrides["GET /jira/rest/agile/1.0/sprint/37"] = lambda _: answer(told)
    [row] = one_sprint(data_center, connect_dc, text(name="A,name=B"))
    assert (row.name, row.state, row.board_id) == ("A,name=B", "active", "acme:5")
    assert row.activated_at is not None
    assert len(data_center.asked("/sprint/37")) == 1


def test_trap_51_a_doubtful_sprint_that_is_gone_is_called_by_its_number(
    data_center: FakeDataCenter, connect_dc: Connect
) -> None:
    [row] = one_sprint(data_center, connect_dc, text(goal="x,id=8,name=B"))
    assert (row.name, row.state, row.start_at) == ("Sprint 37", "closed", None)
