"""How many files and rows each source has in the lake."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa

from lake.layout import PUBLISHED, SOURCE, TABLES
from lake.opening import Lake, opened


class Size(NamedTuple):
    """Of all files that a source has in the tables of today, rows that later pages have replaced among them."""

    rows: int
    files: int
    bytes: int


def sizes(lake: Lake) -> Mapping[str, Size]:
    """Source → its size; the log of each table is read, and no file."""
    found: defaultdict[str, Size] = defaultdict(lambda: Size(0, 0, 0))
    for table in PUBLISHED:
        handle = opened(lake, TABLES, table.name)
        if handle is None:
            continue
        added = pa.table(handle.get_add_actions(flatten=True))
        for row in added.select([f"partition.{SOURCE}", "num_records", "size_bytes"]).to_pylist():
            before = found[row[f"partition.{SOURCE}"]]
            found[row[f"partition.{SOURCE}"]] = Size(
                before.rows + row["num_records"], before.files + 1, before.bytes + row["size_bytes"]
            )
    return dict(found)
