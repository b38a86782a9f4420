"""Draws the picture of the terminal in the documentation: what the demo and two more commands really print.

    ./dev python tools/terminal.py docs/pictures/terminal.svg

It takes as long as a demo of 300 issues. Nothing in the picture is asked of another server.
"""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

_WIDTH = 92
_COMMANDS = (
    (("demo", "--issues", "300"), 14),
    (("alerts",), 6),
    (("explain", "--metric", "cycle_time_trend", "--period", "2026-08"), 23),
)
"""Words, and how many lines of what they print are shown."""
_FONT_OF_ANOTHER_SERVER = re.compile(r"@font-face\s*\{.*?\}\s*", re.DOTALL)


def main(picture: Path) -> None:
    """Run the commands in a fresh folder and draw what they print."""
    console = Console(file=io.StringIO(), record=True, width=_WIDTH, force_terminal=True, color_system="truecolor")
    with tempfile.TemporaryDirectory() as folder:
        for words, lines in _COMMANDS:
            console.print(Text.assemble(("$ ", "green"), ("flowmart " + " ".join(words), "bold")))
            for line in printed(words, Path(folder))[:lines]:
                console.print(Text.from_ansi(line))
            console.print()
    drawn = console.export_svg(title="flowmart", theme=MONOKAI, unique_id="terminal")
    drawn = _FONT_OF_ANOTHER_SERVER.sub("", drawn)
    picture.write_text("\n".join(line.rstrip() for line in drawn.splitlines()) + "\n", encoding="utf-8")


def printed(words: tuple[str, ...], folder: Path) -> list[str]:
    """The lines that a command prints on a terminal of our width."""
    ours, theirs = pty.openpty()
    environment = {
        **os.environ,
        "COLUMNS": str(_WIDTH),
        "TERM": "xterm-256color",
        "FLOWMART_CONFIG": str(folder / "demo" / "flowmart.toml"),
    }
    command = [sys.executable, "-m", "flowmart", *words]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=theirs, stderr=subprocess.DEVNULL):  # noqa: S603
        os.close(theirs)
        text = _all_of(ours)
    return text.replace("\r\n", "\n").lstrip("\n").splitlines()


def _all_of(terminal: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(terminal, 65_536)
        except OSError:  # how a terminal says that the other end is closed
            part = b""
        if not part:
            os.close(terminal)
            return b"".join(parts).decode()
        parts.append(part)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
