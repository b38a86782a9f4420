"""What the facts pass finds in histories becomes rows: of the renewed issues only, and with the first instant kept."""

from __future__ import annotations

from typing import Any

from metrics.base import Context, Finding, Reach
from metrics.catalog import compute
from metrics.quality.histories import renew_history_findings

COLUMNS = ("data_quality_id", "severity", "evidence", "found_at")


def renew(company: Any, now: Any, *found: tuple[str, str, str], only: tuple[str, ...] | None = None) -> None:
    findings = [Finding(check_name=check, issue_id=issue_id, evidence=evidence) for check, issue_id, evidence in found]
    with company.engine.begin() as connection:
        reach = Reach(issue_ids=set(only or ()), findings=findings)
        everything = only is None
        renew_history_findings(
            Context(connection=connection, settings=company.settings, now=now, everything=everything, reach=reach)
        )


def test_a_history_that_does_not_end_in_the_current_state_is_told(company: Any, life: Any) -> None:
    broken = life(1, story_points=1).then(1, status="Doing", points=2)
    broken.status, broken.story_points = "Done", 3
    company.holds(broken, life(2).then(1, status="Doing"))
    company.computes("data_quality")
    assert company.rows("data_quality", "data_quality_id", "evidence", check_name="history_gap") == [
        ("history_gap:acme:1:status", "PAY-1: the history of status does not end in the current value"),
        ("history_gap:acme:1:story_points", "PAY-1: the history of story_points does not end in the current value"),
    ]
    mended = life(1, story_points=2, status="Doing")
    mended.others["updated_at"] = life(1, created=9).state().created_at
    company.holds(mended)
    with company.engine.begin() as connection:
        compute(connection, company.settings, mended.others["updated_at"], ["data_quality"], full=True)
    assert company.rows("data_quality", check_name="history_gap") == []


def test_each_check_of_histories_tells_the_issue_and_what_was_found(company: Any, life: Any) -> None:
    company.holds(life(1))
    now = life().state().created_at
    renew(
        company,
        now,
        ("unknown_status", "acme:1", "Waiting"),
        ("unknown_status", "acme:1", "Parked"),
        ("unknown_status", "acme:1", "Parked"),
        ("clock_order", "acme:1", "a change at 2026-03-01"),
        ("changes_after_now", "acme:1", "a change at 2027-01-01"),
    )
    assert company.rows("data_quality", *COLUMNS) == [
        ("changes_after_now:acme:1", "warning", "PAY-1: a change at 2027-01-01", 0),
        ("clock_order:acme:1", "warning", "PAY-1: a change at 2026-03-01", 0),
        ("unknown_status:acme:1:Parked", "warning", "PAY-1 was in status 'Parked'", 0),
        ("unknown_status:acme:1:Waiting", "warning", "PAY-1 was in status 'Waiting'", 0),
    ]


def test_only_the_renewed_issues_lose_what_is_found_no_more(company: Any, life: Any) -> None:
    company.holds(life(1), life(2), life(3), life(4, others={"absence": "deleted"}))
    gaps = [("history_gap", f"acme:{number}", "status") for number in (1, 2, 3, 4)]
    first, later = life().state().created_at, life(9, created=5).state().created_at
    renew(company, first, *gaps)
    assert company.rows("data_quality", "entity_id") == [("acme:1",), ("acme:2",), ("acme:3",)]
    renew(company, later, gaps[1], ("clock_order", "acme:2", "early"), only=("acme:1", "acme:2"))
    assert company.rows("data_quality", "data_quality_id", "found_at") == [
        ("clock_order:acme:2", 5),
        ("history_gap:acme:2:status", 0),
        ("history_gap:acme:3:status", 0),
    ]
    renew(company, later, gaps[0])
    assert company.rows("data_quality", "entity_id") == [("acme:1",)]
