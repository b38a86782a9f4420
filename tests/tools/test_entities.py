"""The picture of the schema shows every table and every join, and nothing in it lies on anything else."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

from warehouse.tables import METADATA

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def entities() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        yield importlib.import_module("entities")


@pytest.fixture(scope="module")
def picture(entities: ModuleType) -> ET.Element:
    return ET.fromstring(entities.drawing())  # noqa: S314 - our own


def numbers(element: ET.Element, *names: str) -> list[float]:
    return [float(element.attrib[name]) for name in names]


def boxes(picture: ET.Element) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each."""
    found = [numbers(one, "x", "y", "width", "height") for one in picture.iter(f"{SVG}rect") if "x" in one.attrib]
    return [(x, y, x + width, y + height) for x, y, width, height in found]


def test_every_table_is_drawn_once_in_one_room(entities: ModuleType, picture: ET.Element) -> None:
    drawn = [one.text for one in picture.iter(f"{SVG}text") if one.get("class") == "name"]
    assert sorted(filter(None, drawn)) == sorted(METADATA.tables)
    assert sorted(table.name for tables in entities.rooms().values() for table in tables) == sorted(METADATA.tables)


@pytest.mark.parametrize(
    ("name", "room"),
    [
        ("issues", "From the trackers"),
        ("issue_labels", "Parts of these"),
        ("issue_flow", "Computed per issue"),
        ("sprint_issues", "Computed per sprint"),
        ("daily_flow", "Computed per period"),
        ("leases", "Operational"),
    ],
)
def test_a_table_is_in_the_room_of_its_grain(entities: ModuleType, name: str, room: str) -> None:
    assert name in [table.name for table in entities.rooms()[room]]


def test_boxes_do_not_overlap(picture: ET.Element) -> None:
    for (left, top, right, bottom), (left_2, top_2, right_2, bottom_2) in combinations(boxes(picture), 2):
        assert right <= left_2 or right_2 <= left or bottom <= top_2 or bottom_2 <= top


def test_no_text_is_wider_than_its_box(entities: ModuleType, picture: ET.Element) -> None:
    width = entities.COLUMN_WIDTH
    for one in picture.iter(f"{SVG}text"):
        if one.get("class") != "room":
            size = entities.HEAD_SIZE if one.get("class") == "name" else entities.SIZE
            left = max(box[0] for box in boxes(picture) if box[0] <= float(one.attrib["x"]))
            assert float(one.attrib["x"]) + 0.6 * size * len(one.text or "") <= left + width


def test_all_is_within_the_picture(picture: ET.Element) -> None:
    width, height = numbers(picture, "width", "height")
    assert max(right for _, _, right, _ in boxes(picture)) < width
    assert max(bottom for _, _, _, bottom in boxes(picture)) < height
    steps = "".join(one.attrib["d"] for one in picture.iter(f"{SVG}path"))
    assert all(0 < float(x) < width for x in re.findall(r"[MH]([\d.]+)", steps))
    assert all(0 < float(y) < height for y in re.findall(r"(?:V|M[\d.]+ )([\d.]+)", steps))


def test_no_line_runs_through_a_box(picture: ET.Element) -> None:
    lefts = {(box[0], box[2]) for box in boxes(picture)}
    steps = "".join(one.attrib["d"] for one in picture.iter(f"{SVG}path"))
    upright = {float(x) for x in re.findall(r"M([\d.]+) [\d.]+V", steps)}
    assert upright
    assert not [x for x in upright for left, right in lefts if left <= x <= right]


def test_lines_of_two_tables_share_no_lane(picture: ET.Element) -> None:
    lanes = [set(re.findall(r"M([\d.]+) [\d.]+V", one.attrib["d"])) for one in picture.iter(f"{SVG}path")]
    assert max(Counter(x for of_one in lanes for x in of_one).values()) == 1


def test_each_table_joined_to_has_one_arrow_and_each_column_that_holds_its_key_a_dot(picture: ET.Element) -> None:
    arrows = [one.attrib["fill"] for one in picture.iter(f"{SVG}polygon")]
    dots = Counter(one.attrib["fill"] for one in picture.iter(f"{SVG}circle"))
    assert len(arrows) == len(set(arrows)) == len(list(picture.iter(f"{SVG}path"))) == 13
    assert set(dots) == set(arrows)
    assert dots["#a371f7"] == 4  # issue_changes: what started and ended stays, memberships and cycle times
