"""A sprint's figures are what the issues listed behind them add up to."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from flowmart.errors import UsageError
from flowmart.explaining.velocity import velocity_page
from tests.flowmart.explaining.given import asked, figures, keys, the_sprint
from tests.metrics.conftest import Company, Life, a_sprint, at
from warehouse.records import Board
from warehouse.tables import table


def whole_company() -> list[Life]:
    """One issue of each kind, in a sprint from hour 10 to hour 20."""
    return [
        Life(1, sprint_ids="36", story_points=1.0).then(15, status="Done").then(16, points=2.0),
        Life(2, sprint_ids="36", story_points=2.0),
        Life(3, sprint_ids="36", story_points=4.0).then(12, sprint=None).then(13, sprint="36").then(14, sprint=None),
        Life(4, story_points=8.0).then(13, sprint="36").then(19, status="Done"),
        Life(5, sprint_ids="36", story_points=16.0).then(14, status="Done", resolution="Won't Do"),
        Life(6, sprint_ids="36", story_points=32.0).then(5, status="Done"),
        Life(8, sprint_ids="36"),
        Life(9, sprint_ids="36", story_points=100.0, others={"level": "subtask"}),
    ]


@pytest.fixture
def sprinting(company: Company) -> Company:
    return company.holds(a_sprint(36, 10, 20), *whole_company()).computes()


def test_each_figure_lists_its_issues(sprinting: Company) -> None:
    assert keys(the_sprint(sprinting, "acme:36").row) == {
        "committed": ["PAY-1", "PAY-2", "PAY-3", "PAY-5", "PAY-8"],
        "added": ["PAY-3", "PAY-4"],
        "removed": ["PAY-3", "PAY-3"],
        "reestimated": ["PAY-1"],
        "final_scope": ["PAY-1", "PAY-2", "PAY-4", "PAY-5", "PAY-8"],
        "completed": ["PAY-1", "PAY-4"],
        "cancelled": ["PAY-5"],
        "carried_over": ["PAY-2", "PAY-8"],
        "completed_outside": ["PAY-6"],
        "kept": ["PAY-1"],
    }


def test_the_issues_give_every_figure_of_the_table(sprinting: Company) -> None:
    found = figures(the_sprint(sprinting, "acme:36").row)
    points = {name.removesuffix("_points"): value for name, value in found.items() if name.endswith("_points")}
    assert points == {
        "committed": 23, "added": 12, "removed": 8, "reestimated": 1, "final_scope": 28, "completed": 10,
        "cancelled": 16, "carried_over": 2, "completed_outside": 32, "say_do": 1 / 23, "completion_rate": 10 / 28,
        "scope_change": 20 / 23,
    }  # fmt: skip
    assert (found["added_issues"], found["removed_issues"], found["say_do_issues"]) == (2, 2, 0.2)
    assert found["unestimated_issues"] == 1


def test_what_went_on_to_the_next_sprint_says_so(company: Company) -> None:
    company.holds(a_sprint(36, 10, 20), a_sprint(37, 20, 30), Life(1, sprint_ids="36").then(20, sprint="36, 37"))
    lists = {one.name: one.lines for one in the_sprint(company.computes(), "Sprint 36").row.lists}
    assert lists["carried_over"][0].marks == ("carried to Sprint 37",)


def test_a_table_that_the_issues_do_not_give_is_shown_as_wrong(sprinting: Company) -> None:
    with sprinting.engine.begin() as connection:
        connection.execute(update(table("sprint_metrics")).values(added_points=11))
    (wrong,) = [one for one in the_sprint(sprinting, "acme:36").row.figures if not one.agrees]
    assert (wrong.name, wrong.stored, wrong.from_issues) == ("added_points", 11, 12)


def test_a_sprint_is_found_by_its_name_in_any_case(sprinting: Company) -> None:
    assert the_sprint(sprinting, "sprint 36").sprint_id == "acme:36"


def two_of_a_name() -> list[Any]:
    blue = Board(board_id="acme:8", source_id="acme", project_id="acme:10", name="Blue", kind="scrum")
    return [blue, a_sprint(36, 10, 20), replace(a_sprint(37, 10, 20), name="Sprint 36", board_id="acme:8")]


def test_a_name_of_two_sprints_lists_them_with_their_ids(company: Company) -> None:
    company.holds(*two_of_a_name(), Life(1, sprint_ids="36"), Life(2, sprint_ids="37")).computes()
    with pytest.raises(UsageError) as refused:
        the_sprint(company, "Sprint 36")
    assert str(refused.value) == (
        "2 sprints are named 'Sprint 36'; name one by its id, or add --board: "
        "acme:36 (Red, closed, 1 issue); acme:37 (Blue, closed, 1 issue)"
    )
    assert the_sprint(company, "Sprint 36", "blue").sprint_id == "acme:37"


def test_of_two_sprints_of_a_name_the_only_one_with_issues_is_meant_and_said(company: Company) -> None:
    company.holds(*two_of_a_name(), Life(1, sprint_ids="37")).computes()
    page = the_sprint(company, "Sprint 36")
    assert page.sprint_id == "acme:37"
    assert page.notes == ("acme:36 has this name too, but no issue was ever in it",)


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("Sprnt 36", "no sprint named 'Sprnt 36'; nearest are Sprint 36, Sprint 38"),
        ("Sprint 38", "sprint 'Sprint 38' (acme:38) has no figures: it has not begun"),
    ],
)
def test_a_sprint_that_there_is_not_or_that_has_not_begun_is_refused(company: Company, word: str, line: str) -> None:
    company.holds(a_sprint(36, 10, 20), a_sprint(38, 50, 60, "future")).computes()
    with pytest.raises(UsageError) as refused:
        the_sprint(company, word)
    assert str(refused.value) == line


def test_velocity_lists_what_was_completed_and_the_sprints_before(company: Company) -> None:
    sprints = [a_sprint(number, 10 * number, 10 * number + 10) for number in range(1, 9)]
    lives = [
        Life(number, sprint_ids=str(number), story_points=float(points)).then(10 * number + 5, status="Done")
        for number, points in enumerate([50, 1, 2, 3, 4, 5, 6, 13], start=1)
    ]
    company.holds(*sprints, *lives).computes()
    page = asked(company, lambda source: velocity_page(source, "Sprint 8", None))
    found = figures(page.rows[0])
    assert (found["velocity"], found["mean_3"], found["mean_5"]) == (13, 8, pytest.approx(31 / 5))
    assert keys(page.rows[0]) == {
        "completed": ["PAY-8"],
        "sprints": ["acme:3", "acme:4", "acme:5", "acme:6", "acme:7", "acme:8"],
    }


def test_an_open_sprint_has_no_velocity(company: Company) -> None:
    company.holds(a_sprint(36, 10, None, "active", end_at=at(2000)), Life(1, sprint_ids="36")).computes()
    with pytest.raises(UsageError, match="'Sprint 36' has no velocity: it is active, and only closed sprints have one"):
        asked(company, lambda source: velocity_page(source, "Sprint 36", None))
