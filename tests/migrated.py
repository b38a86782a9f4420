"""Warehouses in SQLite files at the newest revision, at the price of a copy: migrating takes thirty times as long."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

import migrations
from warehouse.engine import open_warehouse


def migrated(path: Path) -> Engine:
    """The warehouse of a new file, as `migrations.upgrade` makes it."""
    path.write_bytes(_template())
    return open_warehouse(f"sqlite:///{path}")


@cache
def _template() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.db"
        engine = open_warehouse(f"sqlite:///{path}")
        migrations.upgrade(engine)
        assert list(path.parent.iterdir()) == [path]  # all is in the file when nobody has it open
        return path.read_bytes()
