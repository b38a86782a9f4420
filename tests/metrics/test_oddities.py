"""What is odd in a history becomes a finding of the issue, and what is not stays unsaid."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest


def found(company: Any, *subjects: Any) -> list[tuple[str, ...]]:
    company.holds(*subjects).computes("flow")
    checks = {"history_gap", "unknown_status", "clock_order", "changes_after_now"}
    return [row for row in company.rows("data_quality", "check_name", "entity_id") if row[0] in checks]


def test_a_flag_that_no_history_tells_is_a_gap_beside_those_of_the_timeline(company: Any, life: Any) -> None:
    subject = life(1, others={"is_flagged": True}).then(3, flagged="Impediment").then(4, flagged=None)
    assert found(company, subject) == [("history_gap", "acme:1")]


def test_a_status_that_is_known_by_its_name_only_is_known(company: Any, life: Any) -> None:
    subject = life(1).then(2, status="Doing").then(3, status="Parked").then(4, status="Done")
    subject.changes[0] = msgspec.structs.replace(subject.changes[0], to_value="77")
    assert found(company, subject) == [("unknown_status", "acme:1")]


@pytest.mark.parametrize(("early", "told"), [(0.5, []), (1.5, [("clock_order", "acme:1")])])
def test_trackers_round_instants_so_that_a_second_before_the_creation_is_no_wrong_clock(
    company: Any, life: Any, early: float, told: list[Any]
) -> None:
    assert found(company, life(1, created=5).then(5 - early / 3600, status="Doing")) == told


@pytest.mark.parametrize(("hour", "told"), [(43.9, []), (44.1, [("changes_after_now", "acme:1")])])
def test_a_change_is_to_come_when_it_lies_more_than_a_day_after_now(
    company: Any, life: Any, hour: float, told: list[Any]
) -> None:
    company.now = 20
    assert found(company, life(1).then(hour, status="Doing")) == told
