"""The page in a real browser: quiet, closed to the network, fit to be read by anybody, whatever names say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from reports.report import write
from tests.reports.browser import Sight, opened
from tests.reports.company import HOSTILE, ORDER

ARTEFACTS = Path(__file__).parents[2] / ".artefacts" / "report"

_MISPLACED = """
() => [...document.querySelectorAll(".chart svg")].flatMap((svg) => {
  const frame = svg.getBoundingClientRect();
  const id = svg.closest("figure").id;
  const texts = [...svg.querySelectorAll("text")].filter((text) => text.textContent && text.getAttribute("opacity") !== "0");
  const cut = texts.filter((text) => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left - 2 || box.right > frame.right + 2 || box.top < frame.top - 2 || box.bottom > frame.bottom + 2;
  }).map((text) => `${id}: cut label ${text.textContent}`);
  const marks = svg.querySelectorAll(".mark-symbol path, .mark-rect path, .mark-line path, .mark-area path").length;
  return marks === 0 ? [...cut, `${id}: empty chart`] : cut;
})
"""
_OVERLAPS = """
() => [...document.querySelectorAll(".chart svg .role-axis-label")].flatMap((axis) => {
  const boxes = [...axis.querySelectorAll("text")].filter((text) => text.getAttribute("opacity") !== "0" && text.textContent).map((text) => [text.textContent, text.getBoundingClientRect()]);
  return boxes.flatMap(([name, a], n) => boxes.slice(n + 1).filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1).map(([other]) => `${name} on ${other}`));
})
"""


@pytest.mark.parametrize("width", [1440, 768, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_label_is_cut_or_covered_and_no_chart_is_empty(
    browser: Any, page_file: Path, width: int, theme: str
) -> None:
    sight = opened(browser, page_file, width=width, theme=theme)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    sight.page.screenshot(path=ARTEFACTS / f"{width}-{theme}.png", full_page=True)
    assert sight.page.evaluate("document.documentElement.dataset.theme") == theme
    assert sight.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert sight.page.evaluate(_MISPLACED) == []
    assert sight.page.evaluate(_OVERLAPS) == []
    sight.page.close()


def test_the_page_complains_of_nothing_and_asks_for_nothing(sight: Sight, page_file: Path) -> None:
    assert sight.complaints == []
    assert sight.requests == [page_file.as_uri(), "data:,"] or sight.requests == [page_file.as_uri()]


def test_the_policy_stops_what_would_leave_the_page(browser: Any, page_file: Path) -> None:
    sight = opened(browser, page_file)
    failed = sight.page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => error.name)")
    assert failed == "TypeError"
    assert any("Content Security Policy" in complaint for complaint in sight.complaints)
    sight.page.close()


def test_names_that_are_markup_stay_text(sight: Sight) -> None:
    page = sight.page
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    page.wait_for_function("document.querySelectorAll('#cycle-scatter td').length > 0")
    shown = page.inner_text("#cycle-scatter table")
    for title in HOSTILE[:3]:
        assert title in shown
    assert "<b>Delivery</b>" in page.inner_text("h1")
    assert page.evaluate("window.hurt === undefined")
    assert page.evaluate("document.querySelectorAll('main img, main script, h1 b').length") == 0
    assert page.evaluate("[...document.links].filter((link) => link.protocol === 'javascript:').length") == 0
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = false")


def test_a_point_tells_its_issue_and_opens_it(sight: Sight) -> None:
    page = sight.page
    page.evaluate("window.open = (url) => { window.wentTo = url; }")
    point = page.locator("#cycle-scatter .mark-symbol path").first
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#tip:not([hidden])")
    told = page.inner_text("#tip")
    assert "cycle time" in told
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    key = told.split()[0]
    assert page.evaluate("window.wentTo") == f"https://acme.example/browse/{key}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_amiss(browser: Any, page_file: Path, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs the package axe-playwright-python")
    sight = opened(browser, page_file, theme=theme)
    sight.page.evaluate("for (const details of document.querySelectorAll('#cycle-scatter details')) details.open = true")
    found = axe.Axe().run(sight.page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found] == []
    sight.page.close()


def test_numbers_and_dates_are_written_as_the_reader_writes_them(browser: Any, page_file: Path) -> None:
    sight = opened(browser, page_file, locale="de-DE")
    days, _ = sight.tile("cycle")
    assert days is not None
    german = f"{days:.1f}".replace(".", ",")
    assert german in sight.page.inner_text("#tile-cycle .value")
    assert "Okt." in sight.page.inner_text("#span")
    sight.choose(language="1,234.5")
    assert f"{days:.1f}" in sight.page.inner_text("#tile-cycle .value")
    assert "Oct" in sight.page.inner_text("#span")
    sight.page.close()


def test_an_empty_warehouse_gives_sentences(browser: Any, sqlite_warehouse: Engine, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    with sqlite_warehouse.connect() as connection:
        write(connection, path, ORDER)
    sight = opened(browser, path)
    assert sight.complaints == []
    assert "have not been computed yet" in sight.page.inner_text("#empty")
    assert sight.page.locator(".chart svg").count() == 0
    assert sight.page.locator(".chart .nothing").count() == sight.page.locator(".chart").count() > 0
    sight.page.close()
