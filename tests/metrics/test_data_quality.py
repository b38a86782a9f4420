"""`data_quality` is renewed with the issues that were, equals a computation in full, and leaves others' rows alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete

from metrics.base import Context, Reach
from metrics.catalog import compute
from metrics.data_quality import METRIC
from warehouse.findings import Finding, replace_findings
from warehouse.records import Field
from warehouse.tables.operational import data_quality

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
ESTIMATES = {"custom_fields": '{"Story point estimate": 8, "Story Points": 5}'}


def points_fields(*roles: str | None) -> list[Field]:
    names = ("Story Points", "Story point estimate")
    return [
        Field(field_id=f"acme:{name}", source_id="acme", name=name, kind="float", role=role)
        for name, role in zip(names, roles, strict=False)
    ]


def renew(company: Any, hour: float, *issue_ids: str) -> list[Any]:
    """Renew what the checks read, then the findings of these issues and of all sums; the rows then."""
    company.now = hour
    company.computes(*METRIC.depends_on)
    now, reach = MONDAY + timedelta(hours=hour), Reach(issue_ids=set(issue_ids))
    with company.engine.begin() as connection:
        METRIC.compute(
            Context(connection=connection, settings=company.settings, now=now, everything=False, reach=reach)
        )
    return list(company.rows("data_quality"))


def in_full(company: Any) -> list[Any]:
    with company.engine.begin() as connection:
        compute(connection, company.settings, MONDAY + timedelta(hours=company.now), full=True)
    return list(company.rows("data_quality"))


def flawed(life: Any, sprint: Any) -> list[Any]:
    return [
        *points_fields("story_points", None),
        sprint(36, 0, 9, "active"),
        life(1, story_points=-1, sprint_ids="36"),
        life(2, status="Nowhere"),
        life(3, story_points=5, others=dict(ESTIMATES)),
        life(4, others={"parent_id": "acme:99", "assignee_id": "acme:eve"}).then(1, status="Doing"),
        life(5).then(1, status="Done"),
    ]


def later(one: Any, hour: float) -> Any:
    """The same issue as the tracker gives it after a change at that hour."""
    one.others["updated_at"] = MONDAY + timedelta(hours=hour)
    return one


def test_renewed_issues_give_the_rows_of_a_computation_in_full(company: Any, life: Any, sprint: Any) -> None:
    company.now = 10
    company.holds(*flawed(life, sprint))
    checks = {row[1] for row in in_full(company)}
    assert {"estimate_negative", "issue_without_status_row", "points_in_two_fields", "missing_user"} <= checks
    company.holds(
        sprint(36, 0, 9, "closed"),
        later(life(1, story_points=1), 11),
        later(life(2), 11),
        later(life(3, story_points=8, others=dict(ESTIMATES)), 11),
        later(life(5, story_points=-3), 11),
        life(6, story_points=-3, created=11),
    )
    renewed = renew(company, 24 * 200, *(f"acme:{number}" for number in (1, 2, 3, 4, 5, 6)))
    checks = {row[1] for row in renewed}
    assert {"estimate_negative", "stuck_in_progress", "points_in_two_fields", "orphan_parent"} <= checks
    assert not {"issue_without_status_row", "sprint_never_closed"} & checks
    assert in_full(company) == renewed


def test_what_is_found_again_keeps_its_instant_even_in_full(company: Any, life: Any) -> None:
    company.now = 10
    company.holds(life(1, story_points=-1))
    in_full(company)
    company.now = 20
    in_full(company)
    assert company.rows("data_quality", "found_at", check_name="estimate_negative") == [(10,)]
    with company.engine.begin() as connection:
        connection.execute(delete(data_quality))
    in_full(company)
    assert company.rows("data_quality", "found_at", check_name="estimate_negative") == [(20,)]


def test_issues_that_were_not_renewed_keep_their_findings(company: Any, life: Any, sprint: Any) -> None:
    company.holds(*flawed(life, sprint))
    before = in_full(company)
    assert renew(company, company.now) == before


def test_fields_that_changed_are_checked_in_all_issues(company: Any, life: Any) -> None:
    company.holds(*points_fields("story_points"), life(1, story_points=5, others=dict(ESTIMATES)))
    in_full(company)
    assert company.rows("data_quality", check_name="points_in_two_fields") == []
    company.holds(*points_fields("story_points", None))
    renew(company, company.now)
    assert company.rows("data_quality", "entity_id", check_name="points_in_two_fields") == [("acme:1",)]
    company.holds(*points_fields("story_points", "severity"))
    renew(company, company.now)
    assert company.rows("data_quality", check_name="points_in_two_fields") == []


def test_what_reconciling_found_stays(company: Any, life: Any) -> None:
    found = Finding(
        check_name="count_differs", severity="error", source_id="acme", entity="project", entity_id="acme:10",
        evidence="PAY: 3 there, 1 here", advice="look",
    )  # fmt: skip
    with company.engine.begin() as connection:
        replace_findings(connection, ["acme"], ["count_differs"], [found], MONDAY)
    company.holds(life(1))
    in_full(company)
    renew(company, company.now, "acme:1")
    assert company.rows("data_quality", "evidence", check_name="count_differs") == [("PAY: 3 there, 1 here",)]
