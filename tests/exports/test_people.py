"""Teams are measured, never people: no computed table, page, measure or calculated field of ours is by person."""

from __future__ import annotations

import re

from exports.model import bi_model
from exports.powerbi.measures import measures
from exports.powerbi.pages import PAGES
from exports.tableau.calculations import CALCULATIONS
from warehouse.tables import COMPUTED, METADATA

POINTING = {
    f"{table.name}.{column.name}"
    for table in METADATA.sorted_tables
    for column in table.columns
    if (column.comment or "").startswith("users.user_id")
}
WORDS = re.compile(r"\busers\b|assignee|reporter|author|display_name|user_id|\bPerson\b", re.IGNORECASE)


def test_no_computed_table_has_a_row_or_column_of_a_person() -> None:
    assert len(POINTING) > 5
    assert not {name.partition(".")[0] for name in POINTING} & {table.name for table in COMPUTED}


def test_no_page_of_power_bi_shows_people() -> None:
    shown = [name for page in PAGES for visual in page.visuals for _, names in visual.roles for name in names]
    assert len(shown) > 30
    assert [name for name in shown if WORDS.search(name)] == []


def test_no_measure_and_no_calculated_field_asks_about_people() -> None:
    formulas = [measure.dax for measure in measures()] + [each.formula for each in CALCULATIONS]
    assert len(formulas) > 30
    assert [formula for formula in formulas if WORDS.search(formula)] == []


def test_the_models_hold_no_sum_by_person() -> None:
    summed = {f"{table.name}.{column.name}" for table in bi_model().tables for column in table.columns}
    assert "users.display_name" in summed
    assert {name for name in summed if name.startswith("users.")} <= {
        "users.user_id",
        "users.source_id",
        "users.display_name",
        "users.email",
        "users.is_active",
    }
