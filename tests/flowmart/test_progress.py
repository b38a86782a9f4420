"""A watched job: one line a stream, and a live display on a terminal."""

from __future__ import annotations

import io
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from rich.console import Console

from connectors.base import Counters, Progress
from flowmart.events import StreamOutcome, SyncEvents, summary
from flowmart.live import LiveEvents, Pause
from flowmart.logs import LogContext
from flowmart.progress import watching
from flowmart.session import Session


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


def a_terminal(width: int = 80) -> Console:
    file = io.StringIO()
    return Console(file=file, force_terminal=True, color_system=None, width=width, legacy_windows=False)


def shown_on(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_on_a_terminal_failures_notes_and_sums_stay_as_lines_without_secrets_or_escapes() -> None:
    console, context = a_terminal(), LogContext()
    context.hide(["s3cret"])
    with watching(console, context, live=True) as events:
        a_sync(events)
    shown = shown_on(console)
    assert "acme: a [bold]note\N{REPLACEMENT CHARACTER}[2J of ***\n" in shown
    assert "acme links: failed after 2,000 rows in 4.0 s (500/s), 25 requests: refused\n  with ***\n" in shown
    assert "acme: failed after 4,000 rows in 8.0 s (500/s), 50 requests\n" in shown
    assert "s3cret" not in shown


def test_on_a_terminal_a_stream_that_took_long_stays_as_a_line() -> None:
    console = a_terminal()
    with watching(console, LogContext(), live=True) as events:
        for stream, seconds in (("boards", 4.9), ("issues", 5.0)):
            events.stream_started("acme", stream)
            events.stream_finished("acme", stream, outcome(seconds=seconds))
    assert "acme issues: 2,000 rows in 5.0 s (400/s), 25 requests\n" in shown_on(console)
    assert "acme boards:" not in shown_on(console)


def test_sources_that_tell_at_the_same_time_do_not_disturb_one_another() -> None:
    console = a_terminal()

    def tell(source: str) -> None:
        for number in range(20):
            events.stream_started(source, f"s{number}")
            events.page_committed(source, f"s{number}", 3, Progress(done=3, total=9))
            events.note(source, f"note {number}")
            events.stream_finished(source, f"s{number}", outcome())

    names = [f"source{number}" for number in range(8)]
    with watching(console, LogContext(), live=True) as events, ThreadPoolExecutor(8) as pool:
        list(pool.map(tell, names))
    lines = screen_of(shown_on(console))
    told = [f"{name}: note {number}" for name in names for number in range(20)]
    sums = [f"{name}: 40,000 rows in 1 min (500/s), 500 requests" for name in names]
    assert sorted(lines) == sorted([*told, *sums])


def test_a_source_that_failed_in_its_first_stream_is_told_once() -> None:
    console = a_terminal()
    with watching(console, LogContext(), live=True) as events:
        events.stream_started("acme", "login")
        events.stream_finished("acme", "login", outcome(rows_read=0, error="refused"))
    assert screen_of(shown_on(console)) == ["acme login: failed after 0 rows in 4.0 s, 25 requests: refused"]


def test_a_run_that_is_broken_off_tells_where_and_then_nothing_more() -> None:
    console = a_terminal()
    with watching(console, LogContext(), live=True) as events:
        events.stream_started("acme", "boards")
        events.stream_finished("acme", "boards", outcome(rows_read=9))
        events.stream_started("acme", "issues")
    events.page_committed("acme", "issues", 1, None)
    events.stream_finished("acme", "issues", outcome(error="too late"))
    assert screen_of(shown_on(console)) == [
        "acme: broken off in issues; before that 9 rows in 4.0 s (2/s), 25 requests"
    ]


def test_results_that_are_written_while_the_display_is_shown_are_whole() -> None:
    session = Session(environment={})
    session.out, session.err = a_terminal(), a_terminal()
    session.out.file = session.err.file  # one terminal shows both
    with session.watching() as events:
        a_sync(events)
        events.step("writing bi")
        for line in ("synced 1 source", "exported bi"):
            assert isinstance(events, LiveEvents)
            events.refresh()
            session.print(line)
    assert screen_of(shown_on(session.out))[-3:] == [
        "acme: failed after 4,000 rows in 8.0 s (500/s), 50 requests",
        "synced 1 source",
        "exported bi",
    ]


def screen_of(written: str) -> list[str]:
    """The lines that are seen in the end: of the escapes, those that rich's displays use."""
    lines, row = [""], 0
    for part in re.split(r"(\x1b\[\??\d*[A-Za-z]|\r|\n)", written):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part == "\x1b[1A":
            row -= 1
        elif part and part != "\r" and not part.startswith("\x1b["):
            lines[row] += part
    return [line for line in lines if line]


def seen(events: LiveEvents) -> list[str]:
    """The moving part, line by line."""
    console = a_terminal(events.console.width)
    console.print(events.picture())
    return [line.rstrip() for line in shown_on(console).splitlines()]


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def live(clock: list[float]) -> LiveEvents:
    return LiveEvents(a_terminal(), LogContext(), clock=lambda: clock[0])


def test_a_source_tells_share_rows_rate_requests_and_the_time_that_is_left(
    live: LiveEvents, clock: list[float]
) -> None:
    counters = Counters(requests=10)
    live.stream_started("acme", "issues", counters)
    live.page_committed("acme", "issues", 0, Progress(done=0, total=400))
    clock[0], counters.requests = 20.0, 15
    live.page_committed("acme", "issues", 1000, Progress(done=100, total=400))
    assert seen(live)[0][2:] == "acme issues ━━━          25 % · 1,000 rows · 50/s · 5 requests · 1 min left"
    clock[0] = 50.0
    assert seen(live)[0].endswith("25 % · 1,000 rows · 20/s · 5 requests · 30 s left")


def test_without_a_total_nobody_guesses_the_rest(live: LiveEvents, clock: list[float]) -> None:
    live.stream_started("acme", "issues")
    clock[0] = 90.0
    live.page_committed("acme", "issues", 900, Progress(done=9))
    assert " ".join(seen(live)[0][2:].split()) == "acme issues 900 rows · 10/s · 1 min"


def test_on_a_narrow_terminal_requests_and_rate_go_before_the_share_does(clock: list[float]) -> None:
    live = LiveEvents(a_terminal(60), LogContext(), clock=lambda: clock[0])
    live.stream_started("a-source-of-a-very-long-name", "sprint reports", Counters())
    live.page_committed("a-source-of-a-very-long-name", "sprint reports", 0, Progress(done=0, total=400))
    clock[0] = 20.0
    live.page_committed("a-source-of-a-very-long-name", "sprint reports", 1000, Progress(done=100, total=400))
    assert seen(live) == [seen(live)[0]]
    assert seen(live)[0][2:] == "a-source-of-a-v… sprint reports 25 % · 1 min left"


def test_a_pause_that_a_tracker_asks_for_is_told_with_its_end(live: LiveEvents) -> None:
    until = datetime(2026, 10, 2, 4, 15, 38, tzinfo=UTC)
    live.pauses = lambda: [Pause(host="acme.example", seconds=38, until=until, reason="hourly quota")]
    assert seen(live) == [""]
    live.stream_started("acme", "issues")
    assert seen(live)[1] == "acme.example asks to wait until 04:15:38, for 38 s (hourly quota)"


def test_a_step_is_told_after_the_sums_of_the_sources(live: LiveEvents, clock: list[float]) -> None:
    live.stream_started("acme", "issues")
    live.stream_finished("acme", "issues", outcome())
    live.step("computing throughput (9 of 17)")
    clock[0] = 61.0
    assert shown_on(live.console) == "acme issues: 2,000 rows in 4.0 s (500/s), 25 requests\n"
    assert seen(live)[0][2:] == "computing throughput (9 of 17) 1 min"


def test_two_sources_may_have_a_stream_of_the_same_name_under_way() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with watching(console, LogContext(), live=True) as events:
        for source in ("a", "b"):
            events.stream_started(source, "issues")
        for source in ("a", "b"):
            events.page_committed(source, "issues", 1, Progress(done=1))
            events.stream_finished(source, "issues", outcome())
