"""What reconciling reads and stores, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine, select

from tests.flowmart.scripted import an_issue
from warehouse.loader import Loader
from warehouse.reconciling import Finding, count_alive, keys_and_levels, replace_findings, sprints_to_compare
from warehouse.records import BoardSprint, Sprint
from warehouse.tables.operational import data_quality

NOW = datetime(2026, 10, 2, tzinfo=UTC)


def sprint(number: int, state: str, *, board: int | None = 5, day: int | None = None) -> Sprint:
    ended = None if day is None else NOW.replace(day=day)
    return Sprint(
        sprint_id=f"acme:{number}", iteration_id=f"acme:{number}", source_id="acme",
        board_id=None if board is None else f"acme:{board}", name=f"S{number}", state=state, completed_at=ended,
    )  # fmt: skip


def test_the_active_and_the_last_closed_sprints_of_each_board_are_compared(warehouse: Engine) -> None:
    rows = [
        sprint(1, "closed", day=1), sprint(2, "closed", day=3), sprint(3, "closed", day=2), sprint(4, "closed"),
        sprint(5, "active"), sprint(6, "future"), sprint(7, "closed", board=6, day=1), sprint(8, "closed", board=None),
        sprint(9, "closed", board=None, day=9),
        BoardSprint(board_sprint_id="acme:6:9", board_id="acme:6", sprint_id="acme:9"),
    ]  # fmt: skip
    with warehouse.begin() as connection:
        Loader(connection).upsert(rows)
        found = sprints_to_compare(connection, "acme", 2)
        assert [(one.board_id, one.name, one.state) for one in found] == [
            ("acme:5", "S5", "active"),
            ("acme:5", "S2", "closed"),
            ("acme:5", "S3", "closed"),
            ("acme:6", "S9", "closed"),
            ("acme:6", "S7", "closed"),
        ]
        assert [one.name for one in sprints_to_compare(connection, "acme", 0)] == ["S5"]
        assert sprints_to_compare(connection, "other", 2) == []


def test_only_the_living_are_counted_and_known(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        Loader(connection).upsert([an_issue(1), an_issue(2, absence="deleted"), an_issue(3, "WEB", level="subtask")])
        assert count_alive(connection, "acme") == {"acme:PAY": 1, "acme:WEB": 1}
        known = keys_and_levels(connection, {"acme:1", "acme:2", "acme:3"})
        assert known == {"acme:1": ("PAY-1", "standard"), "acme:3": ("WEB-3", "subtask")}


def finding(check: str, source: str, entity_id: str, what: str = "") -> Finding:
    return Finding(
        check_name=check, severity="warning", source_id=source, entity="issue", entity_id=entity_id, what=what,
        evidence="e", advice="a",
    )  # fmt: skip


def test_findings_take_the_place_of_those_of_the_same_checks_and_sources(warehouse: Engine) -> None:
    first = [finding("x", "a", "a:1"), finding("x", "b", "b:1"), finding("y", "a", "a:1")]
    with warehouse.begin() as connection:
        replace_findings(connection, ["a", "b"], ["x", "y"], first, NOW)
        replace_findings(connection, ["a"], ["x"], [finding("x", "a", "a:2", "i"), finding("x", "a", "a:2", "j")], NOW)
        ids = connection.execute(select(data_quality.c.data_quality_id).order_by(data_quality.c.data_quality_id))
        assert ids.scalars().all() == ["x:a:2:i", "x:a:2:j", "x:b:1", "y:a:1"]
        replace_findings(connection, ["a", "b"], ["x", "y"], [], NOW)
        assert connection.execute(select(data_quality)).all() == []
