"""Measures `compute` of a lake on a cluster: CPU of the executors per issue, and the memory of the driver."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.compute import SETTINGS
from benchmarks.engines import sail, standalone
from benchmarks.history import NOW, History
from benchmarks.lakes import fill_source
from benchmarks.measuring import peak_mb
from flowmart.cluster.job import compute_lake
from flowmart.cluster.shapes import Shared
from flowmart.cluster.spark import spark
from flowmart.settings.engine import Engine
from lake.opening import Lake, open_lake
from metrics.outdated import code_version

_SHAPES = ("1x100000", "10x10000", "3x100000")
_MEGABYTE = 1_000_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each shape of a lake, such as 10x10000: ten sources of ten thousand issues."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shapes", nargs="*", default=_SHAPES, metavar="SOURCESxISSUES")
    parser.add_argument("--changes", type=int, default=8, help="status changes of each issue; two more are of others")
    parser.add_argument("--url", default="standalone", help="standalone and sail are started here; or an address")
    options = parser.parse_args(arguments)
    print(f"{'sources x issues':18}{'fill s':>8}{'loaded MB':>10}{'computed MB':>12}{'wall s':>8}{'CPU s':>8}"
          f"{'ms/issue':>10}{'joined s':>9}{'driver MB':>10}{'its JVM':>9}")  # fmt: skip
    for shape in options.shapes:
        with tempfile.TemporaryDirectory() as folder, _engine(options.url, Path(folder)) as url:
            sources, issues = map(int, shape.split("x"))
            _measure(Path(folder), url, sources, issues, options.changes)


@contextmanager
def _engine(url: str, folder: Path) -> Iterator[str]:
    if url == "standalone":
        with standalone(folder, memory="3g") as cluster:
            yield cluster.url
    elif url == "sail":
        with sail(folder) as address:
            yield address
    else:
        yield url


def _measure(folder: Path, url: str, sources: int, issues: int, changes: int) -> None:
    lake, began = open_lake(str(folder / "lake")), time.process_time()
    for number in range(sources):
        history = History(issues=issues, status_changes=changes, seed=number, source=f"site{number}")
        fill_source(lake, history)
    filling = time.process_time() - began
    shared = Shared(lake=lake, settings=SETTINGS, now=NOW, code_version=code_version())
    engine = Engine.model_validate({"url": url, "python": sys.executable, "options": {"spark.executor.memory": "1g"}})
    with spark(engine) as cluster:
        began = time.monotonic()
        report = compute_lake(cluster, shared)
        wall = time.monotonic() - began
        jvm = _children_mb()
    apart = sum(done.cpu_seconds for done in report.computed)
    of_each = 1000 * report.cpu_seconds / (sources * issues)
    loaded, computed = (_megabytes(lake, name) for name in ("tables", "computed"))
    print(f"{f'{sources} x {issues:,}':18}{filling:8.0f}{loaded:10.0f}{computed:12.0f}{wall:8.0f}"
          f"{report.cpu_seconds:8.1f}{of_each:10.3f}{report.cpu_seconds - apart:9.1f}{peak_mb():10.0f}{jvm:9.0f}",
          flush=True)  # fmt: skip


def _megabytes(lake: Lake, name: str) -> float:
    return sum(path.stat().st_size for path in (Path(lake.url) / name).rglob("*.parquet")) / _MEGABYTE


def _children_mb() -> float:
    """The most memory that a child of this process has held: the driver's JVM, if there is one."""
    most = 0.0
    for task in Path("/proc/self/task").glob("*/children"):
        for pid in task.read_text().split():
            lines = (Path("/proc") / pid / "status").read_text().splitlines()
            most = max(most, *(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
    return most


if __name__ == "__main__":
    main()
