"""Metrics are computed with all that they stand on, say by which rules, and again with the same result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from metrics.catalog import METRICS, classify, out_of_date, wanted
from metrics.outdated import fingerprint
from metrics.settings import Calendar, DefectRule, Defects, MetricSettings, Workflow
from warehouse.tables import COMPUTED


def small_company(life: Any, sprint: Any) -> list[Any]:
    return [
        sprint(36, 10, 20),
        life(1, sprint_ids="36", story_points=2.5).then(11, status="Doing").then(15, status="Done"),
        life(2, issue_type="Bug", sprint_ids="36").then(12, status="Done"),
        life(3, others={"is_flagged": True}).then(13, status="Doing"),
    ]


def test_every_computed_table_but_definitions_belongs_to_one_metric() -> None:
    tables = [table.name for metric in METRICS for table in metric.tables]
    assert sorted([*tables, "definitions"]) == sorted(table.name for table in COMPUTED)


def test_what_a_metric_stands_on_is_computed_before_it() -> None:
    for metric in METRICS:
        names = [one.name for one in wanted([metric.name])]
        assert names[-1] == metric.name
        assert all(names.index(needed) < names.index(metric.name) for needed in metric.depends_on)
    assert [metric.name for metric in wanted(["velocity_trend"])] == [
        "sprints",
        "statuses",
        "reached",
        "issues",
        "dates",
        "flow",
        "sprint_metrics",
        "velocity_trend",
    ]


def test_an_unknown_name_is_refused(company: Any) -> None:
    with pytest.raises(KeyError):
        company.computes("velocity")


def test_only_the_named_tables_are_computed(company: Any, life: Any, sprint: Any) -> None:
    company.holds(*small_company(life, sprint)).computes("cycle_time_trend")
    assert company.rows("cycle_time_trend") != []
    assert company.rows("sprint_metrics") == company.rows("throughput") == []


def test_computed_twice_is_as_once(company: Any, life: Any, sprint: Any) -> None:
    company.holds(*small_company(life, sprint)).computes()
    once = {table.name: company.rows(table.name) for table in COMPUTED}
    company.computes()
    assert {table.name: company.rows(table.name) for table in COMPUTED} == once
    assert all(rows for rows in once.values())


def test_rows_of_issues_that_are_gone_go(company: Any, life: Any, sprint: Any) -> None:
    company.holds(*small_company(life, sprint)).computes()
    company.now = -1
    company.computes()
    filled = {table.name for table in COMPUTED if company.rows(table.name)}
    assert filled == {"dates", "definitions"}


def test_definitions_tell_the_rules_and_the_instant_of_each_table(company: Any, life: Any, sprint: Any) -> None:
    company.holds(*small_company(life, sprint)).computes("throughput")
    columns = ("table_name", "as_of", "settings_hash", "settings")
    rows = {row[0]: row[1:] for row in company.rows("definitions", *columns)}
    assert {"throughput", "issue_flow", "dates"} <= set(rows)
    as_of, settings_hash, settings = rows["throughput"]
    assert as_of == company.now
    assert msgspec.json.decode(settings) == {"calendar.timezone": "UTC"}
    company.settings = MetricSettings(calendar=Calendar(timezone=ZoneInfo("Europe/Berlin")))
    company.computes("throughput")
    ((changed,),) = company.rows("definitions", "settings_hash", table_name="throughput")
    assert changed != settings_hash


def test_classifying_fills_derived_columns_and_no_table(company: Any, life: Any, sprint: Any) -> None:
    company.holds(*small_company(life, sprint))
    with company.engine.begin() as connection:
        classify(connection, company.settings, life().state().created_at)
    assert company.rows("issues", "stage", "is_defect", "board_id") == [
        ("done", False, "acme:7"),
        ("done", True, "acme:7"),
        ("in_progress", False, "acme:7"),
    ]
    assert not any(company.rows(table.name) for table in COMPUTED)


def renewed_by(**changed: Any) -> frozenset[str]:
    """The metrics that a change of settings computes as a whole."""
    before = MetricSettings()
    known = {f"metric:{metric.name}": fingerprint(metric, before) for metric in METRICS}
    assert out_of_date(known, before) == frozenset()
    return out_of_date(known, replace(before, **changed))


def test_a_changed_setting_renews_what_reads_it_and_only_that() -> None:
    rules = (DefectRule(name="kept", escaped=True, labels=frozenset({"customer"})),)
    assert renewed_by(defects=Defects(severity_weights={"High": 3.0})) == {"defect_escape"}
    assert renewed_by(defects=Defects(rules=rules)) == {"defects", "defect_escape"}
    by_workflow = renewed_by(workflow=Workflow(waiting=frozenset({"Review"})))
    assert by_workflow >= {"issues", "flow", "data_quality"}
    assert not by_workflow & {"dates", "cycle_time_trend", "throughput", "daily_flow", "sprint_metrics"}
    assert "flow" in renewed_by(calendar=Calendar(holidays="DE"))
    assert "throughput" not in renewed_by(calendar=Calendar(holidays="DE"))
    assert renewed_by(calendar=Calendar(timezone=ZoneInfo("Asia/Tokyo"))) >= {"dates", "flow", "throughput"}
    assert out_of_date({}, MetricSettings()) == {metric.name for metric in METRICS}
