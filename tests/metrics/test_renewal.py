"""An issue that differs reaches the periods and sprints that it counted in, and those that it counts in now."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.metrics.renewing import renewed

WEEK, LATER = date(2026, 3, 2), date(2026, 3, 9)


def finished(life: Any, hour: float, started: float = 1, **values: Any) -> Any:
    return life(1, **values).then(started, status="Doing").then(hour, status="Done")


def throughput(company: Any) -> list[Any]:
    return [
        row[1:]
        for row in renewed(company, "throughput", "period", "period_start", "finished_issues")
        if row[0] == "week"
    ]


def test_an_issue_that_finishes_again_later_leaves_its_week_and_comes_into_another(company: Any, life: Any) -> None:
    subject = finished(life, 10)
    company.holds(subject).computes()
    assert throughput(company) == [(WEEK, 1)]
    company.holds(subject.then(20, status="Doing").then(200, status="Done"))
    assert throughput(company) == [(LATER, 1)]


def test_an_issue_that_took_longer_than_was_known_moves_the_percentiles(company: Any, life: Any) -> None:
    company.holds(finished(life, 25, started=19)).computes()
    company.holds(life(1, status="Doing").then(2, status="Review").then(19, status="Doing").then(25, status="Done"))
    assert {row[0] for row in renewed(company, "cycle_time_trend", "p50_days")} == {25 / 24}


@pytest.mark.parametrize(("before", "after"), [("36", "37"), ("37", "36"), (None, "36"), ("36", None)])
def test_an_issue_that_was_in_another_sprint_than_was_known_is_renewed_in_both(
    company: Any, life: Any, sprint: Any, before: str | None, after: str | None
) -> None:
    company.holds(sprint(36, 10, 20), sprint(37, 12, 30), finished(life, 15, sprint_ids=before)).computes()
    company.holds(finished(life, 15, sprint_ids=after))
    assert renewed(company, "sprint_metrics", "sprint_id", "completed_issues") == [
        ("acme:36", int(after == "36")),
        ("acme:37", int(after == "37")),
    ]
