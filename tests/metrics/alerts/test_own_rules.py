"""Rules of one's own: over any figure, by filters, by groups and periods, and over sums."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics.alerts.grounds import GROUNDS, measure_of
from metrics.alerts.rules import Rule
from metrics.alerts.series import last_periods
from tests.metrics.alerts.conftest import Tables, ago, month

LAST_MONDAY = date(2026, 9, 21)
"""Of the last complete week."""


def a_rule(metric: str, comparison: str = ">", threshold: float | None = 0.0, **more: Any) -> Rule:
    return Rule(name="mine", severity="high", metric=metric, comparison=comparison, threshold=threshold, **more)


def test_every_figure_can_be_watched(tables: Tables) -> None:
    tables.sources = ()
    for metric in (f"{table}.{name}" for table, ground in GROUNDS.items() for name in ground.measures):
        assert measure_of(a_rule(metric)).words
        assert tables.finds(a_rule(metric)) == [], metric


# issues


def test_an_issue_beyond_the_limit_is_told_with_the_figure(tables: Tables) -> None:
    tables.has_issue(1, status_age_days=12.5, status="Review").has_issue(2, status_age_days=20.0, status="Doing")
    (alarm,) = tables.finds(a_rule("wip_aging.status_age_days", threshold=10, filter={"status": ("Review",)}))
    assert alarm.message == "PAY-1: in its status for 12.5 days, above 10 days"
    assert (alarm.severity, alarm.cause, alarm.value) == ("high", "mine:acme:1", 12.5)


def test_a_number_without_a_key_is_told_with_its_project(tables: Tables) -> None:
    tables.has_board(7, "Red", "Shop")
    tables.has("issues", issue_id="ado:1001", key="1001", project_id="acme:Shop")
    (alarm,) = tables.has("wip_aging", issue_id="ado:1001", age_days=9.0).finds(a_rule("wip_aging.age_days"))
    assert alarm.message == "Shop 1001: in progress for 9 days, above 0 days"
    assert (alarm.subject_name, alarm.explain) == ("Shop 1001", "flowmart explain ado:1001")


def test_of_all_issues_only_those_that_count_and_are_not_finished_are_looked_at(tables: Tables) -> None:
    for number, exclusion in enumerate([None, "not_finished", "cancelled", "deleted", "level"]):
        tables.has("issues", issue_id=f"acme:{number}", key=f"PAY-{number}")
        tables.has("issue_flow", issue_id=f"acme:{number}", reopened_count=3, exclusion=exclusion)
    rule = a_rule("issue_flow.reopened_count", ">=", 3)
    assert tables.messages(rule) == ["PAY-1: reopened count 3, at or above 3"]


def test_a_flag_can_be_filtered_by(tables: Tables) -> None:
    tables.has_issue(1, age_days=9.0, is_blocked=True).has_issue(2, age_days=9.0, is_blocked=False)
    found = tables.finds(a_rule("wip_aging.age_days", filter={"is_blocked": (False,)}))
    assert [alarm.issue_id for alarm in found] == ["acme:2"]


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"project": ("PAY",)}, ["PAY-1"]),
        ({"project": ("WEBments",)}, ["PAY-2"]),
        ({"board": ("Red", "Blue")}, ["PAY-1", "PAY-2"]),
        ({"board": ("red",)}, []),
        ({"source": ("acme",)}, ["PAY-1", "PAY-2"]),
        ({"source": ("other",)}, []),
        ({"board_id": ("acme:8",)}, ["PAY-2"]),
    ],
)
def test_projects_boards_and_sources_may_be_named(tables: Tables, filter_: Any, found: list[str]) -> None:
    tables.has_board(7, "Red", "PAY").has_board(8, "Blue", "WEB")
    tables.has_issue(1, age_days=9.0).has_issue(2, age_days=9.0, project_id="acme:WEB", board_id="acme:8")
    assert [alarm.subject_name for alarm in tables.finds(a_rule("wip_aging.age_days", filter=filter_))] == found


# sprints


def test_a_rule_about_one_sprint_is_an_alert_about_the_last_of_each_board(tables: Tables) -> None:
    tables.has_board().has_sprint(1, 20, scope_change_issues=0.9).has_sprint(2, 6, scope_change_issues=0.75)
    (alarm,) = tables.finds(a_rule("sprint_metrics.scope_change_issues", threshold=0.5))
    assert alarm.message == "Red: scope change issues 75 % in Sprint 2 (n 10), above 50 %"
    assert (alarm.cause, alarm.subject, alarm.subject_name) == ("mine:acme:2", "sprint", "Sprint 2")


def test_active_sprints_are_looked_at_when_asked_for_each_by_itself(tables: Tables) -> None:
    for number in (1, 2):
        tables.has_sprint(number, 0, state="active", scope_change_issues=0.9)
    rule = a_rule("sprint_metrics.scope_change_issues", threshold=0.5, filter={"state": ("active",)})
    assert {alarm.subject_name for alarm in tables.has_board().finds(rule)} == {"Sprint 1", "Sprint 2"}


def test_of_closed_and_active_sprints_the_last_closed_and_all_active_ones_are_looked_at(tables: Tables) -> None:
    for number, state in enumerate(["closed", "closed", "active", "active"], start=1):
        tables.has_sprint(number, 20 - number, state=state, scope_change_issues=0.9)
    rule = a_rule("sprint_metrics.scope_change_issues", threshold=0.5, filter={"state": ("active", "closed")})
    assert {alarm.sprint_id for alarm in tables.finds(rule)} == {"acme:2", "acme:3", "acme:4"}


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"project": ("WEB",)}, ["Blue"]),
        ({"source": ("acme",)}, ["Red", "Blue"]),
        ({"source": ("other",)}, []),
        ({"board": ("Red",), "project": ("WEBments",)}, []),
    ],
)
def test_sprints_are_of_the_project_and_source_of_their_board(tables: Tables, filter_: Any, found: list[str]) -> None:
    for number, name, project in ((7, "Red", "PAY"), (8, "Blue", "WEB")):
        tables.has_board(number, name, project).has_sprint(number, 3, f"acme:{number}", carried_over_issues=1)
    alarms = tables.finds(a_rule("sprint_metrics.carried_over_issues", filter=filter_))
    assert [alarm.message.partition(":")[0] for alarm in alarms] == found


def test_sprints_of_no_board_stand_alone(tables: Tables) -> None:
    for number in (1, 2):
        tables.has_sprint(number, 6, board=None, carried_over_issues=4)
    rule = a_rule("sprint_metrics.carried_over_issues", threshold=3)
    assert [alarm.cause for alarm in tables.finds(rule)] == ["mine:acme:1", "mine:acme:2"]
    assert tables.finds(a_rule("sprint_metrics.carried_over_issues", threshold=3, times=2)) == []


def test_a_velocity_that_falls_out_of_line_is_told_against_the_sprints_before(tables: Tables) -> None:
    tables.has_board()
    for number, velocity in enumerate([20, 22, 20, 22, 20, 22, 9], start=1):
        tables.has("sprints", sprint_id=f"acme:{number}", name=f"Sprint {number}", board_id="acme:7")
        sprint = {"sprint_id": f"acme:{number}", "board_id": "acme:7", "end_at": ago(days=90 - 12 * number)}
        tables.has("velocity_trend", velocity=velocity, **sprint)
    (alarm,) = tables.finds(a_rule("velocity_trend.velocity", "<", None, deviations=2))
    assert alarm.message == "Red: velocity 9 in Sprint 7, below 18.8 (mean of the 6 sprints before − 2 sd)"
    assert alarm.explain == "flowmart explain --metric velocity_trend --sprint 'Sprint 7' --board Red"


# periods


def test_without_a_filter_months_of_projects_are_looked_at(tables: Tables) -> None:
    tables.has_board()
    for period, grouping, ids in [
        ("month", "project", {"project_id": "acme:PAY"}),
        ("month", "board", {"board_id": "acme:7"}),
        ("week", "project", {"project_id": "acme:PAY"}),
    ]:
        start = LAST_MONDAY if period == "week" else month(1)
        tables.has("cycle_time_trend", period=period, period_start=start, grouping=grouping, n=12, p85_days=25.0, **ids)
    rule = a_rule("cycle_time_trend.p85_days", threshold=20, minimum_n=10)
    assert tables.messages(rule) == ["PAY: 85 % cycle time 25 days in 2026-09 (n 12), above 20 days"]
    assert tables.messages(rule, filter={"period": ("week",)}) == [
        "PAY: 85 % cycle time 25 days in 2026-W39 (n 12), above 20 days"
    ]
    (of_board,) = tables.finds(rule, filter={"board": ("Red",)})
    assert (of_board.subject, of_board.subject_name, of_board.project_id) == ("board", "Red", "acme:PAY")
    assert of_board.explain == "flowmart explain --metric cycle_time_trend --period 2026-09 --board Red"


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"source": ("acme",)}, ["PAY", "Red"]),
        ({"source": ("other",)}, []),
        ({"project": ("PAY",)}, ["PAY", "Red"]),
        ({"project": ("WEB",)}, []),
    ],
)
def test_a_source_or_project_has_the_groups_of_its_projects_and_of_its_boards(
    tables: Tables, filter_: Any, found: list[str]
) -> None:
    tables.has_board()
    for grouping, ids in [("project", {"project_id": "acme:PAY"}), ("board", {"board_id": "acme:7"})]:
        tables.has("defect_quality", period="month", period_start=month(1), grouping=grouping, inflow=9, **ids)
    rule = a_rule("defect_quality.inflow", filter={**filter_, "grouping": ("project", "board")})
    assert sorted(alarm.subject_name for alarm in tables.finds(rule)) == found


def test_types_are_told_by_name_and_all_as_everything(tables: Tables) -> None:
    tables.has_board()
    for grouping, ids in [("project_type", {"project_id": "acme:PAY", "issue_type": "Bug"}), ("all", {})]:
        tables.has("cycle_time_trend", period="month", period_start=month(1), grouping=grouping, n=12, **ids)
    rule = a_rule("cycle_time_trend.n")
    (of_type,) = tables.finds(rule, filter={"issue_type": ("Bug",)})
    assert (of_type.subject, of_type.subject_name, of_type.cause) == (
        "project", "PAY Bug", "mine:month:acme:PAY:Bug"
    )  # fmt: skip
    (everything,) = tables.finds(rule, filter={"grouping": ("all",)})
    assert (everything.subject, everything.subject_name) == ("period", "everything")


def test_issues_of_no_board_are_nobodys(tables: Tables) -> None:
    tables.has("defect_quality", period="month", period_start=month(1), grouping="board", board_id=None, inflow=9)
    assert tables.finds(a_rule("defect_quality.inflow", filter={"grouping": ("board",)})) == []


def test_two_months_in_a_row_must_follow_one_another(tables: Tables) -> None:
    rule = a_rule("defect_quality.open_defects", ">=", 5, times=2)
    values = {"period": "month", "grouping": "project", "project_id": "acme:PAY", "open_defects": 5}
    tables.has_board().has("defect_quality", period_start=month(1), **values)
    tables.has("defect_quality", period_start=month(3), **values)
    assert tables.finds(rule) == []
    tables.has("defect_quality", period_start=month(2), **values)
    assert tables.messages(rule) == ["PAY: open defects at or above 5 twice in a row: 5 in 2026-08, then 5 in 2026-09"]


def test_of_many_months_in_a_row_the_last_three_are_told(tables: Tables) -> None:
    for back in range(1, 6):
        tables.has("defect_quality", period="month", period_start=month(back), grouping="all", inflow=back)
    rule = a_rule("defect_quality.inflow", times=5, filter={"grouping": ("all",)})
    assert tables.messages(rule) == [
        "everything: inflow above 0 5 times in a row: …, 3 in 2026-07, then 2 in 2026-08, then 1 in 2026-09"
    ]


@pytest.mark.parametrize(
    ("period", "starts"),
    [
        ("month", [date(2026, 2, 1), date(2026, 1, 1), date(2025, 12, 1)]),
        ("week", [date(2026, 2, 23), date(2026, 2, 16), date(2026, 2, 9)]),
        ("day", [date(2026, 3, 2), date(2026, 3, 1), date(2026, 2, 28)]),
    ],
)
def test_the_last_periods_are_complete(period: str, starts: list[date]) -> None:
    assert last_periods(period, date(2026, 3, 3), 3) == starts


def test_a_month_is_over_by_the_calendars_clock(tables: Tables) -> None:
    tables.has_board().has_escape(1, 10, 10)
    rule = a_rule("defect_escape.rate")
    assert len(tables.finds(rule)) == 1
    tables.zone = ZoneInfo("Etc/GMT+12")
    assert len(tables.finds(rule)) == 1  # 2 October, 02:15 in UTC, is the 1st there
    tables.zone = ZoneInfo("UTC")
    assert tables.finds(rule, filter={"period": ("week",)}) == []


# sums


def finished(tables: Tables, week: date, issues: int, issue_type: str = "Story", board: str | None = "acme:7") -> None:
    tables.has(
        "throughput", period="week", period_start=week, project_id="acme:PAY", board_id=board,
        issue_type=issue_type, finished_issues=issues, finished_points=2.5,
    )  # fmt: skip


def test_throughput_is_added_up_by_board_and_by_project_where_there_is_none(tables: Tables) -> None:
    tables.has_board()
    finished(tables, LAST_MONDAY, 4)
    finished(tables, LAST_MONDAY, 3, "Bug")
    finished(tables, LAST_MONDAY, 2, board=None)
    rule = a_rule("throughput.finished_issues", "<=", 7)
    assert tables.messages(rule) == [
        "Red: finished issues 7 in 2026-W39, at or below 7",
        "PAY without a board: finished issues 2 in 2026-W39, at or below 7",
    ]
    assert [alarm.value for alarm in tables.finds(rule, filter={"issue_type": ("Bug",)})] == [3.0]
    assert tables.messages(a_rule("throughput.finished_points", ">=", 5)) == [
        "Red: finished points 5 in 2026-W39, at or above 5"
    ]


def test_a_week_in_which_nothing_was_finished_counts_as_zero(tables: Tables) -> None:
    tables.has_board()
    for back in range(1, 5):
        finished(tables, date.fromordinal(LAST_MONDAY.toordinal() - 7 * back), 5)
    rule = a_rule("throughput.finished_issues", "<", None, deviations=2, history=4)
    assert tables.messages(rule) == ["Red: finished issues 0 in 2026-W39, below 5 (mean of the 4 weeks before − 2 sd)"]


def test_work_piling_up_in_a_status_is_told_by_the_day(tables: Tables) -> None:
    tables.has_board()
    for issue_type, issues in (("Story", 8), ("Bug", 4)):
        values = {"project_id": "acme:PAY", "board_id": "acme:7", "level": "standard", "status": "In Review"}
        tables.has("daily_flow", day=date(2026, 10, 1), issue_type=issue_type, issues=issues, **values)
    (alarm,) = tables.finds(a_rule("daily_flow.issues", threshold=10, filter={"status": ("In Review",)}))
    assert alarm.message == "Red: issues at the end of the day 12 in 2026-10-01, above 10"
    assert (alarm.period, alarm.period_start) == ("day", date(2026, 10, 1))


# sources


def test_a_rule_may_be_about_some_sources(tables: Tables) -> None:
    for name, kind in (("acme", "jira_cloud"), ("ado", "azure_devops")):
        tables.has("sources", source_id=name, kind=kind, last_synced_at=ago(hours=5))
    tables.sources = ("acme", "ado")
    rule = a_rule("sources.hours_since_sync", threshold=4)
    assert tables.messages(rule, filter={"source": ("ado",)}) == ["ado: last synced 5 hours ago, above 4 hours"]
    assert [one.subject_name for one in tables.finds(rule, filter={"kind": ("jira_cloud",)})] == ["acme"]
