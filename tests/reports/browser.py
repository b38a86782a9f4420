"""A browser with the report in it, and everything that it complained of or asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

_PATIENCE = 300_000
"""Milliseconds: on busy cores a page takes half a minute to draw."""
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def script(name: str) -> str:
    """A function for the page, from the file beside this one."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8").rstrip(";\n")


@contextmanager
def chromium() -> Iterator[Any]:
    """Debian's own, driven from here; the test is skipped where there is none."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None or find_spec("playwright") is None:
        pytest.skip("needs the packages chromium (Debian) and playwright (Python)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], timeout=_PATIENCE)
        yield browser
        browser.close()


@dataclass(slots=True)
class Sight:
    """The page as somebody sees it."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Wait until every chart is drawn."""
        self.page.wait_for_selector('body[data-busy="no"]')

    def choose(self, **values: str) -> None:
        """Set filters or looks by their labels."""
        for name, label in values.items():
            self.page.select_option(f"#{name}", label=label)
        self.settle()

    def tile(self, name: str) -> tuple[float | None, int]:
        """The number of a tile and how many things are behind it."""
        value, n = self.page.eval_on_selector(f"#tile-{name}", "tile => [tile.dataset.value, tile.dataset.n]")
        return float(value) if value else None, int(n)


def opened(browser: Any, path: Path, *, width: int = 1440, theme: str = "light", locale: str = "en-GB") -> Sight:
    """Open the file and wait until all is drawn."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme, locale=locale)
    page.set_default_timeout(_PATIENCE)
    sight = Sight(page)
    page.on("console", lambda message: sight.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: sight.complaints.append(str(error)))
    page.on("request", lambda request: sight.requests.append(request.url))
    page.goto(path.as_uri())
    sight.settle()
    return sight
