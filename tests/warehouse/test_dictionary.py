"""The data dictionary has each table and column once, in the order of the schema, with its type in words."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from warehouse.dictionary import KINDS, data_type, entries, joined_table, write_dictionary
from warehouse.tables import METADATA, table
from warehouse.tables.operational import data_dictionary


def test_each_table_is_followed_by_its_columns_in_order() -> None:
    found = entries()
    assert [entry.place for entry in found] == list(range(1, len(found) + 1))
    in_order = [each for tables in KINDS.values() for each in tables]
    assert [entry.table_name for entry in found if entry.column_name is None] == [each.name for each in in_order]
    assert {each.name for each in in_order} == set(METADATA.tables)
    of_boards = [entry.data_dictionary_id for entry in found if entry.table_name == "board_areas"]
    assert of_boards == [
        "board_areas",
        "board_areas.board_area_id",
        "board_areas.board_id",
        "board_areas.area_path",
        "board_areas.includes_children",
    ]


def test_every_entry_says_what_it_is() -> None:
    assert [entry.data_dictionary_id for entry in entries() if not entry.description] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("issues.key", "text"),
        ("issues.custom_fields", "JSON"),
        ("issues.created_at", "instant"),
        ("issues.due_on", "day"),
        ("issues.is_flagged", "flag"),
        ("issues.story_points", "points"),
        ("issues.original_estimate_seconds", "seconds"),
        ("issue_changes.entry_number", "whole number"),
        ("sprint_metrics.added_issues", "whole number"),
        ("issue_flow.cycle_seconds", "seconds"),
        ("issue_flow.cycle_days", "decimal number"),
        ("sync_runs.error", "text"),
    ],
)
def test_a_type_is_told_in_words(name: str, words: str) -> None:
    table_name, column_name = name.split(".")
    assert data_type(table(table_name).c[column_name]) == words


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("issues", "loaded"),
        ("issues.summary", "loaded"),
        ("issues.board_id", "computed"),
        ("statuses.stage", "computed"),
        ("sources.last_synced_at", "loaded"),
        ("issue_flow", "computed"),
        ("data_quality.advice", "operational"),
    ],
)
def test_a_column_is_of_the_kind_of_its_table_unless_compute_fills_it(name: str, kind: str) -> None:
    assert {entry.data_dictionary_id: entry.kind for entry in entries()}[name] == kind


@pytest.mark.parametrize(
    ("name", "joins"),
    [
        ("issues.issue_id", None),
        ("issues.parent_id", "issues"),
        ("issues.assignee_id", "users"),
        ("issues.summary", None),
        ("issue_flow.issue_id", "issues"),
        ("issue_flow.finished_by_change_id", "issue_changes"),
        ("sync_runs.source_id", "sources"),
        ("daily_flow.day", "dates"),
        ("board_areas.area_path", None),
        ("data_dictionary.table_name", None),
    ],
)
def test_a_column_joins_to_the_key_that_its_description_or_its_name_names(name: str, joins: str | None) -> None:
    table_name, column_name = name.split(".")
    assert joined_table(table(table_name).c[column_name]) == joins


def test_writing_takes_the_place_of_what_was_there(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        write_dictionary(connection)
        write_dictionary(connection)
        rows = connection.execute(select(data_dictionary).order_by(data_dictionary.c.place)).fetchall()
    assert [tuple(row) for row in rows] == [tuple(entry) for entry in entries()]
