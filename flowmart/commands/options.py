"""What the commands share: how they get at their session, and the options that several have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from flowmart.errors import UsageError
from flowmart.session import Session
from flowmart.text import harmless_json, printable

AcceptLoss = Annotated[
    bool, typer.Option("--accept-loss", help="Believe a census, however many issues are missing (see sync.max_loss).")
]
MaxInFlight = Annotated[
    int | None,
    typer.Option("--max-in-flight", metavar="N", min=1, max=64, help="Requests at once and source, for this call."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def session_of(context: typer.Context) -> Session:
    """The session of this call."""
    session = context.find_object(Session)
    if session is None:
        raise AssertionError("flowmart.cli hands the session over")
    return session


def examples(*lines: str) -> str:
    """Examples for the end of a help text, one a line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def day(text: str | None) -> date | None:
    """`2026-09-01` as a date. Raises `UsageError`."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since: {text!r} is no day such as 2026-09-01") from None


def print_json(session: Session, value: object) -> None:
    """The value as indented JSON on stdout: instants as ISO text, secrets masked."""
    session.put(harmless_json(json.dumps(_masked(session, value), indent=2, ensure_ascii=False, default=_plain)))


def table(*columns: str, title: str | None = None, right: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> Table:
    """An empty table in the one style of all commands; where room is short, those of `whole` are not folded."""
    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold", no_wrap=name in whole)
    return made


def row(into: Table, *cells: object) -> None:
    """Add a row of plain texts; None is shown as a dash. A `Text` keeps its style."""
    into.add_row(*(cell if isinstance(cell, Text) else "-" if cell is None else printable(str(cell)) for cell in cells))


def _masked(session: Session, value: object) -> object:
    if isinstance(value, str):
        return session.context.mask(value)
    if isinstance(value, Mapping):
        return {key: _masked(session, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(session, item) for item in value]
    return value


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(type(value).__name__)
