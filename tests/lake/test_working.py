"""A working file goes on from the lake's last page, whoever published that and however its own last page ended."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from lake.leases import hold
from lake.opening import Lake, open_lake
from lake.publishing import Publisher
from lake.reading import sources
from lake.working import bring_up
from tests.lake.workings import NOON, publishing, put, restored, rows_of
from tests.migrated import migrated
from warehouse.engine import open_warehouse
from warehouse.tables.loaded import issue_labels, issues
from warehouse.tables.operational import bookmarks


def make(path: Path) -> Engine:
    return open_warehouse(f"sqlite:///{path}") if path.exists() else migrated(path)


def brought_up(lake: Lake, path: Path) -> bool:
    """Whether the rows came from the lake."""
    with hold(lake, "acme", lambda: NOON) as standing:
        return bring_up(lake, standing, path, make)


def synced(lake: Lake, path: Path, *keys: str) -> None:
    """A sync that pulls these issues: the file is brought up, and published."""
    brought_up(lake, path)
    engine = make(path)
    put(engine, issues, *keys)
    with publishing(lake, engine) as publisher:
        publisher.publish()


def issue_ids(path: Path) -> list[str]:
    return [row[0] for row in rows_of(make(path))["issues"]]


def test_a_file_that_is_missing_is_made_from_the_lake_with_its_bookmarks(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "work" / "acme.db"
    assert not brought_up(lake, path)  # there is nothing to fill it with
    engine = make(path)
    put(engine, issues, "acme:1")
    put(engine, bookmarks, "acme:issues", stream="issues")
    with publishing(lake, engine) as publisher:
        publisher.publish()
    rows = rows_of(engine)
    path.unlink()
    assert brought_up(lake, path)
    assert rows_of(make(path)) == rows
    assert path.parent.stat().st_mode & 0o077 == 0


def test_what_was_committed_and_not_yet_published_is_published_by_the_next_sync(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "acme.db"
    synced(lake, path, "acme:1")
    put(make(path), issues, "acme:2")  # and then it was killed
    synced(lake, path, "acme:3")
    assert issue_ids(path) == ["acme:1", "acme:2", "acme:3"]
    assert restored(lake, tmp_path / "again.db") == rows_of(make(path))


def test_machines_take_turns_and_each_goes_on_from_the_page_of_the_other(lake: Lake, tmp_path: Path) -> None:
    here, there = tmp_path / "here.db", tmp_path / "there.db"
    for number, path in enumerate([here, there, here]):
        synced(lake, path, f"acme:{number}")
    assert issue_ids(here) == ["acme:0", "acme:1", "acme:2"]
    assert restored(lake, tmp_path / "again.db") == rows_of(make(here))


def test_what_a_file_never_published_is_given_up_when_another_machine_has_gone_on(lake: Lake, tmp_path: Path) -> None:
    """Its bookmarks go with it, so that the tracker is asked again."""
    here, there = tmp_path / "here.db", tmp_path / "there.db"
    synced(lake, here, "acme:1")
    put(make(here), issues, "acme:lost")
    synced(lake, there, "acme:2")
    assert brought_up(lake, here)
    assert issue_ids(here) == ["acme:1", "acme:2"]


def test_whoever_is_killed_while_publishing_is_followed_by_one_who_publishes_the_same(
    lake: Lake, tmp_path: Path
) -> None:
    """File and lake as they were at each of the publisher's looks at its clock stand for a kill at that moment."""
    path, moments = tmp_path / "acme.db", []

    def looking() -> datetime:
        moments.append(kept(path, lake, tmp_path / f"moment{len(moments)}"))
        return NOON

    synced(lake, path, "acme:1")
    engine = make(path)
    put(engine, issues, "acme:2")
    put(engine, issue_labels, "acme:2:ui", issue_id="acme:2")
    with hold(lake, "acme", lambda: NOON) as standing:
        Publisher(lake=lake, engine=engine, standing=standing, run_id="r", clock=looking).publish()
    for file, then in moments:
        assert not brought_up(then, file)
        with publishing(then, make(file)) as publisher:
            publisher.publish()
        assert restored(then, tmp_path / "again.db") == rows_of(engine)
    assert len(moments) >= 4


def kept(path: Path, lake: Lake, to: Path) -> tuple[Path, Lake]:
    """Copies of a working file and its lake."""
    to.mkdir()
    return shutil.copyfile(path, to / "acme.db"), open_lake(str(shutil.copytree(lake.url, to / "lake")))


def test_a_page_that_was_committed_and_not_noted_is_not_published_twice(lake: Lake, tmp_path: Path) -> None:
    path, copies = tmp_path / "acme.db", []

    def looking() -> datetime:
        copies.append(shutil.copyfile(path, tmp_path / f"{len(copies)}.db"))
        return NOON

    synced(lake, path, "acme:1")
    engine = make(path)
    put(engine, issues, "acme:2")
    with hold(lake, "acme", lambda: NOON) as standing:
        Publisher(lake=lake, engine=engine, standing=standing, run_id="r", clock=looking).publish()
    assert not brought_up(lake, copies[-2])  # the look just before the commit
    with publishing(lake, make(copies[-2])) as publisher:
        assert publisher.publish() == 0


def test_another_lake_is_told_from_the_one_before_by_more_than_numbers(lake: Lake, tmp_path: Path) -> None:
    path, other = tmp_path / "acme.db", open_lake(str(tmp_path / "other"))
    synced(lake, path, "acme:1")
    synced(other, tmp_path / "there.db", "acme:2")
    assert sources(lake) == sources(other)
    assert brought_up(other, path)
    assert issue_ids(path) == ["acme:2"]
