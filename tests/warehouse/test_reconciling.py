"""What reconciling reads, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine

from tests.flowmart.scripted import an_issue
from warehouse.loader import Loader
from warehouse.reconciling import count_alive, keys_and_levels, sprints_to_compare
from warehouse.records import BoardSprint, Sprint

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
