"""What a value becomes in a cell of Excel: its number, its text, its format, its width."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from exports.rows import INSTANT, POINTS

CELL_LENGTH = 32_767
"""Most characters of a cell, as Excel counts them: one beyond U+FFFF is two."""
_CUT = "… [shortened]"
_FORMULA_STARTS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_EPOCH_DAY = 25_569
_FIRST_DAY = 61
"""1 March 1900: before it Excel counts a day that there never was."""
_DAY_MICROSECONDS = 86_400_000_000
_EXACT = 2**53
_WIDTHS = {INSTANT: 19, pa.date32(): 11, pa.bool_(): 8}
_WIDEST = 60

Shortened = MutableMapping[str, int]
"""Column → how many of its texts were shortened."""

Write = Callable[[int, Any], None]
"""Puts a value of a column into a row."""


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of a workbook."""

    head: Format
    instant: Format
    day: Format
    whole: Format
    link: Format
    quoted: Format
    """For a text that begins like a formula: Excel keeps it a text when somebody edits it."""

    @staticmethod
    def of(workbook: xlsxwriter.Workbook) -> Formats:
        return Formats(
            head=workbook.add_format({"bold": True, "bottom": 1}),
            instant=workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            day=workbook.add_format({"num_format": "yyyy-mm-dd"}),
            whole=workbook.add_format({"num_format": "#,##0"}),
            link=workbook.add_format({"hyperlink": True}),
            quoted=workbook.add_format({"quote_prefix": True}),
        )


def cells(values: pa.Array) -> list[Any]:
    """A column's values as a sheet takes them: dates as numbers of days, NULL as None."""
    if values.type == INSTANT:
        days = pc.divide(values.cast(pa.int64()).cast(pa.float64(), safe=False), float(_DAY_MICROSECONDS))
        return _dates(values, pc.add(days, float(_EPOCH_DAY)))
    if values.type == pa.date32():
        return _dates(values, pc.add(values.cast(pa.int32()), _EPOCH_DAY))
    if values.type == POINTS:
        values = values.cast(pa.float64())
    found: list[Any] = values.to_pylist()
    return found


def _dates(values: pa.Array, days: pa.Array) -> list[Any]:
    """The days, or texts where Excel has no such date."""
    found: list[Any] = days.to_pylist()
    if (pc.min(days).as_py() or _FIRST_DAY) >= _FIRST_DAY:
        return found
    kind = pa.timestamp("us") if values.type == INSTANT else values.type
    texts = values.cast(kind).cast(pa.string()).to_pylist()
    return [text if day is not None and day < _FIRST_DAY else day for day, text in zip(found, texts, strict=True)]


def cell_writer(
    sheet: Worksheet, place: int, name: str, type_: pa.DataType, formats: Formats, shortened: Shortened
) -> Write:
    """What writes the values of the column at `place`, as `cells` gives them; it counts in `shortened`."""

    def text(row: int, value: str) -> None:
        said = fitting(value)
        if said != value:
            shortened[name] = shortened.get(name, 0) + 1
        sheet.write_string(row, place, _unmarked(said), formats.quoted if value[:1] in _FORMULA_STARTS else None)

    def whole(row: int, value: int) -> None:
        if -_EXACT <= value <= _EXACT:
            sheet.write_number(row, place, value)
        else:
            sheet.write_string(row, place, str(value))

    def date(row: int, value: float | str) -> None:
        if isinstance(value, str):
            sheet.write_string(row, place, value)
        else:
            sheet.write_number(row, place, value, format_)

    format_ = formats.instant if type_ == INSTANT else formats.day
    if type_ in {INSTANT, pa.date32()}:
        return date
    if type_ == pa.string():
        return text
    if type_ == pa.int64():
        return whole
    write = sheet.write_boolean if type_ == pa.bool_() else sheet.write_number
    return lambda row, value: write(row, place, value)


def fitting(text: str) -> str:
    """The text, or as much of it as a cell holds with a mark that the rest is missing."""
    if len(text) <= CELL_LENGTH // 2 or _length(text) <= CELL_LENGTH:
        return text
    room = CELL_LENGTH - len(_CUT)
    cut = text[:room]
    while _length(cut) > room:
        cut = cut[: len(cut) - max(1, (_length(cut) - room) // 2)]
    return cut + _CUT


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _unmarked(text: str) -> str:
    """XlsxWriter would take a text between `<r>` and `</r>` for marks of its own, and write it as they stand."""
    return f"{text} " if text.startswith("<r>") and text.endswith("</r>") else text


def width(name: str, type_: pa.DataType, values: Sequence[Any]) -> int:
    """The width of a column, in characters, that shows its name and most of these first values."""
    head = len(name) + 3  # and the arrow of the filter
    if type_ != pa.string():
        return max(head, _WIDTHS.get(type_, 10))
    longest = max((len(value) for value in values if value is not None), default=0)
    return min(_WIDEST, max(head, longest + 1))
