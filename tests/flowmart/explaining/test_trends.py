"""A metric's page tells what its main numbers were in the periods before."""

from __future__ import annotations

from datetime import date

from tests.flowmart.explaining.given import the_metric
from tests.metrics.conftest import Company, Life

WEEK = 7 * 24.0


def finished_in(week: int, number: int, days: float, **values: object) -> Life:
    """An issue that began at the start of that week and took so many days."""
    begin = week * WEEK
    return Life(number, created=begin, **values).then(begin, status="Doing").then(begin + days * 24, status="Done")  # type: ignore[arg-type]


def test_a_trend_goes_from_the_first_period_to_the_one_asked_for(company: Company) -> None:
    company.holds(finished_in(0, 1, 1), finished_in(0, 2, 3), finished_in(2, 3, 4), finished_in(3, 4, 1)).computes()
    page = the_metric(company, "cycle_time_trend", period="2026-W12")
    values = {one.name: one.values for one in page.trends}
    assert page.trends[0].periods == (date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 16))
    assert (values["n"], values["p50_days"]) == ((2, None, 1), (2, None, 4))


def test_a_week_without_a_row_of_throughput_had_nothing_finished(company: Company) -> None:
    company.holds(finished_in(0, 1, 1), finished_in(0, 2, 3), finished_in(2, 3, 4)).computes()
    page = the_metric(company, "throughput", period="2026-W12")
    assert page.trends[0].name == "finished_issues"
    assert page.trends[0].values == (2, 0, 1)


def test_a_trend_is_that_of_the_group_asked_for(company: Company) -> None:
    lives = (finished_in(0, 1, 1), finished_in(1, 2, 1, issue_type="Bug"), finished_in(1, 3, 1))
    company.holds(*lives).computes()
    page = the_metric(company, "throughput", period="2026-W11", project="PAY", issue_type="Story")
    assert page.trends[0].values == (1, 1)


def test_months_end_with_the_one_asked_for_and_days_have_no_trend(company: Company) -> None:
    company.holds(finished_in(0, 1, 1), finished_in(5, 2, 1)).computes()
    page = the_metric(company, "throughput", period="2026-04")
    assert page.trends[0].periods == (date(2026, 3, 1), date(2026, 4, 1))
    assert the_metric(company, "daily_flow", period="2026-03-03").trends == ()
