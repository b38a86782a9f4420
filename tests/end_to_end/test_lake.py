"""What a sync leaves in a lake is what it leaves in a warehouse."""

from __future__ import annotations

import json
import shutil
import signal
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.crash.comparing import without_order
from lake.opening import open_lake
from lake.pages import RELEASED, standings
from lake.reading import sources
from tests.lake.workings import restored, rows_of
from warehouse.engine import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.end_to_end.conftest import Site

OF_EACH = {"sync_runs", "privacy"}
"""Runs have names of their own, and each working file its salt."""

Rows = dict[str, set[tuple[Any, ...]]]


def into_lake(site: Site) -> None:
    """Let the site's syncs go into a lake."""
    with (site.folder / "flowmart.toml").open("a", encoding="utf-8") as file:
        file.write('\n[lake]\nurl = "lake"\n')


def in_lake(site: Site) -> Rows:
    """All rows of all sources, put together."""
    lake, found = open_lake(str(site.folder / "lake")), defaultdict(set)
    for source in sources(lake):
        for name, rows in compared(restored(lake, site.folder / "again.db", source)).items():
            found[name].update(rows)
    return found


def in_warehouse(site: Site) -> Rows:
    return compared(rows_of(open_warehouse(f"sqlite:///{site.folder / 'flowmart.db'}")))


def compared(rows: Mapping[str, list[tuple[Any, ...]]]) -> Rows:
    """Without what differs from one warehouse to the next anyway, bookmarks without the order of what they remember."""
    return {
        name: {without_order(row) if name == "bookmarks" else row for row in some}
        for name, some in rows.items()
        if name not in OF_EACH
    }


def synced(*sites: Site) -> None:
    for site in sites:
        done = site.flowmart("sync")
        assert done.returncode == 0, done.stderr


def test_a_lake_holds_what_a_warehouse_would(site: Site, fresh: Site) -> None:
    into_lake(fresh)
    synced(site)
    done = fresh.flowmart("run")
    assert (done.returncode, "alerts" in done.stdout) == (0, False)  # nobody is told that an empty warehouse is late
    assert "without [engine] nothing of it is computed" in done.stderr
    assert in_lake(fresh) == in_warehouse(site)


@pytest.mark.thorough
def test_night_after_night_and_machine_after_machine_a_lake_holds_what_a_warehouse_does(
    site: Site, fresh: Site
) -> None:
    into_lake(fresh)
    synced(site, fresh)
    site.trackers.advance()
    shutil.rmtree(fresh.folder / "lake-work")  # the second night is another machine's
    synced(site, fresh)
    assert in_lake(fresh) == in_warehouse(site)
    compacted = fresh.flowmart("lake", "compact")
    assert compacted.returncode == 0, compacted.stderr
    assert in_lake(fresh) == in_warehouse(site)
    _status_tells(fresh)


@pytest.mark.thorough
def test_a_sync_that_a_person_breaks_off_gives_its_sources_back_and_is_gone_on_with(site: Site, fresh: Site) -> None:
    into_lake(fresh)
    site.trackers.fault(
        match="/changelog/bulkfetch", after=0, times=1, kind="answer", status=429, headers={"Retry-After": "60"}
    )
    process = fresh.start("-v", "sync")
    assert process.stderr is not None
    for line in process.stderr:
        if "acme versions" in line:  # next come issues, for which the tracker lets it wait
            break
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told
    lake = open_lake(str(fresh.folder / "lake"))
    assert all(last.event == RELEASED for last, _ in standings(lake).values())
    site.trackers.mend()
    synced(site, fresh)
    assert in_lake(fresh) == in_warehouse(site)


def _status_tells(site: Site) -> None:
    done = site.flowmart("status", "--sizes", "--json")
    status = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert [(one["source"], one["pages"], one["held_by"]) for one in status["lake"]["sources"]] == [
        ("acme", 1, None),
        ("contoso", 1, None),
    ]
    assert all(one["files"] and one["rows"] for one in status["lake"]["sources"])
    assert all(one["streams"] and not one["is_late"] for one in status["sources"])
    assert "pages to read" in site.flowmart("status").stdout


def test_a_source_that_the_lake_does_not_take_is_named_and_keeps_no_other_one(site: Site) -> None:
    into_lake(site)
    obstacle = Path(site.folder / "lake" / "tables" / "capacities")  # of Azure DevOps alone
    obstacle.parent.mkdir(parents=True)
    obstacle.write_text("no folder", encoding="utf-8")
    done = site.flowmart("sync")
    assert done.returncode == 1
    assert "contoso: " in done.stderr
    assert "check lake.url" in done.stderr
    assert list(sources(open_lake(str(site.folder / "lake")))) == ["acme"]


@pytest.mark.parametrize("words", [("reconcile",), ("erase-user", "acme:1", "--dry-run")])
def test_commands_that_know_warehouses_only_refuse_a_lake(site: Site, words: tuple[str, ...]) -> None:
    into_lake(site)
    done = site.flowmart(*words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{words[0]} works on a warehouse" in done.stderr
