"""The page in a real browser: quiet, closed to the network, fit to be read by anybody, whatever names say."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from reports.report import write
from tests.reports.browser import Sight, opened, script
from tests.reports.company import HOSTILE, ORDER

PAPER = 186 / 25.4 * 96
"""What an A4 page has between its margins, in CSS pixels."""


@pytest.mark.parametrize("width", [1440, 768, 390])
def test_no_label_is_cut_or_covered_and_no_chart_is_empty(browser: Any, page_file: Path, width: int) -> None:
    """With $FLOWMART_ARTEFACTS, pictures of it in both themes are left in that folder."""
    sight = opened(browser, page_file, width=width)
    assert sight.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert sight.page.evaluate(script("flaws.js")) == []
    for theme in ("light", "dark") if "FLOWMART_ARTEFACTS" in os.environ else ():
        sight.choose(theme=theme)
        path = Path(os.environ["FLOWMART_ARTEFACTS"]) / f"report-{width}-{theme}.png"
        sight.page.screenshot(path=path, full_page=True)
    sight.page.close()


def test_the_page_complains_of_nothing_and_asks_for_nothing(sight: Sight, page_file: Path) -> None:
    assert sight.complaints == []
    assert sight.requests == [page_file.as_uri(), "data:,"] or sight.requests == [page_file.as_uri()]


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


@pytest.mark.thorough
def test_axe_finds_nothing_amiss_in_either_theme(sight: Sight) -> None:
    """Of the charts it sees their labels and tables; the pictures themselves are hidden from those who cannot see."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs the package axe-playwright-python")
    page = sight.page
    page.evaluate("document.querySelector('#throughput details').open = true")
    page.evaluate("document.querySelectorAll('.chart svg').forEach((svg) => svg.remove())")
    for theme, options in (("light", None), ("dark", {"runOnly": ["color-contrast"]})):
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        found = axe.Axe().run(page, options=options).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found] == []
    page.evaluate("document.querySelector('#throughput details').open = false")
    sight.choose(theme="system")


def test_numbers_and_dates_are_written_as_the_reader_writes_them(browser: Any, sight: Sight, page_file: Path) -> None:
    days, _ = sight.tile("cycle")
    english = f"{days:.1f}"
    assert english in sight.page.inner_text("#tile-cycle .value")
    assert "Oct" in sight.page.inner_text("#span")
    german = opened(browser, page_file, locale="de-DE").page
    assert english.replace(".", ",") in german.inner_text("#tile-cycle .value")
    assert "Okt." in german.inner_text("#span")
    german.close()


FOREIGN = {
    "de": r"\d\.\d(?!\d\d)|\d,\d{3}(?!\d)|\d ?%|Oct|Dec",
    "en": r"\d,\d(?!\d\d)|\d\.\d{3}(?!\d)|\d\s%|Okt|Dez",
}
"""What a number or date in one of the languages never has."""


def test_no_text_mixes_the_formats_of_two_languages(sight: Sight) -> None:
    for label, language in (("1.234,5", "de"), ("1,234.5", "en")):
        sight.choose(language=label)
        texts = sight.page.evaluate(script("wording.js"))
        assert len(texts) > 1_000
        assert [text for text in texts if re.search(FOREIGN[language], text)] == []
        assert label == sight.page.evaluate("flowmart.number(1234.5, 1)")
    assert sight.page.evaluate("flowmart.percent(0.855, 1)") == "85.5%"


def test_printed_by_the_browser_the_charts_are_drawn_for_paper(sight: Sight) -> None:
    """No button is pressed: the page is told that it is about to be printed, and all is drawn when it is."""
    widths = "[...document.querySelectorAll('.chart svg')].map((svg) => Number(svg.getAttribute('width')))"
    sight.page.evaluate(f"window.addEventListener('afterprint', () => {{ window.printed = {widths}; }})")
    wide = sight.page.evaluate(widths)
    assert sight.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    sight.settle()
    printed = sight.page.evaluate("window.printed")
    assert len(printed) == len(wide)
    assert max(printed) < PAPER < max(wide)
    assert max(one for one in printed if one < max(printed)) < PAPER / 2
    assert sight.page.evaluate(widths) == wide
    assert sight.complaints == []


def test_an_empty_warehouse_gives_sentences_and_even_then_nothing_leaves(
    browser: Any, sqlite_warehouse: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    with sqlite_warehouse.connect() as connection:
        write(connection, path, ORDER)
    sight = opened(browser, path)
    assert sight.complaints == []
    assert "have not been computed yet" in sight.page.inner_text("#empty")
    assert sight.page.locator(".chart svg").count() == 0
    assert sight.page.locator(".chart .nothing").count() == sight.page.locator(".chart").count() > 0
    the_policy_stops_what_would_leave(sight)
    sight.page.close()


def the_policy_stops_what_would_leave(sight: Sight) -> None:
    """A request is refused by the page itself, before anybody is asked."""
    assert sight.page.evaluate("fetch('http://127.0.0.1:9/').catch((error) => error.name)") == "TypeError"
    assert any("Content Security Policy" in complaint for complaint in sight.complaints)
