"""The simulated trackers of a small company, with small pages, and the configuration of a warehouse for them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from flowmart.demo import config_text, simulator, tokens

_SWITCHES: tuple[Mapping[str, Any], ...] = (
    {"page_cap": 15, "tracker": "jira_cloud"},
    {"feed_batch": 40, "tracker": "azure_devops"},
)


class Company:
    """The trackers while they run."""

    def __init__(self, about: Mapping[str, Any]) -> None:
        self._about = about
        self.now: str = about["now"]

    def environment(self, folder: Path, url: str) -> dict[str, str]:
        """Write a configuration with that warehouse into the folder; what a run of it at the company's now needs."""
        text = config_text(self._about, with_data_center=False)
        text, _, _ = text.replace("sqlite:///flowmart.db", url).partition("[exports.")
        path = folder / "flowmart.toml"
        path.write_text(text, encoding="utf-8")
        return {**os.environ, **tokens(self._about), "FLOWMART_CONFIG": str(path), "FLOWMART_NOW": self.now}

    def live_on(self, nights: int) -> None:
        """Let nights pass, in which issues are deleted too."""
        self.command("advance", {"nights": nights})
        self.now = httpx.get(self._address("state"), timeout=60).json()["now"]

    def command(self, word: str, body: Mapping[str, Any]) -> None:
        """Tell the simulator something."""
        httpx.post(self._address(word), json=body, timeout=60).raise_for_status()

    def _address(self, word: str) -> str:
        return f"{self._about['jira_cloud']['url']}/_simulator/{word}"


@contextmanager
def company(issues: int) -> Iterator[Company]:
    """A company with so many issues; its trackers end with the block."""
    with simulator(issues) as about:
        made = Company(about)
        for switches in _SWITCHES:
            made.command("settings", switches)
        yield made
