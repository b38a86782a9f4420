"""A company whose numbers are taken apart, and the command line on a warehouse of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from flowmart.config import read_config
from tests.flowmart.conftest import JIRA
from tests.flowmart.explaining.given import SETTINGS
from tests.metrics.conftest import Company
from tests.migrated import migrated


@pytest.fixture
def company(warehouse: Engine) -> Company:
    """An empty company with rules of escape, on each engine in turn."""
    return Company(warehouse, SETTINGS)


CONFIG = """
[workflow]
waiting = ["Review"]

[[defects.rules]]
name = "in production"
escaped = true
field = "found_in"
values = ["Production"]

[[defects.rules]]
name = "by a customer"
escaped = true
labels = ["customer"]

[[defects.rules]]
name = "before release"
escaped = false
field = "found_in"
values = ["Test"]

[defects.severity_weights]
Major = 3.0
"""


@pytest.fixture
def site(tmp_path: Path) -> Company:
    """A company in the warehouse that the command line of `call` opens, computed by its rules."""
    engine = migrated(tmp_path / "flowmart.db")
    config = read_config(JIRA + CONFIG, tmp_path / "flowmart.toml", {"ACME_TOKEN": "x"})
    return Company(engine, config.metric_settings())


@pytest.fixture
def explain(call: Callable[..., Any]) -> Callable[..., Any]:
    """Calls `flowmart explain` with the rules of the company."""

    def calling(*words: str) -> Any:
        return call("explain", *words, more=CONFIG)

    return calling
