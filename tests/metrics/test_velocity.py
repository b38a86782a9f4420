"""Velocity trends against numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from metrics.sprints.velocity import band, slope, trend


def test_nothing_is_said_until_there_are_3_5_and_6_sprints() -> None:
    known = [[value is not None for value in trend([10.0, 20.0, 30.0, 40.0, 50.0, 60.0][:n])] for n in range(1, 7)]
    none, three, five = [False] * 7, [True, True, False, False, False, True, True], [True] * 4 + [False, True, True]
    assert known == [none, none, three, three, five, [True] * 7]


def test_means_and_sample_deviations_are_of_the_last_3_and_5() -> None:
    found = trend([99.0, 10.0, 20.0, 30.0, 40.0, 60.0])
    assert found.mean_3 == pytest.approx(130 / 3)
    assert found.sd_3 == pytest.approx(15.275252316519467)  # sqrt(((-13.33)^2 + (-3.33)^2 + 16.67^2) / 2)
    assert found.mean_5 == pytest.approx(32)
    assert found.sd_5 == pytest.approx(19.235384061671343)  # sqrt((22^2 + 12^2 + 2^2 + 8^2 + 28^2) / 4)


def test_the_slope_is_in_points_a_sprint() -> None:
    assert slope([10, 12, 14, 16, 18, 20]) == pytest.approx(2)
    assert slope([5, 5, 5, 5, 5, 5]) == 0
    # sum of (place - 2.5) * value is 2.5 * (6 - 1) + 1.5 * (2 - 4) + 0.5 * (5 - 3) = 10.5; over 17.5
    assert slope([1, 4, 3, 5, 2, 6]) == pytest.approx(0.6)


def test_the_band_is_the_80_percent_prediction_interval() -> None:
    # mean 20, s = 10, t(0.9; 2) = 1.8856, half = 1.8856 * 10 * sqrt(4 / 3)
    assert band([10, 20, 30]) == pytest.approx((-1.7732424, 41.7732424))
    # mean 35, s = sqrt(350), t(0.9; 5) = 1.4759, half = 1.475884 * sqrt(350 * 7 / 6)
    assert band([10, 20, 30, 40, 50, 60]) == pytest.approx((5.1764281, 64.8235719))
    assert band([10, 20]) == (None, None)


def test_the_lower_end_of_the_band_may_be_negative_and_equal_velocities_leave_no_room() -> None:
    low, _ = band([0, 20, 40])
    assert low is not None
    assert low < 0
    assert band([8, 8, 8, 8]) == (8, 8)


def test_the_band_is_of_the_last_six() -> None:
    found = trend([1000.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
    assert (found.next_low, found.next_high) == pytest.approx((5.1764281, 64.8235719))


def test_each_board_has_its_own_trend_over_closed_sprints_in_order_of_their_end(
    company: Any, life: Any, sprint: Any
) -> None:
    sprints = [sprint(number, start, start + 10) for number, start in ((31, 0), (33, 20), (32, 40))]
    sprints += [sprint(34, 60, 70, "active"), sprint(35, 5, 15, board_id="acme:8"), sprint(36, 80, 90, "future")]
    done = [
        life(number, story_points=points, sprint_ids=str(sprint_id), created=start, status="Doing").then(
            start + 5, status="Done"
        )
        for number, (sprint_id, start, points) in enumerate(
            [(31, 0, 3.0), (33, 20, 5.0), (33, 20, None), (32, 40, 7.0), (35, 5, 100.0)], 1
        )
    ]
    company.holds(*sprints, *done).computes("velocity_trend")
    rows = company.rows("velocity_trend", "end_at", "sprint_id", "velocity", "velocity_issues", "mean_3", "sd_3")
    assert rows == [
        (10, "acme:31", 3, 1, None, None),
        (15, "acme:35", 100, 1, None, None),
        (30, "acme:33", 5, 2, None, None),
        (50, "acme:32", 7, 1, pytest.approx(5), pytest.approx(2)),
    ]


def test_sprints_of_no_board_share_no_trend(company: Any, life: Any, sprint: Any) -> None:
    sprints = [sprint(number, number, number + 10, board_id=None) for number in (31, 32, 33)]
    company.holds(*sprints, life()).computes("velocity_trend")
    assert [mean for (mean,) in company.rows("velocity_trend", "mean_3")] == [None] * 3
