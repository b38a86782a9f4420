"""What each of the default rules finds: given rows, expected alerts, exactly at the limit and beyond it."""

from __future__ import annotations

from datetime import date

import pytest

from metrics.alerts.rules import (
    DEFAULTS,
    HIGH_ESCAPE_RATE,
    LONG_BLOCKED,
    LOW_SAY_DO,
    OLD_WORK,
    STALE_SOURCE,
    UNKNOWN_DEFECTS,
)
from tests.metrics.alerts.conftest import Tables, ago
from warehouse.alerts import Alarm


def test_each_default_has_its_name_and_a_severity() -> None:
    assert {name: (rule.name, rule.severity) for name, rule in DEFAULTS.items()} == {
        "stale_source": ("stale_source", "high"),
        "high_escape_rate": ("high_escape_rate", "high"),
        "low_say_do": ("low_say_do", "medium"),
        "long_blocked": ("long_blocked", "medium"),
        "old_work": ("old_work", "low"),
        "unknown_defects": ("unknown_defects", "low"),
    }


# old_work


def aged(tables: Tables, passed: int | None, n: int = 20, age_days: float = 30.0) -> Tables:
    """An issue that has passed that percentile; 20 cycle times of 1 to 20 days on its board."""
    for days in range(1, 21):
        values = {"cycle_days": float(days), "finished_on": ago(days=9).date()}
        tables.has("issue_flow", issue_id=f"acme:9{days}", project_id="acme:PAY", board_id="acme:7", **values)
    return tables.has_issue(1, percentile_passed=passed, compared_count=n, compared_with="board", age_days=age_days)


def test_work_older_than_85_percent_of_its_like_is_told_with_its_age_and_theirs(tables: Tables) -> None:
    assert aged(tables.has_board(), 85).finds(OLD_WORK) == [
        Alarm(
            cause="old_work:acme:1",
            rule="old_work",
            severity="low",
            subject="issue",
            subject_name="PAY-1",
            issue_id="acme:1",
            board_id="acme:7",
            project_id="acme:PAY",
            message="PAY-1: in progress for 30 days; 85 % of the 20 finished on its board took at most 17.1 days",
            explain="flowmart explain PAY-1",
            url="https://acme.example/PAY-1",
            value=30.0,
            threshold=pytest.approx(17.15),
            n=20,
        )
    ]


@pytest.mark.parametrize(("passed", "n", "found"), [(95, 20, 1), (85, 20, 1), (70, 20, 0), (None, 3, 0), (85, 19, 0)])
def test_younger_work_and_work_with_few_like_it_is_not_told(
    tables: Tables, passed: int | None, n: int, found: int
) -> None:
    assert len(aged(tables, passed, n).finds(OLD_WORK)) == found


def test_with_another_threshold_the_line_is_that_of_the_next_percentile(tables: Tables) -> None:
    aged(tables, 95)
    assert "; 95 % of the 20" in tables.messages(OLD_WORK, threshold=90)[0]
    assert "; 95 % of the 20" in tables.messages(OLD_WORK, threshold=85, comparison=">")[0]
    assert tables.messages(OLD_WORK, threshold=96) == []


# long_blocked


def blocked(tables: Tables, days: float, **values: object) -> Tables:
    tables.has_issue(1, **{"is_blocked": True, "age_days": 30.0, **values})
    return tables.has("blocked_intervals", issue_id="acme:1", entered_at=ago(days=days))


@pytest.mark.parametrize(("days", "found"), [(5.001, 1), (5, 0), (4.9, 0)])
def test_work_blocked_for_more_than_five_days_is_told(tables: Tables, days: float, found: int) -> None:
    assert len(blocked(tables, days).finds(LONG_BLOCKED)) == found


def test_a_blocked_issue_is_told_with_how_long(tables: Tables) -> None:
    (alarm,) = blocked(tables, 9.25).finds(LONG_BLOCKED)
    assert alarm.message == "PAY-1: blocked for 9.25 days, above 5 days"
    assert (alarm.value, alarm.threshold, alarm.n) == (9.25, 5, None)


def test_what_is_blocked_no_more_or_not_in_progress_is_not_told(tables: Tables) -> None:
    tables.has_issue(1, is_blocked=False)
    tables.has("blocked_intervals", issue_id="acme:1", entered_at=ago(days=20), left_at=ago(days=2))
    tables.has("issues", issue_id="acme:2")
    tables.has("blocked_intervals", issue_id="acme:2", entered_at=ago(days=20))
    assert tables.finds(LONG_BLOCKED) == []


