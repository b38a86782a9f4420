"""Law 6 on made-up companies: computed from what was taken back to an instant = computed at that instant."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from metrics.catalog import compute
from metrics.rewinding.rewind import rewind
from tests.metrics.rewinding.lives import HOURS, SETTINGS, histories, lived
from warehouse.bulk import clear
from warehouse.engine import open_warehouse
from warehouse.tables import COMPUTED, METADATA

UTC_ZONE = ZoneInfo("UTC")
SPRINTS = {36: (5, 25), 37: (25, 45), 38: (50, 90)}
"""Number → hours in which it was started and closed."""
LATER = 70

Rows = Mapping[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def engines(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Engine]]:
    """Two warehouses: of then, and of later."""
    folder = tmp_path_factory.mktemp("law_6")
    opened = []
    for name in ("then", "later"):
        shutil.copy(_sqlite_template, folder / f"{name}.db")
        opened.append(open_warehouse(f"sqlite:///{folder / name}.db"))
    yield opened
    for engine in opened:
        engine.dispose()


def as_told_at(sprint: Any, life: Any, hour: int) -> list[Any]:
    """The sprints as a tracker tells them at that hour."""
    found = []
    for number, (start, end) in SPRINTS.items():
        state = "future" if hour < start else "active" if hour < end else "closed"
        instants = {name: life(created=when).state().created_at for name, when in (("start", start), ("end", end))}
        times = {
            "activated_at": None if state == "future" else instants["start"],
            "completed_at": instants["end"] if state == "closed" else None,
        }
        found.append(sprint(number, start, end, state, **times))
    return found


def until(company: list[dict[str, Any]], hour: int) -> list[dict[str, Any]]:
    """The histories of the issues that existed at that hour, up to then."""
    return [
        {**history, "number": number, "steps": [step for step in history["steps"] if step[0] <= hour]}
        for number, history in enumerate(company, 1)
        if history["created"] <= hour
    ]


def held(firm: Any, engine: Engine, life: Any, sprints: list[Any], company: list[dict[str, Any]], now: int) -> Any:
    with engine.begin() as connection:
        for table in reversed(METADATA.sorted_tables):
            clear(connection, table)
    lives = [lived(life, history, history.pop("number")) for history in until(company, now)]
    return firm(engine, SETTINGS, now=now).holds(*sprints, *lives)


def computed(company: Any) -> Rows:
    return {table.name: company.rows(table.name) for table in COMPUTED if table.name != "definitions"}


@given(company=st.lists(histories(), min_size=2, max_size=8), passed=HOURS)
@settings(max_examples=10, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_law_6_as_of_a_past_instant_every_metric_is_what_it_was(
    firm: Any, engines: list[Engine], life: Any, sprint: Any, company: list[dict[str, Any]], passed: int
) -> None:
    then = held(firm, engines[0], life, as_told_at(sprint, life, passed), company, passed).computes()
    later = held(firm, engines[1], life, as_told_at(sprint, life, LATER), company, LATER).computes()
    instant = life(created=passed).state().created_at
    with engines[1].begin() as connection:
        rewind(connection, instant, UTC_ZONE)
        compute(connection, SETTINGS, instant, full=True)
    was, told = computed(then), computed(later)
    for name, rows in was.items():
        assert told[name] == rows, name
