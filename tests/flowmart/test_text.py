"""Words and numbers for people."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from flowmart.text import count, duration, instant, printable, size


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 0 min"), (93_600, "1 d 2 h")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_counts() -> None:
    assert [count(n, "row") for n in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (182_849_536, "183 MB"),
        (12_340_000_000_000_000, "12,340 TB"),
    ],
)
def test_sizes(number: int, words: str) -> None:
    assert size(number) == words


def test_instants_are_local() -> None:
    assert instant(datetime(2026, 10, 2, 2, 15, tzinfo=UTC), ZoneInfo("Europe/Berlin")) == "2026-10-02 04:15 CEST"


def test_what_would_steer_a_terminal_is_replaced() -> None:
    assert printable("a\n b\x1b[2J\u202e é😀") == "a b\ufffd[2J\ufffd é😀"
