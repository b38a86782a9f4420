"""The picture of the house shows every room and every import between folders, and says when it is behind."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def house() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        yield importlib.import_module("house")


@pytest.fixture(scope="module")
def facts(house: ModuleType) -> Any:
    return house.facts(ROOT)


@pytest.fixture(scope="module")
def picture(house: ModuleType, facts: Any) -> ET.Element:
    return ET.fromstring(house.drawing(facts))  # noqa: S314 - our own


def boxes(picture: ET.Element, kind: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each."""
    found = [one for one in picture.iter(f"{SVG}rect") if kind in (one.get("class") or "").split()]
    sides = [[float(one.attrib[name]) for name in ("x", "y", "width", "height")] for one in found]
    return [(x, y, x + width, y + height) for x, y, width, height in sides]


def test_each_room_is_drawn_once(facts: Any, picture: ET.Element) -> None:
    drawn = [one.text or "" for one in picture.iter(f"{SVG}text") if one.get("class") == "room"]
    assert sorted(drawn) == sorted(room for rooms in facts[0].values() for room in rooms)
    assert {"jira", "history", "syncing", "tables", "page", "powerbi", "life"} <= set(drawn)


def test_the_folders_import_as_the_contracts_say(facts: Any) -> None:
    neighbours = ["connectors", "exports", "lake", "metrics", "migrations", "reports"]
    down = {f"flowmart {name}" for name in [*neighbours, "warehouse"]} | {f"{name} warehouse" for name in neighbours}
    assert facts[1].keys() == down
    assert facts[1]["connectors warehouse"] == "records"


def test_nothing_lies_on_anything_else_and_all_is_within(picture: ET.Element) -> None:
    width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
    folders, tiles = boxes(picture, "box"), boxes(picture, "tile")
    for some in (folders, tiles):
        for (left, top, right, bottom), (left_2, top_2, right_2, bottom_2) in combinations(some, 2):
            assert right <= left_2 or right_2 <= left or bottom <= top_2 or bottom_2 <= top
    for left, top, right, bottom in tiles:
        assert any(x <= left and y <= top and right <= x_2 and bottom <= y_2 for x, y, x_2, y_2 in folders)
    assert all(left >= 0 and right <= width and bottom <= height for left, _, right, bottom in folders)


def test_the_name_of_a_room_fits_into_it(picture: ET.Element) -> None:
    letter = 11 * 0.61  # size of the font, and width of a letter of the widest one
    for one in (text for text in picture.iter(f"{SVG}text") if text.get("class") == "room"):
        x, y = float(one.attrib["x"]), float(one.attrib["y"])
        (right,) = [r for left, top, r, bottom in boxes(picture, "tile") if left <= x <= r and top <= y <= bottom]
        assert x + letter * len(one.text or "") <= right, one.text


def test_a_picture_keeps_what_it_was_drawn_from(house: ModuleType, facts: Any) -> None:
    assert house.drawn(house.drawing(facts)) == facts


def test_an_import_upwards_is_not_drawn(house: ModuleType, facts: Any) -> None:
    for arrow in ("warehouse metrics", "metrics connectors", "simulator connectors"):
        with pytest.raises(ValueError, match="on no lower floor"):
            house.drawing(type(facts)(facts[0], {arrow: ""}))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (1_000, []),
        (1_200, []),
        (1_201, ["metrics/history has 1,201 lines, and had 1,000"]),
        (799, ["metrics/history has 799 lines, and had 1,000"]),
    ],
)
def test_it_is_behind_when_a_room_has_changed_by_more_than_a_fifth(
    house: ModuleType, facts: Any, lines: int, told: list[str]
) -> None:
    then, now = (type(facts)({"metrics": {"history": size}}, {}) for size in (1_000, lines))
    assert list(house.behind(then, now)) == told


def test_it_is_behind_when_a_room_or_an_import_came_or_went(house: ModuleType, facts: Any) -> None:
    then = type(facts)({"metrics": {"history": 9, "facts": 9}}, {"metrics warehouse": "records"})
    now = type(facts)({"metrics": {"history": 9, "trends": 9}}, {"metrics warehouse": ""})
    assert list(house.behind(then, now)) == [
        "who imports whom: metrics → warehouse",
        "metrics/facts came or went",
        "metrics/trends came or went",
    ]


def test_imports_are_found_within_functions_and_through_packages(house: ModuleType) -> None:
    text = (
        "import a.b\nfrom warehouse import records\nfrom warehouse.tables import table\ndef f():\n    from c import d\n"
    )
    assert sorted(house.imported(text, ROOT)) == ["a.b", "c", "warehouse.records", "warehouse.tables"]
