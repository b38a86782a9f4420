"""Batches of Arrow are joined to tables of a fit size."""

from __future__ import annotations

import pyarrow as pa
import pytest

from warehouse.arrow import joined


def batches(count: int, rows: int, text: str) -> list[pa.RecordBatch]:
    return [pa.RecordBatch.from_pydict({"text": [text] * rows}) for _ in range(count)]


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        (batches(130, 1_000, ""), [64_000, 64_000, 2_000]),
        (batches(3, 1_000, "x" * 40_000), [2_000, 1_000]),
        (batches(2, 1_000, ""), [2_000]),
        ([], []),
    ],
)
def test_a_table_ends_where_it_has_enough_rows_or_bytes(given: list[pa.RecordBatch], sizes: list[int]) -> None:
    joint = joined(given, most_rows=64_000, most_bytes=64 * 1024 * 1024)
    assert [table.num_rows for table in joint] == sizes
