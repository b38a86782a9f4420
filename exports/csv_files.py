r"""Writes tables as CSV: RFC 4180, UTF-8 without a byte order mark, a header line, CR LF at line ends.

Texts are always in quotes, everything else never: so `""` is an empty text and nothing at all is NULL.
Instants are ISO 8601 in UTC with six decimals and `Z`, days ISO 8601, booleans `true` and `false`, numbers plain:
a point, no exponent, no trailing zeros.

A spreadsheet runs a text that begins with `=`, `+`, `-`, `@` (or their full-width forms), a tab or a line break as a
formula. Such texts get a leading apostrophe, unless the caller turns that off; numbers stay numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Table

from exports.base import PLAIN, Order, Place, Written
from exports.files import write_files
from exports.increments import changed_since, total_rows
from exports.rows import INSTANT, POINTS, arrow_schema, record_batches

_FORMULA = r"\A([=+\-@\t\r\n\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}])"
_LINE_END = "\r\n"

Render = Callable[[pa.Array], pa.Array]
"""Values of a column → cells as they stand in the file; NULL stays NULL."""


def write_csv(connection: Connection, tables: Sequence[Table], to: Place, order: Order = PLAIN) -> list[Written]:
    """Write `<table>.csv` for each table; an `Exporter`."""
    text = _safe_text if order.neutralise_formulas else _text

    def write(table: Table, file: BinaryIO) -> int:
        batches = record_batches(connection, table, where=changed_since(table, order.since))
        return _write_table(table, batches, file, text)

    return write_files(tables, to, "csv", write, order, totals=total_rows(connection, tables, order.since))


def _write_table(table: Table, batches: Iterable[pa.RecordBatch], file: BinaryIO, text: Render) -> int:
    file.write((",".join(f'"{column.name}"' for column in table.columns) + _LINE_END).encode())
    renders = [_render(type_, text) for type_ in arrow_schema(table).types]
    rows = 0
    for batch in batches:
        cells = [render(values) for render, values in zip(renders, batch.columns, strict=True)]
        file.write(_lines(cells))
        rows += batch.num_rows
    return rows


def _lines(cells: Sequence[pa.Array]) -> memoryview:
    """The rows of these columns, each ended, as bytes."""
    rows = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="")
    ended = pc.binary_join_element_wise(rows, _LINE_END, "")
    _, offsets, content = ended.buffers()
    ends = memoryview(offsets).cast("i")
    return memoryview(content)[ends[ended.offset] : ends[ended.offset + len(ended)]]


def _render(type_: pa.DataType, text: Render) -> Render:
    special: dict[pa.DataType, Render] = {pa.string(): text, INSTANT: _instant, POINTS: _points, pa.float64(): _double}
    return special.get(type_, _plain)


def _plain(values: pa.Array) -> pa.Array:
    return values.cast(pa.string())


def _text(values: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise('"', pc.replace_substring(values, '"', '""'), '"', "")


def _safe_text(values: pa.Array) -> pa.Array:
    return _text(pc.replace_substring_regex(values, _FORMULA, r"'\1"))


def _instant(values: pa.Array) -> pa.Array:
    local = values.cast(pa.timestamp("us")).cast(pa.string())  # without a zone: no zone database is asked
    return pc.binary_join_element_wise(pc.replace_substring(local, " ", "T"), "Z", "")


def _points(values: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(values.cast(pa.string()), r"\.?0+$", "")


def _double(values: pa.Array) -> pa.Array:
    shown = values.cast(pa.string())
    if not pc.any(pc.match_substring(shown, "e")).as_py():
        return shown
    return pa.array([None if text is None else _without_exponent(text) for text in shown.to_pylist()], pa.string())


def _without_exponent(number: str) -> str:
    return format(Decimal(number), "f") if "e" in number else number
