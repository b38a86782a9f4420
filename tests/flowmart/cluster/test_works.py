"""Rows go into the lake whole, however many batches they make."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

pytest.importorskip("deltalake", reason="deltalake is not installed")

from flowmart.cluster.works import as_batches
from warehouse.tables.computed import dates

DAYS = 25_000


def test_no_row_is_lost_where_a_batch_ends() -> None:
    first = date(1960, 1, 1)
    width = len(dates.columns) - 1
    rows = ((first + timedelta(days=number), *(None,) * width) for number in range(DAYS))
    found = [day for batch in as_batches(dates, rows) for day in batch.column(0).to_pylist()]
    assert found == [first + timedelta(days=number) for number in range(DAYS)]