def test_what_blocked_it_before_does_not_count_for_what_blocks_it_now(tables: Tables) -> None:
    tables.has("blocked_intervals", issue_id="acme:1", entered_at=ago(days=40), left_at=ago(days=2))
    assert blocked(tables, 1).finds(LONG_BLOCKED) == []


def test_a_threshold_longer_than_the_calendar_finds_nothing(tables: Tables) -> None:
    assert blocked(tables, 9).finds(LONG_BLOCKED, threshold=1e9) == []


# low_say_do


def test_a_board_whose_last_two_sprints_both_kept_too_little_is_told(tables: Tables) -> None:
    tables.has_board().has_sprint(1, 40, say_do_points=0.9)
    tables.has_sprint(2, 20, say_do_points=0.45).has_sprint(3, 6, say_do_points=0.5, committed_issues=12)
    (alarm,) = tables.finds(LOW_SAY_DO)
    assert (
        alarm.message == "Red: say/do below 60 % twice in a row: 45 % in Sprint 2 (n 10), then 50 % in Sprint 3 (n 12)"
    )
    assert (alarm.cause, alarm.subject, alarm.subject_name) == ("low_say_do:acme:7", "board", "Red")
    assert (alarm.board_id, alarm.sprint_id, alarm.project_id) == ("acme:7", "acme:3", "acme:PAY")
    assert (alarm.value, alarm.threshold, alarm.n) == (0.5, 0.6, 12)
    assert alarm.explain == "flowmart explain --sprint 'Sprint 3' --board Red"


@pytest.mark.parametrize(("before", "last", "found"), [(0.59, 0.59, 1), (0.6, 0.59, 0), (0.59, 0.6, 0), (0.1, None, 0)])
def test_one_sprint_at_the_limit_is_enough_not_to_be_told(
    tables: Tables, before: float, last: float | None, found: int
) -> None:
    tables.has_board().has_sprint(1, 20, say_do_points=before).has_sprint(2, 6, say_do_points=last)
    assert len(tables.finds(LOW_SAY_DO)) == found


def test_a_team_that_does_not_estimate_is_measured_by_issues(tables: Tables) -> None:
    for number, days in ((1, 20), (2, 6)):
        tables.has_sprint(number, days, say_do_issues=0.3)
    assert len(tables.has_board().finds(LOW_SAY_DO)) == 1


def test_small_sprints_are_passed_over(tables: Tables) -> None:
    tables.has_board().has_sprint(1, 34, say_do_points=0.5).has_sprint(3, 6, say_do_points=0.5)
    tables.has_sprint(2, 20, say_do_points=1.0, committed_issues=4)
    assert len(tables.finds(LOW_SAY_DO)) == 1
    tables.has_sprint(4, 2, say_do_points=1.0, committed_issues=5)
    assert tables.finds(LOW_SAY_DO) == []


def test_a_board_that_is_no_longer_worked_on_is_not_told(tables: Tables) -> None:
    tables.has_board().has_sprint(1, 120, say_do_points=0.1).has_sprint(2, 90, say_do_points=0.1)
    assert len(tables.finds(LOW_SAY_DO)) == 1
    tables.has_board(8, "Blue", "WEB").has_sprint(3, 120, "acme:8", say_do_points=0.1)
    tables.has_sprint(4, 90.1, "acme:8", say_do_points=0.1)
    assert [alarm.subject_name for alarm in tables.finds(LOW_SAY_DO)] == ["Red"]


# high_escape_rate


def history(tables: Tables, *escaped_of_20: int, first: int = 2) -> Tables:
    """Months of PAY, backwards from the month before the last complete one."""
    tables.has_board()
    for place, escaped in enumerate(escaped_of_20):
        tables.has_escape(place + first, escaped, 20 - escaped)
    return tables


