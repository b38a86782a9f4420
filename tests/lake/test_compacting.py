"""A compaction changes files and no row; readers notice nothing of it."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake
from sqlalchemy import Engine

from lake.compacting import compact
from lake.errors import LakeError
from lake.layout import PUBLISHED
from lake.leases import hold
from lake.opening import Lake, opened
from lake.pages import RELEASED, stand
from lake.reading import committed, sources
from lake.restoring import restore
from lake.sizes import sizes
from lake.working import bring_up
from tests.lake.workings import NOON, a_working, publishing, put, restored, rows_of, stir
from tests.migrated import migrated
from warehouse.engine import open_warehouse
from warehouse.leases import LeaseHeld
from warehouse.tables.loaded import issues

TABLES = PUBLISHED[::11]


def make(path: Path) -> Engine:
    return open_warehouse(f"sqlite:///{path}") if path.exists() else migrated(path)


def in_pages(lake: Lake, working: Engine, pages: int) -> None:
    chance = random.Random(pages)
    with publishing(lake, working) as publisher:
        for _ in range(pages):
            with working.begin() as connection:
                stir(connection, chance, TABLES)
            publisher.publish()


def test_a_compaction_keeps_every_row_in_one_page_and_fewer_files(lake: Lake, tmp_path: Path) -> None:
    working = a_working(tmp_path / "w.db")
    in_pages(lake, working, 4)
    before = sizes(lake)["acme"]
    done = compact(lake, "acme", lambda: NOON, make)
    assert (done.merged_pages, done.page) == (4, sources(lake)["acme"])
    assert committed(lake) == {"acme": (done.page,)}
    assert restored(lake, tmp_path / "again.db") == rows_of(working)
    assert done.rows == sum(map(len, rows_of(working).values())) == sizes(lake)["acme"].rows < before.rows
    assert sizes(lake)["acme"].files < before.files
    assert compact(lake, "acme", lambda: NOON, make).page is None  # there is nothing left to merge


def test_a_sync_goes_on_after_a_compaction_as_if_there_had_been_none(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "w.db"
    working = a_working(path)
    in_pages(lake, working, 2)
    compact(lake, "acme", lambda: NOON, make)
    with hold(lake, "acme", lambda: NOON) as standing:
        assert not bring_up(lake, standing, path, make)  # its rows are those of the merged page
    in_pages(lake, working, 3)
    assert restored(lake, tmp_path / "again.db") == rows_of(working)


@pytest.mark.thorough
def test_readers_see_the_same_rows_at_every_moment_of_a_compaction(lake: Lake, tmp_path: Path) -> None:
    working, seen = a_working(tmp_path / "w.db"), []
    in_pages(lake, working, 2)

    def looking() -> datetime:
        seen.append(restored(lake, tmp_path / "again.db"))
        return NOON

    compact(lake, "acme", looking, make)
    assert len(seen) >= len(TABLES) + 3
    assert all(rows == rows_of(working) for rows in seen)


def test_a_compaction_that_broke_off_leaves_what_was_there_and_the_next_one_cleans_up(
    lake: Lake, tmp_path: Path
) -> None:
    working, looks = a_working(tmp_path / "w.db"), iter(range(6))
    in_pages(lake, working, 2)

    def breaking() -> datetime:
        if next(looks, None) is None:
            raise KeyboardInterrupt
        return NOON

    with pytest.raises(KeyboardInterrupt):
        compact(lake, "acme", breaking, make)
    assert restored(lake, tmp_path / "again.db") == rows_of(working)
    compact(lake, "acme", lambda: NOON, make)
    assert sizes(lake)["acme"].rows == sum(map(len, rows_of(working).values()))
    assert restored(lake, tmp_path / "again.db") == rows_of(working)


def test_another_source_is_published_while_one_is_compacted(lake: Lake, tmp_path: Path) -> None:
    """The library refuses an append at first when somebody has deleted from the table meanwhile."""
    ours, theirs = a_working(tmp_path / "ours.db"), a_working(tmp_path / "theirs.db")
    put(theirs, issues, "contoso:1")
    with publishing(lake, theirs, "contoso") as publisher:
        publisher.publish()
        put(ours, issues, "acme:1")
        in_pages(lake, ours, 2)
        put(theirs, issues, "contoso:2")
        compact(lake, "acme", lambda: NOON, make)
        publisher.publish()
    last = stand(lake, "contoso").last
    assert last is not None
    assert last.event == RELEASED
    assert restored(lake, tmp_path / "again.db", "contoso") == rows_of(theirs)
    assert restored(lake, tmp_path / "again.db") == rows_of(ours)


def test_a_page_from_before_a_compaction_is_refused_by_name(lake: Lake, tmp_path: Path) -> None:
    in_pages(lake, a_working(tmp_path / "w.db"), 2)
    old = sources(lake)["acme"]
    compact(lake, "acme", lambda: NOON, make)
    with pytest.raises(LakeError, match=rf"has no page {old}; the last one is {old + 3}"):
        restore(lake, "acme", migrated(tmp_path / "again.db"), old)


def test_a_source_that_is_being_synced_is_not_compacted(lake: Lake, tmp_path: Path) -> None:
    working = a_working(tmp_path / "w.db")
    with publishing(lake, working), pytest.raises(LeaseHeld):
        compact(lake, "acme", lambda: NOON, make)


def test_columns_that_this_version_does_not_know_are_not_lost(lake: Lake, tmp_path: Path) -> None:
    in_pages(lake, a_working(tmp_path / "w.db"), 2)
    table = opened(lake, "tables", TABLES[0].name)
    assert isinstance(table, DeltaTable)
    rows = table.to_pyarrow_table()
    write_deltalake(table, rows.append_column("mood", rows.column("_page")), mode="append", schema_mode="merge")
    with pytest.raises(LakeError, match="a newer flowmart has written mood"):
        compact(lake, "acme", lambda: NOON, make)


def test_another_tool_that_merges_files_does_no_harm(lake: Lake, tmp_path: Path) -> None:
    working = a_working(tmp_path / "w.db")
    in_pages(lake, working, 3)
    before, pages = sizes(lake)["acme"], committed(lake)
    for parts in (("pages",), *(("tables", table.name) for table in TABLES)):
        table = opened(lake, *parts)
        assert table is not None
        table.optimize.compact()
    assert sizes(lake)["acme"].files < before.files
    assert committed(lake) == pages
    assert restored(lake, tmp_path / "again.db") == rows_of(working)
    with publishing(lake, working) as publisher:
        put(working, issues, "acme:new")
        publisher.publish()
    assert restored(lake, tmp_path / "again.db") == rows_of(working)
