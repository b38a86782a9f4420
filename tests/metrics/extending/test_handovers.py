"""The worked example of docs/extending.md is a metric like any other: right, renewed by `reach`, fit for the house."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, select

import tests.test_house as house
from metrics.catalog import METRICS
from tests.metrics.extending.handover_table import handovers
from tests.metrics.extending.handovers import METRIC
from warehouse.records import Issue, IssueChange

ANN, BEN, EVA = "ann", "ben", "eva"


@pytest.fixture
def company(company: Any, warehouse: Engine) -> Iterator[Any]:
    """A company with the example at the end of its catalogue."""
    handovers.metadata.create_all(warehouse)
    company.metrics = (*METRICS, METRIC)
    yield company
    handovers.metadata.drop_all(warehouse)


def story(life: Any, number: int, *hands: tuple[float, str | None], first: str | None = None) -> list[Any]:
    """An issue started after 10 hours and finished after 50: who had it at `first`, and whom it went to when."""
    issue, *changes = life(number).then(10, status="Doing").then(50, status="Done").records()
    pairs = zip([first, *(person for _, person in hands)], hands, strict=False)
    changes += [assigned(life, number, place, *of) for place, of in enumerate(pairs)]
    last = hands[-1][1] if hands else first
    return [msgspec.structs.replace(issue, assignee_id=last and f"acme:{last}"), *changes]


def assigned(life: Any, number: int, place: int, before: str | None, after: tuple[float, str | None]) -> IssueChange:
    """The record of one change of the assignee."""
    hour, person = after
    (change,) = life(number).then(hour, points=1).changes
    told = {"field": "assignee", "from_value": before, "to_value": person, "entry_number": 100 + place}
    return msgspec.structs.replace(change, change_id=f"{change.issue_id}:a{place}", **told)


def rows(company: Any) -> list[tuple[Any, ...]]:
    with company.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(handovers).order_by(handovers.c.issue_id))]


def counts(company: Any) -> dict[str, tuple[int, int]]:
    """Issue → people and handovers."""
    return {row[0]: row[-2:] for row in rows(company)}


def test_people_and_handovers_are_counted_from_start_to_finish(company: Any, life: Any) -> None:
    company.holds(
        *story(life, 1, (5, ANN), (10, BEN), (20, EVA), (30, BEN), (50, ANN)),  # took it, to and fro, back to be closed
        *story(life, 2, first=ANN),  # never changed
        *story(life, 3, (20, None), (30, ANN), (40, EVA), first=ANN),  # to nobody and back is no handover
        *story(life, 4),  # nobody's
        *story(life, 5, (60, EVA), first=BEN),  # after it was finished
        life(6).then(10, status="Doing"),  # no cycle time
    ).computes()
    assert counts(company) == {"acme:1": (2, 2), "acme:2": (1, 0), "acme:3": (2, 1), "acme:4": (0, 0), "acme:5": (1, 0)}


def test_an_increment_equals_a_computation_from_scratch(company: Any, life: Any) -> None:
    kept, changed, reopened = story(life, 1, first=ANN), story(life, 2, first=ANN), story(life, 3, first=BEN)
    company.holds(*kept, *changed, *reopened).computes()
    came = story(life, 4, (20, ANN), first=EVA)
    again = life(3).then(10, status="Doing").then(50, status="Done").then(60, status="Doing").records()
    company.holds(*changed, assigned(life, 2, 0, ANN, (20, EVA)), *again, *came).computes()
    renewed = rows(company)
    assert {row[0]: row[-2:] for row in renewed} == {"acme:1": (1, 0), "acme:2": (2, 1), "acme:4": (2, 1)}
    company.computes(full=True)
    assert rows(company) == renewed


def test_only_what_changed_is_renewed(company: Any, life: Any) -> None:
    company.holds(*story(life, 1, first=ANN), *story(life, 2, first=ANN)).computes()
    with company.engine.begin() as connection:
        connection.execute(handovers.update().values(handover_count=9))
    company.holds(*story(life, 2, (20, EVA), first=ANN)).computes()
    assert counts(company) == {"acme:1": (1, 9), "acme:2": (2, 1)}


def test_what_it_was_computed_with_is_noted_as_of_every_metric(company: Any, life: Any) -> None:
    company.holds(*story(life, 1)).computes("handovers")
    assert ("handovers",) in company.rows("definitions", "table_name")
    assert company.rows("throughput") == []


def test_its_table_keeps_the_rules_of_the_house() -> None:
    house.test_a_table_says_its_grain_and_each_column_what_it_holds(handovers)
    house.test_a_table_has_one_primary_key_column_which_comes_first(handovers)
    house.test_a_columns_name_says_its_type(handovers)
    house.test_what_is_true_or_false_is_called_so(handovers)
    assert handovers.columns.keys()[0] in Issue.__struct_fields__
