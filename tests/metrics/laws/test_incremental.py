"""Law 5: tables after an incremental sync and compute equal those made from scratch, row by row."""

from __future__ import annotations

from hypothesis import given, note
from hypothesis import strategies as st

from metrics.catalog import METRICS, classify
from metrics.settings import MetricSettings
from tests.metrics.laws.lab import Lab, at, differences
from tests.metrics.laws.rules import settings_in_turn
from tests.metrics.laws.scripts import Company, companies
from tests.metrics.laws.trying import tried
from tests.metrics.laws.world import both_loads, first_load, second_load

NAMES = st.sampled_from([(), (), (), ("flow",), ("issues",), *((metric.name,) for metric in METRICS)])
"""Metrics that are computed alone in between; none: nothing is."""


@given(company=companies(), rules=settings_in_turn(3), alone=NAMES, is_classified=st.booleans())
@tried(60)
def test_law_5_what_is_renewed_equals_what_is_made_from_scratch(
    lab: Lab, other_lab: Lab, company: Company, rules: list[MetricSettings], alone: tuple[str, ...], is_classified: bool
) -> None:
    hours = company.computes
    lab.emptied().loads(first_load(company)).computes(rules[0], at(company, hours[0]))
    lab.loads(second_load(company))
    if is_classified:
        with lab.engine.begin() as connection:
            classify(connection, rules[1], at(company, hours[1]))
    if alone:
        lab.computes(rules[1], at(company, hours[1]), alone)
    for hour, settings in zip(hours[1:], rules[1:], strict=False):
        lab.computes(settings, at(company, hour))
    last = rules[len(hours) - 1], at(company, hours[-1])
    renewed = lab.snapshot()
    scratch = other_lab.emptied().loads(both_loads(company)).computes(*last).snapshot()
    found = differences(renewed, scratch)
    note("\n".join(found))
    assert not found
    assert not differences(lab.computes(*last, full=True).snapshot(), scratch)
