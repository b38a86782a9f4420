"""`flowmart compute` on real engines, a standalone cluster of Spark and Sail; machines die in the middle of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("deltalake", reason="deltalake is not installed")

from benchmarks.engines import NoEngine, Standalone, sail, standalone
from benchmarks.history import NOW, History
from flowmart.config import load_config
from lake.computed import versions
from lake.opening import Lake, open_lake
from simulator.server import serve
from tests.flowmart.cluster.fleets import BEGINS, alone, filled, rows_in, rows_of
from tests.metrics.apart import Rows, differences
from warehouse.engine import open_warehouse

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        find_spec("pyspark") is None and find_spec("pysail") is None, reason="neither pyspark nor pysail is installed"
    ),
]

HISTORIES = tuple(
    History(issues=20 + 30 * number, status_changes=3, seed=number, begins=BEGINS, source=f"site{number}")
    for number in range(5)
)
CONFIG = """
[sources.site0]
type = "jira"
url = "https://site0.example"
token = "made-up"
[lake]
url = "{lake}"
[engine]
url = "{engine}"
{python}
[calendar]
timezone = "Europe/Berlin"
[[defects.rules]]
escaped = true
labels = ["customer"]
"""
NIGHTLY = """
[sources.acme]
type = "jira"
url = "{tracker}"
email = "{email}"
token = "{token}"
[lake]
url = "lake"
[engine]
url = "{engine}"
[report]
to = "report.html"
"""
PATIENCE_SECONDS = 900


def config(folder: Path, engine: str) -> Path:
    """A configuration whose lake is `lake` in the folder."""
    python = "" if engine.startswith("sc://") else f'python = "{sys.executable}"'
    text = CONFIG.format(lake=folder / "lake", engine=engine, python=python)
    (folder / "flowmart.toml").write_text(text, encoding="utf-8")
    return folder / "flowmart.toml"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return filled(tmp_path / "lake", HISTORIES)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Rows]:
    folder = tmp_path_factory.mktemp("alone")
    settings = load_config(config(folder, "local"), {}).metric_settings()
    return alone(folder / "warehouse.db", HISTORIES, settings)


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """A cluster that no test harms."""
    with _started(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Standalone]:
    """A cluster of the test's own."""
    with _started(tmp_path) as cluster:
        yield cluster


@contextmanager
def _started(folder: Path) -> Iterator[Standalone]:
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(standalone(folder))
        except NoEngine as missing:
            pytest.skip(str(missing))
        yield cluster


def begun(folder: Path, engine: str) -> subprocess.Popen[str]:
    """A compute under way; the head of a group with the JVM of its driver."""
    return subprocess.Popen(
        [sys.executable, "-m", "flowmart", "-c", str(config(folder, engine)), "compute"],
        env={**os.environ, "FLOWMART_NOW": NOW.isoformat(), "SPARK_LOCAL_IP": "127.0.0.1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    """What it said, once it has ended well."""
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, said
    return said


def in_the_middle(process: subprocess.Popen[str], lake: Lake) -> None:
    """Waits until the first source has written something; nobody sees it yet."""
    wanted = Path(lake.url) / "computed" / "issue_flow"
    for _ in range(20 * PATIENCE_SECONDS):
        if any(wanted.glob("*/*.parquet")):
            return
        with suppress(subprocess.TimeoutExpired):
            said, _ = process.communicate(timeout=0.05)
            pytest.fail(f"it ended before: {said}")
    pytest.fail("no source is computed")


def kill(process: subprocess.Popen[str]) -> None:
    """The driver with its JVM."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_two_workers_compute_the_rows_of_one_warehouse(
    two_workers: Standalone, lake: Lake, tmp_path: Path, expected: Mapping[str, Rows]
) -> None:
    said = ended(begun(tmp_path, two_workers.url))
    assert "computed 5 sources" in said
    assert not differences(rows_in(lake), expected)


def test_a_driver_that_is_killed_leaves_nothing_and_the_next_run_does_all(
    two_workers: Standalone, lake: Lake, tmp_path: Path, expected: Mapping[str, Rows]
) -> None:
    process = begun(tmp_path, two_workers.url)
    try:
        in_the_middle(process, lake)
    finally:
        kill(process)
    assert not versions(lake)
    ended(begun(tmp_path, two_workers.url))
    assert not differences(rows_in(lake), expected)


def test_a_compute_outlives_a_worker(
    mortal: Standalone, lake: Lake, tmp_path: Path, expected: Mapping[str, Rows]
) -> None:
    process = begun(tmp_path, mortal.url)
    try:
        in_the_middle(process, lake)
        mortal.kill(0)
        ended(process)
    finally:
        if process.poll() is None:
            kill(process)
    assert not differences(rows_in(lake), expected)


def test_sail_computes_the_rows_of_one_warehouse(lake: Lake, tmp_path: Path, expected: Mapping[str, Rows]) -> None:
    with ExitStack() as stack:
        try:
            address = stack.enter_context(sail(tmp_path))
        except NoEngine as missing:
            pytest.skip(str(missing))
        ended(begun(tmp_path, address))
    assert not differences(rows_in(lake), expected)


def test_the_nightly_job_computes_the_lake_and_reports_from_the_warehouse(tmp_path: Path) -> None:
    """Twice: the second night loads over the rows of the first."""
    with ExitStack() as stack:
        try:
            address = stack.enter_context(sail(tmp_path))
        except NoEngine as missing:
            pytest.skip(str(missing))
        running = stack.enter_context(serve(issues=24))
        email, token = running.jira_auth
        text = NIGHTLY.format(engine=address, tracker=running.jira_url, email=email, token=token)
        (tmp_path / "flowmart.toml").write_text(text, encoding="utf-8")
        for night in range(2):
            running.advance(night)
            now = str(running.state()["now"])
            done = subprocess.run(
                [sys.executable, "-m", "flowmart", "-c", str(tmp_path / "flowmart.toml"), "run"],
                env={**os.environ, "FLOWMART_NOW": now, "SPARK_LOCAL_IP": "127.0.0.1"},
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert f"computed 1 source{', only where something changed,' if night else ''} in " in done.stderr
            assert "was never" not in done.stdout  # the runs of the sync are in the warehouse too
            assert (tmp_path / "report.html").stat().st_size
            (tmp_path / "report.html").unlink()
            engine = open_warehouse(f"sqlite:///{tmp_path / 'flowmart.db'}")
            stored = rows_of(engine)
            engine.dispose()
            assert stored["issue_flow"]
            assert not differences(stored, rows_in(open_lake(str(tmp_path / "lake"))))
