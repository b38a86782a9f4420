"""A source of the lake in a SQLite file on this machine's own disk, as long as it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from lake.errors import LakeError
from lake.opening import Lake
from lake.restoring import restore
from warehouse.engine import open_scratch
from warehouse.tables import METADATA


@contextmanager
def restored(lake: Lake, source_id: str, page: int | None) -> Iterator[tuple[Engine, int]]:
    """The loaded tables as of the page, and the page: the last one, where a compaction has merged it meanwhile."""
    with TemporaryDirectory(prefix="flowmart-lake-") as folder:
        engine = open_scratch(Path(folder) / "warehouse.db")
        try:
            METADATA.create_all(engine)
            try:
                found = restore(lake, source_id, engine, page)
            except LakeError:
                found = restore(lake, source_id, engine)
            yield engine, found
        finally:
            engine.dispose()
