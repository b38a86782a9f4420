"""Measures exports: CPU and peak memory of each format, beside reading by the driver and writing by pyarrow alone."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Boolean, Connection, Date, Float, Integer, Numeric, Table

from benchmarks.compute import SETTINGS
from benchmarks.history import NOW, History, fill
from exports.base import Order
from exports.catalog import EXPORTERS, choose_tables
from exports.snapshot import snapshot
from metrics.catalog import classify, compute
from warehouse.engine import open_warehouse
from warehouse.tables import METADATA
from warehouse.types import JsonText, UtcDateTime

FLOOR = "driver and pyarrow alone"
_MONTHS = "parquet by month"
_ROWS_AT_ONCE = 10_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Print CPU seconds, their ratio to the floor and peak memory; each is measured in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=10, help="status changes of each issue")
    parser.add_argument("--warehouse", help="URL of a filled and computed one, in place of one made here")
    parser.add_argument("--only", metavar="WHAT", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        if options.only:
            print(json.dumps(_measured(options.warehouse, options.only, Path(folder) / "out")))
            return
        url = options.warehouse or _new(Path(folder) / "warehouse.db", options)
        _compare(url)


def _compare(url: str) -> None:
    floor = _in_a_process(url, FLOOR)
    print(f"{floor['rows']:,} rows; CPU seconds, and MiB at the peak")
    _tell(FLOOR, floor, 1.0)
    for what in ("parquet", _MONTHS, "csv", "xlsx"):
        found = _in_a_process(url, what)
        _tell(what, found, found["seconds"] / floor["seconds"])


def _tell(what: str, found: Mapping[str, Any], ratio: float) -> None:
    share = (
        f"{ratio:.2f} × the floor, {found['rows']:,} rows in {found['files']:,} files, {found['bytes'] / 1e6:,.0f} MB"
    )
    print(f"{what:26}{found['seconds']:8.2f}{found['mebibytes']:8.0f}   {share}", flush=True)


def _in_a_process(url: str, what: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.export", "--warehouse", url, "--only", what]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _measured(url: str, what: str, to: Path) -> dict[str, Any]:
    format_ = what.partition(" ")[0]
    tables = choose_tables((), format_)
    engine = open_warehouse(url)
    work = _plain if what == FLOOR else _exported(what, format_)
    with snapshot(engine) as connection:
        connection.exec_driver_sql("SELECT 1")
        began = time.process_time()
        rows = work(connection, tables, to)
        seconds = time.process_time() - began
    files = [path for path in to.rglob("*") if path.is_file()]
    return {
        "seconds": seconds,
        "rows": rows,
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
        "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _exported(what: str, format_: str) -> Callable[[Connection, Sequence[Table], Path], int]:
    order = Order(made_at=NOW, partition="month" if what == _MONTHS else None)
    return lambda connection, tables, to: sum(file.rows for file in EXPORTERS[format_](connection, tables, to, order))


def _plain(connection: Connection, tables: Sequence[Table], to: Path) -> int:
    """Every table as the driver gives it, in no order, in the types in which it comes."""
    to.mkdir()
    rows = 0
    for table in tables:
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
