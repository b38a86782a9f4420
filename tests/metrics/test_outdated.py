"""What issues share reaches them: whatever changes, or goes by, is seen by the next compute as if made from scratch."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from metrics.settings import DefectRule, Defects, MetricSettings
from warehouse.records import Board, BoardArea, IssueLink, Sprint


def renewed(company: Any, name: str, *columns: str) -> list[Any]:
    """Rows of a table after an incremental compute, which are those of a full one."""
    company.computes()
    found = company.rows(name, *columns)
    company.computes(full=True)
    assert found == company.rows(name, *columns)
    return list(found)


def test_a_sprint_that_will_be_closed_goes_on_until_then(company: Any, life: Any, sprint: Any) -> None:
    company.now = 20
    company.holds(sprint(36, 10, 60, completed_at=life(created=50).state().created_at), life(1, sprint_ids="36"))
    company.computes()
    company.now = 30
    assert renewed(company, "sprint_metrics", "state", "end_at") == [("active", 30)]


def test_the_ideal_line_of_a_closed_sprint_follows_its_plan(company: Any, life: Any, sprint: Any) -> None:
    closed = sprint(36, 10, 30, completed_at=life(created=40).state().created_at)
    company.holds(closed, life(1, sprint_ids="36")).computes()
    before = company.rows("sprint_days", "day", "ideal_issues")
    company.holds(sprint(36, 10, 80, completed_at=closed.completed_at))
    assert before == [(date(2026, 3, 2), 0.5), (date(2026, 3, 3), 0)]
    assert renewed(company, "sprint_days", "day", "ideal_issues") == [(date(2026, 3, 2), 0.75), (date(2026, 3, 3), 0.5)]


def iteration(team: str) -> Sprint:
    return Sprint(
        sprint_id=f"ado:5:{team}",
        iteration_id="ado:5",
        source_id="ado",
        board_id=f"ado:{team}",
        name="Iteration 5",
        state="future",
        start_on=date(2026, 3, 3),
        finish_on=date(2026, 3, 6),
    )


def test_an_iteration_that_a_team_picks_later_has_the_members_that_were_in_it(company: Any, life: Any) -> None:
    areas = [
        BoardArea(board_area_id=f"ado:{team}", board_id=f"ado:{team}", area_path=f"Pay\\{team}", includes_children=True)
        for team in ("red", "blue")
    ]
    boards = [
        Board(board_id=f"ado:{team}", source_id="ado", project_id=None, name=team, kind="team")
        for team in ("red", "blue")
    ]
    here = life(1, "ado", sprint_ids="5", area_path="Pay\\red")
    left = life(2, "ado", sprint_ids="5", area_path="Pay\\red").then(30, sprint="6").then(40, sprint=None)
    other = life(3, "ado", sprint_ids="6", area_path="Pay\\red")
    company.holds(*boards, *areas, iteration("blue"), here, left, other).computes()
    assert company.rows("sprint_memberships") == []
    company.holds(iteration("red"))
    assert renewed(company, "sprint_memberships", "issue_id", "sprint_id", "left_at") == [
        ("ado:1", "ado:5:red", None),
        ("ado:2", "ado:5:red", 30),
    ]


def test_a_rule_on_links_follows_the_type_of_the_other_issue(company: Any, life: Any) -> None:
    rule = DefectRule(
        name="ticket", escaped=True, link_types=frozenset({"Causes"}), linked_types=frozenset({"Incident"})
    )
    company.settings = replace(MetricSettings(), defects=Defects(rules=(rule,)))
    links = [
        IssueLink(
            link_id=f"acme:{n}",
            issue_id="acme:9",
            other_issue_id=f"acme:{n}",
            other_key=None,
            link_type="Causes",
            direction="outward",
        )
        for n in (1, 2)
    ]
    company.holds(life(1, issue_type="Bug"), life(2, issue_type="Bug").then(5, status="Done"), *links).computes()
    assert company.rows("defects", "escape_class") == [("unknown",), ("unknown",)]
    company.holds(life(9).then(5, type="Incident"))
    assert renewed(company, "defects", "issue_id", "escape_class") == [
        ("acme:1", "escaped"),
        ("acme:2", "escaped"),
        ("acme:9", "unknown"),
    ]


def test_the_home_of_an_issue_follows_the_start_of_a_sprint_that_has_no_end(
    company: Any, life: Any, sprint: Any
) -> None:
    blue = Board(board_id="acme:8", source_id="acme", project_id=None, name="Blue", kind="scrum")
    late, later = (life(created=hour).state().created_at for hour in (20, 40))
    first = sprint(36, None, None, activated_at=late)
    second = sprint(37, 30, None, board_id="acme:8")
    company.holds(blue, first, second, life(1, sprint_ids="36, 37").then(2, status="Done")).computes()
    assert company.rows("issue_flow", "board_id") == [("acme:8",)]
    company.holds(sprint(36, None, None, activated_at=later))
    assert renewed(company, "issue_flow", "board_id") == [("acme:7",)]
