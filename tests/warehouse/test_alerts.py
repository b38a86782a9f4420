"""An alert is one row while it lasts, is closed when it is over, and opens anew when it comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from warehouse.alerts import Alarm, Moment, open_by_severity, renew_alerts
from warehouse.tables.operational import alerts

NIGHT = datetime(2026, 10, 2, 2, 15, tzinfo=UTC)
RULES = frozenset({"old_work", "long_blocked"})


def an_alarm(number: int = 1, rule: str = "old_work", **changes: Any) -> Alarm:
    """About an issue."""
    alarm = Alarm(
        cause=f"{rule}:acme:{number}", rule=rule, severity="low", subject="issue", subject_name=f"PAY-{number}",
        issue_id=f"acme:{number}", message=f"PAY-{number} is old", explain="flowmart explain", value=30.0,
        threshold=20.0,
    )  # fmt: skip
    return replace(alarm, **changes)


@dataclass
class Nights:
    """Runs of one warehouse, each with what it finds."""

    engine: Engine

    def run(self, night: float, *found: Alarm, rules: Any = RULES) -> tuple[Sequence[Alarm], Sequence[Alarm], int]:
        """What opened and closed, and how many are open."""
        now = NIGHT + timedelta(days=night)
        with self.engine.begin() as connection:
            opened, closed, there = renew_alerts(connection, found, rules, Moment(now, now.date(), f"r{night:g}"))
        return opened, closed, len(there)

    def rows(self, *columns: str) -> Sequence[tuple[Any, ...]]:
        """In the order of the ids; instants as nights."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(*(alerts.c[name] for name in columns)).order_by(alerts.c.alert_id))
            return [tuple(map(_night, row)) for row in rows]


def _night(value: Any) -> Any:
    return (value - NIGHT) / timedelta(days=1) if isinstance(value, datetime) else value


@pytest.fixture
def nights(warehouse: Engine) -> Nights:
    return Nights(warehouse)


LIFE = ("alert_id", "opened_at", "last_seen_at", "closed_at", "closed_because", "run_id")


def test_what_is_found_first_opens(nights: Nights) -> None:
    renewed = nights.run(0, an_alarm(2), an_alarm(1))
    assert renewed == ([an_alarm(1), an_alarm(2)], [], 2)
    assert nights.rows(*LIFE) == [
        ("old_work:acme:1:1", 0, 0, None, None, "r0"),
        ("old_work:acme:2:1", 0, 0, None, None, "r0"),
    ]
    assert nights.rows("opened_on", "value", "period_start")[0] == (date(2026, 10, 2), 30.0, None)


def test_what_is_found_again_stays_one_row_with_the_figures_of_now(nights: Nights) -> None:
    nights.run(0, an_alarm())
    later = an_alarm(value=31.0, message="PAY-1 is older", severity="high", period_start=date(2026, 9, 1))
    assert nights.run(1, later) == ([], [], 1)
    assert nights.rows(*LIFE) == [("old_work:acme:1:1", 0, 1, None, None, "r0")]
    assert nights.rows("value", "message", "severity", "period_start") == [
        (31.0, "PAY-1 is older", "high", date(2026, 9, 1))
    ]


def test_what_is_found_no_more_is_closed_and_kept(nights: Nights) -> None:
    nights.run(0, an_alarm(1), an_alarm(2))
    assert nights.run(1, an_alarm(2)) == ([], [an_alarm(1)], 1)
    assert nights.rows(*LIFE) == [
        ("old_work:acme:1:1", 0, 0, 1, "over", "r0"),
        ("old_work:acme:2:1", 0, 1, None, None, "r0"),
    ]


def test_what_comes_back_is_a_new_row(nights: Nights) -> None:
    for night, found in enumerate([[an_alarm()], [], [an_alarm()], []]):
        nights.run(night, *found)
    assert nights.run(4, an_alarm())[0] == [an_alarm()]
    assert nights.rows(*LIFE) == [
        ("old_work:acme:1:1", 0, 0, 1, "over", "r0"),
        ("old_work:acme:1:2", 2, 2, 3, "over", "r2"),
        ("old_work:acme:1:3", 4, 4, None, None, "r4"),
    ]


def test_a_second_run_at_the_same_now_changes_nothing(nights: Nights) -> None:
    every = [column.name for column in alerts.columns]
    nights.run(0, an_alarm(1), an_alarm(2))
    nights.run(1, an_alarm(1), an_alarm(3))
    before = nights.rows(*every)
    assert nights.run(1, an_alarm(1), an_alarm(3)) == ([], [], 2)
    assert nights.rows(*every) == before


def test_at_one_now_an_alert_may_close_and_come_back(nights: Nights) -> None:
    for found in ([an_alarm()], [], [an_alarm()]):
        nights.run(0, *found)
    assert [row[:4] for row in nights.rows(*LIFE)] == [
        ("old_work:acme:1:1", 0, 0, 0),
        ("old_work:acme:1:2", 0, 0, None),
    ]


def test_an_earlier_now_neither_sees_before_the_opening_nor_closes_there(nights: Nights) -> None:
    nights.run(5, an_alarm(1), an_alarm(2))
    nights.run(3, an_alarm(1))
    assert [row[1:4] for row in nights.rows(*LIFE)] == [(5, 5, None), (5, 5, 5)]


def test_alerts_of_a_rule_that_is_gone_are_closed_for_that(nights: Nights) -> None:
    nights.run(0, an_alarm(1), an_alarm(1, "long_blocked"))
    nights.run(1, rules={"long_blocked"})
    assert nights.rows("rule", "closed_because") == [("long_blocked", "over"), ("old_work", "rule_gone")]


def test_open_ones_are_counted_by_severity_the_worst_first(nights: Nights) -> None:
    nights.run(0, an_alarm(1), an_alarm(2), an_alarm(3, severity="high"), an_alarm(4, severity="medium"))
    nights.run(1, an_alarm(1), an_alarm(2), an_alarm(3, severity="high"))
    with nights.engine.connect() as connection:
        counted = open_by_severity(connection)
    assert list(counted.items()) == [("high", 1), ("medium", 0), ("low", 2)]


def test_more_than_a_statement_may_name_open_keep_and_close(nights: Nights) -> None:
    many = [an_alarm(number) for number in range(1_100)]
    assert nights.run(0, *many)[2] == 1_100
    assert len(nights.run(1)[1]) == 1_100
    assert len(nights.run(2, *many)[0]) == 1_100
    assert nights.run(3, *many) == ([], [], 1_100)
    assert {row[0] for row in nights.rows("run_id")} == {"r0", "r2"}
