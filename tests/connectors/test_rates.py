"""What the headers of an answer say about the pace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.rates import Advice, asked_wait, read_advice

NOW = datetime(2026, 10, 2, 9, 15, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
IN_A_MINUTE = "2026-10-02T09:16:00Z"


def advice(status: int = 200, **headers: str) -> Advice:
    given_ = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_advice(httpx.Response(status, headers=given_), NOW)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("5", 5),
        ("1847", 1847),
        ("0.5", 0.5),
        (" 12 ", 12),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        ("Fri, 02 Oct 2026 11:16:30 +0200", 90),
        ("Fri, 02 Oct 2026 09:16:30 -0000", 90),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), None),
        ("999999999999999", 366 * 86_400),
        ("Fri, 02 Oct 9999 09:16:30 GMT", 366 * 86_400),
    ],
)
def test_trap_48_retry_after_is_read_in_both_forms(said: str, seconds: float | None) -> None:
    assert advice(429, Retry_After=said).wait_seconds == seconds


@pytest.mark.parametrize("said", ["", "soon", "-5", "nan", "inf", "1e9", "5 s", "Fri, 32 Oct 2026 09:16:30 GMT", "٣"])
def test_a_retry_after_that_makes_no_sense_says_nothing(said: str) -> None:
    answer = httpx.Response(429, headers={"Retry-After": said.encode()})
    assert read_advice(answer, NOW).wait_seconds is None


@pytest.mark.parametrize(
    "reset",
    [IN_A_MINUTE, "2026-10-02T11:16:00+02:00", "2026-10-02T09:16:00", str(EPOCH + 60), f"{EPOCH + 60}000", "60"],
)
def test_trap_46_an_empty_allowance_is_waited_for_until_its_reset(reset: str) -> None:
    told = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": reset}
    assert advice(429, **told).wait_seconds == 60
    assert advice(200, **told).wait_seconds == 60
    assert advice(429, Retry_After="0", **told).wait_seconds == 60


@pytest.mark.parametrize("reset", ["", "soon", "2026-10-02T09:14:00Z", str(EPOCH - 5)])
def test_a_reset_that_is_past_or_unreadable_says_nothing(reset: str) -> None:
    assert advice(429, X_RateLimit_Remaining="0", X_RateLimit_Reset=reset).wait_seconds is None


def test_retry_after_goes_before_a_reset() -> None:
    """Azure DevOps' reset is when all usage is forgotten, minutes after requests are taken again."""
    told = advice(429, Retry_After="32", X_RateLimit_Remaining="0", X_RateLimit_Reset=str(EPOCH + 300))
    assert told.wait_seconds == 32


def test_trap_78_azure_devops_delays_on_a_good_answer_change_the_pace() -> None:
    told = advice(200, Retry_After="4", X_RateLimit_Delay="3.2", X_RateLimit_Resource="Concurrency")
    assert told == Advice(wait_seconds=4, slow=True, spacing_seconds=3.2, reason="Concurrency")


def test_a_bucket_of_data_center_with_retry_after_0_is_no_wait() -> None:
    bucket = {"X_RateLimit_Limit": "50", "X_RateLimit_Interval_Seconds": "60", "X_RateLimit_FillRate": "20"}
    full = advice(200, Retry_After="0", X_RateLimit_Remaining="40", **bucket)
    assert (full.wait_seconds, full.slow) == (None, False)
    empty = advice(200, Retry_After="0", X_RateLimit_Remaining="0", **bucket)
    assert (empty.wait_seconds, empty.slow, empty.spacing_seconds) == (None, True, 3.0)


@pytest.mark.parametrize(
    ("headers", "slow"),
    [
        ({"X_RateLimit_NearLimit": "true"}, True),
        ({"X_RateLimit_NearLimit": "false"}, False),
        ({"X_RateLimit_Limit": "100", "X_RateLimit_Remaining": "19"}, True),
        ({"X_RateLimit_Limit": "100", "X_RateLimit_Remaining": "20"}, False),
        ({"X_RateLimit_Remaining": "3"}, False),
        ({}, False),
    ],
)
def test_a_small_share_of_the_allowance_slows_down(headers: dict[str, str], slow: bool) -> None:  # noqa: FBT001
    assert advice(200, **headers).slow is slow


def test_what_is_left_is_spread_until_the_reset() -> None:
    told = advice(200, X_RateLimit_Limit="1000", X_RateLimit_Remaining="120", X_RateLimit_Reset=IN_A_MINUTE)
    assert told.spacing_seconds == 0.5


def test_the_reason_is_one_short_line() -> None:
    told = advice(429, RateLimit_Reason="jira-burst-based " + "x" * 500)
    assert told.reason == ""  # nothing else is told, so nothing is looked at
    assert advice(429, Retry_After="5", RateLimit_Reason="jira-burst-based").reason == "jira-burst-based"


@given(
    status=st.sampled_from([200, 403, 429, 503]),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "Retry-After",
                "X-RateLimit-Limit",
                "X-RateLimit-Remaining",
                "X-RateLimit-Reset",
                "X-RateLimit-Delay",
                "X-RateLimit-FillRate",
                "X-RateLimit-Interval-Seconds",
            ]
        ),
        st.text(st.characters(codec="ascii", exclude_characters="\r\n\0"), max_size=30)
        | st.integers(0, 10**16).map(str)
        | st.floats(0, 1e6).map(str)
        | st.datetimes(timezones=st.just(timezone(timedelta(hours=2)))).map(lambda moment: moment.isoformat()),
    ),
)
def test_no_header_breaks_the_reading(status: int, headers: dict[str, str]) -> None:
    """Whatever a proxy writes: no wait that is negative, endless or no number."""
    told = read_advice(httpx.Response(status, headers=headers), NOW)
    assert told.wait_seconds is None or 0 < told.wait_seconds <= 366 * 86_400
    assert told.spacing_seconds is None or told.spacing_seconds >= 0
    assert asked_wait(httpx.Response(status, headers=headers), NOW) == told.wait_seconds
