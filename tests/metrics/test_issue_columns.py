"""What `issues` derives: stage, defect or not, epic, home board and active sprint."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from warehouse.loader import Loader
from warehouse.records import Board, BoardArea


def derived(company: Any, column: str) -> dict[str, Any]:
    company.computes("issues")
    return dict(company.rows("issues", "issue_id", column))


def test_the_stage_is_that_of_the_current_status(company: Any, life: Any) -> None:
    company.holds(*(life(number, status=status) for number, status in enumerate(["To Do", "Review", "Done"], 1)))
    assert derived(company, "stage") == {"acme:1": "todo", "acme:2": "in_progress", "acme:3": "done"}


def test_defects_are_known_by_their_type_in_any_case(company: Any, life: Any) -> None:
    company.holds(life(1, issue_type="bug"), life(2, issue_type="Story"))
    assert derived(company, "is_defect") == {"acme:1": True, "acme:2": False}


def test_the_epic_is_the_nearest_ancestor_of_level_portfolio(company: Any, life: Any) -> None:
    company.holds(
        life(1, others={"level": "portfolio"}),
        life(2, others={"parent_id": "acme:1"}),
        life(3, others={"parent_id": "acme:2", "level": "subtask"}),
        life(4, others={"parent_id": "acme:99"}),
    )
    assert derived(company, "epic_id") == {"acme:1": None, "acme:2": "acme:1", "acme:3": "acme:1", "acme:4": None}


def test_home_is_the_origin_board_of_the_latest_sprint_else_the_only_board_of_the_project(
    company: Any, life: Any, sprint: Any
) -> None:
    blue = Board(board_id="acme:8", source_id="acme", project_id=None, name="Blue", kind="scrum")
    early, late = sprint(36, 10, 20, board_id="acme:8"), sprint(37, 30, 40)
    planned = sprint(35, None, None, "future", board_id="acme:8")
    company.holds(
        blue,
        early,
        late,
        planned,
        life(1, sprint_ids="36, 37"),
        life(2, sprint_ids="36"),
        life(3),
        life(4, project="20"),
        life(5, sprint_ids="36, 37").then(2, sprint="36").then(3, sprint=None),
        life(6, sprint_ids="37, 35"),
        life(7, project="20", sprint_ids="99"),
    )
    assert derived(company, "board_id") == {
        "acme:1": "acme:7",
        "acme:2": "acme:8",
        "acme:3": "acme:7",
        "acme:4": None,
        "acme:5": "acme:8",
        "acme:6": "acme:8",
        "acme:7": None,
    }


def test_of_two_boards_of_a_project_none_is_home_without_a_sprint(company: Any, life: Any) -> None:
    company.holds(Board(board_id="acme:8", source_id="acme", project_id="acme:10", name="Blue", kind="kanban"), life(1))
    assert derived(company, "board_id") == {"acme:1": None}


@pytest.mark.parametrize(("area", "home"), [("Shop\\Pay\\Cards", "ado:pay"), ("Shop\\Cart", "ado:all"), ("Else", None)])
def test_in_azure_devops_home_is_the_team_with_the_most_specific_area(
    company: Any, life: Any, area: str, home: str | None
) -> None:
    company.holds(life(1, source_id="ado", area_path=area))
    areas = {"ado:all": "Shop", "ado:pay": "Shop\\Pay"}
    engine: Engine = company.engine
    with engine.begin() as connection:
        Loader(connection).upsert(
            record
            for board_id, path in areas.items()
            for record in (
                Board(board_id=board_id, source_id="ado", project_id=None, name=board_id, kind="team"),
                BoardArea(
                    board_area_id=f"{board_id}:{path}", board_id=board_id, area_path=path, includes_children=True
                ),
            )
        )
    assert derived(company, "board_id") == {"ado:1": home}


def test_the_active_sprint_is_the_one_that_started_last_of_those_it_is_in(company: Any, life: Any, sprint: Any) -> None:
    sprints = [
        sprint(36, 10, 20),
        sprint(37, 30, 40, "active"),
        sprint(38, 35, 45, "active"),
        sprint(39, 50, 60, "future"),
    ]
    company.holds(*sprints, life(1, sprint_ids="36, 37, 38, 39"), life(2, sprint_ids="36, 39"), life(3))
    assert derived(company, "sprint_id") == {"acme:1": "acme:38", "acme:2": None, "acme:3": None}


def test_computed_again_a_change_of_the_config_or_the_parents_is_followed(company: Any, life: Any) -> None:
    child = life(2, others={"parent_id": "acme:1"})
    company.holds(life(1, others={"level": "portfolio"}), child)
    assert derived(company, "epic_id")["acme:2"] == "acme:1"
    child.others["parent_id"] = None
    company.holds(child)
    assert derived(company, "epic_id")["acme:2"] is None
