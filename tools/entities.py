"""Draws the tables and what joins them as an SVG: keys and joining columns, one line a table joined to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import cycle
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from sqlalchemy import Column, Table

from warehouse.dictionary import joined_table
from warehouse.tables import COMPUTED, LOADED, METADATA, OPERATIONAL

LANE, MARGIN = 5.5, 8
HEAD, ROW, GAP, ROOM_HEAD = 17, 14, 9, 24
SIZE, HEAD_SIZE = 10.5, 11.5
_LETTER = 0.61
"""Width of a letter of the widest of the fonts, in sizes of the font."""

COLOURS = (
    "#8a8f98", "#2f81f7", "#d9822b", "#7a8f2a", "#2da44e", "#bf6bbf", "#b08800",
    "#8c6a4f", "#d2579b", "#1b98a6", "#e5534b", "#a371f7", "#5b6ee1",
)  # fmt: skip
"""Of the tables joined to, in the order of the schema; readable on white and on black."""

_STYLE = f"""
svg {{ --back: #ffffff; --box: #f6f8fa; --edge: #d0d7de; --text: #1f2328; --faint: #59636e }}
@media (prefers-color-scheme: dark) {{
  svg {{ --back: #0d1117; --box: #161b22; --edge: #3d444d; --text: #e6edf3; --faint: #9198a1 }}
}}
text {{ font: {SIZE}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: var(--text) }}
.room {{ font: 600 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--faint) }}
.name {{ font-size: {HEAD_SIZE}px; font-weight: 700 }}
.key {{ text-decoration: underline }}
.box {{ fill: var(--box); stroke: var(--edge) }}
.line {{ fill: none; stroke-width: 1.4 }}
"""


class Place(NamedTuple):
    """A row of a drawn table: where its line begins, and which gutter that is in."""

    gutter: int
    y: float
    is_key: bool


Nets = Mapping[str, Sequence[Place]]
"""Table joined to → the rows of its own key and of all columns that hold it."""


def drawing() -> str:
    """The whole file."""
    boxes, nets, height = _boxes()
    top = MARGIN + LANE * len(nets) + 6
    width = MARGIN + len(_COLUMNS) * (GUTTER + COLUMN_WIDTH) + MARGIN
    size = {"width": f"{width:g}", "height": f"{top + height:g}", "viewBox": f"0 0 {width:g} {top + height:g}"}
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", **size})
    ET.SubElement(svg, "title").text = "Tables of the warehouse and what joins them"
    ET.SubElement(svg, "style").text = _STYLE
    ET.SubElement(svg, "rect", {"width": "100%", "height": "100%", "style": "fill: var(--back)"})
    svg.extend(_lines(nets, top))
    body = ET.SubElement(svg, "g", {"transform": f"translate(0 {top:g})"})
    body.extend(boxes)
    ET.indent(svg, " ")
    return ET.tostring(svg, encoding="unicode") + "\n"


def rooms() -> dict[str, list[Table]]:
    """Room → its tables in the order of the schema, each table in one room."""
    found: dict[str, list[Table]] = defaultdict(list)
    for table in LOADED:
        found["From the trackers" if table.name in colours() else "Parts of these"].append(table)
    for table in COMPUTED:
        holds = {joined_table(column) for column in table.columns}
        own = next((room for name, room in _GRAINS.items() if name in holds), "Computed per period")
        found[own].append(table)
    found["Operational"].extend(OPERATIONAL)
    return dict(found)


_GRAINS = {"sprints": "Computed per sprint", "issues": "Computed per issue"}
"""Table that a computed one joins to → its room; the first that holds."""
_COLUMNS = (
    ("From the trackers",),
    ("Parts of these",),
    ("Computed per issue", "Computed per sprint"),
    ("Computed per period", "Operational"),
)
"""Which rooms stand above one another, from left to right."""


@cache
def colours() -> dict[str, str]:
    """Each table that others join to → its colour."""
    joined = {joined_table(column) for table in METADATA.tables.values() for column in table.columns}
    return dict(
        zip((table.name for table in (*LOADED, *COMPUTED) if table.name in joined), cycle(COLOURS), strict=False)
    )


def shown_columns(table: Table) -> list[Column[Any]]:
    """The key, then the columns that join the table to others."""
    return [column for column in table.columns if column.primary_key or joined_table(column)]


GUTTER = 20 + LANE * len(colours())
COLUMN_WIDTH = 18 + _LETTER * max(
    size * len(name)
    for table in METADATA.tables.values()
    for size, name in [(HEAD_SIZE, table.name), *((SIZE, column.name) for column in shown_columns(table))]
)


def _boxes() -> tuple[list[ET.Element], Nets, float]:
    """All boxes, the nets that join them, and how high the highest column is."""
    drawn: list[ET.Element] = []
    nets: dict[str, list[Place]] = {name: [] for name in colours()}
    by_room, heights = rooms(), []
    for gutter, names in enumerate(_COLUMNS):
        left, y = MARGIN + gutter * (GUTTER + COLUMN_WIDTH) + GUTTER, 0.0
        for room in names:
            drawn.append(_text(room, left, y + 15, "room"))
            y += ROOM_HEAD
            for table in by_room[room]:
                drawn.extend(_box(table, left, y))
                for place, (_, target, is_key) in enumerate(_rows(table)):
                    if target is not None:
                        nets[target].append(Place(gutter, y + HEAD + ROW * (place + 0.5), is_key))
                y += HEAD + ROW * len(shown_columns(table)) + 4 + GAP
            y += GAP
        heights.append(y)
    return drawn, nets, max(heights)


def _rows(table: Table) -> Iterator[tuple[Column[Any], str | None, bool]]:
    """Each shown column, the table whose key it holds, and whether it is that key itself."""
    for column in shown_columns(table):
        target = joined_table(column)
        is_key = target is None and table.name in colours()
        yield column, table.name if is_key else target, is_key


def _box(table: Table, left: float, y: float) -> Iterator[ET.Element]:
    rows = list(_rows(table))
    size = {"width": f"{COLUMN_WIDTH:g}", "height": f"{HEAD + ROW * len(rows) + 4:g}"}
    yield ET.Element("rect", {"class": "box", "rx": "3", "x": f"{left:g}", "y": f"{y:g}", **size})
    yield _text(table.name, left + 8, y + 13, "name")
    for place, (column, target, is_key) in enumerate(rows):
        middle = y + HEAD + ROW * (place + 0.5)
        yield _text(column.name, left + 12, middle + 3.5, "key" if column.primary_key else "")
        if target is not None:
            yield _mark(left, middle, colours()[target], is_key=is_key)


def _text(text: str, x: float, y: float, kind: str) -> ET.Element:
    element = ET.Element("text", {"x": f"{x:g}", "y": f"{y:g}", **({"class": kind} if kind else {})})
    element.text = text
    return element


def _mark(x: float, y: float, colour: str, *, is_key: bool) -> ET.Element:
    """Where a line ends at a box: an arrow into the key, a dot at what holds it."""
    if is_key:
        points = f"{x - 6:g},{y - 4:g} {x + 2:g},{y:g} {x - 6:g},{y + 4:g}"
        return ET.Element("polygon", {"points": points, "fill": colour})
    return ET.Element("circle", {"cx": f"{x:g}", "cy": f"{y:g}", "r": "2.6", "fill": colour})


def _lines(nets: Nets, top: float) -> Iterator[ET.Element]:
    """Each net is one line across the top, a lane in each gutter that it needs, and a stub to each row."""
    for number, (name, places) in enumerate(nets.items()):
        bus, by_gutter = MARGIN + LANE * number, defaultdict(list)
        for place in places:
            by_gutter[place.gutter].append(place)
        path, lanes = [], []
        for gutter, rows in sorted(by_gutter.items()):
            # a net keeps its place among the lanes in all gutters, so that the eye finds it again
            left = MARGIN + gutter * (GUTTER + COLUMN_WIDTH)
            lane = left + GUTTER - 10 - LANE * number
            lanes.append(lane)
            ends = [row.y + top for row in rows] + ([bus] if len(by_gutter) > 1 else [])
            path.append(f"M{lane:g} {min(ends):g}V{max(ends):g}")
            path.extend(f"M{lane:g} {row.y + top:g}H{left + GUTTER - (6 if row.is_key else 0):g}" for row in rows)
        if len(lanes) > 1:
            path.append(f"M{lanes[0]:g} {bus:g}H{lanes[-1]:g}")
        yield ET.Element("path", {"class": "line", "stroke": colours()[name], "d": "".join(path)})
