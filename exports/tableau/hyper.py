"""Writes tables into one extract for Tableau, `flowmart.hyper`: typed, described and related.

Instants are `timestamp with time zone`, days `date`, points, durations and shares `double precision`, counts `bigint`,
flags `boolean`, texts and JSON `text`. Descriptions of columns are comments in the extract; tables cannot have any
there. Keys and relationships are constraints that Tableau's engine takes for granted, so a relationship is one only
where each value has its row.

The rows go to that engine, a process of its own, through an Arrow stream on the disk. The same rows give the same
tables, but not the same bytes: the engine loads on several processors, so that blocks of large tables change places,
and it puts ids and checksums into each file.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import Connection, Table

from exports.base import PLAIN, ExportError, Order, Place, Written
from exports.files import Part, write_set
from exports.model import bi_model
from exports.rows import INSTANT, POINTS, arrow_schema, record_batches
from exports.staging import Staging

if TYPE_CHECKING:
    from types import ModuleType

EXTRACT = "flowmart.hyper"
SCHEMA = "Extract"
"""The schema of all tables in the extract."""

_AT_ONCE = 1 << 20
_SETTINGS = {
    "log_config": "",  # no log file
    "default_database_version": "2",  # each Tableau that its maker still supports can read it
}
_TYPES: Mapping[pa.DataType, str] = {
    pa.string(): "text",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    POINTS: "double precision",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    INSTANT: "timestamp with time zone",
}


def write_hyper(connection: Connection, tables: Sequence[Table], to: Place, order: Order = PLAIN) -> list[Written]:
    """Write `flowmart.hyper` with all these tables; an `Exporter`, but for the bytes that differ."""

    def write(staging: Staging) -> list[Part]:
        with staging.new(EXTRACT) as file, TemporaryDirectory(prefix="flowmart-hyper-") as folder:
            filled = Path(folder) / EXTRACT
            rows = fill_extract(connection, tables, filled)
            with filled.open("rb") as content:
                shutil.copyfileobj(content, file, _AT_ONCE)
        return [Part(EXTRACT, rows)]

    return write_set(tables, to, "hyper", write, order)


def fill_extract(connection: Connection, tables: Sequence[Table], path: Path) -> Mapping[str, int]:
    """Make an extract at this path, where nothing is yet; table → its rows."""
    with _extract(path) as run, TemporaryDirectory(prefix="flowmart-hyper-") as folder:
        run(f"CREATE SCHEMA {_quoted(SCHEMA)}")
        rows = {table.name: _copy(connection, table, Path(folder) / "rows.arrow", run) for table in tables}
        _relate(tables, run)
    return rows


def hyper_api() -> ModuleType:
    """Tableau's Hyper API; `ExportError` with what to install where it is missing."""
    try:
        import tableauhyperapi  # here, since it is an optional extra
    except ImportError as error:
        raise ExportError(
            "Tableau's Hyper API is not installed", "tableauhyperapi", "run pip install 'flowmart[tableau]'"
        ) from error
    api: ModuleType = tableauhyperapi
    return api


class _Run:
    """Runs statements in an extract; gives the rows that one changed."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - the library has no types
        self._connection = connection

    def __call__(self, statement: str) -> int:
        return self._connection.execute_command(statement) or 0

    def count(self, query: str) -> int:
        """The one number that a query gives."""
        return int(self._connection.execute_scalar_query(query))


@contextmanager
def _extract(path: Path) -> Iterator[_Run]:
    api = hyper_api()
    telemetry = api.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
    try:
        with (
            api.HyperProcess(telemetry, "flowmart", parameters=_SETTINGS) as process,
            api.Connection(process.endpoint, str(path), api.CreateMode.CREATE) as connection,
        ):
            yield _Run(connection)
    except api.HyperException as error:
        said = " ".join(str(error.main_message).split())
        raise ExportError(
            f"Tableau's Hyper engine refused: {said}", EXTRACT, "see what it says, and run the export again"
        ) from error


def _copy(connection: Connection, table: Table, stream: Path, run: _Run) -> int:
    schema = _extract_schema(table)
    columns = ", ".join(
        f"{_quoted(field.name)} {_TYPES[field.type]}{'' if field.nullable else ' NOT NULL'}" for field in schema
    )
    run(f"CREATE TABLE {_place(table.name)} ({columns})")
    for column in table.columns:
        if column.comment:
            run(f"COMMENT ON COLUMN {_place(table.name)}.{_quoted(column.name)} IS {_literal(column.comment)}")
    rows = _spool(connection, table, schema, stream)
    if rows:
        run(f"COPY {_place(table.name)} FROM {_literal(str(stream))} WITH (FORMAT => 'arrowstream')")
    return rows


def _extract_schema(table: Table) -> pa.Schema:
    """As all formats have it, but points as doubles: Tableau has no other fractions."""
    return pa.schema([f.with_type(pa.float64()) if f.type == POINTS else f for f in arrow_schema(table)])


def _spool(connection: Connection, table: Table, schema: pa.Schema, stream: Path) -> int:
    rows = 0
    with pa.OSFile(str(stream), "wb") as file, pa.ipc.new_stream(file, schema) as writer:
        for batch in record_batches(connection, table):
            writer.write_batch(batch.cast(schema))
            rows += batch.num_rows
    return rows


def _relate(tables: Sequence[Table], run: _Run) -> None:
    keys = {table.name: next(iter(table.primary_key)).name for table in tables}
    for name, key in keys.items():
        run(f"ALTER TABLE {_place(name)} ADD ASSUMED PRIMARY KEY ({_quoted(key)})")
    for one in bi_model().relationships:
        if not (one.is_active and one.table in keys and one.to_table in keys):
            continue
        column, to_column, to = _quoted(one.column), _quoted(one.to_column), _place(one.to_table)
        missing = run.count(
            f"SELECT COUNT(*) FROM {_place(one.table)} AS t WHERE t.{column} IS NOT NULL "  # noqa: S608 - our own names
            f"AND NOT EXISTS (SELECT 1 FROM {to} AS o WHERE o.{to_column} = t.{column})"
        )
        if not missing:
            run(f"ALTER TABLE {_place(one.table)} ADD ASSUMED FOREIGN KEY ({column}) REFERENCES {to} ({to_column})")


def _place(table: str) -> str:
    return f"{_quoted(SCHEMA)}.{_quoted(table)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
