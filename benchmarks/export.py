"""Measures exports: CPU and peak memory of each format, beside reading by the driver and writing by pyarrow alone."""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Boolean, Connection, Date, Float, Integer, Numeric, Table

from benchmarks.compute import SETTINGS
from benchmarks.history import NOW, History, fill
from benchmarks.measuring import Measure, Measured, WorkFailed
from benchmarks.measuring import measure as measure_apart
from exports.base import Order
from exports.catalog import FORMATS, choose_tables, write
from exports.snapshot import snapshot
from metrics.catalog import classify, compute
from warehouse.engine import open_warehouse
from warehouse.tables import METADATA
from warehouse.types import JsonText, UtcDateTime

FLOOR = "driver and pyarrow alone"
_MONTHS = "parquet by month"
_ONE_TABLE = "xlsx of issue_changes"
"""A workbook leaves the history out unless it is named."""
WORKS = ("parquet", _MONTHS, *(name for name in FORMATS if name != "parquet"), _ONE_TABLE)
_ROWS_AT_ONCE = 10_000


def main(arguments: Sequence[str] | None = None, measure: Measure = measure_apart) -> None:
    """Print CPU seconds, their ratio to the floor and peak memory; each is measured in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=10, help="status changes of each issue")
    parser.add_argument("--warehouse", help="URL of a filled and computed one, in place of one made here")
    parser.add_argument("--only", nargs="+", metavar="WHAT", choices=WORKS, default=WORKS, help=", ".join(WORKS))
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        _compare(options.warehouse or _new(Path(folder) / "warehouse.db", options), options.only, measure)


def _compare(url: str, works: Sequence[str], measure: Measure) -> None:
    floor = measure("benchmarks.export:work", url=url, what=FLOOR)
    print(f"{floor.told['rows']:,} rows; seconds, CPU seconds, MB at the peak, and of another process that helped")
    _tell(FLOOR, floor, floor)
    for what in works:
        try:
            _tell(what, measure("benchmarks.export:work", url=url, what=what), floor)
        except WorkFailed as refused:
            print(f"{what:26}{refused}", flush=True)


def _tell(what: str, found: Measured, floor: Measured) -> None:
    told = found.told
    helped = f"{told['helper_mb']:6.0f}" if told["helper_mb"] else " " * 6
    share = f"{found.cpu_seconds / floor.cpu_seconds:.2f} × the floor"
    made = f"{told['rows']:,} rows in {told['files']:,} files, {told['bytes'] / 1e6:,.0f} MB"
    figures = f"{found.wall_seconds:8.1f}{found.cpu_seconds:8.1f}{found.peak_mb:8.0f}{helped}"
    print(f"{what:26}{figures}   {share}, {made}", flush=True)


def work(url: str, what: str) -> Generator[None, None, dict[str, Any]]:
    """An export of the warehouse at the URL: the floor, or one of `WORKS`; opening the warehouse is not measured."""
    engine = open_warehouse(url)
    export = _plain if what == FLOOR else _exported(what)
    with tempfile.TemporaryDirectory() as folder, snapshot(engine) as connection:
        connection.exec_driver_sql("SELECT 1")
        to = Path(folder) / "out"
        yield
        rows = export(connection, to)
        files = [path for path in to.rglob("*") if path.is_file()]
        return {
            "rows": rows,
            "files": len(files),
            "bytes": sum(path.stat().st_size for path in files),
            "helper_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        }


def _exported(what: str) -> Callable[[Connection, Path], int]:
    format_, tables = what.partition(" ")[0], ["issue_changes"] if what == _ONE_TABLE else []
    order = Order(made_at=NOW, partition="month" if what == _MONTHS else None)
    return lambda connection, to: sum(file.rows for file in write(connection, format_, tables, to, order))


def _plain(connection: Connection, to: Path) -> int:
    """Every table as the driver gives it, in no order, in the types in which it comes."""
    to.mkdir()
    rows = 0
    for table in choose_tables():
        schema = pa.schema([(column.name, _raw(column.type, connection.dialect.name)) for column in table.columns])
        with pq.ParquetWriter(to / f"{table.name}.parquet", schema, compression="zstd") as writer:
            for some in _fetched(connection, table):
                values = zip(zip(*some, strict=True), schema.types, strict=True)
                writer.write_table(pa.table([pa.array(column, type_) for column, type_ in values], schema=schema))
                rows += len(some)
    return rows


def _fetched(connection: Connection, table: Table) -> Iterator[list[Any]]:
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor() if connection.dialect.name == "sqlite" else driver.cursor(name="floor")
    json_ = {c.name for c in table.columns if isinstance(c.type, JsonText)}
    names = ", ".join(f"CAST({c.name} AS text)" if c.name in json_ else f'"{c.name}"' for c in table.columns)
    cursor.execute(f"SELECT {names} FROM {table.name}")
    while some := cursor.fetchmany(_ROWS_AT_ONCE):
        yield some
    cursor.close()


def _raw(type_: object, dialect: str) -> pa.DataType:
    if dialect == "sqlite":
        kinds: list[tuple[Any, pa.DataType]] = [((Boolean, Integer), pa.int64()), ((Float, Numeric), pa.float64())]
    else:
        kinds = [
            (UtcDateTime, pa.timestamp("us", "UTC")),
            (Date, pa.date32()),
            (Boolean, pa.bool_()),
            (Integer, pa.int64()),
            (Float, pa.float64()),
            (Numeric, pa.decimal128(28, 6)),
        ]
    return next((arrow for kind, arrow in kinds if isinstance(type_, kind)), pa.string())


def _new(path: Path, options: argparse.Namespace) -> str:
    url = f"sqlite:///{path}"
    engine = open_warehouse(url)
    METADATA.create_all(engine)
    with engine.begin() as connection:
        fill(connection, History(issues=options.issues, status_changes=options.changes))
        classify(connection, SETTINGS, NOW)
        compute(connection, SETTINGS, NOW)
    engine.dispose()
    print(f"{options.issues:,} issues with {options.changes} status changes each, SQLite")
    return url


if __name__ == "__main__":
    main()