def test_a_rate_beyond_mean_and_twice_the_deviation_of_six_months_is_told(tables: Tables) -> None:
    history(tables, 2, 4, 2, 4, 2, 4).has_escape(1, 6, 9)
    (alarm,) = tables.finds(HIGH_ESCAPE_RATE)
    # rates 10 % and 20 %: mean 15 %, sample deviation 5.477 %
    assert alarm.threshold == pytest.approx(0.15 + 2 * 0.05 * (6 / 5) ** 0.5)
    assert alarm.message == ("PAY: escape rate 40 % in 2026-09 (n 15), above 26 % (mean of the 6 months before + 2 sd)")
    assert (alarm.cause, alarm.subject, alarm.project_id) == (
        "high_escape_rate:month:acme:PAY", "project", "acme:PAY"
    )  # fmt: skip
    assert (alarm.period, alarm.period_start) == ("month", date(2026, 9, 1))
    assert alarm.explain == "flowmart explain --metric defect_escape --period 2026-09 --project PAY"


@pytest.mark.parametrize(("escaped", "internal", "found"), [(3, 7, 1), (2, 8, 0), (1, 9, 0), (9, 0, 0)])
def test_a_rate_at_the_limit_and_one_of_few_defects_are_not_told(
    tables: Tables, escaped: int, internal: int, found: int
) -> None:
    history(tables, 4, 4, 4, 4, 4, 4).has_escape(1, escaped, internal)
    assert len(tables.finds(HIGH_ESCAPE_RATE)) == found


def test_fewer_than_four_months_before_say_nothing(tables: Tables) -> None:
    history(tables, 4, 4, 4).has_escape(1, 15, 0)
    assert tables.finds(HIGH_ESCAPE_RATE) == []
    tables.has_escape(7, 4, 16)
    assert len(tables.finds(HIGH_ESCAPE_RATE)) == 1


def test_the_month_under_way_and_one_without_defects_are_not_looked_at(tables: Tables) -> None:
    history(tables, 4, 4, 4, 4, 4, 4).has_escape(0, 20, 0)
    assert tables.finds(HIGH_ESCAPE_RATE) == []


def test_rows_of_releases_weeks_and_other_groups_are_others(tables: Tables) -> None:
    history(tables, 4, 4, 4, 4, 4, 4)
    tables.has_escape(1, 20, 0, basis="release").has_escape(1, 20, 0, period="week")
    tables.has_escape(1, 20, 0, grouping="all", project_id=None)
    assert tables.finds(HIGH_ESCAPE_RATE) == []


# unknown_defects


@pytest.mark.parametrize(("known", "unknown", "found"), [(15, 5, 1), (16, 4, 0), (7, 3, 1), (6, 3, 0)])
def test_more_than_a_fifth_unknown_of_ten_defects_is_told(tables: Tables, known: int, unknown: int, found: int) -> None:
    tables.has_board().has_escape(1, 0, known, unknown)
    assert len(tables.finds(UNKNOWN_DEFECTS)) == found


def test_unknown_defects_are_told_with_their_share(tables: Tables) -> None:
    tables.has_board().has_escape(1, 1, 14, 5)
    assert tables.messages(UNKNOWN_DEFECTS) == [
        "PAY: share of defects that no rule classifies 25 % in 2026-09 (n 20), above 20 %"
    ]


# stale_source


@pytest.mark.parametrize(("hours", "found"), [(26.01, 1), (26, 0), (0, 0)])
def test_a_source_synced_more_than_26_hours_ago_is_told(tables: Tables, hours: float, found: int) -> None:
    tables.has("sources", source_id="acme", last_synced_at=ago(hours=hours))
    assert len(tables.finds(STALE_SOURCE)) == found


def test_a_source_that_was_never_synced_is_told_and_one_that_is_configured_no_more_is_not(tables: Tables) -> None:
    tables.has("sources", source_id="acme").has("sources", source_id="gone", last_synced_at=ago(days=300))
    tables.sources = ("acme", "new")
    assert tables.messages(STALE_SOURCE) == ["acme: never completely synced", "new: never completely synced"]


def test_a_stale_source_is_told_with_its_age(tables: Tables) -> None:
    tables.has("sources", source_id="acme", last_synced_at=ago(days=3))
    (alarm,) = tables.finds(STALE_SOURCE)
    assert alarm.message == "acme: last synced 3 days ago, above 26 hours"
    assert (alarm.subject, alarm.source_id, alarm.explain) == ("source", "acme", "flowmart status")
    assert (alarm.value, alarm.threshold) == (72, 26)


def test_nothing_is_found_in_empty_tables(tables: Tables) -> None:
    tables.sources = ()
    assert [tables.finds(rule) for rule in DEFAULTS.values()] == [[]] * len(DEFAULTS)
