"""Law 7: the same definition gives the same rows on every warehouse engine, bit by bit."""

from __future__ import annotations

from hypothesis import given

from metrics.settings import MetricSettings
from tests.metrics.laws.lab import Lab, differences
from tests.metrics.laws.rules import settings_in_turn
from tests.metrics.laws.scripts import Company, at, companies
from tests.metrics.laws.trying import tried
from tests.metrics.laws.world import first_load, second_load


@given(company=companies(), rules=settings_in_turn(2))
@tried(5)
def test_law_7_the_rows_are_the_same_on_every_engine(
    lab: Lab, postgres_lab: Lab, company: Company, rules: list[MetricSettings]
) -> None:
    first, second = (at(company, hour) for hour in company.computes[:2])
    for one in (lab, postgres_lab):
        one.emptied().loads(first_load(company)).computes(rules[0], first)
    assert not differences(lab.snapshot(), postgres_lab.snapshot())
    for one in (lab, postgres_lab):
        one.loads(second_load(company)).computes(rules[1], second)
    assert not differences(lab.snapshot(), postgres_lab.snapshot())
