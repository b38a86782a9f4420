"""Laws that hold for any history: whole companies are made up, with ties, reopenings, moves and re-estimates."""

from __future__ import annotations

import math
import shutil
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from metrics.scope import Scope, scope
from metrics.settings import DefectRule, Defects, MetricSettings, Workflow
from metrics.timeline import outcomes
from warehouse.bulk import clear
from warehouse.engine import open_warehouse
from warehouse.tables import COMPUTED, METADATA

CANCELLED = frozenset({"won't do"})
LAST_HOUR = 60
SETTINGS = MetricSettings(
    workflow=Workflow(waiting=frozenset({"Review"})),
    defects=Defects(
        rules=(DefectRule(name="kept", escaped=True, field="resolution", values=frozenset({"Fixed"})),),
        severity_weights={"Fixed": 2.5},
    ),
)
pure = settings(max_examples=100, deadline=None)
on_engines = settings(
    max_examples=6, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

STATUSES = st.sampled_from(["To Do", "Doing", "Review", "Done", "Closed", "Dropped", "Parked"])
POINTS = st.none() | st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0, 8.0])
SPRINTS = st.sampled_from([None, "36", "37", "36, 37", "37, 38", "99"])
RESOLUTIONS = st.sampled_from([None, "Fixed", "Won't Do"])
HOURS = st.integers(0, LAST_HOUR)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "status": STATUSES | st.tuples(STATUSES, STATUSES),
        "sprint": SPRINTS,
        "points": POINTS,
        "resolution": RESOLUTIONS,
        "project": st.sampled_from(["10", "20"]),
        "type": st.sampled_from(["Story", "Bug"]),
    },
)


@st.composite
def histories(draw: st.DrawFn) -> dict[str, Any]:
    """Values at creation and, under `steps`, entries in order of time, some at one instant."""
    created = draw(HOURS)
    hours = sorted(draw(st.lists(st.integers(created, LAST_HOUR), max_size=8)))
    return {
        "created": created,
        "status": draw(STATUSES),
        "sprint_ids": draw(SPRINTS),
        "story_points": draw(POINTS),
        "issue_type": draw(st.sampled_from(["Story", "Bug"])),
        "steps": [(hour, draw(ENTRIES)) for hour in hours],
    }


def lived(life: Any, history: dict[str, Any], number: int = 1) -> Any:
    values = {name: value for name, value in history.items() if name != "steps"}
    subject = life(number, others={"level": "standard"}, **values)
    for hour, entry in history["steps"]:
        subject.then(hour, **entry)
    return subject


@given(history=histories())
@pure
def test_stays_cover_a_life_without_gap_or_overlap(life: Any, history: dict[str, Any]) -> None:
    subject = lived(life, history)
    stays = subject.timeline().stays
    assert stays[0].entered_at == subject.state().created_at
    assert all(before.left_at == after.entered_at >= before.entered_at for before, after in pairwise(stays))
    assert stays[-1].left_at is None


@given(history=histories())
@pure
def test_a_consistent_history_ends_in_the_current_state(life: Any, history: dict[str, Any]) -> None:
    subject = lived(life, history)
    found = subject.timeline()
    assert found.gaps == []
    assert found.stays[-1].status == subject.status
    assert found.estimates[-1].points == subject.story_points
    now_in = {f"acme:{one.strip()}" for one in (subject.sprint_ids or "").split(",") if one}
    assert {stay.sprint_id for stay in found.sprints if stay.left_at is None} == now_in
    assert found.resolutions[-1][1] == subject.resolution


@given(history=histories(), passed=HOURS)
@pure
def test_as_of_a_past_instant_is_what_it_was_then(life: Any, history: dict[str, Any], passed: int) -> None:
    passed = max(passed, history["created"])
    subject = lived(life, history)
    then = {**history, "steps": [(hour, entry) for hour, entry in history["steps"] if hour <= passed]}
    assert subject.timeline(now=passed) == lived(life, then).timeline(now=passed)


def balance(part: Scope, *, in_points: bool) -> float:
    """committed + added − removed (+ reestimated) of one issue."""
    total = 0.0
    for event in part.events:
        before, after = (event.points_before or 0, event.points_after or 0) if in_points else (1, 1)
        if event.event in {"committed", "added"}:
            total += after
        elif event.event == "removed":
            total -= before
        elif event.event == "estimate_changed" and in_points:
            total += after - before
    return total


