"""What all laws stand on: empty warehouses, and how many companies are made up for each law."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.metrics.laws.lab import Lab
from warehouse.engine import open_warehouse


def _sqlite(template: Path, folder: Path) -> Iterator[Lab]:
    path = folder / "warehouse.db"
    shutil.copy(template, path)
    engine = open_warehouse(f"sqlite:///{path}")
    yield Lab(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def lab(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A warehouse on SQLite."""
    yield from _sqlite(_sqlite_template, tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def other_lab(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Another one, to compare with."""
    yield from _sqlite(_sqlite_template, tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def postgres_lab(_postgres_tables: Engine) -> Iterator[Lab]:
    """A warehouse on PostgreSQL."""
    yield Lab(_postgres_tables)
    _postgres_tables.dispose()


@pytest.fixture(scope="module")
def third_lab(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A third one."""
    yield from _sqlite(_sqlite_template, tmp_path_factory.mktemp("lab"))
