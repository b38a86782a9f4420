"""How pages look: headings, tables that fit the terminal, and how values are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from rich import box
from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from flowmart.explaining.shapes import Freshness, Value
from flowmart.session import Session
from flowmart.text import duration, instant, printable

WIDE = 110
"""From this many columns on tables have all their columns side by side."""
VERY_WIDE = 140
_INDENT = 2
_GAP = 2
_LEAST = 10
_FOLDED = 12
_FOLDED_SHARE = 0.6
"""What a sentence beside a summary gets of the room for both."""
_SPARE = 6
_STYLES = {
    "done": "green",
    "waiting": "yellow",
    "blocked": "red",
    "quiet": "dim",
    "strong": "bold",
    "wrong": "bold red",
    "good": "green",
    "plain": "",
}
Cell = str | Text | None
Ink = Literal["done", "waiting", "blocked", "quiet", "strong", "wrong", "good", "plain"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `grows` may take what is left and folds its texts, `shrinks` cuts them with an ellipsis.

    All others are as wide as their longest text, or `most`, where they fold.
    """

    name: str
    right: bool = False
    grows: bool = False
    shrinks: bool = False
    most: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """Where a page is written."""

    session: Session
    zone: ZoneInfo

    @property
    def is_very_wide(self) -> bool:
        """Whether there is room for long sentences side by side."""
        return self.session.out.width >= VERY_WIDE

    @property
    def is_wide(self) -> bool:
        """Whether there is room for everything side by side."""
        return self.session.out.width >= WIDE

    def line(self, *parts: str | Text) -> None:
        """A line, folded at words; texts are made printable, `Text`s stay as they are."""
        whole = Text()
        for part in parts:
            whole.append_text(part if isinstance(part, Text) else ink(part))
        self.session.show(whole)

    def heading(self, title: str, explanation: str = "") -> None:
        """A title with a quiet explanation."""
        self.session.show()
        self.line(ink(title, "strong"), ink(f"  {explanation}" if explanation else "", "quiet"))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        """A table, indented; None is a dash."""
        cells = [[one if isinstance(one, Text) else ink("–" if one is None else one) for one in row] for row in rows]
        widths = [_width(column, [row[place] for row in cells]) for place, column in enumerate(columns)]
        sized = list(zip(columns, widths, strict=True))
        room = self.session.out.width - _INDENT - _GAP * (len(columns) - 1)
        room -= sum(width for column, width in sized if not (column.grows or column.shrinks))
        folded = max(_FOLDED, int(room * _FOLDED_SHARE))
        left = room - sum(min(width, folded) for column, width in sized if column.grows)
        made = Table(
            box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, _GAP - 1, 0, 0), header_style="dim", show_edge=False
        )
        for column, width in sized:
            made.add_column(
                column.name,
                justify="right" if column.right else "left",
                no_wrap=column.shrinks,
                overflow="ellipsis" if column.shrinks else "fold",
                width=min(width, max(left, _LEAST)) if column.shrinks else None if column.grows else width,
            )
        for row in cells:
            made.add_row(*row)
        self.session.show(Padding(made, (0, 0, 0, _INDENT), expand=False))

    def pairs(self, rows: Sequence[tuple[str, str | Text]]) -> None:
        """Names with what is said of them, without rules."""
        made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        made.add_column(no_wrap=True, style="dim")
        made.add_column(overflow="fold")
        for name, text in rows:
            made.add_row(ink(name), text if isinstance(text, Text) else ink(text))
        self.session.show(Padding(made, (0, 0, 0, _INDENT), expand=False))

    def moment(self, at: datetime | None) -> str:
        """`2026-05-11 09:30` by the calendar's clock."""
        return "–" if at is None else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def fresh(self, freshness: Freshness, otherwise: str = "") -> None:
        """How fresh the numbers are, and what they do not know."""
        if freshness.as_of is not None:
            said = f"computed as of {instant(freshness.as_of, self.zone)} by flowmart {freshness.code_version}"
            self.line(f"{said}{'' if freshness.notes or not otherwise else f'; {otherwise}'}")
        for note in freshness.notes:
            self.line(ink(f"! {note}", "wrong"))


def _width(column: Column, cells: Sequence[Text]) -> int:
    """Columns that the longest line of a cell takes, or a word of the name."""
    widest = max((cell_len(line) for cell in cells for line in cell.plain.split("\n")), default=0)
    named = cell_len(column.name)
    widest = max(widest, named if named <= widest + _SPARE else max(cell_len(word) for word in column.name.split()))
    return min(widest, column.most) if column.most else widest


def ink(text: str, style: Ink = "plain") -> Text:
    """Printable text in a style."""
    ends = " " if text.endswith(" ") else ""
    begins = text[: len(text) - len(text.lstrip(" "))]
    return Text(f"{begins}{printable(text)}{ends if text.strip() else ''}", style=_STYLES[style])


def joined(*parts: Text, by: str = "\n") -> Text:
    """Texts with something between; empty ones are left out."""
    return Text(by).join(part for part in parts if part.plain)


def points(value: float | None) -> str:
    """`8`, `2.5`, `–`."""
    return "–" if value is None else f"{value:g}"


def signed(value: float) -> str:
    """`+3`, `−2`, `0`."""
    return f"+{value:g}" if value > 0 else f"−{-value:g}" if value < 0 else "0"


def share(value: Value) -> str:
    """`61 %`, `–`."""
    return f"{value:.1%}".replace("%", " %") if isinstance(value, int | float) else "–"


def span(seconds: float | None) -> str:
    """`2 d 4 h`, `–`."""
    return "–" if seconds is None else duration(seconds)


def plain(name: str, value: Value, zone: ZoneInfo) -> str:
    """A value as its name asks for it: shares, days with two digits, instants by the calendar's clock."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    if isinstance(value, date | str):
        return str(value)
    if "rate" in name.split("_") or "share" in name or name.startswith(("say_do", "scope_change")):
        return share(value)
    return f"{value:,.2f}" if isinstance(value, float) and not value.is_integer() else f"{value:,.0f}"
