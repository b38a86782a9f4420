"""The picture of the house: three floors, the garden beside it, and the way of the data below, as an SVG."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET


class Facts(NamedTuple):
    """What is drawn.

    `rooms`: folder → its rooms and their lines. `arrows`: `folder folder` for each that imports another → the one file
    that it imports, or nothing where it is more.
    """

    rooms: Mapping[str, Mapping[str, int]]
    arrows: Mapping[str, str]


class Box(NamedTuple):
    """Where a folder stands."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height


class Look(NamedTuple):
    """How a folder is drawn: its colour, how many rooms stand side by side, what it is for."""

    colour: str
    columns: int
    words: str


LOOKS = {
    "flowmart": Look("#5b6ee1", 5, "the application: reads the config, wires, schedules, speaks to people"),
    "connectors": Look("#d9822b", 1, "trackers → records"),
    "metrics": Look("#2da44e", 2, "history → tables of numbers"),
    "exports": Look("#a371f7", 1, "tables → files for BI"),
    "lake": Look("#0f9d8a", 1, "pages → Delta files"),
    "reports": Look("#d2579b", 1, "tables → HTML"),
    "migrations": Look("#8c6a4f", 1, "revisions"),
    "warehouse": Look("#1b98a6", 5, "the ground: records, tables, and the only code that writes them"),
    "simulator": Look("#8a8f98", 1, "answers like trackers"),
}
NEIGHBOURS = ("connectors", "metrics", "exports", "lake", "reports", "migrations")
_SHARES = (138, 194, 124, 124, 104, 106)
"""How wide the neighbours are."""
FLOW = (
    ("simulator", "tracker", "answers over HTTP"),
    ("connectors", "gateway", "JSON, typed"),
    ("connectors", "mapping", "pure: JSON → records"),
    ("flowmart", "page", "+ bookmark: one transaction"),
    ("warehouse", "loader", "upserts and replaces"),
    ("warehouse", "loaded tables", "what the tracker has"),
    ("metrics", "timeline", "one issue: its intervals"),
    ("metrics", "metrics", "renew what changed"),
    ("warehouse", "computed tables", "each number joins to its issues"),
    ("exports", "exports, report", "files, one HTML page"),
)
"""The way of the data: whose room, what it is called, what happens there."""

WIDTH = 1080.0
LEFT, WALL, RIGHT = 12.0, 178.0, 1062.0
_PAD, _HEAD, _TILE, _GAP, _FOOT, _BETWEEN, _ROOF = 10.0, 42.0, 34.0, 6.0, 17.0, 44.0, 58.0
_LANE = 30.0
"""Where the application reaches past its neighbours to the ground."""
_STEP, _CHIP = 105.2, 36.0
_THOUSAND = 1_000
_LINES_A_PIXEL = 90
"""Of the bars, all on one scale."""
_WIDE = 5
"""So many rooms side by side leave space in the first line of a folder."""
_LETTERS = 15
"""In a line below a step of the flow."""

_STYLE = """
svg { --back: #ffffff; --wall: #f6f8fa; --box: #ffffff; --edge: #d0d7de; --text: #1f2328; --faint: #59636e; --line: #818b98 }
@media (prefers-color-scheme: dark) {
  svg { --back: #0d1117; --wall: #151b23; --box: #0d1117; --edge: #3d444d; --text: #e6edf3; --faint: #9198a1; --line: #7d8590 }
}
text { font: 11px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--text) }
.title { font-size: 15px; font-weight: 700 }
.folder { font-size: 13.5px; font-weight: 700 }
.words, .size, .note, .below { font-size: 10.5px; fill: var(--faint) }
.size { text-anchor: end }
.note { font-style: italic }
.mid, .step, .below { text-anchor: middle }
.step { font-weight: 600; font-size: 11.5px }
.room { font: 11px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }
.wall { fill: var(--wall); stroke: var(--edge) }
.box { fill: var(--box); stroke: var(--edge) }
.tile { fill: var(--wall); stroke: var(--edge) }
.arrow { fill: none; stroke: var(--line); stroke-width: 1.6 }
.head { fill: var(--line) }
.outside { stroke-dasharray: 5 4 }
"""  # noqa: E501


