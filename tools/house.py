"""Draws the picture of the house, docs/house.svg, from the code: rooms, sizes, imports; --check says if it is behind.

Sizes grow with every commit. The picture keeps those that it was drawn with, and is behind when one has changed by more
than a fifth, when rooms came or went, or when a folder imports another one than before.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from house_picture import Facts, drawing

PICTURE = Path("docs/house.svg")
SOURCES = ("*.py", "*.js", "*.css", "*.html")
OTHERS = "others"
NAMED: Mapping[str, tuple[str, ...]] = {
    "flowmart": (),
    "connectors": ("base",),
    "metrics": ("catalog",),
    "exports": ("base", "model"),
    "lake": ("publishing", "computed", "pages", "reading"),
    "reports": ("data", "report", "html"),
    "migrations": ("env",),
    "warehouse": ("records", "loader", "engine"),
    "simulator": (),
}
"""Folder → its files that are shown as rooms, beside the folders in it."""
_TOLERANCE, _SMALL = 0.2, 100


def facts(root: Path = Path()) -> Facts:
    """What the code says."""
    return Facts({name: dict(_rooms(root / name)) for name in NAMED}, dict(_arrows(root)))


def _rooms(folder: Path) -> Iterator[tuple[str, int]]:
    """Each room and its lines, the largest first; the rest of the folder at the end."""
    inner = [one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(("_", "."))]
    rooms = {one.name: sum(lines(path) for kind in SOURCES for path in one.rglob(kind)) for one in inner}
    rooms |= {name: lines(folder / f"{name}.py") for name in NAMED[folder.name]}
    yield from sorted(rooms.items(), key=lambda room: -room[1])
    yield OTHERS, sum(lines(path) for path in folder.glob("*.py") if path.stem not in NAMED[folder.name])


def lines(path: Path) -> int:
    """How many lines of ours a file has; none where a program wrote it."""
    return 0 if path.name.endswith(".min.js") else len(path.read_text(encoding="utf-8").splitlines())


def _arrows(root: Path) -> Iterator[tuple[str, str]]:
    """`folder folder` for each that imports another → the one file that it imports, or nothing where it is more."""
    found: dict[str, set[str]] = {}
    for folder in NAMED:
        for path in sorted((root / folder).rglob("*.py")):
            for module in imported(path.read_text(encoding="utf-8"), root):
                to, _, room = module.partition(".")
                if to in NAMED and to != folder:
                    found.setdefault(f"{folder} {to}", set()).add(room)
    for arrow, modules in sorted(found.items()):
        yield arrow, modules.pop() if len(modules) == 1 else ""


def imported(text: str, root: Path = Path()) -> Iterator[str]:
    """The modules that a file imports, within functions too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = root / node.module.replace(".", "/")
            # a package gives its modules, or what it holds itself
            if inner.is_dir() and all((inner / f"{name.name}.py").exists() for name in node.names):
                yield from (f"{node.module}.{name.name}" for name in node.names)
            else:
                yield node.module


def drawn(svg: str) -> Facts:
    """What a picture was drawn from."""
    told = ET.fromstring(svg).find("{http://www.w3.org/2000/svg}metadata")  # noqa: S314 - our own
    if told is None or not told.text:
        raise ValueError("a picture without its facts")
    return Facts(**json.loads(told.text))


def behind(then: Facts, now: Facts) -> Iterator[str]:
    """What of the picture is no more so."""
    for arrow in sorted({*then.arrows, *now.arrows}):
        if then.arrows.get(arrow) != now.arrows.get(arrow):
            yield f"who imports whom: {' → '.join(arrow.split())}"
    for folder, rooms in now.rooms.items():
        before = then.rooms.get(folder, {})
        yield from (f"{folder}/{name} came or went" for name in sorted(before.keys() ^ rooms.keys()))
        for name in before.keys() & rooms.keys():
            was, is_ = before[name], rooms[name]
            if abs(is_ - was) > max(_SMALL, _TOLERANCE * was):
                yield f"{folder}/{name} has {is_:,} lines, and had {was:,}"


def main(arguments: list[str]) -> int:
    """Draw the picture, or compare it; 1 if it is behind."""
    now = facts()
    if arguments != ["--check"]:
        PICTURE.write_text(drawing(now), encoding="utf-8")
        return 0
    there = PICTURE.read_text(encoding="utf-8") if PICTURE.is_file() else drawing(Facts({}, {}))
    then = drawn(there)
    problems = list(behind(then, now)) or (["it is not what the tool draws"] if drawing(then) != there else [])
    for problem in problems:
        print(f"{PICTURE}: {problem}: run `./dev python tools/house.py`")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
