"""What must hold of a page, whatever the tracker sent: every row fits its table, and no issue vanishes in silence."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, Numeric

from connectors.base import Page
from warehouse.records import RECORD_TABLES, Record
from warehouse.tables import loaded_columns, table
from warehouse.types import JsonText, UtcDateTime

LONGEST_KEY = 2_600
"""Bytes: PostgreSQL's indexes take no more."""

OF_ISSUES = ("Issue", "IssueChange", "IssueLabel", "IssueComponent", "IssueVersion", "Comment", "Worklog")
"""Records that belong to one issue. Links belong to two."""

Rows = dict[str, list[Record]]
"""Issue → what a page says of it."""


def records(page: Page) -> Iterator[Record]:
    """All of them, replaced ones too."""
    yield from page.records
    for part in page.replacements:
        yield from part.records


def by_issue(page: Page) -> Rows:
    """The rows of each issue."""
    found: Rows = {}
    for record in records(page):
        if type(record).__name__ in OF_ISSUES:
            found.setdefault(record.issue_id, []).append(record)  # type: ignore[attr-defined]
    return found


def require_valid(page: Page, source: str) -> None:
    """Every row fits its table, every id is of the source, and what is malformed has no row."""
    malformed = {one.issue_id for one in page.malformed}
    assert all(one.reason and "\n" not in one.reason for one in page.malformed)
    assert not malformed & by_issue(page).keys()
    assert not any(malformed.intersection(part.values) for part in page.replacements)
    for record in records(page):
        for name, fits in _checks(type(record)):
            value = getattr(record, name)
            assert fits(value), f"{type(record).__name__}.{name} = {value!r:.200}"
        key = getattr(record, record.__struct_fields__[0])
        assert key.startswith(f"{source}:"), key
        assert key != f"{source}:", record


@cache
def _checks(kind: type[Record]) -> list[tuple[str, Callable[[Any], bool]]]:
    of = table(RECORD_TABLES[kind])
    return [(name, _fitting(of.c[name])) for name in loaded_columns(of)]


def _fitting(column: Column[Any]) -> Callable[[Any], bool]:
    of_kind = next((check for kind, check in _KINDS if isinstance(column.type, kind)), _text)
    fits = _is_key if column.primary_key else of_kind
    return lambda value: column.nullable if value is None else fits(value)


def _text(value: object) -> bool:
    return isinstance(value, str)


def _is_key(value: object) -> bool:
    return isinstance(value, str) and len(value.encode(errors="surrogatepass")) <= LONGEST_KEY


def _whole(bits: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def _is_json(value: object) -> bool:
    return isinstance(value, str) and isinstance(json.loads(value), dict)


_KINDS: tuple[tuple[type, Callable[[Any], bool]], ...] = (
    (UtcDateTime, lambda value: isinstance(value, datetime) and value.utcoffset() is not None),
    (JsonText, _is_json),
    (Date, lambda value: type(value) is date),
    (Boolean, lambda value: type(value) is bool),
    (BigInteger, _whole(64)),
    (Integer, _whole(32)),
    (Numeric, lambda value: type(value) in {int, float} and math.isfinite(value)),
)
