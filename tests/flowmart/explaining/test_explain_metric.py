"""A metric's rows are what the issues listed behind them give; names and periods that there are not are refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from flowmart.errors import UsageError
from flowmart.explaining.metric import EXPLAINED, OF_SPRINTS, require_known
from flowmart.explaining.shapes import Line, RowPart
from tests.flowmart.explaining.given import bug, figures, keys, the_metric
from tests.metrics.conftest import Company, Life
from warehouse.records import Board, IssueLabel, IssueVersion, Version
from warehouse.tables import table

DAY = 24.0
WEEK = "2026-W10"


def took(number: int, days: float, **values: Any) -> Life:
    """An issue that finished after so many days in progress, all of them in one week."""
    return Life(number, **values).then(0, status="Doing").then(days * DAY, status="Done")


def only(company: Company, name: str, **options: Any) -> RowPart:
    (part,) = the_metric(company, name, **options).rows
    return part


def lines(part: RowPart, name: str) -> tuple[Line, ...]:
    return next(one.lines for one in part.lists if one.name == name)


def test_cycle_times_stand_in_order_with_the_places_of_the_percentiles(company: Company) -> None:
    company.holds(*(took(number, days) for number, days in enumerate((4, 1, 3, 2), start=1))).computes()
    part = only(company, "cycle_time_trend", period=WEEK)
    found = figures(part)
    assert (found["n"], found["mean_days"], found["p50_days"], found["p85_days"]) == (4, 2.5, 2.5, pytest.approx(3.55))
    assert [(one.key, one.values["cycle_days"], one.marks) for one in lines(part, "with a cycle time")] == [
        ("PAY-2", 1, ()),
        ("PAY-4", 2, ("p50 = 2.50 (+50 %)",)),
        ("PAY-3", 3, ("p70 = 3.10 (+10 %)", "p85 = 3.55 (+55 %)", "p95 = 3.85 (+85 %)")),
        ("PAY-1", 4, ()),
    ]


def test_a_percentile_that_lies_on_an_issue_has_no_way_to_go(company: Company) -> None:
    company.holds(*(took(number, number) for number in (1, 2, 3))).computes()
    marks = [one.marks for one in lines(only(company, "cycle_time_trend", period=WEEK), "with a cycle time")]
    assert marks[1][0] == "p50 = 2.00"


def test_what_is_left_out_is_listed_with_its_reason(company: Company) -> None:
    company.holds(
        took(1, 1),
        Life(2).then(1, status="Done"),
        took(3, 1, resolution="Duplicate"),
        took(4, 1, others={"level": "subtask"}),
        took(5, 10),
    ).computes()
    part = only(company, "cycle_time_trend", period=WEEK)
    assert keys(part) == {"with a cycle time": ["PAY-1"], "skipped": ["PAY-2"], "left out": ["PAY-3", "PAY-4"]}
    assert [one.values["why"] for one in lines(part, "left out")] == [
        "it was cancelled, not delivered (resolution Duplicate)",
        "its level is subtask, and metrics.levels does not count that",
    ]
    assert figures(part)["skipped_count"] == 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["PAY-1", "PAY-2", "PAY-3"]),
        ({"project": "pay"}, ["PAY-1", "PAY-2"]),
        ({"board": "red"}, ["PAY-1", "PAY-2"]),
        ({"project": "PAY", "issue_type": "task"}, ["PAY-2"]),
        ({"board": "Red", "issue_type": "Task"}, ["PAY-2"]),
    ],
    ids=str,
)
def test_groups_have_their_own_rows(company: Company, options: dict[str, Any], expected: list[str]) -> None:
    company.holds(took(1, 1), took(2, 2, issue_type="Task"), took(3, 3, project="20")).computes()
    part = only(company, "cycle_time_trend", period="2026-03", **options)
    assert keys(part)["with a cycle time"] == expected
    assert figures(part)["n"] == len(expected)


def test_throughput_is_the_sum_of_its_rows(company: Company) -> None:
    company.holds(
        took(1, 1, story_points=3.0),
        took(2, 1, story_points=5.0, project="20"),
        Life(3, issue_type="Task").then(1, status="Done"),
        took(4, 1, resolution="Duplicate"),
    ).computes()
    part = only(company, "throughput", period="2026-03-02")
    assert figures(part) == {"finished_issues": 3, "finished_points": 8}
    assert keys(part) == {
        "PAY × Red × Story": ["PAY-1"],
        "PAY × Red × Task": ["PAY-3"],
        "OPS × no home board × Story": ["PAY-2"],
        "left out": ["PAY-4"],
    }
    assert figures(only(company, "throughput", period="2026-03-02", issue_type="Task"))["finished_issues"] == 1


def a_defective_company(company: Company) -> Company:
    released = Version(
        version_id="acme:9", project_id="acme:10", name="1.0", is_released=True, released_on=date(2026, 3, 3),
        start_on=None, is_archived=False,
    )  # fmt: skip
    affects = IssueVersion(issue_version_id="acme:4:affects:9", issue_id="acme:4", version_id="acme:9", role="affects")
    label = IssueLabel(issue_label_id="acme:2:customer", issue_id="acme:2", label="customer")
    return company.holds(
        bug(1, "Production", others={"severity": "Major"}),
        bug(2),
        bug(3, "Test"),
        bug(4, "Production", created=40 * DAY),
        bug(5),
        bug(6, "Production").then(1, status="Dropped"),
        released, affects, label,
    )  # fmt: skip


def test_escape_lists_defects_by_class_with_rule_and_evidence(company: Company) -> None:
    part = the_metric(a_defective_company(company).computes(), "defect_escape", period=WEEK).rows[0]
    assert keys(part) == {
        "escaped": ["PAY-2", "PAY-1"],
        "internal": ["PAY-3"],
        "unknown": ["PAY-5"],
        "cancelled": ["PAY-6"],
    }
    found = figures(part)
    assert (found["defects"], found["rate"], found["unknown_share"]) == (4, pytest.approx(2 / 3), 0.25)
    assert found["rate_weighted"] == 4 / 5
    by_rule = [(one.values["rule"], one.values["evidence"]) for one in lines(part, "escaped")]
    assert by_rule == [("by a customer", "customer"), ("in production", "Production")]


def test_escape_of_a_month_shows_the_releases_of_the_month_too(company: Company) -> None:
    found, release = the_metric(a_defective_company(company).computes(), "defect_escape", period="2026-03").rows
    assert found.title == "found in 2026-03, all issues"
    assert release.title == "introduced by 1.0 (released 2026-03-03), all issues"
    assert figures(release)["escaped_30d"] == 0
    assert figures(release)["escaped_90d"] == 1
    assert keys(release) == {"escaped": ["PAY-4"]}


def test_a_table_that_the_issues_do_not_give_is_shown_as_wrong(company: Company) -> None:
    company.holds(took(1, 1)).computes()
    with company.engine.begin() as connection:
        connection.execute(update(table("cycle_time_trend")).values(p50_days=3.0))
    part = only(company, "cycle_time_trend", period=WEEK)
    assert [(one.name, one.stored, one.from_issues) for one in part.figures if not one.agrees] == [
        ("p50_days", 3.0, 1.0)
    ]


def test_quality_lists_what_came_went_and_stayed(company: Company) -> None:
    company.holds(
        bug(1).then(DAY, status="Done").then(3 * DAY, status="Doing").then(4 * DAY, status="Done"),
        bug(2).then(2 * DAY, status="Done").then(30 * DAY, status="Doing"),
        bug(3),
        bug(4, created=10 * DAY),
        bug(5).then(1, status="Dropped"),
        took(6, 3, story_points=10.0),
    ).computes()
    part = only(company, "defect_quality", period=WEEK)
    found = figures(part)
    assert (found["inflow"], found["outflow"], found["reopen_rate"]) == (3, 1, pytest.approx(1 / 3))
    assert (found["open_defects"], found["open_age_mean_days"], found["defects_per_10_issues"]) == (1, 7, 30)
    assert keys(part) == {
        "inflow": ["PAY-1", "PAY-2", "PAY-3"],
        "outflow": ["PAY-1"],
        "done events": ["PAY-1", "PAY-1", "PAY-2"],
        "open": ["PAY-3"],
        "delivered": ["PAY-1", "PAY-6"],
    }
    assert [one.marks for one in lines(part, "done events")] == [("reopened within 14 days",), (), ()]


def test_a_day_shows_what_was_in_each_status_at_its_end(company: Company) -> None:
    company.holds(
        Life(1).then(DAY, status="Doing"),
        Life(2).then(2 * DAY, status="Doing"),
        Life(3, created=3 * DAY),
        Life(4, others={"absence": "deleted"}),
    ).computes()
    part = only(company, "daily_flow", period="2026-03-03")
    assert figures(part) == {"To Do (todo)": 1, "Doing (in_progress)": 1}
    assert keys(part) == {"To Do (todo)": ["PAY-2"], "Doing (in_progress)": ["PAY-1"]}


def test_aging_lists_what_is_in_progress_the_oldest_first(company: Company) -> None:
    company.holds(Life(1).then(5, status="Doing"), Life(2).then(2, status="Doing"), Life(3)).computes()
    part = only(company, "wip_aging")
    assert figures(part) == {"issues": 2}
    assert keys(part) == {"in progress": ["PAY-2", "PAY-1"]}


def a_little(company: Company) -> Company:
    return company.holds(took(1, 1), took(2, 20)).computes()


@pytest.mark.parametrize(
    ("word", "first_on", "last_on"),
    [
        ("2026-03", date(2026, 3, 1), date(2026, 3, 31)),
        ("2026-W10", date(2026, 3, 2), date(2026, 3, 8)),
        ("2026-w10", date(2026, 3, 2), date(2026, 3, 8)),
        ("2026-03-02", date(2026, 3, 2), date(2026, 3, 8)),
    ],
)
def test_a_period_is_a_month_a_week_or_its_monday(company: Company, word: str, first_on: date, last_on: date) -> None:
    page = the_metric(a_little(company), "throughput", period=word)
    assert (page.first_on, page.last_on) == (first_on, last_on)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"period": "2026-13"}, "'2026-13' is no period such as 2026-05 (a month), 2026-W20 (a week) or 2026-05-11"),
        ({"period": "may"}, "'may' is no period such as"),
        ({"period": "2026-03-04"}, "--period: 2026-03-04 is no Monday; its week began on 2026-03-02"),
        ({"period": "2026-04"}, "throughput has no month 2026-04; it has months that begin from 2026-03-01 to 2026-03"),
        ({"period": "2026-W11"}, "throughput has no week 2026-W11; it has weeks that begin from 2026-03-02 to 2026-03"),
        ({}, "--period is missing: say 2026-05"),
        ({"period": "2026-03", "project": "XX"}, "no project named 'XX'; there are OPS, PAY"),
        ({"period": "2026-03", "board": "XX"}, "no board named 'XX'; there are Red"),
        ({"period": "2026-03", "issue_type": "XX"}, "no issue has the type 'XX'; there are Story"),
    ],
    ids=str,
)
def test_a_period_or_group_that_there_is_not_is_refused(company: Company, options: dict[str, Any], line: str) -> None:
    a_little(company)
    with pytest.raises(UsageError) as refused:
        the_metric(company, "throughput", **options)
    assert line in str(refused.value)


def test_a_board_name_of_two_boards_lists_their_ids(company: Company) -> None:
    twin = Board(board_id="acme:8", source_id="acme", project_id="acme:20", name="Red", kind="scrum")
    with pytest.raises(UsageError, match="2 boards are named 'red'; name one by its id: acme:7, acme:8"):
        the_metric(a_little(company).holds(twin), "throughput", period="2026-03", board="red")
    assert keys(only(company, "throughput", period="2026-03", board="acme:7")) != {}


def test_a_group_that_the_table_has_no_rows_for_is_refused(company: Company) -> None:
    a_little(company)
    with pytest.raises(UsageError, match="cycle_time_trend has no rows for type Story; it takes --project or"):
        the_metric(company, "cycle_time_trend", period="2026-03", issue_type="Story")
    with pytest.raises(UsageError, match="cycle_time_trend has no rows for project PAY, board Red"):
        the_metric(company, "cycle_time_trend", period="2026-03", project="PAY", board="Red")


def test_what_is_as_of_now_takes_no_period(company: Company) -> None:
    with pytest.raises(UsageError, match="--period: wip_aging is as of now and has no periods"):
        the_metric(company, "wip_aging", period="2026-03")


def test_a_metric_that_was_never_computed_is_refused(company: Company) -> None:
    with pytest.raises(UsageError, match="throughput was never computed here: run `flowmart compute`"):
        the_metric(company.holds(Life()), "throughput", period="2026-03")


def test_unknown_metrics_name_the_nearest_or_all() -> None:
    with pytest.raises(UsageError, match=r"there is no 'defect_escap' to explain; did you mean defect_escape\?"):
        require_known("defect_escap")
    with pytest.raises(UsageError, match="there is no 'xyz' to explain; there are cycle_time_trend, daily_flow"):
        require_known("xyz")
    for name in (*EXPLAINED, *OF_SPRINTS):
        require_known(name)


def test_what_happens_at_midnight_belongs_to_the_next_day(company: Company) -> None:
    company.holds(Life(1).then(DAY, status="Doing")).computes()
    first, second = (only(company, "daily_flow", period=day) for day in ("2026-03-02", "2026-03-03"))
    assert (keys(first), keys(second)) == ({"To Do (todo)": ["PAY-1"]}, {"Doing (in_progress)": ["PAY-1"]})
    assert (figures(first), figures(second)) == ({"To Do (todo)": 1}, {"Doing (in_progress)": 1})


def test_a_done_defect_that_a_move_leads_on_is_not_reopened(company: Company) -> None:
    company.holds(bug(1).then(DAY, status="Done").then(2 * DAY, project="20", status="To Do")).computes()
    part = only(company, "defect_quality", period=WEEK)
    assert [one.marks for one in lines(part, "done events")] == [()]
    assert (figures(part)["done_events"], figures(part)["reopened_events"]) == (1, 0)
