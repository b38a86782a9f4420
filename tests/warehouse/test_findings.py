"""Findings are replaced by source, or renewed so that each keeps the instant at which it was found first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from warehouse.findings import Finding, renew_findings, replace_findings
from warehouse.tables.operational import data_quality

NOW = datetime(2026, 10, 2, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def finding(check: str, source: str, entity_id: str, what: str = "", evidence: str = "e") -> Finding:
    return Finding(
        check_name=check, severity="warning", source_id=source, entity="issue", entity_id=entity_id, what=what,
        evidence=evidence, advice="a",
    )  # fmt: skip


def held(connection: Any) -> dict[str, tuple[str, datetime]]:
    table = data_quality.c
    rows = connection.execute(select(table.data_quality_id, table.evidence, table.found_at))
    return {row.data_quality_id: (row.evidence, row.found_at) for row in rows}


def test_findings_take_the_place_of_those_of_the_same_checks_and_sources(warehouse: Engine) -> None:
    first = [finding("x", "a", "a:1"), finding("x", "b", "b:1"), finding("y", "a", "a:1")]
    with warehouse.begin() as connection:
        replace_findings(connection, ["a", "b"], ["x", "y"], first, NOW)
        replace_findings(connection, ["a"], ["x"], [finding("x", "a", "a:2", "i"), finding("x", "a", "a:2", "j")], NOW)
        assert sorted(held(connection)) == ["x:a:2:i", "x:a:2:j", "x:b:1", "y:a:1"]
        replace_findings(connection, ["a", "b"], ["x", "y"], [], NOW)
        assert held(connection) == {}


def test_a_finding_that_is_found_again_keeps_its_instant_whatever_else_changes(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        renew_findings(connection, ["x"], [finding("x", "a", f"a:{n}") for n in (1, 2, 3)], NOW)
        again = [finding("x", "a", "a:1"), finding("x", "a", "a:2", evidence="other"), finding("x", "a", "a:4")]
        renew_findings(connection, ["x"], again, LATER)
        assert held(connection) == {"x:a:1": ("e", NOW), "x:a:2": ("other", NOW), "x:a:4": ("e", LATER)}


def test_other_checks_and_other_entities_are_left_alone(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        first = [finding("x", "a", "a:1"), finding("x", "a", "a:2"), finding("y", "a", "a:1")]
        renew_findings(connection, ["x", "y"], first, NOW)
        renew_findings(connection, ["x"], [finding("x", "a", "a:1", "z")], LATER, {"a:1"})
        assert held(connection) == {"x:a:1:z": ("e", LATER), "x:a:2": ("e", NOW), "y:a:1": ("e", NOW)}


def test_one_thing_found_twice_is_one_row_and_thousands_can_go_at_once(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        renew_findings(connection, ["x"], [finding("x", "a", "a:1"), finding("x", "a", "a:1", evidence="last")], NOW)
        assert held(connection) == {"x:a:1": ("last", NOW)}
        renew_findings(connection, ["x"], [finding("x", "a", f"a:{n}") for n in range(1_200)], NOW)
        renew_findings(connection, ["x"], [], LATER)
        assert held(connection) == {}
