"""The pictures of the documentation show all that there is."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from exports.model import Role, bi_model
from exports.powerbi.pages import PAGES
from tests.documents import DOCS
from tools.pictures import filters, main

_MOST_BYTES = 150_000


def test_each_visual_of_the_report_stands_on_its_page(tmp_path: Path) -> None:
    main(tmp_path)
    text = unescape((tmp_path / "power-bi-pages.html").read_text("utf-8"))
    places = [text.index(f">{page.display}<") for page in PAGES]
    assert places == sorted(places)
    for page, begin, end in zip(PAGES, places, [*places[1:], len(text)], strict=True):
        assert all(visual.title in text[begin:end] for visual in page.visuals)


def test_dates_filter_sprint_figures_directly_and_boards_by_way_of_sprints() -> None:
    shown = filters(bi_model())
    head = re.findall(r"<th style[^>]*>([^<]*)<", shown)
    rows = {
        name: re.findall(r">([●○]?)</td>", cells) for name, cells in re.findall(r"<td>([^<]*)</td>(.*?)</tr>", shown)
    }
    marks = dict(zip(head, rows["Sprint figures"], strict=True))
    assert {name: mark for name, mark in marks.items() if mark} == {"Dates": "●", "Boards": "○", "Sprints": "●"}
    assert len(rows) == len([table for table in bi_model().tables if table.role in {Role.FACT, Role.BRIDGE}])


@pytest.mark.parametrize("name", ["power-bi.md", "tableau.md", "excel.md"])
def test_the_pictures_of_a_page_are_there_and_small(name: str) -> None:
    pictures = re.findall(r"!\[[^\]]+\]\((pictures/[^)]+)\)", (DOCS / name).read_text("utf-8"))
    assert pictures
    assert all((DOCS / picture).stat().st_size < _MOST_BYTES for picture in pictures)
