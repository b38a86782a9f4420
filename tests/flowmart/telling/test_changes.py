"""A summary counts what is new, changed and gone, names what was closed, and shows which numbers moved."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import msgspec
from sqlalchemy import Boolean, Connection, Date, Engine, Integer, insert, update
from sqlalchemy.types import TypeEngine

from flowmart.alerting import Alert, AlertReport
from flowmart.telling.changes import Changes, document, lines, read_changes, read_standing
from flowmart.telling.numbers import Number
from tests.flowmart.scripted import BORN, NOW, an_issue
from warehouse.loader import Loader
from warehouse.records import Issue
from warehouse.runs import mark_synced
from warehouse.tables import table
from warehouse.types import UtcDateTime

TODAY = date(2026, 10, 2)
HOUR = timedelta(hours=1)


def found(cause: str = "old:PAY-12") -> Alert:
    return Alert(cause=cause, severity="high", text="PAY-12 is old", url="https://acme.example/PAY-12")


def put(connection: Connection, into: str, /, **values: Any) -> None:
    """A row; what it requires and is not given is of no matter."""
    target = table(into)
    missing = {c.name: _any(c.type) for c in target.columns if not c.nullable and c.name not in values}
    connection.execute(insert(target).values({**missing, **values}))


def _any(type_: TypeEngine[Any]) -> object:
    fitting: dict[type[TypeEngine[Any]], object] = {Boolean: False, Integer: 0, Date: TODAY, UtcDateTime: NOW}
    return next((value for kind, value in fitting.items() if isinstance(type_, kind)), "x")


def load(connection: Connection, *issues: Issue) -> None:
    Loader(connection).upsert(issues)


def test_new_changed_gone_and_closed_are_told(warehouse: Engine) -> None:
    later = msgspec.structs.replace
    with warehouse.begin() as connection:
        put(connection, "sources", source_id="acme")
        put(connection, "boards", board_id="b", name="Pay board")
        put(connection, "sprints", sprint_id="s1", board_id="b", name="Sprint 1", state="closed")
        put(connection, "sprints", sprint_id="s2", board_id="b", name="Sprint 2", state="active")
        load(connection, *map(an_issue, (1, 2, 3, 4)))
        mark_synced(connection, "acme", NOW - HOUR)
        before = read_standing(connection, TODAY)
        load(connection, later(an_issue(1), updated_at=NOW), later(an_issue(2), updated_at=NOW))
        load(connection, an_issue(5, created_at=NOW, updated_at=NOW))
        load(connection, an_issue(6, updated_at=BORN))  # it moved here, and is old
        issues, sprints = table("issues"), table("sprints")
        connection.execute(update(issues).where(issues.c.issue_id == "acme:4").values(absence="deleted"))
        connection.execute(update(sprints).where(sprints.c.sprint_id == "s2").values(state="closed"))
        found = read_changes(connection, before, TODAY)
        again = read_changes(connection, read_standing(connection, TODAY), TODAY)
    assert (found.new, found.changed, found.gone, found.came_back) == (2, 1, 1, 0)
    assert list(found.closed) == ["Sprint 2 (Pay board)"]
    assert (again.new, again.gone, again.closed, again.moved) == (0, 0, [], {})


def test_what_comes_back_is_told(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        load(connection, an_issue(1, absence="moved_away", deleted_at=None))
        before = read_standing(connection, TODAY)
        load(connection, an_issue(1))
        found = read_changes(connection, before, TODAY)
    assert (found.gone, found.came_back) == (0, 1)


def test_numbers_of_the_present_week_and_month_and_of_each_boards_last_sprint_are_compared(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        put(connection, "boards", board_id="b", name="Pay board")
        for days, velocity in ((20, 8), (6, 13)):
            end_at = NOW - timedelta(days=days)
            put(connection, "velocity_trend", sprint_id=f"s{days}", board_id="b", end_at=end_at, velocity=velocity)
        before = read_standing(connection, TODAY)
        put(connection, "issue_flow", issue_id="acme:1", age_seconds=3.0)
        put(
            connection, "cycle_time_trend", cycle_time_trend_id="m", period="month", grouping="all",
            period_start=date(2026, 10, 1), n=4, p85_days=8.25,
        )  # fmt: skip
        put(
            connection, "defect_escape", defect_escape_id="m", basis="discovery", period="month", grouping="all",
            period_start=date(2026, 10, 1), rate=0.125,
        )  # fmt: skip
        found = read_changes(connection, before, TODAY)
    assert {name: number.value for name, number in before.numbers.items()} == {
        "in progress": 0,
        "finished this week": 0,
        "velocity of Pay board": 13,
    }
    assert [line for line in lines(found) if "→" in line] == [
        "moved   in progress: 0 → 1",
        "        85 % cycle time, October: – → 8.2 days",
        "        defect escape, October: – → 12 %",
    ]


def test_a_quiet_night_is_one_line() -> None:
    assert list(lines(Changes())) == ["issues  none new, changed or gone"]


def test_many_sprints_are_told_within_limits() -> None:
    told = list(lines(Changes(new=1_200, closed=[f"Sprint {number}" for number in range(7)])))
    assert told[0] == "issues  1,200 new"
    assert told[1:3] == ["closed  Sprint 0", "        Sprint 1"]
    assert told[6] == "        and 2 more"


def test_a_name_from_a_tracker_does_not_steer_the_terminal() -> None:
    assert "\x1b" not in "".join(lines(Changes(closed=["a\x1b[31m"])))


def test_the_same_is_there_for_programs() -> None:
    changes = Changes(
        new=1,
        closed=["Sprint 1"],
        moved={"in progress": (None, Number(3, "issues"))},
        alerts=AlertReport(opened=(found(),), closed=(found("x"),), open=(found(),)),
    )
    assert json.loads(json.dumps(document(changes))) == {
        "issues": {"new": 1, "changed": 0, "gone": 0, "came_back": 0},
        "sprints_closed": ["Sprint 1"],
        "numbers_moved": [{"name": "in progress", "before": None, "after": 3, "unit": "issues"}],
        "alerts": {
            "opened": [
                {
                    "cause": "old:PAY-12",
                    "severity": "high",
                    "text": "PAY-12 is old",
                    "url": "https://acme.example/PAY-12",
                }
            ],
            "closed": ["x"],
            "open": 1,
        },
    }
