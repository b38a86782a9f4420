"""Law 3: what came into a sprint and did not leave it is what became of it, down to the last day of its burndown."""

from __future__ import annotations

import math

import pytest

from tests.metrics.laws.found import Found, Row

_SCOPE_ENDS = {"completed", "carried_over", "cancelled"}


def sprints_add_up(found: Found) -> None:
    """In issues and in points: what came in, less what left, is the final scope, which is what became of it."""
    issues = found.by("sprint_issues", "sprint_id", lambda row: row["issue_id"])
    for sprint in found.lab.rows("sprint_metrics"):
        for unit in ("points", "issues"):
            one = {name.removesuffix(f"_{unit}"): value for name, value in sprint.items() if name.endswith(unit)}
            came = one["committed"] + one["added"] - one["removed"] + (one["reestimated"] if unit == "points" else 0)
            ended = one["completed"] + one["carried_over"] + one["cancelled"]
            assert came == pytest.approx(one["final_scope"], abs=1e-9)
            assert ended == pytest.approx(one["final_scope"], abs=1e-9)
            assert one["say_do"] is None or 0 <= one["say_do"] <= 1
        at_end = [row for row in issues.get(sprint["sprint_id"], ()) if _is_in_scope(row)]
        assert {row["outcome"] for row in at_end} <= _SCOPE_ENDS
        assert sprint["final_scope_issues"] == len(at_end)
        assert sprint["final_scope_points"] == math.fsum(row["points_at_end"] or 0 for row in at_end)


def _is_in_scope(row: Row) -> bool:
    return (row["is_committed"] or row["added_at"] is not None) and row["removed_at"] is None


def last_days_say_the_same(found: Found) -> None:
    """The last day that has begun stands where the sprint does, and velocity is what was completed."""
    days = found.by("sprint_days", "sprint_id", lambda row: row["day"])
    velocity = {row["sprint_id"]: (row["velocity"], row["ended_on"]) for row in found.lab.rows("velocity_trend")}
    sprints = found.lab.rows("sprint_metrics")
    assert days.keys() == {sprint["sprint_id"] for sprint in sprints}
    assert velocity.keys() == {sprint["sprint_id"] for sprint in sprints if sprint["state"] == "closed"}
    for sprint in sprints:
        own = [day for day in days[sprint["sprint_id"]] if day["scope_issues"] is not None]
        for unit in ("points", "issues"):
            for name, figure in (("remaining", "carried_over"), ("completed", "completed"), ("scope", "final_scope")):
                assert own[-1][f"{name}_{unit}"] == sprint[f"{figure}_{unit}"]
        if sprint["state"] == "closed":
            assert velocity[sprint["sprint_id"]] == (sprint["completed_points"], own[-1]["day"])
            assert sprint["ended_on"] == own[-1]["day"]
