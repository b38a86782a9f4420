"""Law 8: sources computed each on its own and joined equal one warehouse that holds them all, bit by bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from sqlalchemy import select

from metrics.settings import MetricSettings
from tests.metrics.apart import Rows, differences, joined
from tests.metrics.laws.lab import Lab
from tests.metrics.laws.rules import settings_in_turn
from tests.metrics.laws.scripts import Company, at, companies
from tests.metrics.laws.trying import tried
from tests.metrics.laws.world import Load, first_load
from warehouse.fetching import fetch_rows
from warehouse.records import Record
from warehouse.tables import COMPUTED

SOURCES = ("acme", "ado")


def of_source(load: Load, source_id: str) -> Load:
    """What one source's sync writes of it."""
    own = [record for record in load.records if source_of(record) == source_id]
    absences = {one: why for one, why in load.absences.items() if one.startswith(f"{source_id}:")}
    return replace(load, records=own, absences=absences)


def source_of(record: Record) -> str:
    first: str = msgspec.structs.astuple(record)[0]
    return first.partition(":")[0]


def whole(lab: Lab) -> Mapping[str, Rows]:
    with lab.engine.connect() as connection:
        return {one.name: fetch_rows(connection, select(one)) for one in COMPUTED}


@given(company=companies(), rules=settings_in_turn(1))
@tried(12)
def test_law_8_sources_apart_and_joined_are_one_warehouse(
    lab: Lab, labs: Sequence[Lab], company: Company, rules: list[MetricSettings]
) -> None:
    now, load = at(company, company.computes[0]), first_load(company)
    lab.emptied().loads(load).computes(rules[0], now)
    for one, source_id in zip(labs, SOURCES, strict=True):
        one.emptied().loads(of_source(load, source_id)).computes(rules[0], now)
    apart = joined([one.engine for one in labs], rules[0], now)
    assert not differences(whole(lab), apart)


@pytest.fixture(scope="module")
def labs(other_lab: Lab, third_lab: Lab) -> Sequence[Lab]:
    """One for each source."""
    return other_lab, third_lab
