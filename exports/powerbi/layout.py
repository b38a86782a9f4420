"""A report as data: pages of visuals on a grid, with their fields by names of the warehouse and of measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 1280, 720
COLUMNS, ROWS = 12, 12
_MARGIN, _GAP = 16, 8


class Cell(NamedTuple):
    """Where on the grid a visual is, from the upper left corner, and how many columns and rows it takes."""

    column: int
    row: int
    columns: int
    rows: int


class Box(NamedTuple):
    """The same in pixels."""

    x: int
    y: int
    width: int
    height: int


class Visual(NamedTuple):
    """A visual; fields are names of measures, or columns as `table.column`."""

    kind: str
    title: str
    cell: Cell
    roles: Sequence[tuple[str, Sequence[str]]]
    """Role of the visual's kind (`Category`, `Y`, `Values`, …) → its fields."""
    sort: tuple[str, str] | None = None
    """Field and `Ascending` or `Descending`."""
    only: tuple[str, Sequence[str]] | None = None
    """A column, and the values that this visual shows."""


class Page(NamedTuple):
    """A page of the report."""

    name: str
    display: str
    visuals: Sequence[Visual]


def box(cell: Cell) -> Box:
    """Where a cell is on the page; cells that share no place of the grid share no pixel."""
    width, height = (WIDTH - 2 * _MARGIN + _GAP) // COLUMNS, (HEIGHT - 2 * _MARGIN + _GAP) // ROWS
    return Box(
        _MARGIN + cell.column * width,
        _MARGIN + cell.row * height,
        cell.columns * width - _GAP,
        cell.rows * height - _GAP,
    )


def slicers(*columns: tuple[str, str]) -> list[Visual]:
    """A row of drop-downs (titles and columns) at the top of the page."""
    width = COLUMNS // len(columns)
    return [
        Visual("slicer", title, Cell(place * width, 0, width, 1), [("Values", [column])])
        for place, (title, column) in enumerate(columns)
    ]


def cards(*measures: str) -> list[Visual]:
    """A row of figures below the slicers."""
    width = COLUMNS // len(measures)
    return [
        Visual("card", measure, Cell(place * width, 1, width, 2), [("Values", [measure])])
        for place, measure in enumerate(measures)
    ]
