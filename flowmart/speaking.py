"""Speaks on a console: one voice at a time, and folded at words where a person reads it on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.text import Text

_TURN = RLock()
_HANGING = "  "
_NARROWEST = 20


@contextmanager
def turn() -> Iterator[None]:
    """Within, no other thread speaks.

    rich writes what two threads print in any order: a line printed beside a live display would tear the display apart,
    or be overwritten by it.
    """
    with _TURN:
        yield


def say(console: Console, text: str, style: str = "") -> None:
    """Lines as they are, however long: what programs read, and logs."""
    with turn():
        console.print(Text(text, style=style), soft_wrap=True)


def tell(console: Console, text: str, style: str = "") -> None:
    """Sentences: on a terminal folded at words, each next line a little to the right; elsewhere as they are.

    Indented lines stay as they are: they are commands to copy, or columns.
    """
    lines = []
    for line in text.split("\n"):
        stays = line.startswith(" ") or cell_len(line) <= console.width
        first, *others = [line] if stays else folded(line, console, len(_HANGING))
        lines += [first, *(f"{_HANGING}{other}" for other in others)]
    say(console, "\n".join(lines), style)


def lay(console: Console, what: RenderableType) -> None:
    """A table or the like; elsewhere than on a terminal without the blanks that fill up its lines."""
    with turn():
        if console.is_terminal:
            console.print(what)
            return
        with console.capture() as captured:
            console.print(what)
        say(console, "\n".join(line.rstrip() for line in captured.get().removesuffix("\n").split("\n")))


def folded(line: str, console: Console, indent: int) -> list[str]:
    """The lines that a terminal shows of this one when `indent` columns are taken; elsewhere the line itself."""
    room = console.width - indent
    if not console.is_terminal or room < _NARROWEST or cell_len(line) <= room:
        return [line]
    return [part.plain.rstrip() for part in Text(line).wrap(console, room)]
