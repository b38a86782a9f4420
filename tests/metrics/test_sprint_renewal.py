"""What is said about sprints is renewed for those that changed, and then equals a computation of all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from metrics.base import Context, Reach
from metrics.catalog import compute
from metrics.facts import replaying as facts
from metrics.history import sprint_windows
from metrics.sprints import sprint_days, velocity
from metrics.sprints import sprint_metrics as sprints
from warehouse.tables.computed_sprints import sprint_days as days
from warehouse.tables.computed_sprints import sprint_metrics as figures

RENEWED = ("sprint_metrics", "sprint_days", "velocity_trend")
FAMILY = (sprints.METRIC, sprint_days.METRIC, velocity.METRIC)


def context(company: Any, connection: Any, sprint_ids: set[str] | None) -> Context:
    """A computation of these sprints; None: of all."""
    now = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=company.now)
    return Context(
        connection=connection,
        settings=company.settings,
        now=now,
        everything=sprint_ids is None,
        reach=Reach(sprint_ids=sprint_ids or set()),
    )


def renew(company: Any, sprint_ids: set[str]) -> None:
    """All facts, then these sprints."""
    with company.engine.begin() as connection:
        for metric in (sprint_windows.METRIC, facts.METRIC):
            metric.compute(context(company, connection, None))
        for metric in FAMILY:
            metric.compute(context(company, connection, sprint_ids))


def anew(company: Any) -> None:
    with company.engine.begin() as connection:
        every = context(company, connection, None)
        compute(connection, company.settings, every.now, RENEWED, full=True)


def rows(company: Any) -> dict[str, Any]:
    return {name: company.rows(name) for name in RENEWED}


def test_renewed_sprints_equal_a_computation_of_all(company: Any, life: Any, sprint: Any) -> None:
    done = {number: life(number, sprint_ids=f"3{number}", story_points=2.0 * number) for number in range(1, 6)}
    for number in (1, 2, 3, 4):
        done[number].then(24 * number + 5, status="Done")
    before = [sprint(30 + number, 24 * number, 24 * number + 60) for number in range(1, 5)]
    company.now = 200
    company.holds(*before, sprint(35, 150, 300, "active"), sprint(36, 1, 9), *done.values())
    anew(company)
    old = rows(company)
    done[2].then(70, points=9.0)
    done[5].then(170, status="Done")
    company.now = 230
    company.holds(
        done[2],
        done[5],
        sprint(33, 90, 100, "future"),  # it was started by mistake: its rows go
        sprint(36, 1, 9, board_id=None),
        sprint(37, 160, 200),
        life(6, sprint_ids="37"),
    )
    renew(company, {"acme:32", "acme:33", "acme:35", "acme:36", "acme:37"})
    renewed = rows(company)
    anew(company)
    assert renewed == rows(company)
    assert all(renewed[name] != old[name] for name in RENEWED)
    assert "acme:33" not in {sprint_id for (sprint_id,) in company.rows("sprint_days", "sprint_id")}


def test_a_later_compute_finds_the_sprints_that_changed(company: Any, life: Any, sprint: Any) -> None:
    """An issue that left for another sprint, a sprint that closes, and one that goes on."""
    company.now = 50
    moved, stayed = life(1, sprint_ids="31", story_points=3.0), life(2, sprint_ids="32", story_points=5.0)
    company.holds(sprint(31, 10, 40), sprint(32, 30, 60, "active"), sprint(33, 30, 90, "active"), moved, stayed)
    company.computes(*RENEWED)
    stayed.then(55, status="Done")
    company.now = 70
    company.holds(moved.then(35, sprint="33"), stayed, sprint(32, 30, 60)).computes(*RENEWED)
    renewed = rows(company)
    columns = ("sprint_id", "state", "removed_points", "added_points", "completed_points")
    assert company.rows("sprint_metrics", *columns) == [
        ("acme:31", "closed", 3, 0, 0),
        ("acme:32", "closed", 0, 0, 5),
        ("acme:33", "active", 0, 3, 0),
    ]
    anew(company)
    assert renewed == rows(company)


@pytest.mark.parametrize("reached", [{"acme:32"}, set()])
def test_sprints_that_nothing_reached_are_left_alone(company: Any, life: Any, sprint: Any, reached: set[str]) -> None:
    company.holds(sprint(31, 0, 20), sprint(32, 20, 40), life(sprint_ids="31, 32"))
    anew(company)
    with company.engine.begin() as connection:
        for table in (figures, days):
            connection.execute(update(table).values(completed_issues=77))
    renew(company, reached)
    for name in ("sprint_metrics", "sprint_days"):
        kept = {sprint_id for sprint_id, count in company.rows(name, "sprint_id", "completed_issues") if count == 77}
        assert kept == {"acme:31", "acme:32"} - reached
