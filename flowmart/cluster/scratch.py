"""A source of the lake in a SQLite file on this machine's own disk, as long as it is needed.

A computation leaves its file in the lake. The next one fetches it, loads the pages that came since, and renews what
these reach, as a warehouse does. Where the file cannot be had, everything is computed: the rows are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.dataset as ds
from sqlalchemy import Engine

from lake.computed import COMPUTATION, COMPUTED, SOURCE, Computation, Draft
from lake.errors import LakeError
from lake.opening import Lake, opened, told
from lake.restoring import catch_up, restore
from warehouse.engine import open_scratch
from warehouse.tables import METADATA

FILES = "scratch_files"
"""A table of the lake: the files that computations left, in pieces."""

_PIECE_BYTES = 4 * 1024 * 1024
_PIECES_A_FILE = 64
_CODEC = "zstd"
_SCHEMA = pa.schema(
    [
        pa.field("place", pa.int64(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("whole", pa.int64(), nullable=False),
        pa.field("piece", pa.binary(), nullable=False),
        pa.field("layout", pa.string(), nullable=False),
    ]
)
_READ = ["place", "length", "whole", "piece"]


@dataclass(frozen=True, slots=True)
class Scratch:
    """A source's file, and the page whose rows it has."""

    engine: Engine
    path: Path
    page: int
    goes_on: bool = False
    """It also holds what the last computation computed, and knows what has changed since."""

    def keep(self, draft: Draft) -> None:
        """Put the file into the lake, with the rows of the draft. Nothing may be under way in it."""
        self.engine.dispose()
        whole = self.path.stat().st_size
        for first in range(0, whole, _PIECE_BYTES * _PIECES_A_FILE):
            places = range(first, min(whole, first + _PIECE_BYTES * _PIECES_A_FILE), _PIECE_BYTES)
            draft.append(FILES, [_pieces(self.path, places, whole)], partition_by=(SOURCE, COMPUTATION))


@contextmanager
def restored(lake: Lake, source_id: str, page: int | None, before: Computation | None = None) -> Iterator[Scratch]:
    """The loaded tables as of the page, or of the last one, where a compaction has merged it meanwhile.

    With the file that the computation `before` has left, if there is one.
    """
    with TemporaryDirectory(prefix="flowmart-lake-") as folder:
        found = _going_on(lake, before, page, Path(folder) / "kept.db") if before is not None else None
        found = found or _anew(lake, source_id, page, Path(folder) / "warehouse.db")
        try:
            yield found
        finally:
            found.engine.dispose()


def _anew(lake: Lake, source_id: str, page: int | None, path: Path) -> Scratch:
    engine = open_scratch(path)
    METADATA.create_all(engine)
    try:
        found = restore(lake, source_id, engine, page)
    except LakeError:
        found = restore(lake, source_id, engine)
    return Scratch(engine, path, found)


def _going_on(lake: Lake, before: Computation, page: int | None, path: Path) -> Scratch | None:
    """None where the file is not in the lake, not whole, of other tables, or its page was merged with others."""
    if before.page is None or FILES not in before.tables:
        return None
    try:
        if _fetched(lake, before, path):
            engine = open_scratch(path)
            found = catch_up(lake, before.source_id, engine, before.page, page)
            if found is not None:
                return Scratch(engine, path, found, goes_on=True)
    except LakeError:
        pass  # whatever is wrong with the lake, computing anew tells
    path.unlink(missing_ok=True)
    return None


def _fetched(lake: Lake, before: Computation, path: Path) -> bool:
    """Whether the file is there now, with each of its pieces."""
    handle = opened(lake, COMPUTED, FILES)
    if handle is None:
        return False
    where = (ds.field(SOURCE) == before.source_id) & (ds.field(COMPUTATION) == before.computation)
    where &= ds.field("layout") == _layout()
    missing = None
    with path.open("wb") as file, told(handle.table_uri):
        # one file of the lake at a time: its pieces are in memory together
        batches = handle.to_pyarrow_dataset().to_batches(
            columns=_READ, filter=where, fragment_readahead=1, batch_readahead=1
        )
        for batch in batches:
            for place, length, whole, piece in zip(*batch.columns, strict=True):
                file.seek(place.as_py())
                file.write(pa.decompress(piece.as_buffer(), length.as_py(), _CODEC))
                missing = (whole.as_py() if missing is None else missing) - length.as_py()
    return missing == 0


def _pieces(path: Path, places: range, whole: int) -> pa.RecordBatch:
    rows = []
    with path.open("rb") as file:
        for place in places:
            file.seek(place)
            read = file.read(_PIECE_BYTES)
            piece = pa.compress(read, _CODEC, asbytes=True)
            rows.append({"place": place, "length": len(read), "whole": whole, "piece": piece, "layout": _layout()})
    return pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)


@cache
def _layout() -> str:
    """Of the tables: another flowmart may have others."""
    tables = METADATA.sorted_tables
    told = " ".join(f"{column.table.name}.{column.name}:{column.type}" for each in tables for column in each.columns)
    return hashlib.sha256(told.encode()).hexdigest()[:32]
