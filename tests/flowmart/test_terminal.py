"""What a tracker says steers no terminal and forges no line of a log."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from connectors.base import FieldChoice, Identity, Seen, Survey
from flowmart.commands.looks import Screen, show
from flowmart.commands.options import print_json
from flowmart.events import StreamOutcome
from flowmart.live import LiveEvents
from flowmart.logs import LogContext, LogFormat, configure, facts
from flowmart.looking.look import SourceLook
from flowmart.session import Session
from flowmart.text import harmless, harmless_json

pytestmark = pytest.mark.usefixtures("logging_as_before")


EVIL = "a\x1b]0;owned\x07\x1b[2J\r\x9b31m\x08\u202eb\u2028\x85c\n2026-10-02T02:15:04Z error: forged"
STEERING = "\x1b\x07\r\x9b\x08\u202e\u2028\x85"
NOW = datetime(2026, 10, 2, tzinfo=UTC)


def is_harmless(text: str) -> bool:
    return not any(character in text for character in STEERING)


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(screen: io.StringIO) -> Console:
    return Console(file=screen, width=200, force_terminal=False)


def test_lines_and_letters_of_any_script_stay() -> None:
    assert harmless("a  b\n\té😀 日本\xa0x") == "a  b\n\té😀 日本 x"
    assert harmless("\x1b[2J\x9b\u202e") == "\ufffd[2J\ufffd\ufffd"


def test_json_says_the_same_after_its_characters_were_made_harmless() -> None:
    text = harmless_json(json.dumps({"a": EVIL, "é": "😀\U000e0001"}, ensure_ascii=False, indent=2))
    assert is_harmless(text)
    assert json.loads(text) == {"a": EVIL, "é": "😀\U000e0001"}
    assert "é" in text
    assert "😀" in text


@pytest.mark.parametrize("style", list(LogFormat))
def test_threat_log_injection_one_record_is_one_line(console: Console, screen: io.StringIO, style: LogFormat) -> None:
    configure(console, style, logging.INFO, LogContext(run="r"))
    logging.getLogger("flowmart.x").error("acme: %s", EVIL, extra=facts(error=EVIL))
    assert is_harmless(screen.getvalue())
    assert screen.getvalue().count("\n") == 1
    assert len(screen.getvalue().splitlines()) == 1


def test_threat_log_injection_lines_of_a_trace_look_like_no_record(console: Console, screen: io.StringIO) -> None:
    configure(console, LogFormat.TEXT, logging.DEBUG, LogContext(run="r"))
    logging.getLogger("flowmart.x").debug("the place", exc_info=ValueError(EVIL))
    assert is_harmless(screen.getvalue())
    first, *others = screen.getvalue().splitlines()
    assert first.endswith("the place")
    assert all(line.startswith("    ") for line in others)


@pytest.mark.parametrize("terminal", [False, True])
def test_threat_terminal_escapes_in_what_a_tracker_shows(screen: io.StringIO, *, terminal: bool) -> None:
    console = Console(file=screen, width=200, force_terminal=terminal, color_system=None)
    survey = Survey(
        seen=(
            Seen(what="project", native_id=EVIL, name=EVIL, detail=EVIL),
            Seen(what="group", native_id="1", name=EVIL),
        ),
        fields=(FieldChoice(role="severity", native_ids=(EVIL,), name=EVIL, evidence=EVIL),),
        missing_permissions=(EVIL,),
        problems=(EVIL,),
        notes=(EVIL,),
    )
    identity = Identity(kind="jira_cloud", account=EVIL, display_name=EVIL, version=EVIL)
    look = SourceLook(source="acme", type="jira", url="https://x", identity=identity, survey=survey, error=EVIL)
    show(Screen(console=console, mask=str, zone=UTC, now=NOW), look)
    assert is_harmless(screen.getvalue())
    assert "owned" in screen.getvalue()


@pytest.mark.parametrize("say", [Session.print, Session.fail, Session.tell, print_json])
@pytest.mark.parametrize("style", list(LogFormat))
def test_threat_terminal_escapes_in_errors_and_results(
    console: Console, screen: io.StringIO, style: LogFormat, say: object
) -> None:
    session = Session(environment={}, out=console, err=console, log_format=style)
    session.start_logging()
    say(session, EVIL)  # type: ignore[operator]  # each takes a text
    assert "owned" in screen.getvalue()
    assert is_harmless(screen.getvalue())


def test_threat_terminal_escapes_in_a_live_display(screen: io.StringIO) -> None:
    console = Console(file=screen, width=200, force_terminal=False)
    events = LiveEvents(console, LogContext())
    with events.shown():
        events.stream_started("acme", "issues")
        done = StreamOutcome(rows_read=0, rows_written=0, requests=1, retries=0, seconds=0.1)
        events.note("acme", EVIL)
        events.problem("acme", EVIL)
        events.stream_finished("acme", "issues", replace(done, error=EVIL))
    assert screen.getvalue().count("owned") == 3
    assert is_harmless(screen.getvalue())
