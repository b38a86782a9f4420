"""What a working file committed comes out of the lake again, page by page; half a page never does."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lake.opening import Lake, open_lake
from lake.reading import committed, sources
from tests.lake.workings import a_working, publishing, restored, rows_of, stir


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_to_rows_the_lake_has_them_as_of_each_page(lake: Lake, tmp_path: Path, seed: int) -> None:
    chance, working = random.Random(seed), a_working(tmp_path / "w.db")
    as_of = {}
    for _ in range(2):
        with publishing(lake, working) as publisher:
            for _ in range(3):
                with working.begin() as connection:
                    stir(connection, chance)
                publisher.publish()
                as_of[sources(lake)["acme"]] = rows_of(working)
    assert list(as_of) == list(committed(lake)["acme"])
    for page, rows in as_of.items():
        assert restored(lake, tmp_path / "again.db", page=page) == rows
    assert restored(lake, tmp_path / "again.db") == rows_of(working)
