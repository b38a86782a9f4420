"""What is in progress is as old as the time since its start, and measured by what its like took to finish."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics.base import Context
from metrics.settings import Calendar, MetricSettings
from metrics.trends import wip_aging
from metrics.trends.wip_aging import Yardstick, yardsticks
from warehouse.bulk import insert_rows
from warehouse.tables import table

DAY = 24
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NOW = 1_000
TEN_DAYS = [float(days) for days in range(1, 11)]


def took(life: Any, number: int, days: float, **values: Any) -> Any:
    return life(number, **values).then(0, status="Doing").then(days * DAY, status="Done")


def ten(life: Any, first: int = 101, **values: Any) -> list[Any]:
    """Issues that took 1 to 10 days: half of them at most 5.5, 70 % 7.3, 85 % 8.65, 95 % 9.55."""
    return [took(life, first + n, days, **values) for n, days in enumerate(TEN_DAYS)]


def since(life: Any, number: int, days: float, **values: Any) -> Any:
    """In progress for so many days now."""
    return life(number, **values).then(NOW - days * DAY, status="Doing")


@pytest.mark.parametrize(
    ("age", "passed"),
    [(0, 0), (5.49, 0), (5.5, 50), (7.29, 50), (7.3, 70), (8.65, 85), (9.5, 85), (9.55, 95), (400, 95)],
)
def test_the_highest_percentile_that_an_age_has_reached_or_passed_counts(age: float, passed: int) -> None:
    (measure,) = yardsticks({("p", "b"): TEN_DAYS[::-1]}, [("p", "b")]).values()
    assert (measure.compared_with, measure.compared_count) == ("board", 10)
    assert measure.percentiles == pytest.approx([5.5, 7.3, 8.65, 9.55])
    assert measure.passed(age) == passed


def test_without_a_comparison_nothing_is_passed() -> None:
    assert Yardstick(None, 9, ()).passed(400) is None


def test_the_narrowest_group_with_ten_cycle_times_is_what_an_issue_is_compared_with() -> None:
    finished = {
        ("p", "large"): [1.0] * 10,
        ("p", "small"): [3.0] * 9,
        ("q", "small"): [5.0],
        ("q", None): [5.0] * 7,
        ("r", None): [7.0] * 10,
    }
    places = [("p", "large"), ("p", "small"), ("p", "new"), ("p", None), ("q", "other"), ("q", None), ("r", None)]
    found = yardsticks(finished, places)
    assert {place: (measure.compared_with, measure.compared_count) for place, measure in found.items()} == {
        ("p", "large"): ("board", 10),
        ("p", "small"): ("board", 10),  # a board may span projects
        ("p", "new"): ("project", 19),
        ("p", None): ("project", 19),
        ("q", "other"): ("all", 37),
        ("q", None): ("all", 37),  # issues without a board are no board
        ("r", None): ("project", 10),
    }
    assert found["p", "small"].percentiles == pytest.approx([3, 3, 3, 3 + 0.55 * 2])
    assert yardsticks({("p", "b"): [1.0] * 9}, [("p", "b")]) == {("p", "b"): Yardstick(None, 9, ())}
    assert yardsticks({}, [("p", "b")]) == {("p", "b"): Yardstick(None, 0, ())}


def test_a_row_tells_both_ages_the_status_and_the_comparison(company: Any, life: Any) -> None:
    company.holds(*ten(life), since(life, 1, 8).then(NOW - 1.5 * DAY, status="Review")).computes("wip_aging")
    assert company.row("wip_aging") == {
        "issue_id": "acme:1",
        "project_id": "acme:10",
        "board_id": "acme:7",
        "issue_type": "Story",
        "stage": "in_progress",
        "status": "Review",
        "age_days": 8,
        "status_age_days": 1.5,
        "percentile_passed": 70,
        "compared_with": "board",
        "compared_count": 10,
        "is_blocked": False,
    }


def test_age_counts_from_the_start_that_holds(company: Any, life: Any) -> None:
    again = life(1).then(10, status="Doing").then(20, status="To Do").then(NOW - 2 * DAY, status="Doing")
    reopened = life(2).then(NOW - 5 * DAY, status="Doing").then(NOW - 4 * DAY, status="Done")
    company.holds(again, reopened.then(NOW - DAY, status="Review"), life(3, status="Doing", created=NOW - 3 * DAY))
    company.computes("wip_aging")
    assert company.rows("wip_aging", "issue_id", "age_days", "status_age_days") == [
        ("acme:1", 2, 2),
        ("acme:2", 5, 1),
        ("acme:3", 3, 3),
    ]


def test_only_counted_issues_in_progress_have_a_row(company: Any, life: Any) -> None:
    company.holds(
        since(life, 1, 3),
        life(2),
        since(life, 3, 3).then(NOW - DAY, status="Done"),
        since(life, 4, 3).then(NOW - DAY, status="To Do"),
        since(life, 5, 3).then(NOW - DAY, status="Dropped"),
        since(life, 6, 3, others={"level": "subtask"}),
        since(life, 7, 3, others={"level": "portfolio"}),
        since(life, 8, 3, others={"absence": "deleted"}),
    ).computes("wip_aging")
    assert company.rows("wip_aging", "issue_id") == [("acme:1",)]


def test_cancelled_and_skipped_issues_are_no_comparison_and_nine_are_too_few(company: Any, life: Any) -> None:
    company.holds(
        *ten(life)[:9],
        life(201).then(1, status="Doing").then(2, status="Done", resolution="Won't Do"),
        life(202).then(1, status="Done"),
        since(life, 1, 30),
    ).computes("wip_aging")
    columns = ("percentile_passed", "compared_with", "compared_count")
    assert company.rows("wip_aging", *columns) == [(None, None, 9)]


def test_an_issue_without_a_board_is_compared_with_its_project_or_with_all(company: Any, life: Any) -> None:
    company.holds(*ten(life), *ten(life, 201, project="20")[:4], since(life, 1, 9, project="20")).computes("wip_aging")
    columns = ("board_id", "percentile_passed", "compared_with", "compared_count")
    # 1 to 4 and 1 to 10 days: 70 % took at most 6.1, 85 % 8.05, 95 % 9.35
    assert company.rows("wip_aging", *columns) == [(None, 85, "all", 14)]
    company.holds(*ten(life, 301, project="20")[4:]).computes("wip_aging")
    assert company.rows("wip_aging", *columns) == [(None, 85, "project", 10)]


def test_only_the_last_365_local_days_are_a_comparison(company: Any, life: Any) -> None:
    company.settings = MetricSettings(calendar=Calendar(timezone=ZoneInfo("Europe/Berlin")))
    company.now = 365 * DAY + 23.5  # half past midnight in Berlin, already 3 March 2027
    first = 23  # the midnight at which 3 March 2026 began there
    company.holds(
        *(life(n).then(n, status="Doing").then(first, status="Done") for n in range(1, 11)),
        life(11).then(0, status="Doing").then(first - 0.5, status="Done"),
        life(12).then(company.now - 1, status="Doing"),
    ).computes("wip_aging")
    assert company.rows("wip_aging", "compared_with", "compared_count") == [("board", 10)]


def test_an_issue_is_blocked_while_a_blocked_interval_lasts(company: Any, life: Any) -> None:
    company.holds(since(life, 1, 3), since(life, 2, 3), since(life, 3, 3)).computes("flow")
    begin, end = MONDAY + timedelta(hours=NOW - 10), MONDAY + timedelta(hours=NOW - 5)
    target = table("blocked_intervals")
    rows = [
        ("acme:1:0", "acme:1", begin, end, 18_000.0, "flag"),
        ("acme:1:1", "acme:1", end, None, None, "flag; status: Doing"),
        ("acme:2:0", "acme:2", begin, end, 18_000.0, "flag"),
    ]
    with company.engine.begin() as connection:
        insert_rows(connection, target, target.columns.keys(), rows)
        compute(company, connection)
    assert company.rows("wip_aging", "issue_id", "is_blocked") == [
        ("acme:1", True),
        ("acme:2", False),
        ("acme:3", False),
    ]


def compute(company: Any, connection: Any, *, everything: bool = True) -> None:
    now = MONDAY + timedelta(hours=company.now)
    context = Context(connection=connection, settings=company.settings, now=now, everything=everything)
    wip_aging.METRIC.compute(context)


def test_ages_grow_and_rows_come_and_go_when_little_has_changed(company: Any, life: Any) -> None:
    company.holds(*ten(life), since(life, 1, 5), since(life, 2, 5)).computes("wip_aging")
    company.now = NOW + DAY
    company.holds(since(life, 2, 5).then(NOW + 1, status="Done"), since(life, 3, -0.5)).computes("flow")
    with company.engine.begin() as connection:
        compute(company, connection, everything=False)
    renewed = company.rows("wip_aging")
    columns = ("issue_id", "age_days", "percentile_passed", "compared_count")
    # the new one took 5 days and an hour, so half took at most 5 + 1/24
    assert company.rows("wip_aging", *columns) == [("acme:1", 6, 50, 11), ("acme:3", 0.5, 0, 11)]
    with company.engine.begin() as connection:
        compute(company, connection)
    assert company.rows("wip_aging") == renewed
