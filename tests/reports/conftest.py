"""Warehouses that reports are drawn from, and a browser to open them in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.metrics.laws.lab import Lab
from tests.reports.company import found
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


def _copy(template: Path, folder: Path) -> Engine:
    path = folder / "warehouse.db"
    shutil.copy(template, path)
    return open_warehouse(f"sqlite:///{path}")
