"""A watched sync: one line a stream, and a live display on a terminal."""

from __future__ import annotations

import io
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from rich.console import Console

from connectors.base import Progress
from flowmart.events import StreamOutcome, SyncEvents
from flowmart.logs import LogContext
from flowmart.progress import summary, watching


def outcome(**changes: object) -> StreamOutcome:
    values: dict[str, object] = {"rows_read": 2000, "rows_written": 2000, "requests": 25, "retries": 0, "seconds": 4.0}
    return StreamOutcome(**{**values, **changes})  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (outcome(), "2,000 rows in 4.0 s (500/s), 25 requests"),
        (outcome(rows_read=1, requests=1, seconds=0.04), "1 row in 0.0 s, 1 request"),
        (outcome(retries=1), "2,000 rows in 4.0 s (500/s), 25 requests, 1 retry"),
        (outcome(retries=2, seconds=4000), "2,000 rows in 1 h 6 min (0/s), 25 requests, 2 retries"),
        (outcome(error="refused"), "failed after 2,000 rows in 4.0 s (500/s), 25 requests: refused"),
    ],
)
def test_the_end_of_a_stream_in_words(end: StreamOutcome, words: str) -> None:
    assert summary(end) == words


def a_sync(events: SyncEvents) -> None:
    events.stream_started("acme", "issues")
    events.page_committed("acme", "issues", 100, Progress(done=100, total=200))
    events.page_committed("acme", "issues", 100, None)
    events.note("acme", "a [bold]note\x1b[2J of s3cret")
    events.stream_finished("acme", "issues", outcome())
    events.stream_started("acme", "links")
    events.stream_finished("acme", "links", outcome(error="refused with s3cret"))
    events.problem("acme", "no project NOPE")


def test_elsewhere_a_stream_is_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "flowmart")
    with watching(Console(file=io.StringIO()), LogContext(), live=False) as events:
        a_sync(events)
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert told == [
        ("INFO", "acme: a [bold]note\x1b[2J of s3cret"),
        ("INFO", "acme issues: 2,000 rows in 4.0 s (500/s), 25 requests"),
        ("ERROR", "acme links: failed after 2,000 rows in 4.0 s (500/s), 25 requests: refused with s3cret"),
        ("WARNING", "acme: no project NOPE"),
    ]
    assert caplog.records[1].__dict__["facts"]["requests"] == 25


def test_on_a_terminal_the_ended_streams_stay_as_lines_without_secrets_or_escapes() -> None:
    file, context = io.StringIO(), LogContext()
    context.hide(["s3cret"])
    console = Console(file=file, force_terminal=True, color_system=None, width=80, legacy_windows=False)
    with watching(console, context, live=True) as events:
        a_sync(events)
    shown = file.getvalue()
    assert "acme issues: 2,000 rows in 4.0 s (500/s), 25 requests\n" in shown
    assert "acme: a [bold]note\N{REPLACEMENT CHARACTER}[2J of ***\n" in shown
    assert "refused with ***\n" in shown
    assert "s3cret" not in shown


def test_sources_that_tell_at_the_same_time_do_not_disturb_one_another() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system=None, width=200, legacy_windows=False)

    def tell(source: str) -> None:
        for number in range(20):
            events.stream_started(source, f"s{number}")
            events.page_committed(source, f"s{number}", 3, Progress(done=3, total=9))
            events.note(source, f"note {number}")
            events.stream_finished(source, f"s{number}", outcome())

    names = [f"source{number}" for number in range(8)]
    with watching(console, LogContext(), live=True) as events, ThreadPoolExecutor(8) as pool:
        list(pool.map(tell, names))
    shown = file.getvalue()
    for name in names:
        assert all(f"{name} s{number}: 2,000 rows in 4.0 s" in shown for number in range(20))
        assert all(f"{name}: note {number}\n" in shown for number in range(20))


def test_two_sources_may_have_a_stream_of_the_same_name_under_way() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with watching(console, LogContext(), live=True) as events:
        for source in ("a", "b"):
            events.stream_started(source, "issues")
        for source in ("a", "b"):
            events.page_committed(source, "issues", 1, Progress(done=1))
            events.stream_finished(source, "issues", outcome())
