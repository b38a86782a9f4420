"""Escape rates by discovery and by release are what the defects add up to, on every engine."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from metrics.settings import DefectRule, Defects, MetricSettings
from warehouse.records import IssueVersion, Version

RULES = (
    DefectRule(name="prod", escaped=True, field="found_in", values=frozenset({"prod"})),
    DefectRule(name="qa", escaped=False, field="found_in", values=frozenset({"qa"})),
)
MARCH, WEEK = date(2026, 3, 1), date(2026, 3, 2)
COUNTS = ("defects", "escaped", "internal", "unknown", "rate", "unknown_share")


def bug(life: Any, number: int, found_in: str | None, severity: str | None = None, **values: Any) -> Any:
    return life(number, issue_type="Bug", others={"found_in": found_in, "severity": severity}, **values)


def test_the_rate_is_of_those_with_a_class_and_unknown_ones_stand_beside(company: Any, life: Any) -> None:
    company.settings = MetricSettings(defects=Defects(rules=RULES))
    company.holds(
        bug(life, 1, "prod"),
        bug(life, 2, "qa"),
        bug(life, 3, "qa", created=6 * 24),
        bug(life, 4, None, created=7 * 24),
        bug(life, 5, "prod").then(5, status="Dropped"),
        bug(life, 6, "prod", project="20"),
    ).computes("defect_escape")
    rows = company.rows("defect_escape", "period", "period_start", *COUNTS, basis="discovery", grouping="all")
    assert rows == [
        ("month", MARCH, 5, 2, 2, 1, 0.5, pytest.approx(0.2)),
        ("week", WEEK, 4, 2, 2, 0, 0.5, 0),
        ("week", date(2026, 3, 9), 1, 0, 0, 1, None, 1),
    ]


def test_groupings_are_all_project_and_board(company: Any, life: Any) -> None:
    company.settings = MetricSettings(defects=Defects(rules=RULES))
    company.holds(bug(life, 1, "prod"), bug(life, 2, "qa"), bug(life, 3, "prod", project="20")).computes(
        "defect_escape"
    )
    columns = ("grouping", "project_id", "board_id", "defects", "escaped", "version_id", "escaped_30d")
    assert company.rows("defect_escape", *columns, period="month") == [
        ("all", None, None, 3, 2, None, None),
        ("board", None, "acme:7", 2, 1, None, None),
        ("board", None, None, 1, 1, None, None),
        ("project", "acme:10", None, 2, 1, None, None),
        ("project", "acme:20", None, 1, 1, None, None),
    ]


def test_weights_go_by_severity_in_any_case_and_are_1_where_it_has_none(company: Any, life: Any) -> None:
    weights = {"Critical": 5.0, "minor": 0.5}
    company.settings = MetricSettings(defects=Defects(rules=RULES, severity_weights=weights))
    company.holds(
        bug(life, 1, "prod", "critical"),
        bug(life, 2, "qa", "Minor"),
        bug(life, 3, "qa"),
        bug(life, 4, "qa", "Odd"),
        bug(life, 5, None, "Critical"),
    ).computes("defect_escape")
    (row,) = company.rows("defect_escape", "rate", "rate_weighted", period="month", grouping="all")
    assert row == (0.25, pytest.approx(5 / 7.5))


def test_by_release_with_those_found_within_30_and_90_days(company: Any, life: Any) -> None:
    company.settings = MetricSettings(defects=Defects(rules=RULES))
    released = date(2026, 3, 2)
    records: list[Any] = [
        Version(version_id="acme:v1", project_id="acme:10", name="1.0", is_released=True, released_on=released),
        Version(version_id="acme:v2", project_id="acme:10", name="2.0", is_released=False, released_on=released),
    ]
    days = {1: 0, 2: 30, 3: 31, 4: 90, 5: 91, 6: -1, 7: 5}
    for number, age in days.items():
        records.append(bug(life, number, "qa" if number == 7 else "prod", created=age * 24))
    for number in [*days, 8]:
        name = "v2" if number == 8 else "v1"
        records.append(
            IssueVersion(
                issue_version_id=f"acme:{number}:affects:{name}",
                issue_id=f"acme:{number}",
                version_id=f"acme:{name}",
                role="affects",
            )
        )
    company.now = 100 * 24
    company.holds(*records, bug(life, 8, "prod")).computes("defect_escape")
    columns = ("period", "period_start", "version_id", *COUNTS, "escaped_30d", "escaped_90d")
    assert company.rows("defect_escape", *columns, basis="release", grouping="all") == [
        ("release", released, "acme:v1", 7, 6, 1, 0, pytest.approx(6 / 7), 0, 2, 4)
    ]


def test_without_rules_all_are_unknown_and_there_is_no_rate(company: Any, life: Any) -> None:
    company.holds(bug(life, 1, "prod")).computes("defect_escape")
    row = company.rows("defect_escape", *COUNTS, "rate_weighted", period="week", grouping="all")
    assert row == [(1, 0, 0, 1, None, 1, None)]
