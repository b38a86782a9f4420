"""Checks of single issues: each finds the flaw that it is for, and nothing in an issue without it."""

from __future__ import annotations

from typing import Any

from warehouse.records import Field


def a_field(name: str, role: str | None = None) -> Field:
    return Field(field_id=f"acme:{name}", source_id="acme", name=name, kind="float", role=role)


def test_a_status_without_a_row_is_told(company: Any, life: Any, found: Any) -> None:
    company.holds(life(1), life(2, status="Nowhere"))
    assert found(company, "issue_without_status_row") == {
        "acme:2": "PAY-2 is in status 'Nowhere' (acme:id of Nowhere), which has no row"
    }


def test_an_estimate_below_zero_is_told_and_none_or_zero_is_not(company: Any, life: Any, found: Any) -> None:
    company.holds(life(1, story_points=-2.5), life(2, story_points=0), life(3))
    assert found(company, "estimate_negative") == {"acme:1": "PAY-1 has an estimate of -2.5"}


def test_a_last_change_before_the_creation_is_told(company: Any, life: Any, found: Any) -> None:
    early = life(1, created=2)
    early.others["updated_at"] = life(9, created=1).state().created_at
    company.holds(early, life(2, created=2))
    assert found(company, "created_after_updated") == {
        "acme:1": "PAY-1 was created at 2026-03-02 02:00:00.000+00:00, last changed at 2026-03-02 01:00:00.000+00:00"
    }


def test_absent_issues_are_not_checked(company: Any, life: Any, found: Any) -> None:
    company.holds(life(1, story_points=-1, others={"absence": "deleted"}))
    assert found(company, "estimate_negative") == {}


def test_work_in_progress_for_half_a_year_is_told(company: Any, life: Any, found: Any) -> None:
    company.now = 24 * 181
    company.holds(
        life(1).then(2, status="Doing").then(30, status="Review"),
        life(2).then(30, status="Doing"),
        life(3).then(2, status="Doing").then(9, status="Done"),
    )
    assert found(company, "stuck_in_progress") == {
        "acme:1": "PAY-1 has been in progress since 2026-03-02; it is in status 'Review'"
    }


def test_two_fields_with_different_points_are_told(company: Any, life: Any, found: Any) -> None:
    company.holds(
        a_field("Story Points", "story_points"),
        a_field("Story point estimate"),
        life(1, story_points=5, others={"custom_fields": '{"Story Points": 5, "Story point estimate": 8.5}'}),
        life(2, story_points=5, others={"custom_fields": '{"Story Points": 5, "Story point estimate": 5}'}),
        life(3, story_points=5, others={"custom_fields": '{"Story Points": 5}'}),
        life(4, others={"custom_fields": '{"Story point estimate": 3}'}),
        life(5, story_points=5, others={"custom_fields": '{"Story point estimate": "none", "Story Points": 5}'}),
        life(6, story_points=5, others={"custom_fields": '{"Points of the story": 3, "Story Points": 5}'}),
    )
    assert found(company, "points_in_two_fields") == {
        "acme:1": "PAY-1: the estimate here is 5, but 'Story point estimate' is 8.5"
    }


def test_one_field_of_points_is_never_compared(company: Any, life: Any, found: Any) -> None:
    stored = {"custom_fields": '{"Story point estimate": 8}'}
    company.holds(a_field("Story point estimate", "story_points"), life(1, story_points=5, others=stored))
    assert found(company, "points_in_two_fields") == {}


def test_a_name_with_signs_of_patterns_and_of_json_is_found_as_it_is(company: Any, life: Any, found: Any) -> None:
    stored = {"custom_fields": '{"Story point_ \\"50 %\\"": 8}'}
    company.holds(
        a_field("Story Points", "story_points"),
        a_field('Story point_ "50 %"'),
        life(1, story_points=5, others=stored),
    )
    assert list(found(company, "points_in_two_fields")) == ["acme:1"]
