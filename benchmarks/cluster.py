"""Measures `compute` of a lake on a cluster: CPU of the executors per issue, and the memory of the driver."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table

from benchmarks.compute import SETTINGS
from benchmarks.engines import sail, standalone
from benchmarks.history import NOW, History, change_some, fill
from benchmarks.lakes import change_source, fill_source
from benchmarks.measuring import peak_mb
from benchmarks.servers import postgresql_server
from flowmart.cluster.asking import asking
from flowmart.cluster.job import compute_lake
from flowmart.cluster.scratch import FILES
from flowmart.cluster.shapes import Shared
from flowmart.cluster.spark import Spark, spark
from flowmart.settings.engine import Engine as Address
from lake.computed import versions
from lake.opening import Lake, open_lake
from metrics.catalog import compute
from metrics.crossing.pool import Question
from metrics.outdated import code_version
from warehouse.copying import stream_rows
from warehouse.engine import open_scratch, open_warehouse
from warehouse.tables import COMPUTED, METADATA

_SHAPES = ("1x100000", "10x10000", "3x100000")
_MEGABYTE = 1_000_000
_NEXT_DAY = NOW + timedelta(days=1)
_EQUAL = "compare each row with those of one warehouse, on SQLite and PostgreSQL"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each shape of a lake, such as 10x10000: ten sources of ten thousand issues."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shapes", nargs="*", default=_SHAPES, metavar="SOURCESxISSUES")
    parser.add_argument("--changes", type=int, default=8, help="status changes of each issue; two more are of others")
    parser.add_argument("--url", default="standalone", help="standalone and sail are started here; or an address")
    parser.add_argument("--equal", action="store_true", help=_EQUAL)
    options = parser.parse_args(arguments)
    print(f"{'sources x issues':18}{'fill s':>8}{'loaded MB':>10}{'computed MB':>12}{'kept MB':>9}{'wall s':>8}"
          f"{'CPU s':>8}{'ms/issue':>10}{'joined s':>9}{'executor MB':>12}{'driver MB':>10}{'its JVM':>9}")  # fmt: skip
    for shape in options.shapes:
        with tempfile.TemporaryDirectory() as folder, _engine(options.url, Path(folder)) as url:
            sources, issues = map(int, shape.split("x"))
            histories = [
                History(issues=issues, status_changes=options.changes, seed=number, source=f"site{number}")
                for number in range(sources)
            ]
            lake = _measure(Path(folder), url, histories)
            if options.equal:
                _compare(lake, Path(folder), histories)


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


def _measure(folder: Path, url: str, histories: Sequence[History]) -> Lake:
    lake, began = open_lake(str(folder / "lake")), time.process_time()
    for history in histories:
        fill_source(lake, history)
    filling = time.process_time() - began
    shared = Shared(lake=lake, settings=SETTINGS, now=NOW, code_version=code_version())
    engine = Address.model_validate({"url": url, "python": sys.executable, "options": {"spark.executor.memory": "1g"}})
    issues = sum(history.issues for history in histories)
    with spark(engine) as cluster:
        began = time.monotonic()
        report = compute_lake(cluster, shared)
        wall = time.monotonic() - began
        jvm = _children_mb()
        peak = max(done.peak_mb for done in report.computed)
        apart = sum(done.cpu_seconds for done in report.computed)
        loaded, computed, kept = (_megabytes(lake, name) for name in ("tables", "computed", f"computed/{FILES}"))
        print(f"{f'{len(histories)} x {histories[0].issues:,}':18}{filling:8.0f}{loaded:10.0f}{computed - kept:12.0f}"
              f"{kept:9.0f}{wall:8.0f}{report.cpu_seconds:8.1f}{1000 * report.cpu_seconds / issues:10.3f}"
              f"{report.cpu_seconds - apart:9.1f}{peak:12.0f}{peak_mb():10.0f}{jvm:9.0f}", flush=True)  # fmt: skip
        _tell_night(cluster, shared, histories, report.cpu_seconds)
    return lake


def _tell_night(cluster: Spark, shared: Shared, histories: Sequence[History], full_seconds: float) -> None:
    """Change one issue in a thousand, and compute the next day from the files that were kept."""
    for history in histories:
        some = max(1, history.issues // 1_000)
        change_source(shared.lake, history.source, partial(change_some, count=some, after=NOW, source=history.source))
    report = compute_lake(cluster, replace(shared, now=_NEXT_DAY))
    went_on = sum(done.went_on for done in report.computed)
    print(f"    after a night: {report.cpu_seconds:.1f} CPU s, {report.cpu_seconds / full_seconds:.0%}; "
          f"{went_on} of {len(histories)} went on from their files", flush=True)  # fmt: skip


def _compare(lake: Lake, folder: Path, histories: Sequence[History]) -> None:
    """Say in which tables a row differs from one warehouse's, the last bit of a number included."""
    ask = asking(lake, [one.computation for one in versions(lake).values()])
    here = {table: _sum(ask(Question(table.name, table.columns.keys(), ()))) for table in COMPUTED}
    rows = sum(count for count, _ in here.values())
    with postgresql_server() as address:
        others = {
            "SQLite": open_scratch(folder / "alone.db"),
            "PostgreSQL": open_warehouse(address.replace("postgresql://", "postgresql+psycopg://")),
        }
        for name, engine in others.items():
            there = _alone(engine, histories)
            unlike = [table.name for table in COMPUTED if here[table] != there[table]]
            said = f"differs in {', '.join(unlike)}" if unlike else "equals one warehouse"
            print(f"    {said} on {name}: {len(COMPUTED)} tables, {rows:,} rows", flush=True)
            engine.dispose()


def _alone(engine: Engine, histories: Sequence[History]) -> Mapping[Table, tuple[int, int]]:
    """What one warehouse that holds all sources computes."""
    METADATA.create_all(engine)
    with engine.begin() as connection:
        for history in histories:
            fill(connection, history)
            change_some(connection, max(1, history.issues // 1_000), NOW, history.source)
        compute(connection, SETTINGS, _NEXT_DAY)
    with engine.connect() as connection:
        return {table: _sum(stream_rows(connection, table)) for table in COMPUTED}


def _sum(rows: Iterable[tuple[Any, ...]]) -> tuple[int, int]:
    """How many rows, and a number that they share with the same rows in any order."""
    count = total = 0
    for row in rows:
        count += 1
        total += hash(row)
    return count, total


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
