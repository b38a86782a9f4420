"""Single values of Jira's JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from connectors.jira.gateway.values import (
    epoch_milliseconds,
    instant,
    number_text,
    optional_day,
    readable,
    readable_text,
)
from connectors.quantity import finite

MOMENT = datetime(2026, 10, 2, 7, 15, 4, 123000, tzinfo=UTC)


@pytest.mark.parametrize("value", [1790925304123, "2026-10-02T09:15:04.123+0200", "2026-10-02T07:15:04.123Z"])
def test_trap_12_all_forms_of_an_instant_give_the_same(value: str | int) -> None:
    assert instant(value) == MOMENT


def test_trap_12_small_numbers_count_seconds() -> None:
    assert instant(1492070429) == datetime(2017, 4, 13, 8, 0, 29, tzinfo=UTC)


def test_trap_43_offsets_on_both_sides_of_a_clock_change_keep_the_order() -> None:
    before, after = "2026-10-25T02:59:59.000+0200", "2026-10-25T02:00:00.000+0100"
    assert (instant(after) - instant(before)).total_seconds() == 1


@pytest.mark.parametrize("value", ["2026-10-02T09:15:04.123", "yesterday", 10**30])
def test_what_is_no_instant_is_refused(value: str | int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the message
        instant(value)


def test_milliseconds_are_exact_both_ways() -> None:
    assert epoch_milliseconds(instant(1790925304447)) == 1790925304447


def test_a_day_may_carry_a_time_of_day() -> None:
    assert optional_day("2026-10-09T00:00:00.000Z") == date(2026, 10, 9)
    assert optional_day(None) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5.0", "5"), ("5", "5"), ("0.5", "0.5"), ("", None), (None, None), ("XL", "XL"), ("nan", "nan"), ("inf", "inf")],
)
def test_trap_89_equal_numbers_have_one_text(text: str | None, expected: str | None) -> None:
    assert number_text(text) == expected


def test_a_flag_is_no_number() -> None:
    assert finite(True) is None
    assert finite("3.5") == 3.5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"self": "x", "value": "High", "id": "1"}, "High"),
        ({"value": "Europe", "child": {"value": "Berlin"}}, "Europe > Berlin"),
        ({"accountId": "5b", "displayName": "Mia", "active": True}, "Mia"),
        ([{"name": "a"}, None, {"name": "b"}], ["a", "b"]),
        ([], None),
        ({}, None),
        ("", None),
        ("{}", None),
        (0, 0),
        (False, False),
        ({"odd": 1}, {"odd": 1}),
        (
            {"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Prod"}]}]},
            "Prod",
        ),
    ],
)
def test_a_field_is_stored_as_a_person_reads_it(value: object, expected: object) -> None:
    assert readable(value) == expected


def test_a_list_and_a_whole_number_have_a_short_text() -> None:
    assert readable_text([{"value": "iOS"}, {"value": "Web"}]) == "iOS, Web"
    assert readable_text(2.0) == "2"
    assert readable_text(None) is None
