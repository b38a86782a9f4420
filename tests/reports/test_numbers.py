"""What the page computes is what the warehouse's tables hold: for all, by project, by board and by type."""

from __future__ import annotations

from datetime import date, timedelta
from statistics import quantiles
from typing import Any

import pytest
from sqlalchemy import Engine, select

from tests.reports.browser import Sight, script
from tests.reports.company import BOARD
from warehouse.tables import table

_FIGURES, _SPRINTS = (script(name) for name in ("figures.js", "sprints.js"))


def rows(engine: Engine, name: str, **where: Any) -> list[Any]:
    """The rows of a table with these values."""
    source = table(name)
    statement = select(source).where(*(source.c[column] == value for column, value in where.items()))
    with engine.connect() as connection:
        return list(connection.execute(statement))


def by_start(found: list[Any]) -> dict[date, Any]:
    """First day of the bucket → figures."""
    return {date(1970, 1, 1) + timedelta(days=start): figures for start, figures in found}


@pytest.mark.parametrize("unit", ["week", "month"])
@pytest.mark.parametrize("grouping", ["all", "project", "board", "project_type"])
def test_percentiles_and_rates_are_those_of_the_trend_tables(
    sight: Sight, computed: Engine, unit: str, grouping: str
) -> None:
    group: dict[str, Any] = {"project_id": None, "board_id": None, "issue_type": None}
    chosen: dict[str, Any] = {"project": None, "board": None, "type": None}
    if grouping.startswith("project"):
        group["project_id"], chosen["project"] = "acme:1", "P1"
    if grouping == "board":
        (board,) = rows(computed, "boards", board_id=BOARD)
        group["board_id"], chosen["board"] = BOARD, board.name
    if grouping.endswith("type"):
        group["issue_type"], chosen["type"] = "Story", "Story"
    found = sight.page.evaluate(_FIGURES, {"unit": unit, **chosen})
    at = {"period": unit, "grouping": grouping}
    cycle = by_start(found["cycle"])
    stored = rows(computed, "cycle_time_trend", **at, **group)
    assert stored
    for row in stored:
        figures = cycle[row.period_start]
        assert (figures["n"], figures["skipped"]) == (row.n, row.skipped_count)
        for share in ("p50", "p70", "p85", "p95"):
            assert figures[share] == pytest.approx(getattr(row, f"{share}_days"), rel=1e-9)
    assert sum(figures["n"] for figures in cycle.values()) == sum(row.n for row in stored)
    if grouping != "project_type":
        del group["issue_type"]
        defects_agree(found, rows(computed, "defect_escape", basis="discovery", **at, **group))
        quality_agrees(found, rows(computed, "defect_quality", **at, **group))


def defects_agree(found: Any, stored: list[Any]) -> None:
    """Counts by class, rate, the one weighted by severity, and unknown share."""
    escape = by_start(found["escape"])
    assert sum(row.defects for row in stored) == sum(figures["defects"] for figures in escape.values()) > 0
    for row in stored:
        figures = escape[row.period_start]
        for name in ("defects", "escaped", "internal", "unknown", "rate"):
            assert figures[name] == pytest.approx(getattr(row, name))
        assert figures["weighted"] == pytest.approx(row.rate_weighted)
        assert figures["unknownShare"] == pytest.approx(row.unknown_share)


def quality_agrees(found: Any, stored: list[Any]) -> None:
    """Reopenings and time to resolve."""
    resolve, reopen = by_start(found["resolve"]), by_start(found["reopen"])
    for row in stored:
        assert resolve[row.period_start]["n"] == row.outflow
        assert resolve[row.period_start]["p50"] == pytest.approx(row.resolve_p50_days)
        assert resolve[row.period_start]["p85"] == pytest.approx(row.resolve_p85_days)
        events = reopen[row.period_start]
        assert (events["events"], events["reopened"]) == (row.done_events, row.reopened_events)
        assert events["rate"] == pytest.approx(row.reopen_rate)


@pytest.mark.parametrize("grouping", ["all", "project", "board"])
def test_releases_and_the_age_of_open_defects_are_those_of_the_tables(
    sight: Sight, computed: Engine, grouping: str
) -> None:
    place = {"project": "acme:0", "board": BOARD}.get(grouping)
    column = f"{grouping}_id"
    found = sight.page.evaluate(_FIGURES, {"unit": "week", **chosen(computed, grouping, place)})
    where = {"grouping": grouping, **({column: place} if place else {})}
    releases_agree(computed, found["releases"], rows(computed, "defect_escape", basis="release", **where))
    last = max(rows(computed, "defect_quality", period="week", **where), key=lambda row: row.period_start)
    opened = found["open"]
    assert opened["n"] == last.open_defects > 0
    assert opened["mean"] == pytest.approx(last.open_age_mean_days)
    assert opened["p50"] == pytest.approx(last.open_age_p50_days)


