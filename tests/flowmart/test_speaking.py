"""Sentences are folded at words on a terminal, and nowhere else; what programs read never is."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from flowmart.commands.options import print_json
from flowmart.session import Session
from flowmart.speaking import tell
from flowmart.text import clipped

LONG = "flowmart: acme: the tracker says 429; wait, then run it again"


def a_console(*, terminal: bool, width: int = 30) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, color_system=None, width=width, legacy_windows=False)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_gets_whole_words_with_the_next_lines_to_the_right() -> None:
    console = a_console(terminal=True)
    tell(console, LONG)
    assert written(console) == "flowmart: acme: the tracker\n  says 429; wait, then run it\n  again\n"


def test_a_line_that_fits_exactly_stays() -> None:
    console = a_console(terminal=True)
    tell(console, "twenty-eight and a few: 30 is.")
    assert written(console) == "twenty-eight and a few: 30 is.\n"


def test_a_pipe_gets_the_line_as_it_is() -> None:
    console = a_console(terminal=False)
    tell(console, LONG, "red")
    assert written(console) == f"{LONG}\n"


def test_an_indented_line_is_a_command_to_copy_and_stays_whole() -> None:
    console = a_console(terminal=True)
    tell(console, f"Try:\n  {LONG}")
    assert written(console) == f"Try:\n  {LONG}\n"


def test_wide_letters_count_twice() -> None:
    console = a_console(terminal=True, width=26)
    tell(console, "日本語日本 日本語日本 日本語日本 日本語日本")
    assert written(console) == "日本語日本 日本語日本\n  日本語日本 日本語日本\n"
    assert clipped("日本語日本語", 7) == "日本語…"
    assert clipped("acme", 4) == "acme"


@pytest.mark.parametrize("terminal", [False, True])
def test_json_is_the_same_on_a_terminal_and_in_a_pipe(*, terminal: bool) -> None:
    session = Session(environment={}, out=a_console(terminal=terminal))
    print_json(session, {"error": LONG})
    assert json.loads(written(session.out)) == {"error": LONG}
    assert "\x1b" not in written(session.out)
