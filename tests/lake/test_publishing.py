"""What a working file committed comes out of the lake again, page by page; half a page never does."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, delete, select, update

from lake.errors import LakeError
from lake.layout import PUBLISHED
from lake.opening import Lake
from lake.pages import TAKEN, Entry, stand
from lake.reading import committed, sources
from tests.lake.workings import NOON, Rows, a_working, publishing, put, restored, rows_of, stir
from warehouse.leases import LeaseLost
from warehouse.tables.loaded import issue_changes, issue_labels, issues


@pytest.mark.parametrize(
    "tables",
    [PUBLISHED[::4], *(pytest.param(PUBLISHED[place::4], marks=pytest.mark.thorough) for place in (1, 2, 3))],
)
def test_whatever_happens_to_rows_the_lake_has_them_as_of_each_page(
    lake: Lake, tmp_path: Path, tables: Sequence[Table]
) -> None:
    chance, working = random.Random(tables[0].name), a_working(tmp_path / "w.db")
    as_of: dict[int, Rows] = {}
    for pages in (1, 2):
        with publishing(lake, working) as publisher:
            for _ in range(pages):
                with working.begin() as connection:
                    stir(connection, chance, tables)
                publisher.publish()
                as_of[sources(lake)["acme"]] = rows_of(working)
    assert list(as_of) == list(committed(lake)["acme"])
    assert {page: restored(lake, tmp_path / "again.db", page=page) for page in as_of} == as_of


def test_between_any_two_writes_a_reader_sees_the_page_before_and_none_of_the_next(lake: Lake, tmp_path: Path) -> None:
    """The publisher looks at its clock after each write, and so does the reader here."""
    working, seen = a_working(tmp_path / "w.db"), []

    def looking() -> datetime:
        if "acme" in sources(lake):
            seen.append(restored(lake, tmp_path / "again.db"))
        return NOON

    with publishing(lake, working) as publisher:
        put(working, issues, "acme:1", "acme:2")
        publisher.publish()
    before = rows_of(working)
    with publishing(lake, working, clock=looking) as publisher:
        put(working, issues, "acme:3")
        put(working, issue_labels, "acme:1:ui", issue_id="acme:1")
        with working.begin() as connection:
            connection.execute(delete(issues).where(issues.c.issue_id == "acme:2"))
        publisher.publish()
    after = rows_of(working)
    halves = [rows for rows in seen if rows not in (before, after)]
    assert (halves, seen[0], seen[-1]) == ([], before, after)
    assert seen.count(before) >= 3  # as the lease was taken, and after each table


def test_a_row_that_is_written_as_it_was_is_not_published_again(lake: Lake, tmp_path: Path) -> None:
    working = a_working(tmp_path / "w.db")
    put(working, issues, "acme:1")
    with publishing(lake, working) as publisher:
        assert publisher.publish() == 1
        with working.begin() as connection:
            connection.execute(update(issues).values(summary=issues.c.summary, stage="done"))
        assert publisher.publish() == 0  # the stage follows from the configuration and is not kept in the lake


def test_many_small_pages_of_a_tracker_are_published_as_one(lake: Lake, tmp_path: Path) -> None:
    working, now = a_working(tmp_path / "w.db"), [NOON]
    with publishing(lake, working, clock=lambda: now[0], rows_a_page=5, seconds_a_page=60) as publisher:
        for number in range(7):
            put(working, issues, f"acme:{number}")
            publisher.committed()
        assert len(committed(lake)["acme"]) == 1  # of five rows
        now[0] += timedelta(seconds=61)
        publisher.committed()
        assert len(committed(lake)["acme"]) == 2  # the other two have waited for long
    assert restored(lake, tmp_path / "again.db") == rows_of(working)


def test_whoever_lost_the_lease_commits_no_page(lake: Lake, tmp_path: Path) -> None:
    working = a_working(tmp_path / "w.db")
    put(working, issues, "acme:1")
    with publishing(lake, working) as sleeper:
        turn = stand(lake, "acme").turn + 1
        taken = Entry(source_id="acme", turn=turn, event=TAKEN, holder="elsewhere", at=NOON, expires_at=NOON)
        stand(lake, "acme").enter(taken)
        with pytest.raises(LeaseLost):
            sleeper.publish()
    assert sources(lake) == {}


def test_a_page_that_broke_off_never_counts_and_the_next_one_has_all_of_it(lake: Lake, tmp_path: Path) -> None:
    working, obstacle = a_working(tmp_path / "w.db"), Path(lake.place("tables", "issue_changes"))
    put(working, issues, "acme:1")
    put(working, issue_changes, "acme:1:1", issue_id="acme:1")
    obstacle.parent.mkdir(parents=True)
    obstacle.write_text("no folder")
    with publishing(lake, working) as publisher:
        with pytest.raises(LakeError, match="issue_changes"):
            publisher.publish()
        obstacle.unlink()
        with pytest.raises(LakeError, match="issue_changes"):
            publisher.committed()  # its number is burnt: issues are there under it
    assert sources(lake) == {}
    with publishing(lake, working) as publisher:
        assert publisher.publish() == 2
    assert restored(lake, tmp_path / "again.db") == rows_of(working)
    with working.connect() as connection:
        assert connection.execute(select(issues.c.issue_id)).scalars().all() == ["acme:1"]
