"""Checks of sums over issues: each finds the flaw that it is for, and nothing without it."""

from __future__ import annotations

from typing import Any

import pytest

from metrics.settings import DefectRule, Defects, MetricSettings

RULE = DefectRule(name="production", escaped=True, field="found_in", values=frozenset({"Production"}))


def test_a_tenth_of_ten_finished_issues_that_never_started_is_told(company: Any, finished: Any, found: Any) -> None:
    company.holds(
        *(finished(number, "Doing") for number in range(1, 10)),
        finished(10),
        *(finished(number, "Doing", project="20") for number in range(11, 21)),
    )
    evidence = "1 of 10 (10 %) issues of PAY finished in 90 days were never in progress, e.g. PAY-10"
    assert found(company, "finished_without_start") == {"acme:10": evidence}


def test_nine_finished_issues_or_old_ones_tell_nothing_about_skipping(company: Any, finished: Any, found: Any) -> None:
    company.holds(*(finished(number) for number in range(1, 10)))
    assert found(company, "finished_without_start") == {}
    company.holds(finished(10))
    assert list(found(company, "finished_without_start")) == ["acme:10"]
    company.now = 24 * 90
    assert found(company, "finished_without_start") == {}


def test_cancelled_issues_do_not_count_as_skipping(company: Any, finished: Any, found: Any) -> None:
    company.holds(*(finished(number, resolution="Duplicate") for number in range(1, 15)))
    assert found(company, "finished_without_start") == {}


def test_resolved_issues_that_are_not_done_are_told_by_project(company: Any, life: Any, found: Any) -> None:
    resolved = {"resolved_at": life().state().created_at}
    company.holds(
        life(1, others=resolved).then(1, status="Doing"),
        life(2, others=resolved).then(1, status="Done"),
        life(3, others=resolved).then(1, status="Dropped"),
        life(4),
        life(5, project="20", others=resolved, status="Done"),
    )
    evidence = "1 of 3 (33 %) resolved issues of PAY are not done, e.g. PAY-1"
    assert found(company, "resolved_but_not_done") == {"acme:10": evidence}


def test_done_issues_without_a_resolution_are_told_by_project(company: Any, life: Any, found: Any) -> None:
    company.holds(
        life(1).then(1, status="Done"),
        life(2).then(1, status="Done", resolution="Fixed"),
        life(3),
        life(4, project="20").then(1, status="Done", resolution="Fixed"),
    )
    evidence = "1 of 2 (50 %) done issues of PAY have no resolution, e.g. PAY-1"
    assert found(company, "done_without_resolution") == {"acme:10": evidence}


def test_azure_devops_is_not_asked_for_resolutions(company: Any, life: Any, found: Any) -> None:
    resolved = {"resolved_at": life().state().created_at}
    company.holds(life(1, source_id="ado", others=resolved), life(2, source_id="ado", status="Done"))
    assert found(company, "resolved_but_not_done") == {}
    assert found(company, "done_without_resolution") == {}


def test_a_project_half_of_whose_issues_have_no_board_is_told(company: Any, life: Any, found: Any) -> None:
    company.holds(
        *(life(number) for number in range(1, 11)),  # Red is the only board of PAY
        *(life(number, project="20") for number in range(11, 21)),
        *(life(number, source_id="ado") for number in range(21, 30)),
    )
    evidence = "10 of 10 (100 %) issues of OPS have no home board"
    assert found(company, "issues_without_board") == {"acme:20": evidence}


def test_parents_that_are_not_held_are_told_by_project(company: Any, life: Any, found: Any) -> None:
    def child(number: int, parent: str, **values: Any) -> Any:
        return life(number, others={"parent_id": parent, **values})

    gone = child(5, "acme:98", absence="deleted")
    company.holds(life(1), child(2, "acme:1"), child(4, "acme:99"), child(3, "acme:98"), gone)
    evidence = "2 issues of PAY have a parent that is not held, e.g. PAY-3 (parent acme:98)"
    assert found(company, "orphan_parent") == {"acme:10": evidence}


def test_people_whom_users_does_not_have_are_told(company: Any, life: Any, user: Any, found: Any) -> None:
    company.holds(
        user("ann"),
        life(1, others={"assignee_id": "acme:ann", "reporter_id": "acme:bob"}),
        life(2, others={"assignee_id": "acme:bob", "reporter_id": "acme:bob"}),
        life(3, others={"assignee_id": "acme:eve", "absence": "deleted"}),
    )
    evidence = "acme:bob is assignee of 1 issues, e.g. PAY-2; reporter of 2 issues, e.g. PAY-1"
    assert found(company, "missing_user") == {"acme:bob": evidence}


def test_defects_without_any_rule_are_told(company: Any, life: Any, found: Any) -> None:
    company.holds(life(1, issue_type="Bug"), life(2))
    assert found(company, "no_escape_rules") == {"acme": "1 defects of acme are of class unknown"}
    company.settings = MetricSettings(defects=Defects(rules=(RULE,)))
    assert found(company, "no_escape_rules") == {}


@pytest.mark.parametrize(("matched", "is_found"), [(4, True), (5, False)])
def test_more_than_half_of_ten_defects_without_a_class_are_told(
    company: Any,
    life: Any,
    found: Any,
    matched: int,
    is_found: bool,  # noqa: FBT001
) -> None:
    company.settings = MetricSettings(defects=Defects(rules=(RULE,)))
    inside = [
        life(number, issue_type="Bug", others={"found_in": "Production" if number <= matched else "Test"})
        for number in range(1, 11)
    ]
    company.holds(*inside, life(11, project="20", issue_type="Bug"))
    told = {"acme:10": "6 of 10 (60 %) defects of PAY created in 90 days match no rule, e.g. PAY-10"}
    assert found(company, "escape_unknown_share") == (told if is_found else {})
    company.now = 24 * 91
    assert found(company, "escape_unknown_share") == {}
