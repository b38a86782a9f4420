"""What weeks and months tell of defects: reopenings, time to resolve, open ones, and how many there are to the work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics.calendar import week_start
from metrics.defects.open_defects import OpenFigures, open_at, stretch, stretches
from metrics.defects.quality_figures import Life, Tally, done_events, figures, starts_between, tally
from metrics.defects.stage_moves import Move, Stay, as_text, from_text, moves_of
from metrics.settings import Calendar, MetricSettings

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK, NEXT_WEEK = date(2026, 3, 2), date(2026, 3, 9)
NOTHING_OPEN = OpenFigures()


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def moves(*told: tuple[float, str]) -> list[Move]:
    return [Move(at(hour), stage.removesuffix(" moved"), stage.endswith(" moved")) for hour, stage in told]


def stays(*told: tuple[float, str | None]) -> list[Stay]:
    return [Stay(stage, at(hour), f"change {place}") for place, (hour, stage) in enumerate(told)]


def test_moves_are_entries_into_done_and_removed_and_the_ways_out() -> None:
    way = stays((0, "todo"), (1, "in_progress"), (2, "done"), (3, "done"), (4, "todo"), (5, "in_progress"))
    assert moves_of(way) == moves((2, "done"), (4, "todo"))
    assert moves_of(way, {"change 4"}) == moves((2, "done"), (4, "todo moved"))
    assert moves_of(stays((0, "done"), (1, "removed"))) == moves((0, "done"), (1, "removed"))


def test_statuses_never_known_are_passed_over() -> None:
    assert moves_of(stays((0, "todo"), (1, "done"), (2, None), (3, "done"))) == moves((1, "done"))
    assert moves_of(stays((0, None), (1, "done"), (2, None), (3, "todo"))) == moves((1, "done"), (3, "todo"))


def test_moves_survive_their_text() -> None:
    found = moves((0.0001, "done"), (4, "todo moved"), (5, "removed"))
    assert from_text(as_text(found)) == found


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([(0, "done")], [False]),
        ([(0, "done"), (14 * 24, "todo")], [True]),
        ([(0, "done"), (14 * 24 + 0.01, "in_progress")], [False]),
        ([(0, "done"), (1, "todo moved"), (2, "done")], [False, False]),
        ([(0, "done"), (1, "removed"), (2, "todo")], [False]),
        ([(0, "removed"), (1, "done"), (2, "todo"), (3, "done")], [True, False]),
    ],
)
def test_an_entry_into_done_is_reopened_when_work_goes_on_within_14_days(
    told: list[tuple[float, str]], expected: Sequence[bool]
) -> None:
    assert [is_reopened for _, is_reopened in done_events(moves(*told))] == list(expected)


def test_a_defect_is_open_while_it_is_neither_done_nor_removed() -> None:
    reopened = list(stretches(at(0), moves((10, "done"), (20, "todo"), (30, "removed"))))
    found = open_at(reopened, [at(hour) for hour in (5, 10, 15, 20, 30)], at(30))
    assert [found[at(hour)].open_defects for hour in (5, 10, 15, 20, 30)] == [1, 0, 0, 1, 0]
    assert found[at(20)] == OpenFigures(1, 20 / 24, 20 / 24)


def test_ages_count_from_creation_and_a_defect_of_that_very_instant_belongs_to_what_follows() -> None:
    found = [stretch(at(hour), None) for hour in (0, 24, 72)]
    end, now = at(72), at(96)
    assert open_at(found, [end, now], now) == {
        end: OpenFigures(2, 2.5, 2.5),
        now: OpenFigures(3, pytest.approx((4 + 3 + 1) / 3), 3),
    }
    assert open_at(found, [end], end)[end].open_defects == 3


def test_an_entry_into_done_counts_once_it_is_14_days_old() -> None:
    life = Life(at(0), WEEK, at(8), WEEK, 8 * 3600.0)
    again = Life(at(0), WEEK, None, None, None, moves((8, "done"), (9, "todo")))
    for hours, expected in ((14 * 24 + 8, (2, 1)), (14 * 24 + 7, (0, 0))):
        found = tally([life, again], week_start, datetime.date, at(hours))
        assert (found.done_events[WEEK], found.reopened_events[WEEK]) == expected


def test_figures_of_a_period() -> None:
    lives = [Life(at(0), WEEK, at(24 * days), week_start(at(24 * days).date()), days * 86_400.0) for days in (1, 2, 4)]
    found = tally(lives, week_start, datetime.date, at(1_000))
    found.add(tally([Life(at(5), WEEK, None, None, None)], week_start, datetime.date, at(1_000)))
    found.finished_issues[WEEK] = 8
    found.points[WEEK] = [0.1, 0.2, 19.7]
    share = figures(found, WEEK, OpenFigures(1, 6.5, 6.5))
    assert share[:5] == (4, 3, 3, 0, 0)
    assert share[5:8] == pytest.approx((7 / 3, 2, 2 + 0.7 * 2))
    assert share[8:] == (1, 6.5, 6.5, 8, 20, 5, 20)
    assert figures(Tally(), WEEK, NOTHING_OPEN) == (0, 0, 0, 0, *(None,) * 4, 0, None, None, 0, 0, None, None)


def test_periods_follow_one_another_without_a_hole() -> None:
    assert starts_between(date(2026, 3, 4), date(2026, 3, 16), week_start) == [WEEK, NEXT_WEEK, date(2026, 3, 16)]
    months = starts_between(date(2026, 1, 31), date(2026, 3, 1), lambda day: day.replace(day=1))
    assert months == [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]


def small_company(life: Any) -> list[Any]:
    """A defect that was reopened, one that stays open, a cancelled one, and two delivered stories."""
    return [
        life(1, issue_type="Bug").then(24, status="Done").then(264, status="Doing").then(300, status="Done"),
        life(2, issue_type="Bug", created=200),
        life(3, issue_type="Bug", created=10).then(20, status="Dropped"),
        life(4, story_points=5.0).then(5, status="Doing").then(30, status="Done"),
        life(5, story_points=3.0).then(40, status="Done"),
    ]


def test_weeks_and_months_from_the_first_defect_to_now_have_rows(company: Any, life: Any) -> None:
    company.holds(*small_company(life)).computes("defect_quality")
    counts = ("period", "period_start", "inflow", "outflow", "done_events", "reopened_events", "reopen_rate")
    assert company.rows("defect_quality", *counts, grouping="all") == [
        ("month", date(2026, 3, 1), 2, 1, 2, 1, 0.5),
        ("month", date(2026, 4, 1), 0, 0, 0, 0, None),
        ("week", WEEK, 1, 0, 1, 1, 1.0),
        ("week", NEXT_WEEK, 1, 1, 1, 0, 0.0),
        *(("week", NEXT_WEEK + timedelta(days=7 * number), 0, 0, 0, 0, None) for number in (1, 2, 3, 4)),
    ]


def test_what_stays_open_and_what_was_delivered_stand_beside(company: Any, life: Any) -> None:
    company.holds(*small_company(life)).computes("defect_quality")
    columns = ("period_start", "resolve_mean_days", "resolve_p50_days", "resolve_p85_days", "open_defects")
    ages = ("open_age_mean_days", "open_age_p50_days")
    work = ("finished_issues", "finished_points", "defects_per_10_issues", "defects_per_100_points")
    march, april = company.rows("defect_quality", *columns, *ages, *work, period="month", grouping="all")
    assert march == (date(2026, 3, 1), 12.5, 12.5, 12.5, 1, *(pytest.approx(520 / 24),) * 2, 2, 8, 10, 25)
    assert april == (date(2026, 4, 1), None, None, None, 1, *(pytest.approx(800 / 24),) * 2, 0, 0, None, None)
    first, second = company.rows("defect_quality", *columns, *ages, *work, period="week", grouping="all")[:2]
    assert first == (WEEK, None, None, None, 0, None, None, 2, 8, 5, 12.5)
    assert second == (NEXT_WEEK, 12.5, 12.5, 12.5, 1, *(pytest.approx(136 / 24),) * 2, 0, 0, None, None)


def test_groups_begin_with_their_first_defect_or_delivered_issue(company: Any, life: Any) -> None:
    company.holds(*small_company(life), life(6, project="20", created=100).then(800, status="Done"))
    company.computes("defect_quality")
    columns = ("grouping", "project_id", "board_id", "period_start", "finished_issues", "open_defects")
    april = date(2026, 4, 1)
    assert company.rows("defect_quality", *columns, period="month") == [
        ("all", None, None, date(2026, 3, 1), 2, 1),
        ("all", None, None, april, 1, 1),
        ("board", None, "acme:7", date(2026, 3, 1), 2, 1),
        ("board", None, "acme:7", april, 0, 1),
        ("board", None, None, april, 1, 0),
        ("project", "acme:10", None, date(2026, 3, 1), 2, 1),
        ("project", "acme:10", None, april, 0, 1),
        ("project", "acme:20", None, april, 1, 0),
    ]


def test_periods_end_by_the_zone_of_the_calendar(company: Any, life: Any) -> None:
    zoned = Calendar(timezone=ZoneInfo("America/New_York"))
    company.settings = MetricSettings(calendar=zoned)
    # Sunday 20:00 in New York, and done there on Monday at 00:30
    company.holds(life(1, issue_type="Bug", created=1).then(5.5, status="Done")).computes("defect_quality")
    columns = ("period_start", "inflow", "outflow", "open_defects")
    rows = company.rows("defect_quality", *columns, period="week", grouping="all")[:2]
    assert rows == [(date(2026, 2, 23), 1, 0, 1), (WEEK, 0, 1, 0)]


def test_without_defects_and_finished_issues_there_is_no_row(company: Any, life: Any) -> None:
    company.holds(life(1)).computes("defect_quality")
    assert company.rows("defect_quality") == []
