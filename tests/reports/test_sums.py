"""Law: in any company the rows of the page add up to the warehouse's own tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from metrics.settings import MetricSettings
from reports.base import Order
from reports.sprints import FIGURES
from tests.metrics.laws.lab import Lab
from tests.metrics.laws.rules import settings_in_turn
from tests.metrics.laws.scripts import Company, at, companies
from tests.metrics.laws.trying import tried
from tests.metrics.laws.world import both_loads
from tests.reports.reading import Data, data_of, day, rows, starts, sums


@pytest.mark.thorough
@given(company=companies(), rules=settings_in_turn(1))
@tried(10)
def test_the_rows_of_the_page_add_up_to_the_tables(lab: Lab, company: Company, rules: list[MetricSettings]) -> None:
    now = at(company, company.computes[-1])
    lab.emptied().loads(both_loads(company)).computes(rules[0], now)
    zone = rules[0].calendar.timezone.key
    data = data_of(lab.engine, Order(made_at=datetime(2026, 12, 31, tzinfo=UTC), timezone=zone))
    assert delivered(data, "points") == stored(lab, "throughput", "finished_points", period=None)
    assert delivered(data, None) == stored(lab, "throughput", "finished_issues", period=None)
    assert cycle_days(data) == trend_days(lab)
    assert waiting_and_working(data)
    assert defect_counts(data) == stored_counts(lab)
    assert release_counts(data) == stored_release_counts(lab)
    assert done_events(data) == stored_events(lab)
    assert open_ages(data) == pytest.approx(stored_ages(lab))
    sprints_agree(lab, data)
    days_agree(lab, data)
    levels_agree(lab, data, rules[0].levels)


def delivered(data: Data, column: str | None) -> dict[Any, float]:
    """By period: what was finished."""
    return sums(
        (start, 1 if column is None else row[column] or 0)
        for row in rows(data["finished"])
        for start in starts(row["finished"])
    )


def stored(lab: Lab, name: str, column: str, **_: Any) -> dict[Any, float]:
    """By period: the column's sum."""
    return sums(((row["period"], row["period_start"]), float(row[column] or 0)) for row in lab.rows(name))


def cycle_days(data: Data) -> dict[Any, float]:
    """By period: the sum of cycle times."""
    return sums(
        (start, row["cycle"] / 86_400)
        for row in rows(data["finished"])
        if row["cycle"] is not None
        for start in starts(row["finished"])
    )


def trend_days(lab: Lab) -> dict[Any, float]:
    """The same from means."""
    return sums(
        ((row["period"], row["period_start"]), row["n"] * row["mean_days"])
        for row in lab.rows("cycle_time_trend")
        if row["grouping"] == "all" and row["n"]
    )


def waiting_and_working(data: Data) -> bool:
    """Each issue's stays add up to its active, waiting and blocked time, where that is told."""
    stays = sums((row["finished"], row["seconds"]) for row in rows(data["stays"]))
    for place, row in enumerate(rows(data["finished"])):
        if row["active"] is not None:
            whole = row["active"] + row["waiting"] + row["blocked"]
            assert stays.get(place, 0) == pytest.approx(whole, abs=1e-3)
    return True


def defect_counts(data: Data) -> dict[Any, float]:
    """By period and class: the defects created."""
    return sums(((start, row["class"]), 1) for row in rows(data["defects"]) for start in starts(row["created"]))


def stored_counts(lab: Lab) -> dict[Any, float]:
    """The same from `defect_escape`."""
    return sums(
        (((row["period"], row["period_start"]), place), row[name])
        for row in lab.rows("defect_escape")
        if row["basis"] == "discovery" and row["grouping"] == "all"
        for place, name in enumerate(("escaped", "internal", "unknown"))
    )


def release_counts(data: Data) -> dict[Any, float]:
    """By day of release and class: the defects that the releases of the day introduced."""
    released = data["releases"]["released"]
    return sums(
        ((day(released[row["release"]]), row["class"]), 1)
        for row in rows(data["defects"])
        if row["release"] is not None
    )


def stored_release_counts(lab: Lab) -> dict[Any, float]:
    """The same from `defect_escape`."""
    return sums(
        ((row["period_start"], place), row[name])
        for row in lab.rows("defect_escape")
        if row["basis"] == "release" and row["grouping"] == "all"
        for place, name in enumerate(("escaped", "internal", "unknown"))
    )


