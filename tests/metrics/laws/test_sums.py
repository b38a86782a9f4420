"""Laws 1 to 4: whatever happens to a company, nothing is counted twice, and nothing is lost between two tables."""

from __future__ import annotations

from hypothesis import given

from metrics.settings import MetricSettings
from tests.metrics.laws.day_laws import days_hold_all_issues, days_say_what_happened, no_line_ever_falls
from tests.metrics.laws.found import Found
from tests.metrics.laws.lab import Lab
from tests.metrics.laws.rules import settings_in_turn
from tests.metrics.laws.scripts import Company, at, companies
from tests.metrics.laws.sprint_laws import last_days_say_the_same, sprints_add_up
from tests.metrics.laws.time_laws import (
    blocked_when_told,
    stays_cover_lives,
    stays_say_what_happened,
    time_in_progress_adds_up,
)
from tests.metrics.laws.trying import tried
from tests.metrics.laws.world import both_loads


@given(company=companies(), rules=settings_in_turn(1))
@tried(20)
def test_laws_1_to_4_hold_in_any_company(lab: Lab, company: Company, rules: list[MetricSettings]) -> None:
    now = at(company, company.computes[-1])
    lab.emptied().loads(both_loads(company)).computes(rules[0], now)
    found = Found(company, rules[0], now, lab)
    stays_cover_lives(found)
    stays_say_what_happened(found)
    blocked_when_told(found)
    time_in_progress_adds_up(found)
    sprints_add_up(found)
    last_days_say_the_same(found)
    days_hold_all_issues(found)
    days_say_what_happened(found)
    no_line_ever_falls(found)
