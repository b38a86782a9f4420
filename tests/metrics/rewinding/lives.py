"""Made-up lives of issues: ties, reopenings, moves, re-estimates and resolutions, in hours from a Monday."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from metrics.settings import DefectRule, Defects, MetricSettings, Workflow

LAST_HOUR = 60
SETTINGS = MetricSettings(
    workflow=Workflow(waiting=frozenset({"Review"})),
    defects=Defects(
        rules=(DefectRule(name="kept", escaped=True, field="resolution", values=frozenset({"Fixed"})),),
        severity_weights={"Fixed": 2.5},
    ),
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
