"""Shows which files an export wrote."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import ceil
from pathlib import Path

from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table

from exports.base import Written
from flowmart.commands.options import row, table
from flowmart.session import Session
from flowmart.text import count, printable

_GAP, _INDENT = 3, 2


def show_paths(session: Session, written: Mapping[str, Sequence[Written]]) -> None:
    """Each path and its rows; of a table in many files, their folder."""
    made = table("file", "rows", right=("rows",))
    for files in written.values():
        for parts in _by_table(files):
            row(made, *_line(parts))
    session.show(made)


def show_briefly(session: Session, written: Mapping[str, Sequence[Written]]) -> None:
    """Of each export the place, then its tables with their rows, in as many columns as the terminal has room for."""
    for name, files in written.items():
        paths = sorted({str(file.path) for file in files})
        if paths:
            place = paths[0] if len(paths) == 1 else _folder(paths)
            rows = sum(file.rows for file in files)
            session.print(f"{name}: {count(len(paths), 'file')}, {count(rows, 'row')} in {place}")
            _columns(session, [(parts[0].table, f"{sum(part.rows for part in parts):,}") for parts in _by_table(files)])
            session.print("")


def _folder(paths: Sequence[str]) -> str:
    """Where all lie: also of addresses, whose slashes `commonpath` would join."""
    same = os.path.commonprefix(paths)  # noqa: RUF071 - cut at a separator below
    return same[: max(same.rfind("/"), same.rfind(os.path.sep))]


def _columns(session: Session, cells: Sequence[tuple[str, str]]) -> None:
    """Names and numbers, to be read down the first column, then the next."""
    width = max(cell_len(printable(name)) for name, _ in cells) + 1 + max(len(rows) for _, rows in cells)
    places = max(1, (session.out.width - _INDENT + _GAP) // (width + _GAP))
    height = ceil(len(cells) / places)
    texts = [f"{printable(name)}{rows:>{width - cell_len(printable(name))}}" for name, rows in cells]
    made = Table.grid(padding=(0, _GAP, 0, 0))
    for _ in range(ceil(len(cells) / height)):
        made.add_column()
    for line in range(height):
        made.add_row(*texts[line::height])
    session.show(Padding(made, (0, 0, 0, _INDENT), expand=False))


def _by_table(files: Sequence[Written]) -> Iterator[list[Written]]:
    for _, parts in groupby(files, key=lambda file: file.table):
        yield list(parts)


def _line(parts: Sequence[Written]) -> tuple[str, str]:
    rows = f"{sum(part.rows for part in parts):,}"
    first = parts[0]
    if len(parts) > 1:
        return f"{str(first.path).rpartition(f'{first.table}/month=')[0]}{first.table}/ ({len(parts):,} months)", rows
    alone = Path(str(first.path)).stem == first.table
    return str(first.path) if alone else f"{first.path} ({first.table})", rows