def drawing(facts: Facts) -> str:
    """The whole file, which keeps the facts that it was drawn from."""
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img"})
    ET.SubElement(svg, "title").text = "The house of flowmart: its floors, their rooms, and the way of the data"
    ET.SubElement(svg, "metadata").text = json.dumps(facts._asdict())
    ET.SubElement(svg, "style").text = _STYLE
    ET.SubElement(svg, "rect", {"width": "100%", "height": "100%", "style": "fill: var(--back)"})
    if facts.rooms:
        boxes = places(facts)
        svg.extend(_house(boxes))
        for name, box in boxes.items():
            svg.extend(_folder(name, box, facts.rooms[name]))
        svg.extend(list(_arrows(facts, boxes)))  # a list, or what it raises would be hidden
        svg.extend(_outside(boxes))
        height = boxes["warehouse"].bottom + 24
        svg.extend(_flow(height))
        size = f"{height + 116:g}"
        svg.attrib |= {"width": f"{WIDTH:g}", "height": size, "viewBox": f"0 0 {WIDTH:g} {size}"}
    ET.indent(svg, " ")
    return ET.tostring(svg, encoding="unicode") + "\n"


def places(facts: Facts) -> dict[str, Box]:
    """Where each folder stands: as high as its rooms need, neighbours alike."""

    def needed(name: str) -> float:
        rows = -(-len(facts.rooms[name]) // LOOKS[name].columns)
        foot = _PAD if LOOKS[name].columns >= _WIDE else _FOOT + _GAP
        return _HEAD + rows * (_TILE + _GAP) - _GAP + foot

    inner = RIGHT - WALL - 2 * _PAD
    left, top = WALL + _PAD, _ROOF + 14
    found = {"flowmart": Box(left, top, inner, needed("flowmart"))}
    y, height = found["flowmart"].bottom + _BETWEEN, max(map(needed, (*NEIGHBOURS, "simulator")))
    room, x = inner - _LANE - _PAD * (len(NEIGHBOURS) - 1), left
    for name, share in zip(NEIGHBOURS, _SHARES, strict=True):
        width = round(room * share / sum(_SHARES), 1)
        found[name] = Box(round(x, 1), y, width, height)
        x += width + _PAD
    found["warehouse"] = Box(left, y + height + _BETWEEN, inner, needed("warehouse"))
    found["simulator"] = Box(LEFT, y, WALL - LEFT - 30, height)
    return found


def _house(boxes: Mapping[str, Box]) -> Iterator[ET.Element]:
    """Roof and walls."""
    top, bottom = _ROOF, boxes["warehouse"].bottom + _PAD
    middle = (WALL + RIGHT) / 2
    roof = f"M{WALL - 14:g} {top:g}L{middle:g} 8L{RIGHT + 14:g} {top:g}Z"
    yield ET.Element("path", {"class": "wall", "d": roof, "stroke-linejoin": "round"})
    yield _rect("wall", Box(WALL, top, RIGHT - WALL, bottom - top))
    yield _text("The house of flowmart", middle, top - 14, "title mid")


def _folder(name: str, box: Box, rooms: Mapping[str, int]) -> Iterator[ET.Element]:
    look = LOOKS[name]
    yield _rect("box outside" if name == "simulator" else "box", box, round_=5)
    yield _rect("", Box(box.x, box.y, box.width, 4), fill=look.colour, round_=2)
    yield _text(f"{name}/", box.x + _PAD, box.y + 20, "folder")
    base = box.y + 20 if look.columns >= _WIDE else box.bottom - 8
    yield _text(f"{thousands(sum(rooms.values()))} lines", box.x + box.width - _PAD, base, "size")
    yield _text(look.words, box.x + _PAD, box.y + 34, "words")
    width = (box.width - 2 * _PAD - _GAP * (look.columns - 1)) / look.columns
    for place, (room, lines) in enumerate(rooms.items()):
        row, column = divmod(place, look.columns)
        x, y = box.x + _PAD + column * (width + _GAP), box.y + _HEAD + row * (_TILE + _GAP)
        yield from _room(room, lines, Box(round(x, 1), y, round(width, 1), _TILE), look.colour)


def _room(name: str, lines: int, box: Box, colour: str) -> Iterator[ET.Element]:
    """A room with a bar as long as it has lines."""
    yield _rect("tile", box, round_=3)
    yield _text(name, box.x + 7, box.y + 14, "room")
    yield _text(thousands(lines), box.x + box.width - 7, box.y + 27, "size")
    length = max(2.0, round(min(box.width - 46, lines / _LINES_A_PIXEL), 1))
    yield _rect("", Box(box.x + 7, box.y + 21, length, 5), fill=colour, round_=2.5)


def thousands(lines: int) -> str:
    """`1.2k`, or `340`: nobody counts them."""
    return f"{lines / _THOUSAND:.1f}k" if lines >= _THOUSAND else f"{max(10, round(lines, -1))}"


def _arrows(facts: Facts, boxes: Mapping[str, Box]) -> Iterator[ET.Element]:
    """From whoever imports down to what is imported."""
    for arrow, only in facts.arrows.items():
        upper, lower = arrow.split()
        above, below = boxes[upper], boxes[lower]
        if above.y >= below.y:
            raise ValueError(f"{upper} imports {lower}, which is on no lower floor")
        is_past = (upper, lower) == ("flowmart", "warehouse")
        x = RIGHT - _PAD - _LANE / 2 if is_past else (above if upper in NEIGHBOURS else below).middle
        yield ET.Element("path", {"class": "arrow", "d": f"M{x:g} {above.bottom:g}V{below.y - 7:g}"})
        yield _head(x, below.y)
        if only:
            yield _text(f"{only} only", x + 9, below.y - 18, "note")
    second = boxes["metrics"]
    yield _text("imports go down only", second.middle + 9, second.y - 18, "note")


def _outside(boxes: Mapping[str, Box]) -> Iterator[ET.Element]:
    """Real trackers and the simulated ones, which connectors ask over HTTP."""
    garden, asking, upper = boxes["simulator"], boxes["connectors"], boxes["flowmart"]
    real = Box(garden.x, upper.y + 28, garden.width, 64)
    yield _rect("box outside", real, round_=5)
    yield _text("trackers", real.middle, real.y + 19, "folder mid")
    yield _text("Jira Cloud, Data Center", real.middle, real.y + 35, "below")
    yield _text("Azure DevOps", real.middle, real.y + 49, "below")
    beside, y = garden.x + garden.width, asking.y + 52
    lane = beside + 15
    turn = f"M{asking.x:g} {y:g}H{lane:g}V{real.y + 32:g}H{beside + 7:g}"
    yield ET.Element("path", {"class": "arrow outside", "d": turn})
    yield _head(beside, real.y + 32, turned=True)
    yield ET.Element("path", {"class": "arrow outside", "d": f"M{lane:g} {y:g}H{beside + 7:g}"})
    yield _head(beside, y, turned=True)
    yield _text("HTTP", lane - 32, (real.bottom + garden.y) / 2 + 4, "note")
    under = garden.bottom + 18
    for place, line in enumerate(("imports nothing of ours,", "and nobody imports it")):
        yield _text(line, garden.middle, under + 14 * place, "below")


def _flow(top: float) -> Iterator[ET.Element]:
    """The second picture: one line from the tracker to the report."""
    yield _text("The way of the data, one way only", LEFT, top + 12, "title")
    y, width = top + 26, _STEP - 13
    for place, (folder, name, words) in enumerate(FLOW):
        x = round(LEFT + place * _STEP, 1)
        colour = LOOKS[folder].colour
        point = 9 if place < len(FLOW) - 1 else 0
        shape = f"M{x:g} {y:g}h{width:g}l{point} {_CHIP / 2:g}l-{point} {_CHIP / 2:g}h-{width:g}"
        notch = f"l{9 if place else 0} -{_CHIP / 2:g}z"
        style = f"fill: {colour}; fill-opacity: .18; stroke: {colour}"
        yield ET.Element("path", {"d": shape + notch, "style": style, "stroke-linejoin": "round"})
        middle = x + width / 2 + (4.5 if place else 2)
        parts = name.split(" ")
        for row, part in enumerate(parts):
            yield _text(part, middle, y + _CHIP / 2 + 4 + 13 * (row - (len(parts) - 1) / 2), "step")
        for row, line in enumerate(wrapped(words)):
            yield _text(line, middle, y + _CHIP + 15 + 13 * row, "below")


def wrapped(words: str) -> Sequence[str]:
    """Lines that fit below a step."""
    rows = [""]
    for word in words.split():
        if len(rows[-1]) + len(word) >= _LETTERS:
            rows.append("")
        rows[-1] = f"{rows[-1]} {word}".strip()
    return rows


def _head(x: float, y: float, *, turned: bool = False) -> ET.Element:
    """The point of an arrow that leads down, or to the left."""
    ends = ((x + 8, y - 4.5), (x, y), (x + 8, y + 4.5)) if turned else ((x - 4.5, y - 8), (x, y), (x + 4.5, y - 8))
    return ET.Element("polygon", {"class": "head", "points": " ".join(f"{one:g},{other:g}" for one, other in ends)})


def _rect(kind: str, box: Box, *, round_: float = 0, fill: str = "") -> ET.Element:
    sides = {name: f"{value:g}" for name, value in box._asdict().items()}
    more = {"rx": f"{round_:g}"} if round_ else {}
    return ET.Element(
        "rect", {**({"class": kind} if kind else {}), **sides, **more, **({"fill": fill} if fill else {})}
    )


def _text(text: str, x: float, y: float, kind: str) -> ET.Element:
    element = ET.Element("text", {"x": f"{x:g}", "y": f"{y:g}", "class": kind})
    element.text = text
    return element
