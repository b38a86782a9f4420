"""Every measure names only what the model has, and says what it agrees with."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from exports.model import Kind, bi_model
from exports.powerbi.measure import TABLE, Measure
from exports.powerbi.measures import measures, resolved
from exports.powerbi.tmdl import format_string
from tests.exports.powerbi.dax import references
from warehouse.tables import METADATA

MODEL = bi_model()
COLUMNS = {(table.display, column.display): (table, column) for table in MODEL.tables for column in table.columns}
BY_NAME = {measure.name: measure for measure in measures()}
FUNCTIONS = {
    "ALL", "AVERAGE", "CALCULATE", "CALCULATETABLE", "COUNT", "COUNTROWS", "DISTINCTCOUNT", "DIVIDE", "FALSE",
    "FILTER", "HASONEVALUE", "IF", "ISBLANK", "ISCROSSFILTERED", "KEEPFILTERS", "MAX", "MAXX", "MIN",
    "PERCENTILEX.INC", "REMOVEFILTERS", "SUM", "SUMX", "TRUE", "USERELATIONSHIP", "VALUES",
}  # fmt: skip
"""Functions of DAX that the measures use, spelled as Microsoft does."""

each = pytest.mark.parametrize("measure", measures(), ids=lambda measure: measure.name)


@each
def test_every_name_in_a_measure_is_one_of_the_model(measure: Measure) -> None:
    found = references(measure.dax)
    assert found.columns <= set(COLUMNS)
    assert found.tables <= {table.display for table in MODEL.tables}
    assert found.measures <= set(BY_NAME) - {measure.name}
    assert found.functions <= FUNCTIONS


@each
def test_brackets_are_closed_and_variables_are_used(measure: Measure) -> None:
    code = re.sub(r'"[^"]*"', "", measure.dax)
    assert all(code.count(opened) == code.count(closed) for opened, closed in ("()", "[]", "{}"))
    made, used = set(re.findall(r"VAR (\w+)", code)), set(re.findall(r"\b_\w+", code))
    assert made == used
    assert all(len(re.findall(rf"\b{name}\b", code)) > 1 for name in made)
    assert code.count("RETURN") == (1 if made else 0)


@each
def test_a_measure_says_in_which_unit_and_where_it_is_and_what_it_means(measure: Measure) -> None:
    assert format_string(measure.kind)
    assert measure.folder
    assert measure.description.endswith(".")
    assert "\n" not in measure.description
    assert "." not in measure.name  # so that a report tells it from a column
    for stored in measure.agrees_with:
        table, _, column = stored.partition(".")
        assert column in METADATA.tables[table].columns
        assert stored in measure.description


@each
def test_a_relationship_that_a_measure_switches_on_is_there_and_off(measure: Measure) -> None:
    pairs = re.findall(r"USERELATIONSHIP\('([^']+)'\[([^\]]+)\], '([^']+)'\[([^\]]+)\]\)", measure.dax)
    assert len(pairs) == measure.dax.count("USERELATIONSHIP")
    for table, column, to_table, to_column in pairs:
        (many, foreign), (one, key) = COLUMNS[table, column], COLUMNS[to_table, to_column]
        (found,) = [r for r in MODEL.relationships if (r.table, r.column) == (many.name, foreign.name)]
        assert (found.to_table, found.to_column, found.is_active) == (one.name, key.name, False)


def test_measures_do_not_stand_on_one_another_in_a_circle() -> None:
    below = {name: references(measure.dax).measures for name, measure in BY_NAME.items()}

    def height(name: str, path: tuple[str, ...] = ()) -> int:
        assert name not in path
        return 1 + max((height(other, (*path, name)) for other in below[name]), default=0)

    assert {height(name) for name in below} == {1, 2}


def test_what_managers_ask_has_a_measure() -> None:
    assert len(measures()) >= 30
    assert max(Counter(measure.name.lower() for measure in measures()).values()) == 1
    assert {
        "Cycle time p50", "Cycle time p70", "Cycle time p85", "Cycle time p95", "Lead time p85", "Finished issues",
        "WIP", "WIP now", "Age p85", "Committed points", "Completed points", "Velocity", "Velocity mean of last 3",
        "Say/do points", "Escape rate", "Escape rate unknown share", "Flow efficiency", "Blocked days",
        "Defect reopen rate", "Remaining points",
    } <= set(BY_NAME)  # fmt: skip
    assert TABLE not in {table.display for table in MODEL.tables}


def test_the_manual_counts_the_measures_and_names_no_other_folders() -> None:
    text = (Path(__file__).parents[3] / "docs" / "power-bi.md").read_text("utf-8")
    assert f"and {len(measures())} measures" in text
    named = re.findall(r"^\| ([A-Z][\w ,]+) \| [A-Z]", text, re.MULTILINE)
    assert {folder for cell in named for folder in cell.split(", ")} == {measure.folder for measure in measures()}


def test_percentages_are_quotients_and_never_sums() -> None:
    for measure in measures():
        if measure.kind is Kind.PERCENT:
            assert "DIVIDE(" in measure.dax or "PERCENTILEX" in measure.dax, measure.name


def test_marks_in_dax_become_the_names_that_people_see() -> None:
    assert resolved("SUM({issue_flow.cycle_days}) + COUNTROWS({dates})", MODEL) == (
        "SUM('Issue flow'[Cycle days]) + COUNTROWS('Dates')"
    )
    with pytest.raises(KeyError, match=r"issue_flow\.weather"):
        resolved("SUM({issue_flow.weather})", MODEL)