@given(history=histories(), start=HOURS, length=st.integers(0, 30))
@pure
def test_what_came_into_a_scope_and_did_not_leave_it_is_there_at_the_end(
    life: Any, history: dict[str, Any], start: int, length: int
) -> None:
    found = lived(life, history).timeline()
    begin, end = (life(created=hour).state().created_at for hour in (start, start + length))
    steps: defaultdict[str, list[tuple[Any, bool]]] = defaultdict(list)
    for stay in found.sprints:
        steps[stay.sprint_id].append((stay.entered_at, True))
        if stay.left_at is not None:
            steps[stay.sprint_id].append((stay.left_at, False))
    points = [(held.valid_from, held.points) for held in found.estimates]
    for members in steps.values():
        part = scope(members, outcomes(found, CANCELLED), points, begin, end)
        if part is None:
            continue
        came_in = part.is_committed or part.added_at is not None
        is_there = came_in and part.removed_at is None
        assert balance(part, in_points=False) == is_there
        expected = (found.points_at(end) or 0) if is_there else 0
        assert balance(part, in_points=True) == pytest.approx(expected, abs=1e-9)
        assert (part.outcome in {"completed", "carried_over", "cancelled"}) or not is_there
        assert came_in or part.outcome in {"completed_outside", "cancelled"}


@pytest.fixture(scope="module")
def sqlite_engine(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path = tmp_path_factory.mktemp("laws") / "warehouse.db"
    shutil.copy(_sqlite_template, path)
    engine = open_warehouse(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def engines(sqlite_engine: Engine, _postgres_tables: str, postgres_schema: str) -> Iterator[list[Engine]]:
    """One warehouse on each engine."""
    postgres = open_warehouse(_postgres_tables, postgres_schema)
    yield [sqlite_engine, postgres]
    postgres.dispose()


def computed(firm: Any, engine: Engine, life: Any, sprint: Any, company: list[dict[str, Any]]) -> Any:
    """A fresh company of those histories and three sprints, with all metrics."""
    with engine.begin() as connection:
        for table in reversed(METADATA.sorted_tables):
            clear(connection, table)
    sprints = [sprint(36, 5, 25, completed_at=None), sprint(37, 25, 45), sprint(38, 50, 90, "active")]
    lives = [lived(life, history, number) for number, history in enumerate(company, 1)]
    found = firm(engine, SETTINGS, now=70)
    return found.holds(*sprints, *lives).computes()


@given(company=st.lists(histories(), min_size=3, max_size=12))
@settings(on_engines, max_examples=12)
def test_law_3_the_scope_of_a_sprint_adds_up(
    firm: Any, sqlite_engine: Engine, life: Any, sprint: Any, company: list[dict[str, Any]]
) -> None:
    found = computed(firm, sqlite_engine, life, sprint, company)
    for (sprint_id,) in found.rows("sprint_metrics", "sprint_id"):
        row = found.row("sprint_metrics", sprint_id=sprint_id)
        for unit in ("points", "issues"):
            one = {name.removesuffix(f"_{unit}"): value for name, value in row.items() if name.endswith(unit)}
            came = one["committed"] + one["added"] - one["removed"] + (one["reestimated"] if unit == "points" else 0)
            ended = one["completed"] + one["carried_over"] + one["cancelled"]
            assert came == pytest.approx(one["final_scope"], abs=1e-9)
            assert ended == pytest.approx(one["final_scope"], abs=1e-9)
            assert one["say_do"] is None or 0 <= one["say_do"] <= 1 + 1e-9


@given(company=st.lists(histories(), min_size=3, max_size=12))
@on_engines
def test_law_7_the_rows_are_the_same_on_every_engine(
    firm: Any, engines: list[Engine], life: Any, sprint: Any, company: list[dict[str, Any]]
) -> None:
    one, other = (computed(firm, engine, life, sprint, company) for engine in engines)
    for table in COMPUTED:
        left, right = one.rows(table.name), other.rows(table.name)
        assert len(left) == len(right)
        for here, there in zip(left, right, strict=True):
            assert all(map(is_same, here, there)), (table.name, here, there)


def is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return one is not None and other is not None and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)
