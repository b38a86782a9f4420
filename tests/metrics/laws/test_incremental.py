"""Law 5: tables after an incremental sync and compute equal those made from scratch, row by row."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from metrics.catalog import METRICS
from metrics.settings import MetricSettings
from tests.metrics.laws.lab import Lab, differences
from tests.metrics.laws.rules import settings_in_turn
from tests.metrics.laws.scripts import Company, at, companies
from tests.metrics.laws.trying import tried
from tests.metrics.laws.world import both_loads, first_load, second_load

SYNCED = "a sync classifies"
BETWEEN = st.sampled_from(["", "", "", SYNCED, SYNCED, *(metric.name for metric in METRICS)])
"""What is done between the second load and the compute behind it: a metric computed alone, or what a sync ends with."""


@given(company=companies(), rules=settings_in_turn(3), between=BETWEEN)
@tried(16)
def test_law_5_what_is_renewed_equals_what_is_made_from_scratch(
    lab: Lab, other_lab: Lab, company: Company, rules: list[MetricSettings], between: str
) -> None:
    turns = [(settings, at(company, hour)) for settings, hour in zip(rules, company.computes, strict=False)]
    lab.emptied().loads(first_load(company)).computes(*turns[0])
    lab.loads(second_load(company))
    if between == SYNCED:
        lab.classifies(*turns[1])
    elif between:
        lab.computes(*turns[1], between)
    for turn in turns[1:]:
        lab.computes(*turn)
    renewed = lab.snapshot()
    scratch = other_lab.emptied().loads(both_loads(company)).computes(*turns[-1]).snapshot()
    assert differences(renewed, scratch) == []
    assert differences(lab.computes(*turns[-1], full=True).snapshot(), scratch) == []
