"""Measures `compute`: in full against merely writing its rows, and after a night in which few issues changed."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Table, select

from benchmarks.history import NOW, History, change_some, fill
from metrics.catalog import classify, compute
from metrics.settings import Calendar, DefectRule, Defects, MetricSettings, Workflow
from warehouse.bulk import execute_many, insert_rows, stored
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
    """Print the medians of CPU seconds and of their ratios; everything is measured in this one process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=10, help="status changes of each issue")
    parser.add_argument("--share", type=float, default=0.001, help="issues that change before the increment")
    parser.add_argument("--rounds", type=int, default=3, help="so often all is measured, in turns: machines are noisy")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        filled = _new(Path(folder) / "filled.db")
        with filled.begin() as connection:
            fill(connection, History(issues=options.issues, status_changes=options.changes))
            classify(connection, SETTINGS, NOW)  # as a sync ends
        filled.dispose()  # which makes it one file
        some = max(1, round(options.issues * options.share))
        print(f"{options.issues:,} issues with {options.changes} status changes each, SQLite; CPU seconds")
        rounds = [_round(Path(folder) / "filled.db", number, some) for number in range(options.rounds)]
    full, night = median(one.full for one in rounds), median(one.night for one in rounds)
    _tell("compute in full", full, f"{rounds[0].rows:,} rows; median of {options.rounds}")
    for name, said in _SAID.items():
        ratios = [one.full / one.floors[name] for one in rounds]
        between = f"{median(ratios):.2f} × ({min(ratios):.2f} to {max(ratios):.2f})"
        _tell(said[0], median(one.floors[name] for one in rounds), f"{said[1]}: compute takes {between}")
    shares = [one.night / one.full for one in rounds]
    told = f"{median(shares):.1%} of the full one ({min(shares):.1%} to {max(shares):.1%})"
    _tell("compute after a night", night, f"{some:,} issues changed: {told}")


_PLAIN, _DRIVER, _OURS = "plain", "driver", "ours"
_SAID = {
    _PLAIN: ("writing these rows", "driver's bulk call, from Python values"),
    _DRIVER: ("  the driver alone", "from its own values"),
    _OURS: ("  our own bulk call", "from Python values"),
}


class Round(NamedTuple):
    """CPU seconds, measured one after the other."""

    rows: int
    full: float
    floors: Mapping[str, float]
    """Way of writing all computed rows into an empty file, with nothing else → its seconds."""
    night: float


def _round(filled: Path, number: int, some: int) -> Round:
    """Compute a copy of the filled warehouse in full, write the same rows elsewhere, and compute it after a night."""
    with tempfile.TemporaryDirectory(dir=filled.parent) as folder:
        shutil.copy(filled, Path(folder) / "warehouse.db")
        engine = open_warehouse(f"sqlite:///{folder}/warehouse.db")
        full, rows = _timed(engine, lambda connection: compute(connection, SETTINGS, NOW))
        floors = _floors(engine, Path(folder), number)
        with engine.begin() as connection:
            change_some(connection, some, NOW)
            classify(connection, SETTINGS, NOW + _NIGHT)
        night, _ = _timed(engine, lambda connection: compute(connection, SETTINGS, NOW + _NIGHT))
        engine.dispose()
    return Round(sum(rows.values()), full, floors, night)


def _floors(engine: Engine, folder: Path, number: int) -> Mapping[str, float]:
    """Each way has a file of its own, and each round begins with another way: none finds pages that are made."""
    names = [*_SAID]
    order = names[number % len(names) :] + names[: number % len(names)]
    others = {name: _new(folder / f"{name}.db") for name in order}
    taken = dict.fromkeys(order, 0.0)
    with engine.connect() as source:
        for table in COMPUTED:
            ways = _ways(source, table)
            for name in order:
                taken[name] += _timed(others[name], ways[name])[0]
    for other in others.values():
        other.dispose()
    return taken


def _ways(source: Connection, table: Table) -> Mapping[str, Callable[[Connection], int]]:
    """How all rows of the table can be written: one row by each statement, or by our bulk call, many by one."""
    names = table.columns.keys()
    values = fetch_rows(source, select(table))
    rows = source.exec_driver_sql(f"SELECT * FROM {table.name}").cursor.fetchall()
    sql = f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(names))})"
    return {
        _PLAIN: lambda connection: execute_many(connection, sql, stored(table, names, values, text=None)),
        _DRIVER: lambda connection: execute_many(connection, sql, rows),
        _OURS: lambda connection: insert_rows(connection, table, names, values),
    }


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


def _new(path: Path) -> Engine:
    engine = open_warehouse(f"sqlite:///{path}")
    METADATA.create_all(engine)
    return engine


if __name__ == "__main__":
    main()