def done_events(data: Data) -> dict[Any, float]:
    """By period: entries of defects into done, and those that were reopened."""
    return sums(
        ((start, name), value)
        for row in rows(data["doneEvents"])
        for start in starts(row["day"])
        for name, value in (("done", 1), ("reopened", row["reopened"]))
    )


def stored_events(lab: Lab) -> dict[Any, float]:
    """The same from `defect_quality`."""
    return sums(
        (((row["period"], row["period_start"]), name), row[f"{name}_events"])
        for row in lab.rows("defect_quality")
        if row["grouping"] == "all"
        for name in ("done", "reopened")
    )


def open_ages(data: Data) -> tuple[float, float]:
    """How many defects are open now, and their ages in days together."""
    ages = [row["age"] / 86_400 for row in rows(data["defects"]) if row["age"] is not None]
    return len(ages), sum(ages)


def stored_ages(lab: Lab) -> tuple[float, float]:
    """The same from the last week of `defect_quality`."""
    weeks = [row for row in lab.rows("defect_quality") if row["grouping"] == "all" and row["period"] == "week"]
    last = max(weeks, key=lambda row: row["period_start"], default=None)
    return (last["open_defects"], last["open_defects"] * (last["open_age_mean_days"] or 0)) if last else (0, 0)


def sprints_agree(lab: Lab, data: Data) -> None:
    """Over the types, each figure of a sprint is that of `sprint_metrics`."""
    metrics = [row for row in lab.rows("sprint_metrics") if row["sprint_id"] in _ids(lab, data)]
    for unit in ("points", "issues"):
        found = sums(
            ((row["sprint"], figure), row[f"{figure}{unit.title()}"])
            for row in rows(data["sprintParts"])
            for figure in FIGURES
        )
        place = {sprint_id: number for number, sprint_id in enumerate(_ids(lab, data))}
        wanted = sums(
            ((place[row["sprint_id"]], figure), _figure(row, figure, unit)) for row in metrics for figure in FIGURES
        )
        assert found == pytest.approx(wanted)


def _ids(lab: Lab, data: Data) -> list[str]:
    """The ids of the page's sprints: in order of their end, then of the id."""
    of = {row["sprint_id"]: row for row in lab.rows("sprint_metrics")}
    ids = sorted(of, key=lambda one: (of[one]["end_at"], one))
    boards = {row["board_id"] for row in lab.rows("boards")}
    held = {row["sprint_id"] for row in lab.rows("sprint_issues")}
    shown = [one for one in ids if of[one]["board_id"] in boards or one in held]
    assert len(shown) == len(data["sprints"]["name"])
    return shown


def _figure(row: dict[str, Any], figure: str, unit: str) -> float:
    if figure == "kept":
        share = row[f"say_do_{unit}"]
        return 0 if share is None else float(share) * float(row[f"committed_{unit}"])
    return float(row[f"{figure}_{unit}"])


def days_agree(lab: Lab, data: Data) -> None:
    """Over the types, each day of a sprint under way is that of `sprint_days`."""
    ids = _ids(lab, data)
    active = {row["sprint_id"] for row in lab.rows("sprint_metrics") if row["state"] == "active"}
    for name in ("remaining", "completed", "scope"):
        for unit in ("Points", "Issues"):
            found = sums(((ids[r["sprint"]], day(r["day"])), r[f"{name}{unit}"]) for r in rows(data["burn"]))
            wanted = sums(
                ((row["sprint_id"], row["day"]), float(row[f"{name}_{unit.lower()}"] or 0))
                for row in lab.rows("sprint_days")
                if row["sprint_id"] in active
            )
            assert found == pytest.approx(wanted)


def levels_agree(lab: Lab, data: Data, levels: frozenset[str]) -> None:
    """Summed up day by day, the changes of a stage are what `daily_flow` holds."""
    stages = ("todo", "in_progress", "done")
    for column, name in (("issues", "issues"), ("monotone", "issues_monotone")):
        wanted = sums(
            ((row["day"], stages.index(row["stage"])), row[name])
            for row in lab.rows("daily_flow")
            if row["level"] in levels and row["stage"] in stages
        )
        last = max((row["day"] for row in lab.rows("daily_flow")), default=None)
        assert sums(_levels(data, column, last)) == wanted


def _levels(data: Data, column: str, last: Any) -> Iterator[tuple[Any, float]]:
    for row in rows(data["daily"]):
        first = day(row["day"])
        yield from (
            ((day(row["day"] + n), row["stage"]), row[column]) for n in range((last - first).days + 1 if last else 0)
        )
