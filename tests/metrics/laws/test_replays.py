"""Law 6, issue by issue: what is read from a history of today as of a past instant is what it said then."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metrics.facts.scope import Scope, scope
from metrics.history.boards import AreaRow, SprintCatalogue, SprintRow
from metrics.history.outcomes import outcomes
from metrics.history.stages import StatusCatalogue, StatusRow
from metrics.history.timeline import Change, IssueState, Timeline, replay
from metrics.settings import MetricSettings
from tests.metrics.laws.histories import Told, changes_of, value_at
from tests.metrics.laws.places import statuses_of
from tests.metrics.laws.scripts import EPOCHS, HOURS, Life, lives
from tests.metrics.laws.trying import tried

EPOCH = EPOCHS[0]
CANCELLED = frozenset({"won't do"})
LIVES = st.integers(1, 3).flatmap(lives)
HELD = SprintCatalogue(
    [
        SprintRow(f"ado:{number}:{team}", f"ado:{number}", "ado", f"ado:{team}", "closed")
        for number in (5, 6)
        for team in ("red", "blue")
    ],
    [AreaRow("ado", "ado:red", "Pay\\Red", True), AreaRow("ado", "ado:blue", "Pay", False)],
    ["ado"],
)


def as_told(life: Life, until: float = math.inf) -> Told:
    return Told(life, EPOCH, [step for step in life.steps if step.hour <= until], until)


def moment(hour: float) -> datetime:
    return EPOCH + timedelta(hours=hour)


def replayed(told: Told, now: float) -> Timeline:
    """The timeline by what is told; a history is as the tracker has it, so it ends in the current state."""
    life = told.life
    status, project, issue_type = (value_at(told, name) for name in ("status", "project", "type"))
    state = IssueState(
        issue_id=f"{life.source_id}:{life.number}",
        source_id=life.source_id,
        project_id=f"{life.source_id}:{project}",
        issue_type=issue_type,
        created_at=moment(life.created),
        status_value=told.status_id(status, project, issue_type),
        status=status,
        resolution=value_at(told, "resolution"),
        story_points=value_at(told, "points"),
        sprint_ids=value_at(told, "sprint"),
        area_path=value_at(told, "area"),
    )
    rows = [Change(*(getattr(change, name) for name in Change._fields)) for change in changes_of(told)]
    known = [StatusRow(*(getattr(row, name) for name in StatusRow._fields)) for row in statuses_of(0)]
    keys = {f"{source}:{native}": key for source in ("acme", "ado") for native, key in (("10", "PAY"), ("20", "OPS"))}
    catalogue = StatusCatalogue(known, keys, MetricSettings())
    return replay(state, sorted(rows, key=lambda row: row[1:4]), catalogue, HELD, moment(now))


@given(life=LIVES, passed=HOURS)
@tried(160)
def test_law_6_as_of_a_past_instant_is_what_it_was_then(life: Life, passed: int) -> None:
    passed = max(passed, life.created)
    assert replayed(as_told(life), passed) == replayed(as_told(life, passed), passed)


@given(life=LIVES)
@tried(40)
def test_a_whole_history_ends_in_the_current_state(life: Life) -> None:
    told = as_told(life)
    found = replayed(told, 10_000)
    assert found.gaps == []
    assert found.stays[-1].status == value_at(told, "status")
    assert found.estimates[-1].points == value_at(told, "points")
    assert found.resolutions[-1][1] == value_at(told, "resolution")
    now_in = HELD.named(life.source_id, value_at(told, "sprint"), value_at(told, "area"))
    assert {stay.sprint_id for stay in found.sprints if stay.left_at is None} == set(now_in)


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


@given(life=LIVES, start=HOURS, length=st.integers(0, 90))
@tried(40)
def test_what_came_into_a_scope_and_did_not_leave_it_is_there_at_the_end(life: Life, start: float, length: int) -> None:
    found = replayed(as_told(life), 10_000)
    begin, end = moment(start), moment(start + length)
    steps: defaultdict[str, list[tuple[Any, bool]]] = defaultdict(list)
    for stay in found.sprints:
        steps[stay.sprint_id].append((stay.entered_at, True))
        if stay.left_at is not None:
            steps[stay.sprint_id].append((stay.left_at, False))
    assume(steps)
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
