"""Measures `compute`: in full against merely writing its rows, and after a night in which few issues changed."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Table, select

from benchmarks.history import NOW, History, change_some, fill
from metrics.catalog import classify, compute
from metrics.settings import Calendar, DefectRule, Defects, MetricSettings, Workflow
from warehouse.bulk import clear, execute_many, insert_rows, stored
from warehouse.engine import open_warehouse
from warehouse.fetching import fetch_rows
from warehouse.tables import COMPUTED, METADATA

SETTINGS = MetricSettings(
    workflow=Workflow(waiting=frozenset({"In Review"})),
    calendar=Calendar(timezone=ZoneInfo("Europe/Berlin"), holidays="DE"),
    defects=Defects(rules=(DefectRule(name="customer", escaped=True, labels=frozenset({"customer"})),)),
)
_NIGHT = timedelta(days=1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print CPU seconds and their ratios; everything is measured in this one process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=10, help="status changes of each issue")
    parser.add_argument("--share", type=float, default=0.001, help="issues that change before the increment")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        engine = _new(Path(folder) / "warehouse.db")
        measure(engine, _new(Path(folder) / "floor.db"), options)


def measure(engine: Engine, other: Engine, options: argparse.Namespace) -> None:
    """Fill `engine`, compute it in full and after a night; `other` takes the same rows again."""
    with engine.begin() as connection:
        fill(connection, History(issues=options.issues, status_changes=options.changes))
        classify(connection, SETTINGS, NOW)  # as a sync ends
    full, rows = _timed(engine, lambda connection: compute(connection, SETTINGS, NOW))
    print(f"{options.issues:,} issues with {options.changes} status changes each, SQLite; CPU seconds")
    _tell("compute in full", full, f"{sum(rows.values()):,} rows")
    floors = _floors(engine, other)
    _tell("writing these rows", floors.plain, f"driver's bulk call, from Python values: {full / floors.plain:.2f} ×")
    _tell("  the driver alone", floors.driver, f"from its own values: compute takes {full / floors.driver:.2f} ×")
    _tell("  our own bulk call", floors.ours, f"from Python values: compute takes {full / floors.ours:.2f} ×")
    some = max(1, round(options.issues * options.share))
    with engine.begin() as connection:
        change_some(connection, some, NOW)
        classify(connection, SETTINGS, NOW + _NIGHT)
    night, _ = _timed(engine, lambda connection: compute(connection, SETTINGS, NOW + _NIGHT))
    _tell("compute after a night", night, f"{some:,} issues changed: {night / full:.1%} of the full one")


def _tell(what: str, seconds: float, rest: str) -> None:
    print(f"{what:22}{seconds:8.2f}   {rest}", flush=True)


def _timed(engine: Engine, work: Callable[[Connection], Any]) -> tuple[float, Any]:
    with _clock() as taken, engine.begin() as connection:
        result = work(connection)
    return taken[0], result


@contextmanager
def _clock() -> Iterator[list[float]]:
    taken: list[float] = []
    began = time.process_time()
    yield taken
    taken.append(time.process_time() - began)


class Floors(NamedTuple):
    """CPU seconds of writing all computed rows again, with nothing else."""

    plain: float
    """The driver's bulk call, one row by each statement, from Python values."""
    driver: float
    """The same from what the driver itself gave."""
    ours: float
    """Our bulk call, which puts many rows into a statement, from Python values."""


def _floors(engine: Engine, other: Engine) -> Floors:
    found = []
    with engine.connect() as source:
        for table in COMPUTED:
            names = table.columns.keys()
            values = fetch_rows(source, select(table))
            rows = source.exec_driver_sql(f"SELECT * FROM {table.name}").cursor.fetchall()
            sql = f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(names))})"
            ways: tuple[Callable[[Connection], int], ...] = (
                lambda c, t=table, n=names, v=values, s=sql: execute_many(c, s, stored(t, n, v, text=None)),  # type: ignore[misc]
                lambda c, s=sql, v=rows: execute_many(c, s, v),  # type: ignore[misc]
                lambda c, t=table, n=names, v=values: insert_rows(c, t, n, v),  # type: ignore[misc]
            )
            found.append([_written(other, table, way) for way in ways])
    return Floors(*map(sum, zip(*found, strict=True)))


def _written(other: Engine, table: Table, way: Callable[[Connection], int]) -> float:
    """CPU seconds of filling the table, which is emptied before."""
    with other.begin() as connection:
        clear(connection, table)
    return _timed(other, way)[0]


def _new(path: Path) -> Engine:
    engine = open_warehouse(f"sqlite:///{path}")
    METADATA.create_all(engine)
    return engine


if __name__ == "__main__":
    main()
