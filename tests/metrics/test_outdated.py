"""What issues share reaches them: whatever changes, or goes by, is seen by the next compute as if made from scratch."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from metrics.settings import DefectRule, Defects, MetricSettings
from tests.metrics.renewing import renewed
from warehouse.records import Board, BoardArea, Field, IssueChange, IssueLink, LinkEvent, Sprint, Status


def test_a_sprint_that_will_be_closed_goes_on_until_then(company: Any, life: Any, sprint: Any) -> None:
    company.now = 20
    company.holds(sprint(36, 10, 60, completed_at=life(created=50).state().created_at), life(1, sprint_ids="36"))
    company.computes()
    company.now = 30
    assert renewed(company, "sprint_metrics", "state", "end_at") == [("active", 30)]


def test_a_sprint_that_nobody_is_in_is_renewed_when_it_is_closed_or_moved(company: Any, sprint: Any) -> None:
    company.holds(sprint(36, 10, 30, "active"), sprint(37, 10, 30)).computes()
    company.holds(sprint(36, 10, 30), sprint(37, 12, 30))
    assert renewed(company, "sprint_metrics", "sprint_id", "state", "start_at") == [
        ("acme:36", "closed", 10),
        ("acme:37", "closed", 12),
    ]


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


def blocks(made: float | None, life: Any) -> IssueLink:
    return IssueLink(
        link_id="acme:1",
        issue_id="acme:1",
        other_issue_id="acme:2",
        other_key=None,
        link_type="Blocks",
        direction="outward",
        created_at=None if made is None else life(created=made).state().created_at,
    )


def test_an_issue_is_blocked_until_its_blocker_is_done(company: Any, life: Any) -> None:
    blocker, blocked = life(1), life(2, created=1).then(2, status="Done")
    company.holds(blocker, blocked, blocks(3, life)).computes()
    assert company.rows("blocked_intervals", "issue_id", "entered_at", "left_at") == [("acme:2", 3, None)]
    company.holds(blocker.then(9, status="Done"))
    assert renewed(company, "blocked_intervals", "issue_id", "entered_at", "left_at") == [("acme:2", 3, 9)]


def test_an_issue_was_blocked_by_an_issue_that_comes_later_and_is_known_by_its_key(company: Any, life: Any) -> None:
    told = LinkEvent(
        link_event_id="acme:1:1",
        issue_id="acme:2",
        other_issue_id=None,
        other_key="PAY-1",
        link_type="Blocks",
        direction="inward",
        happened_at=life(created=5).state().created_at,
        is_made=False,
    )
    company.holds(life(2).then(2, status="Done"), told).computes()
    company.holds(life(1))
    assert renewed(company, "blocked_intervals", "issue_id", "entered_at", "left_at") == [("acme:2", 0, 5)]


def test_a_status_of_another_category_reaches_all_issues_that_were_ever_in_it(company: Any, life: Any) -> None:
    review = Status(
        status_id="acme:3", source_id="acme", project_id=None, issue_type=None, name="Review", category="done"
    )
    company.holds(life(1).then(2, status="Doing").then(4, status="Review").then(6, status="Closed")).computes()
    company.holds(review)
    assert renewed(company, "issue_flow", "finished_at") == [(4,)]


def test_an_area_that_goes_to_another_team_moves_its_issues(company: Any, life: Any) -> None:
    boards = [
        Board(board_id=f"ado:{team}", source_id="ado", project_id=None, name=team, kind="team")
        for team in ("red", "blue")
    ]
    area = BoardArea(board_area_id="ado:red:Pay", board_id="ado:red", area_path="Pay", includes_children=True)
    narrower = BoardArea(
        board_area_id="ado:blue:Pay", board_id="ado:blue", area_path="Pay\\Blue", includes_children=True
    )
    done = life(1, "ado", status="Done", area_path="Pay\\Blue")
    company.holds(*boards, area, done).computes()
    company.holds(narrower)
    assert renewed(company, "issue_flow", "board_id") == [("ado:blue",)]


def test_a_board_that_is_no_longer_the_only_one_of_its_project_is_nobodys_home(company: Any, life: Any) -> None:
    company.holds(life(1).then(2, status="Done")).computes()
    assert company.rows("daily_flow", "board_id")[0] == ("acme:7",)
    company.holds(Board(board_id="acme:8", source_id="acme", project_id="acme:10", name="Blue", kind="kanban"))
    assert set(renewed(company, "daily_flow", "board_id")) == {(None,)}


def test_an_issue_whose_sprint_is_another_boards_now_moves_with_it(company: Any, life: Any, sprint: Any) -> None:
    company.holds(
        Board(board_id="acme:8", source_id="acme", project_id=None, name="Blue", kind="scrum"),
        sprint(36, 10, 20, "future"),
        life(1, sprint_ids="36").then(2, status="Done"),
    ).computes()
    company.holds(sprint(36, 10, 20, "future", board_id="acme:8"))
    assert renewed(company, "issue_flow", "board_id") == [("acme:8",)]


def test_work_in_progress_grows_older(company: Any, life: Any) -> None:
    company.now = 20
    company.holds(life(1).then(10, status="Doing")).computes()
    company.now = 30
    assert renewed(company, "issue_flow", "age_seconds") == [(20 * 3600,)]


def test_what_is_dated_after_now_happens_as_time_goes_by(company: Any, life: Any) -> None:
    company.now = 20
    company.holds(life(1).then(25, status="Done"), life(2, created=26, status="Done")).computes()
    assert company.rows("issue_flow", "issue_id", "finished_at") == [("acme:1", None)]
    company.now = 30
    assert renewed(company, "issue_flow", "issue_id", "finished_at") == [("acme:1", 25), ("acme:2", 26)]


def test_an_issue_below_another_one_follows_it_to_its_epic(company: Any, life: Any) -> None:
    parent = life(2)
    child = life(3, others={"parent_id": "acme:2"})
    company.holds(life(1, others={"level": "portfolio"}), parent, child).computes()
    parent.others["parent_id"] = "acme:1"
    company.holds(parent)
    assert renewed(company, "issues", "issue_id", "epic_id") == [
        ("acme:1", None),
        ("acme:2", "acme:1"),
        ("acme:3", "acme:1"),
    ]


def test_what_was_computed_alone_leaves_the_rest_to_the_next_computation_of_all(company: Any, life: Any) -> None:
    subject = life(1).then(11, status="Doing").then(12, status="Done")
    company.holds(subject).computes()
    company.holds(subject.then(13, status="To Do")).computes("flow")
    assert renewed(company, "throughput", "finished_issues") == []
    company.holds(subject.then(15, status="Closed")).computes("issues")
    assert set(renewed(company, "throughput", "finished_issues")) == {(1,)}


def test_a_field_that_gets_a_role_tells_what_it_held_at_creation(company: Any, life: Any) -> None:
    rule = DefectRule(name="prod", escaped=True, field="Where", values=frozenset({"Prod"}))
    company.settings = replace(MetricSettings(), defects=Defects(rules=(rule,)))
    change = IssueChange(
        change_id="acme:1:9",
        issue_id="acme:1",
        entry_number=9,
        ordinal=0,
        changed_at=life(created=5).state().created_at,
        author_id=None,
        field="found_in",
        field_id="acme:cf1",
        from_value="Prod",
        from_text="Prod",
        to_value=None,
        to_text=None,
    )
    where = Field(field_id="acme:cf1", source_id="acme", name="Where", kind="string", role=None)
    company.holds(where, life(1, issue_type="Bug").then(2, status="Done"), change).computes()
    assert company.rows("defects", "escape_class_at_creation") == [("unknown",)]
    company.holds(Field(field_id="acme:cf1", source_id="acme", name="Where", kind="string", role="found_in"))
    assert renewed(company, "defects", "escape_class_at_creation") == [("escaped",)]
