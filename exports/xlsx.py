"""Writes tables as one Excel workbook, `flowmart.xlsx`: contents, meanings of all columns, then a sheet a table.

Cells are typed: instants (UTC) and days are dates, durations, points and counts numbers, flags booleans. Texts are
texts: none is run as a formula or made a link, and one that looks like a formula stays a text when it is edited.

What Excel cannot hold: more rows than a sheet has are an error; a text beyond 32,767 characters is shortened, with a
mark at its end and a note in the contents; numbers have 16 significant digits; instants before March 1900 are texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import BinaryIO

import pyarrow as pa
import xlsxwriter
from sqlalchemy import Connection, Table, func, select
from xlsxwriter.exceptions import FileCreateError, FileSizeError

from exports.base import PLAIN, ExportError, Order, Place, Written
from exports.cells import Formats, Shortened, cell_writer, cells, width
from exports.files import Part, write_set
from exports.rows import arrow_schema, record_batches
from exports.staging import Staging
from warehouse.dictionary import data_type

WORKBOOK = "flowmart.xlsx"
SHEET_ROWS = 1_048_576
"""With the header."""
_SHEET_COLUMNS = 16_384
_NAME_LENGTH = 31
_CONTENTS, _MEANINGS = "Contents", "Data dictionary"
_NO_TIME = datetime(1980, 1, 1, tzinfo=UTC)
_ELSE = "leave it out (`--table`, `tables`), or write parquet"


def write_xlsx(connection: Connection, tables: Sequence[Table], to: Place, order: Order = PLAIN) -> list[Written]:
    """Write `flowmart.xlsx` with a sheet for each table; an `Exporter`. Raises `ExportError` for a table too large."""

    def write(staging: Staging) -> list[Part]:
        for table in tables:
            _require_room(connection, table)
        with staging.new(WORKBOOK) as file, _workbook(file, order) as workbook:
            rows, notes = _fill(connection, workbook, tables, order)
        return [Part(WORKBOOK, rows, notes)]

    return write_set(tables, to, "xlsx", write, order)


def _require_room(connection: Connection, table: Table) -> None:
    rows = connection.scalar(select(func.count()).select_from(table)) or 0
    if rows >= SHEET_ROWS:
        raise ExportError(f"{rows:,} rows are more than the {SHEET_ROWS - 1:,} of a sheet of Excel", table.name, _ELSE)
    if len(table.columns) > _SHEET_COLUMNS:
        raise ExportError(f"it has more columns than the {_SHEET_COLUMNS:,} of a sheet of Excel", table.name, _ELSE)
    if len(table.name) > _NAME_LENGTH:
        raise ExportError(f"its name is longer than the {_NAME_LENGTH} characters of a sheet's", table.name, _ELSE)


@contextmanager
def _workbook(file: BinaryIO, order: Order) -> Iterator[xlsxwriter.Workbook]:
    """An empty workbook that is written into the file at the end of the block; no more than a row is held in memory."""
    with TemporaryDirectory(prefix="flowmart-xlsx-") as scratch:
        workbook = xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "tmpdir": scratch,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "nan_inf_to_errors": True,
            },
        )
        workbook.set_properties({"title": "flowmart", "created": (order.made_at or _NO_TIME).replace(tzinfo=None)})
        try:
            yield workbook
        except Exception:
            with suppress(Exception):  # only to have the files of its sheets closed
                workbook.close()
            raise
        try:
            workbook.close()
        except FileCreateError as error:
            raise (error.__cause__ or error) from error
        except FileSizeError as error:
            raise ExportError("a sheet is larger than the 4 GiB of Excel's files", WORKBOOK, _ELSE) from error


def _fill(
    connection: Connection, workbook: xlsxwriter.Workbook, tables: Sequence[Table], order: Order
) -> tuple[dict[str, int], dict[str, tuple[str, ...]]]:
    formats = Formats.of(workbook)
    contents, meanings = workbook.add_worksheet(_CONTENTS), workbook.add_worksheet(_MEANINGS)
    rows: dict[str, int] = {}
    notes: dict[str, tuple[str, ...]] = {}
    for table in tables:
        shortened: Shortened = {}
        sheet = workbook.add_worksheet(table.name)
        rows[table.name] = _write_sheet(sheet, formats, table, record_batches(connection, table), shortened)
        notes[table.name] = tuple(
            f"{table.name}.{column}: {count:,} texts longer than a cell of Excel are shortened"
            for column, count in shortened.items()
        )
    _write_meanings(meanings, formats, tables)
    _write_contents(contents, formats, tables, rows, notes, order)
    return rows, notes


def _write_sheet(
    sheet: xlsxwriter.worksheet.Worksheet,
    formats: Formats,
    table: Table,
    batches: Iterable[pa.RecordBatch],
    shortened: Shortened,
) -> int:
    types = arrow_schema(table).types
    names = table.columns.keys()
    _head(sheet, formats, names)
    writers = [
        cell_writer(sheet, place, name, type_, formats, shortened)
        for place, (name, type_) in enumerate(zip(names, types, strict=True))
    ]
    widths = [width(name, type_, ()) for name, type_ in zip(names, types, strict=True)]
    row = 0
    for batch in batches:
        columns = [cells(values) for values in batch.columns]
        if row == 0:
            widths = [width(*told) for told in zip(names, types, columns, strict=True)]
        for values in zip(*columns, strict=True):
            row += 1
            for write, value in zip(writers, values, strict=True):
                if value is not None:
                    write(row, value)
    for place, wide in enumerate(widths):
        sheet.set_column(place, place, wide)
    sheet.autofilter(0, 0, row, len(names) - 1)
    return row


def _head(sheet: xlsxwriter.worksheet.Worksheet, formats: Formats, names: Sequence[str], row: int = 0) -> None:
    for place, name in enumerate(names):
        sheet.write_string(row, place, name, formats.head)
    sheet.freeze_panes(row + 1, 0)


def _write_meanings(sheet: xlsxwriter.worksheet.Worksheet, formats: Formats, tables: Sequence[Table]) -> None:
    names = ("table", "column", "type", "meaning")
    _head(sheet, formats, names)
    lines = [
        (table.name, column.name, data_type(column), column.comment or "")
        for table in tables
        for column in table.columns
    ]
    for row, line in enumerate(lines, 1):
        for place, text in enumerate(line):
            sheet.write_string(row, place, text)
    for place, wide in enumerate((24, 30, 16, 110)):
        sheet.set_column(place, place, wide)
    sheet.autofilter(0, 0, len(lines), len(names) - 1)


def _write_contents(
    sheet: xlsxwriter.worksheet.Worksheet,
    formats: Formats,
    tables: Sequence[Table],
    rows: dict[str, int],
    notes: dict[str, tuple[str, ...]],
    order: Order,
) -> None:
    made = f"made at {order.made_at:%Y-%m-%d %H:%M:%S} UTC" if order.made_at else "no time of making is known"
    said = (made, f"All instants are UTC. What each column means: sheet {_MEANINGS!r}.")
    for row, line in enumerate(said):
        sheet.write_string(row, 0, line)
    head = len(said) + 1
    _head(sheet, formats, ("table", "rows", "one row is"), head)
    for row, table in enumerate(tables, head + 1):
        sheet.write_url(row, 0, f"internal:'{table.name}'!A1", formats.link, table.name)
        sheet.write_number(row, 1, rows[table.name], formats.whole)
        sheet.write_string(row, 2, table.comment or "")
    for row, note in enumerate((note for several in notes.values() for note in several), head + len(tables) + 2):
        sheet.write_string(row, 0, note)
    for place, wide in enumerate((30, 12, 110)):
        sheet.set_column(place, place, wide)