def chosen(engine: Engine, grouping: str, place: str | None) -> dict[str, Any]:
    """The filter for a group, by the names that the page shows."""
    group: dict[str, Any] = {"project": None, "board": None, "type": None}
    if grouping == "project":
        group["project"] = rows(engine, "projects", project_id=place)[0].key
    if grouping == "board":
        group["board"] = rows(engine, "boards", board_id=place)[0].name
    return group


def releases_agree(engine: Engine, found: Any, stored: list[Any]) -> None:
    """By release: the rate, the weighted one, and what was found within days after it."""
    names = {row.version_id: row.name for row in rows(engine, "versions")}
    figures = {one["name"]: one for one in found}
    assert figures.keys() == {names[row.version_id] for row in stored}
    if any(row.project_id for row in stored):
        assert any(row.rate != row.rate_weighted for row in stored)
        assert any(row.escaped_30d for row in stored)
        assert any(row.escaped_30d < row.escaped_90d for row in stored)
    for row in stored:
        one = figures[names[row.version_id]]
        assert one["rate"] == pytest.approx(row.rate)
        assert one["weighted"] == pytest.approx(row.rate_weighted)
        assert (one["in30"], one["in90"]) == (row.escaped_30d, row.escaped_90d)


def test_sprints_and_the_band_for_the_next_are_those_of_the_tables(sight: Sight, computed: Engine) -> None:
    found = sight.page.evaluate(_SPRINTS)
    metrics = sorted(rows(computed, "sprint_metrics"), key=lambda row: (row.end_at, row.sprint_id))
    bands = {row.sprint_id: row for row in rows(computed, "velocity_trend")}
    assert len(found) == len(metrics) > 0
    for figures, row in zip(found, metrics, strict=True):
        for name in ("committed", "added", "removed", "reestimated", "completed", "carried_over", "cancelled"):
            assert figures[f"{name}Points"] == pytest.approx(getattr(row, f"{name}_points"))
            assert figures[f"{name}Issues"] == pytest.approx(getattr(row, f"{name}_issues"))
        if row.say_do_points is not None:
            assert figures["keptPoints"] / figures["committedPoints"] == pytest.approx(row.say_do_points)
        if not figures["active"]:
            band, stored = figures["band"], bands[row.sprint_id]
            assert (band and band["low"]) == pytest.approx(stored.next_low)
            assert (band and band["high"]) == pytest.approx(stored.next_high)


def test_choosing_filters_changes_the_numbers_to_what_sql_says(sight: Sight, computed: Engine) -> None:
    whole = sight.tile("throughput")
    sight.choose(project="P2", type="Bug", period="Everything")
    flow = [row for row in rows(computed, "issue_flow", project_id="acme:2", issue_type="Bug") if row.finished_on]
    days = sorted(row.cycle_days for row in flow if row.cycle_days is not None)
    assert sight.tile("throughput") == (len(flow), len(flow)) != whole
    assert sight.tile("cycle") == (pytest.approx(quantiles(days, n=20, method="inclusive")[16]), len(days))
    ages = rows(computed, "wip_aging", project_id="acme:2", issue_type="Bug")
    assert sight.tile("progress")[1] == len(ages)
    defects = [row for row in rows(computed, "defects", project_id="acme:2") if not row.is_cancelled]
    classified = [row.escape_class == "escaped" for row in defects if row.escape_class != "unknown"]
    assert sight.tile("escape") == (pytest.approx(sum(classified) / len(classified)), len(classified))
    told = sight.page.inner_text("#cycle-scatter .n")
    assert told == f"n = {len(days)} finished issues"
    still = [row for row in defects if row.finished_at is None]
    assert sight.page.inner_text("#open-defects .n") == f"n = {len(still)} open defects"
    sight.choose(project="All projects", type="All types", period="Last 52 weeks")
    assert sight.tile("throughput") == whole


def test_the_period_bounds_what_counts(sight: Sight, computed: Engine) -> None:
    sight.choose(period="Last 4 weeks")
    (today,) = {row.as_of.date() for row in rows(computed, "definitions")}
    flow = [row for row in rows(computed, "issue_flow") if row.finished_on and not row.is_cancelled]
    first = today - timedelta(days=27)
    assert sight.tile("throughput")[0] == sum(first <= row.finished_on <= today for row in flow) > 0
    sight.choose(period="Last 52 weeks")
