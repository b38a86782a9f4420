"""Warehouses that reports are drawn from, and a browser to open them in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from reports.report import write
from tests.metrics.laws.lab import Lab
from tests.reports.browser import Sight, chromium, opened
from tests.reports.company import ORDER, found
from warehouse.engine import open_warehouse


@pytest.fixture(scope="module")
def lab(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A warehouse on SQLite for made-up companies, one after the other."""
    engine = _copy(_sqlite_template, tmp_path_factory.mktemp("lab"))
    yield Lab(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def computed(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A company of 500 issues in SQLite, with all metrics; tests only read it."""
    engine = found(_copy(_sqlite_template, tmp_path_factory.mktemp("company")), 500)
    yield engine
    engine.dispose()


@pytest.fixture
def other(_sqlite_template: Path, tmp_path: Path) -> Engine:
    """An empty warehouse on SQLite, to compare with."""
    return _copy(_sqlite_template, tmp_path)


def _copy(template: Path, folder: Path) -> Engine:
    path = folder / "warehouse.db"
    shutil.copy(template, path)
    return open_warehouse(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser, or none and the test is skipped.

    Of a module, since an event loop runs in the worker as long as it is open: other tests could run none.
    """
    with chromium() as one:
        yield one


@pytest.fixture(scope="session")
def page_file(computed: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the company."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    with computed.connect() as connection:
        write(connection, path, ORDER)
    return path


@pytest.fixture(scope="module")
def sight(browser: Any, page_file: Path) -> Sight:
    """The report as it is seen first; tests that choose filters take them back."""
    return opened(browser, page_file)
