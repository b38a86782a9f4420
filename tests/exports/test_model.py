"""The BI model places every table and column of the schema, and no table filters another by two ways."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Boolean, Date, Double

from exports import model_choices as choices
from exports.catalog import INTERNAL
from exports.model import Kind, Relationship, Role, bi_model, kind_of
from tests.exports.ways import ways
from warehouse.tables import COMPUTED, LOADED, METADATA, OPERATIONAL

ALL = {table.name: table for table in (*LOADED, *COMPUTED, *OPERATIONAL)}
MODEL = bi_model()


def test_every_table_of_the_schema_has_one_role() -> None:
    placed = [name for names in choices.ROLES.values() for name in names]
    assert Counter(placed) == Counter(list(METADATA.tables))
    assert set(choices.ROLES["internal"]) == INTERNAL
    assert {table.name for table in MODEL.tables} == set(ALL) - INTERNAL


def test_every_column_of_the_schema_is_there_under_one_name_for_people() -> None:
    for table in MODEL.tables:
        assert [c.name for c in table.columns if c.stored is not None] == [c.name for c in ALL[table.name].columns]
        assert max(Counter(c.display.lower() for c in table.columns).values()) == 1, table.name
    assert max(Counter(table.display.lower() for table in MODEL.tables).values()) == 1


def test_every_number_says_what_it_measures_and_no_choice_is_about_what_there_is_not() -> None:
    columns = {f"{t.name}.{c.name}" for t in MODEL.tables for c in t.columns}
    doubles = {c.name for t in ALL.values() for c in t.columns if isinstance(c.type, Double)}
    for table in ALL.values():
        for column in table.columns:
            kind_of(column)
    assert doubles >= choices.PERCENT | choices.POINTS_IN_DOUBLES | choices.NUMBERS
    assert set(choices.COLUMN_NAMES) <= columns
    assert {f"{t}.{c}" for t, names in choices.SUMMED.items() for c in names} <= columns
    assert set(choices.TABLE_NAMES) <= set(ALL)


def test_kinds_follow_from_types_and_names() -> None:
    found = {
        f"{t}.{c}": MODEL.table(t).column(c).kind
        for t, c in [
            ("issue_flow", "cycle_seconds"),
            ("issue_flow", "cycle_days"),
            ("issue_flow", "flow_efficiency"),
            ("issue_flow", "points_at_finish"),
            ("issue_flow", "finished_on"),
            ("issue_flow", "finished_at"),
            ("issue_flow", "reopened_count"),
            ("issue_flow", "issue_id"),
            ("issue_flow", "is_cancelled"),
            ("velocity_trend", "mean_3"),
            ("worklogs", "seconds"),
            ("sources", "source_id"),
            ("dates", "day"),
        ]
    }
    assert [str(kind) for kind in found.values()] == [
        "seconds",
        "days",
        "percent",
        "points",
        "date",
        "instant",
        "count",
        "key",
        "flag",
        "points",
        "seconds",
        "text",
        "date",
    ]


def test_keys_are_hidden_and_everything_else_is_shown() -> None:
    for table in MODEL.tables:
        for column in table.columns:
            assert column.is_hidden == (column.kind is Kind.KEY), f"{table.name}.{column.name}"
            assert not (column.is_summed and column.kind in {Kind.PERCENT, Kind.DAYS, Kind.KEY})


def test_relationships_lead_from_a_foreign_key_to_the_key_of_a_dimension() -> None:
    for relationship in MODEL.relationships:
        to_table = MODEL.table(relationship.to_table)
        assert to_table.role is Role.DIMENSION
        assert relationship.to_column == to_table.key
        assert MODEL.table(relationship.table).column(relationship.column)
    related = {f"{r.table}.{r.column}" for r in MODEL.relationships}
    assert set(choices.INACTIVE) <= related


def test_no_table_filters_another_by_two_active_ways() -> None:
    assert [pair for pair, count in ways(MODEL.relationships).items() if count > 1] == []


def test_no_relationship_is_switched_off_without_need() -> None:
    for relationship in MODEL.relationships:
        if not relationship.is_active:
            others = [r for r in MODEL.relationships if r != relationship]
            on = Relationship(
                table=relationship.table,
                column=relationship.column,
                to_table=relationship.to_table,
                to_column=relationship.to_column,
                is_active=True,
            )
            assert max(ways([*others, on]).values()) > 1, relationship


def test_dates_and_projects_reach_the_facts_that_have_them() -> None:
    counted = ways(MODEL.relationships)
    for table in MODEL.tables:
        days = [c for c in ALL[table.name].columns if isinstance(c.type, Date)]
        if table.role is Role.FACT and days:
            assert counted["dates", table.name] == 1, table.name
        if table.role is Role.FACT and {"issue_id", "project_id"} & set(ALL[table.name].columns.keys()):
            assert counted["projects", table.name] == 1, table.name


def test_dates_filter_sprint_figures_and_velocity_by_the_last_day() -> None:
    on = {(r.table, r.column) for r in MODEL.relationships if r.to_table == "dates" and r.is_active}
    assert on >= {("sprint_metrics", "ended_on"), ("velocity_trend", "ended_on")}


def test_hierarchies_and_sort_columns_are_of_their_own_table() -> None:
    for table in MODEL.tables:
        names = {c.name for c in table.columns}
        assert all(set(hierarchy.levels) <= names for hierarchy in table.hierarchies)
        assert {c.sort_by for c in table.columns if c.sort_by} <= names
    dates = MODEL.table("dates")
    assert dates.column("weekday_name").sort_by == "weekday"
    assert dates.hierarchies[0].levels == ("year", "quarter_of_year", "month_of_year", "week_start", "day")


def test_flags_are_flags() -> None:
    assert all(
        (c.kind is Kind.FLAG) == isinstance(c.stored.type, Boolean)
        for t in MODEL.tables
        for c in t.columns
        if c.stored is not None
    )
