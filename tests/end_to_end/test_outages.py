"""The warehouse fails in mid-run: one clear line, exit code 1, and the next run leaves what an undisturbed one does."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import Engine, event, make_url

from benchmarks.crash.comparing import Tables, differences, read_tables
from benchmarks.crash.grounds import PostgreSQLGround
from flowmart.demo import simulator
from tests.end_to_end.conftest import Done, Site, Trackers, bare_site, new_site
from warehouse.engine import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Mapping

MOUNT, UNMOUNT = shutil.which("mount") or "", shutil.which("umount") or ""
ISSUES = 40
SQLITE = 'url = "sqlite:///flowmart.db"'


@pytest.fixture(scope="module")
def company() -> Iterator[Trackers]:
    """A smaller company than that of other modules: nothing here depends on what happens in it."""
    with simulator(ISSUES) as about:
        yield Trackers(about, about["now"])


@pytest.fixture(scope="module")
def ground(postgres_url: str) -> Iterator[PostgreSQLGround]:
    """A database of its own, which tests may cut off."""
    made = PostgreSQLGround(postgres_url)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def undisturbed_there(ground: PostgreSQLGround, company: Trackers, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """What a run that nothing disturbs leaves on PostgreSQL."""
    site = on_postgresql(new_site(tmp_path_factory.mktemp("there") / "site", company), ground)
    assert site.flowmart("run").returncode == 0
    return read_tables(open_warehouse(ground.url))


def on_postgresql(site: Site, ground: PostgreSQLGround) -> Site:
    """The site with a new warehouse on PostgreSQL."""
    ground.empty()
    site.configure((SQLITE, f'url = "{ground.url}"'))
    return site


@contextmanager
def cut_off(ground: PostgreSQLGround, when: str) -> Iterator[list[int]]:
    """All connections to the database end, as when its server restarts, at the first statement with these words."""
    ended: list[int] = []

    def look(_: object, __: object, statement: str, *___: object) -> None:
        if when in statement and not ended:
            name = make_url(ground.url).database
            with psycopg.connect(ground.server, autocommit=True) as connection:
                rows = connection.execute(
                    "SELECT pg_terminate_backend(pid, 10000), pid FROM pg_stat_activity WHERE datname = %s", [name]
                )
                ended.extend(pid for _, pid in rows)

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield ended
    finally:
        event.remove(Engine, "before_cursor_execute", look)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "when",
    [
        "CREATE TABLE definitions",
        "CREATE TEMPORARY TABLE stage_issue_changes",
        "INSERT INTO definitions",
    ],
    ids=["in a migration", "in a page", "in a compute"],
)
def test_a_server_that_goes_away_and_comes_back_costs_one_run_and_nothing_else(
    site: Site, ground: PostgreSQLGround, undisturbed_there: Tables, when: str
) -> None:
    on_postgresql(site, ground)
    with cut_off(ground, when) as ended:
        done = site.flowmart("run")
    assert ended
    assert told(done).startswith("flowmart: warehouse postgresql+psycopg://")
    assert "the server ended the connection, or went away; run it again when it is back" in told(done)
    again = site.flowmart("run")
    assert again.returncode == 0, again.stderr
    left = read_tables(open_warehouse(ground.url))
    assert list(differences(without_failures(left), undisturbed_there)) == []


def without_failures(tables: Tables) -> Tables:
    """Streams that failed are what this test makes, beside those that seem to run on."""
    return {**tables, "sync_runs": [row for row in tables["sync_runs"] if row[6] != "failed"]}


def told(done: Done | subprocess.CompletedProcess[str]) -> str:
    """The line on which the failure is told; there is no other, and no traceback."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("flowmart: ")]
    return line


@pytest.mark.thorough
def test_a_full_disk_in_a_compute_leaves_the_numbers_as_they_were(
    site: Site, undisturbed: Mapping[str, list[Any]]
) -> None:
    assert site.flowmart("run").returncode == 0
    site.write("DELETE FROM compute_inputs")  # everything is to be computed anew
    done = site.with_little_disk(200, "compute")
    assert "disk" in told(done)
    assert site.tables() == undisturbed
    assert site.flowmart("compute").returncode == 0
    assert site.tables() == undisturbed
    assert site.rows("SELECT * FROM leases") == []


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A disk of that size in the folder."""
    folder.mkdir()
    made = subprocess.run([MOUNT, "-t", "tmpfs", "-o", f"size={size}", "flowmart", folder], check=False)
    if made.returncode != 0:
        pytest.skip("no disk can be made here")
    try:
        yield
    finally:
        subprocess.run([UNMOUNT, folder], check=True)


def resize(folder: Path, size: int | str) -> None:
    subprocess.run([MOUNT, "-o", f"remount,size={size}", folder], check=True)


def used(folder: Path) -> int:
    """Bytes of all files there."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*"))


@pytest.mark.skipif(not MOUNT or not Path("/proc/mounts").exists(), reason="disks in memory are made on Linux")
def test_a_disk_that_is_too_small_for_a_sync_and_then_for_a_compute_costs_nothing_but_time(
    tmp_path: Path, trackers: Trackers, undisturbed: Mapping[str, list[Any]]
) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "600k"):
        site = bare_site(disk / "site", trackers)
        assert "the disk" in told(site.flowmart("sync"))
        resize(disk, "64m")
        assert site.flowmart("sync").returncode == 0
        resize(disk, used(disk) + 100_000)
        assert "the disk" in told(site.flowmart("compute"))
        assert site.rows("SELECT count(*) FROM issue_flow") == [(0,)]
        resize(disk, "64m")
        assert site.flowmart("compute").returncode == 0
        assert site.tables() == undisturbed
